"""The connection to a model server: the `openai` SDK over aiohttp where that is installed.

The SDK tries again: after timeouts, broken connections, 408, 409, 429 and 5xx, with a growing pause, or the one that
`retry-after` asks for. What it does not do is done in `Careful`, below it: an attempt has a deadline for its last
byte, a reply that is none is tried again like one that was cut off, and when a server asks for a pause, all workers of
the client pause. A stream is read there as well, to its end marker, and goes up as the reply that it makes: so one
that breaks off is tried again, and nobody sees half an answer.
Loaded when a server is first asked: the SDK takes its time to import.
"""

import asyncio
import contextlib
import importlib.util
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx2
import msgspec
import openai

from rlmlite.clients.interface.options import ATTEMPTS, Calling
from rlmlite.clients.openai.server_events import EventDecoder
from rlmlite.clients.openai.wire import Events, Wire
from rlmlite_kernel.effects.requests import Failure

AIOHTTP = importlib.util.find_spec("aiohttp") is not None
"""Whether the faster transport is installed."""

LONGEST_PAUSE = 120.0
"""Seconds. A server that asks for more is not asked again, as the SDK has it: the call fails as `rate`."""

LONGEST_STREAM = 30
"""How many times `timeout` a whole stream may take; `timeout` itself bounds its silences."""

_CONNECT = 10.0
_FAREWELL = 1.0  # seconds for what a server sends after the end marker, so that the connection can be used again
_BEGUN = "x-error-in-a-reply"  # marks an error that came with HTTP 200: work was begun, and may be billed
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0}


def _foreign_errors() -> tuple[type[Exception], ...]:
    if not AIOHTTP:
        return ()
    import aiohttp

    return (aiohttp.ClientError,)


_FOREIGN = _foreign_errors()  # what the SDK's transport does not translate: it would not be tried again


class Fault(msgspec.Struct, frozen=True):
    """A call without a reply: the kernel's word for it, the HTTP status if there was one, what it is about.

    `begun`: the server had taken it, and said so only in its reply.
    """

    failure: Failure
    status: int = 0
    param: str | None = None
    message: str = ""
    begun: bool = False


class Pause:
    """Until when a server wants to be left alone."""

    def __init__(self) -> None:
        self._until = 0.0

    async def over(self) -> None:
        """Wait until it is over."""
        while (left := self._until - time.monotonic()) > 0:
            await asyncio.sleep(left)

    def heed(self, status: int, headers: Mapping[str, str]) -> None:
        """Take what a reply says of it."""
        wait = wait_of(status, headers)
        if 0 < wait <= LONGEST_PAUSE:
            self._until = max(self._until, time.monotonic() + wait)


def wait_of(status: int, headers: Mapping[str, str]) -> float:
    """The seconds that a reply asks everybody to wait: `retry-after`, or until a limit that is used up is reset."""
    waits = [0.0]
    if status == 429:
        for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
            if re.fullmatch(r"\d+(\.\d+)?", headers.get(name, "")):
                waits.append(float(headers[name]) * unit)
    for what in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{what}") == "0":
            reset = _DURATION.findall(headers.get(f"x-ratelimit-reset-{what}", ""))
            waits.append(sum(float(amount) * _SECONDS[unit] for amount, unit in reset))
    return max(waits)


class Careful(httpx2.AsyncClient):
    """One attempt. See the module for what it adds to the SDK."""

    def __init__(self, calling: Calling, wire: Wire) -> None:
        workers = calling.workers
        super().__init__(
            limits=httpx2.Limits(max_connections=workers, max_keepalive_connections=workers),
            follow_redirects=False,  # a prompt goes where its model string says, and nowhere else
        )
        self._seconds, self._streams, self._wire = calling.timeout, calling.stream, wire
        self._pause, self._free = Pause(), asyncio.Semaphore(workers)

    async def send(self, request: httpx2.Request, **named: Any) -> httpx2.Response:
        """The whole reply. Raises what the SDK tries again."""
        async with self._free:  # here, so that waiting for a connection takes no time from the attempt
            await self._pause.over()
            ATTEMPTS.set(ATTEMPTS.get() + 1)
            with _translated(request):
                response = await (self._streamed if self._streams else self._whole)(request, named)
        self._pause.heed(response.status_code, response.headers)
        if response.status_code != 200 or self._wire.readable(response.content):
            return response
        said = self._wire.error(response.content)
        if said is None:
            raise httpx2.RemoteProtocolError("the reply is not of its form", request=request)
        return httpx2.Response(said.status, headers={_BEGUN: "1"}, json=said.document, request=request)

    async def _whole(self, request: httpx2.Request, named: dict[str, Any]) -> httpx2.Response:
        async with asyncio.timeout(self._seconds):
            return await super().send(request, **named)

    async def _streamed(self, request: httpx2.Request, named: dict[str, Any]) -> httpx2.Response:
        """A stream as the reply that it makes. What is no stream, as errors are, is read as it is."""
        async with asyncio.timeout(self._seconds * LONGEST_STREAM):
            async with asyncio.timeout(self._seconds):
                response = await super().send(request, **(named | {"stream": True}))
            try:
                if response.status_code == 200 and "event-stream" in response.headers.get("content-type", ""):
                    content = await self._gathered(response)
                    headers = [pair for pair in response.headers.items() if pair[0].startswith("x-")]
                    return httpx2.Response(200, headers=headers, content=content, request=request)
                async with asyncio.timeout(self._seconds):
                    await response.aread()
                return response
            finally:
                await response.aclose()

    async def _gathered(self, response: httpx2.Response) -> bytes:
        """The reply that a stream makes. Raises when it ends before its end marker, or is silent for too long."""
        decoder, events = EventDecoder(), self._wire.events()
        received = response.aiter_bytes()
        async with asyncio.timeout(self._seconds) as silence:
            async for data in received:
                for event in decoder.feed(data):
                    silence.reschedule(asyncio.get_running_loop().time() + self._seconds)
                    whole = _taken(events, event)
                    if whole is not None:
                        silence.reschedule(None)  # the answer is there
                        await _rest(received)
                        return whole
        raise httpx2.RemoteProtocolError("the stream ended before its answer did")


def _taken(events: Events, event: bytes) -> bytes | None:
    try:
        return events.take(event) if event else None
    except (ValueError, msgspec.MsgspecError) as error:
        raise httpx2.RemoteProtocolError(f"no stream: {error}") from error


async def _rest(received: AsyncIterator[bytes]) -> None:
    """Read what comes after the end marker; whatever becomes of it, the answer is there."""
    with contextlib.suppress(TimeoutError, httpx2.HTTPError, *_FOREIGN):
        async with asyncio.timeout(_FAREWELL):
            async for _ in received:
                pass


@contextlib.contextmanager
def _translated(request: httpx2.Request) -> Iterator[None]:
    """Raises what went wrong as what the SDK knows."""
    try:
        yield
    except TimeoutError as error:
        raise httpx2.ReadTimeout("no whole reply in time", request=request) from error
    except httpx2.ConnectTimeout as error:  # the SDK's aiohttp transport calls every broken connection so
        if error.__cause__ is None or isinstance(error.__cause__, TimeoutError):
            raise
        raise httpx2.ConnectError("no connection", request=request) from error
    except _FOREIGN as error:
        raise httpx2.RemoteProtocolError("no reply in HTTP", request=request) from error


class _OverAiohttp(Careful, openai.DefaultAioHttpClient):
    """On aiohttp: the MRO puts it below `Careful`."""


class _OverHttpx(Careful, openai.DefaultAsyncHttpxClient):
    """On the SDK's default transport."""


class Connection:
    """A server, and the connections to it, for one event loop."""

    def __init__(self, base: str, key: str | None, calling: Calling, wire: Wire) -> None:
        self._path = wire.path
        make = _OverAiohttp if AIOHTTP else _OverHttpx
        self._sdk = openai.AsyncOpenAI(
            api_key=key or "none",
            base_url=base,
            timeout=openai.Timeout(calling.timeout, connect=_CONNECT, pool=None),
            max_retries=calling.retries,
            http_client=make(calling, wire),
        )
        self._options: openai.RequestOptions = {} if key else {"headers": {"Authorization": openai.Omit()}}
        if key is None:
            self._sdk.organization = self._sdk.project = None  # of the environment: OpenAI's alone

    async def ask(self, body: Mapping[str, Any]) -> bytes | Fault:
        """The reply's bytes, or why there is none. Raises for bugs only."""
        try:
            reply = await self._sdk.post(self._path, cast_to=httpx2.Response, body=body, options=self._options)
        except openai.APIError as error:
            return _fault(error)
        return reply.content

    async def close(self) -> None:
        """Close all connections."""
        await self._sdk.close()


_STATUSES: dict[int, Failure] = {408: "timeout", 413: "too_long", 429: "rate"}
_CODES: dict[str, Failure] = {
    "context_length_exceeded": "too_long",
    "string_above_max_length": "too_long",
    "insufficient_quota": "refused",
}
_TOO_LONG = re.compile(r"context (length|window|size)|maximum (context|model) length|too (long|many tokens)", re.I)


def _fault(error: openai.APIError) -> Fault:
    if isinstance(error, openai.APITimeoutError):
        return Fault("timeout")
    if not isinstance(error, openai.APIStatusError):
        return Fault("unavailable", message=str(error.__cause__ or error))
    status, words = error.status_code, _words(error)
    failure = _CODES.get(error.code or "") or _STATUSES.get(status)
    if failure is None and status in (400, 422) and _TOO_LONG.search(words):
        failure = "too_long"
    if failure is None:
        failure = "refused" if 300 <= status < 500 else "unavailable"
    return Fault(failure, status, error.param, words, _BEGUN in error.response.headers)


def _words(error: openai.APIStatusError) -> str:
    """What the server says: `{"error": {"message": ...}}`, or a text, as some have it."""
    found = error.body.get("message") if isinstance(error.body, dict) else error.body
    return found if isinstance(found, str) else error.message
