"""A server on this machine that speaks both APIs of OpenAI, streamed too, and misbehaves as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import msgspec

from rlmlite_kernel.effects.requests import Failed, Result

Ask: TypeAlias = Mapping[str, Any]
"""The body of a request, as it came."""


class Raw:
    """What is written as it is: a whole reply, or a part of one before the connection is closed.

    With `seconds`, that long a pause comes after every piece: those given, else every byte.
    """

    def __init__(self, data: bytes | Sequence[bytes], seconds: float = 0) -> None:
        if isinstance(data, bytes):
            self.pieces = [bytes([byte]) for byte in data] if seconds else [data]
        else:
            self.pieces = list(data)
        self.seconds = seconds


def without_detail(result: Result) -> Result:
    """A result without the words of the provider, which tests of their own look at."""
    return msgspec.structs.replace(result, detail="") if isinstance(result, Failed) else result


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


def response(text: str | None, tokens: tuple[int, int] | None = (7, 3), *items: Any, **more: Any) -> bytes:
    """A response as OpenAI sends it: some reasoning, a message unless there is none, and other items."""
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    message = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    used = None
    if tokens is not None:
        used = {
            "input_tokens": tokens[0],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": tokens[1],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(tokens),
        }
    document = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_750_000_000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "m-2026-01-01",
        "output": [{"id": "rs_1", "type": "reasoning", "summary": []}, *([] if text is None else [message]), *items],
        "usage": used,
    }
    return reply(200, document | more)


def function_call(arguments: str, name: str = "program") -> dict[str, Any]:
    """A call of a function, as an item of a response."""
    return {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": name, "arguments": arguments}


def custom_call(input: str, name: str = "program") -> dict[str, Any]:
    """A call of a custom tool, as an item of a response."""
    return {"id": "ctc_1", "type": "custom_tool_call", "call_id": "call_1", "name": name, "input": input}


def calling(*items: dict[str, Any], tokens: tuple[int, int] = (7, 3)) -> bytes:
    """A completion that calls tools, given as items of a response."""
    calls = []
    for item in items:
        kind = "function" if item["type"] == "function_call" else "custom"
        inside = {key: item[key] for key in ("name", "arguments", "input") if key in item}
        calls.append({"id": item["call_id"], "type": kind, kind: inside})
    message = {"role": "assistant", "content": None, "refusal": None, "tool_calls": calls}
    return completion(None, tokens, message=message, finish_reason="tool_calls")


def events(answer: bytes) -> list[bytes]:
    """The events of the stream that makes this completion or response, without HTTP."""
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    if "choices" in document:
        told = [b"data: " + json.dumps(chunk).encode() for chunk in _chunks(document)]
        return [event + b"\n\n" for event in [*told, b"data: [DONE]"]]
    return [
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        for event in _response_events(document)
    ]


def _chunks(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    choice = document["choices"][0]
    message = choice["message"]
    head = {"id": document["id"], "object": "chat.completion.chunk", "model": document["model"]}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None}

    yield chunk({"role": "assistant", "content": None if message["content"] is None else ""})
    for field in ("content", "refusal"):
        yield from (chunk({field: piece}) for piece in _pieces(message.get(field) or ""))
    for index, call in enumerate(message.get("tool_calls", [])):
        kind = call["type"]
        said = next(key for key in ("arguments", "input") if key in call[kind])
        start = {**call, "index": index, kind: {**call[kind], said: ""}}
        yield chunk({"tool_calls": [start]})
        for piece in _pieces(call[kind][said]):
            yield chunk({"tool_calls": [{"index": index, kind: {said: piece}}]})
    yield chunk({}, choice["finish_reason"])
    if document["usage"] is not None:
        yield {**head, "choices": [], "usage": document["usage"]}


def _response_events(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**document, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "sequence_number": 0, "response": begun}
    for item in document["output"]:
        for part in item.get("content", []):
            for piece in _pieces(part.get("text", "")):
                yield {"type": "response.output_text.delta", "item_id": item["id"], "delta": piece}
    yield {"type": f"response.{document['status']}", "response": document}


def _pieces(text: str) -> list[str]:
    size = max(3, len(text) // 20)
    return [text[place : place + size] for place in range(0, len(text), size)]


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
"""How the reply begins that is a stream."""


def to_chunks(events: Sequence[bytes]) -> list[bytes]:
    """Events as HTTP sends what it does not know the length of."""
    return [b"%x\r\n%b\r\n" % (len(event), event) for event in events]


def stream(events: Sequence[bytes]) -> bytes:
    """A whole stream of these events."""
    return STREAM + b"".join(to_chunks(events)) + b"0\r\n\r\n"


def in_requested_form(ask: Ask, answer: bytes) -> bytes:
    """A completion or response as a stream, if it is asked for one."""
    return stream(events(answer)) if ask.get("stream") else answer


def hello(_number: int, ask: Ask) -> bytes:
    """A server that always says hello."""
    return in_requested_form(ask, completion("hello") if "messages" in ask else response("hello"))


class ModelServer:
    """What was asked, and how it behaves. `serve` starts one."""

    def __init__(self, behave: Behaviour, pages: Mapping[str, object]) -> None:
        self._behave, self.pages = behave, pages
        self.looked: list[str] = []
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
        if head[0].startswith("GET "):
            path = head[0].split()[1]
            self.looked.append(path)
            said = self.pages.get(path)
            return await _write(reply(404, {}) if said is None else reply(200, said), writer)
        path = "chat/completions" if b'"messages"' in body else "responses"
        assert head[0] == f"POST /v1/{path} HTTP/1.1", head[0]
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
    for piece in answer.pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(answer.seconds)
    return False


@asynccontextmanager
async def serve(behave: Behaviour = hello, pages: Mapping[str, object] = {}) -> AsyncIterator[ModelServer]:
    """A server on a free port of 127.0.0.1, in this event loop, as long as the context lasts.

    `pages` are what it says of itself, by path; every other path is not found.
    """
    server = ModelServer(behave, pages)
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
