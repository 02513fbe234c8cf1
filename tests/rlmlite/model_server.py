"""A server on this machine that speaks OpenAI's chat completions, and misbehaves as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

Ask: TypeAlias = Mapping[str, Any]
"""The body of a request, as it came."""


class Raw:
    """What is written as it is: a whole reply, or a part of one before the connection is closed."""

    def __init__(self, data: bytes, seconds: float = 0) -> None:
        self.data, self.seconds = data, seconds


Answer: TypeAlias = Raw | bytes
Behaviour: TypeAlias = Callable[[int, Ask], Answer | Awaitable[Answer]]
"""Told the number of the request (from 0) and its body."""


def completion(text: str | None, tokens: tuple[int, int] | None = (7, 3), **choice: Any) -> bytes:
    """A completion as OpenAI sends it."""
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
    used = None
    if tokens is not None:
        used = {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "total_tokens": sum(tokens),
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }
    document = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_750_000_000,
        "model": "m-2026-01-01",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"} | choice],
        "usage": used,
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }
    return reply(200, document)


def error(status: int, code: str | None = None, *, param: str | None = None, **headers: str) -> bytes:
    """An error as OpenAI sends it."""
    fault = {"message": f"this is error {status}", "type": "invalid_request_error", "param": param, "code": code}
    return reply(status, {"error": fault}, **headers)


def reply(status: int, document: object, **headers: str) -> bytes:
    """A reply in HTTP."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Status", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def hello(_number: int, _ask: Ask) -> bytes:
    """A server that always says hello."""
    return completion("hello")


class ModelServer:
    """What was asked, and how it behaves. `serve` starts one."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self.asked: list[Ask] = []
        self.headers: list[dict[str, str]] = []
        self.under_way = self.most = self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, with one request after another."""
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, as it may
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        assert head[0] == "POST /v1/chat/completions HTTP/1.1", head[0]
        number = len(self.asked)
        self.asked.append(json.loads(body))
        self.headers.append(headers)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            found = self._behave(number, self.asked[number])
            answer = found if isinstance(found, bytes | Raw) else await found
        finally:
            self.under_way -= 1
        return await _write(answer, writer)


async def _write(answer: Answer, writer: asyncio.StreamWriter) -> bool:
    """Write an answer; whether the connection goes on."""
    if isinstance(answer, bytes):
        writer.write(answer)
        await writer.drain()
        return True
    if not answer.seconds:
        writer.write(answer.data)
        await writer.drain()
        return False
    for byte in answer.data:  # so slowly that no single read is late
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(answer.seconds)
    return False


@asynccontextmanager
async def serve(behave: Behaviour = hello) -> AsyncIterator[ModelServer]:
    """A server on a free port of 127.0.0.1, in this event loop, as long as the context lasts."""
    server = ModelServer(behave)
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await server.handle(reader, writer)
        except asyncio.CancelledError:
            pass  # the server ends
        finally:
            tasks.discard(task)

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, limit=2**24)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listening.wait_closed()
