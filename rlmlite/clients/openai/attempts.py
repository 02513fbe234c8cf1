"""One attempt at a call, as a transport below the `openai` SDK, which makes the attempts.

The SDK retries after timeouts, broken connections, HTTP 408, 409, 429 and 5xx, with a growing pause or the one that
`retry-after` asks for. `AttemptClient` adds what it does not do, by raising errors that the SDK does retry:

- A deadline for the last byte. httpx only bounds the silence between two bytes, so a server that sends one byte a
  minute would hold a worker for ever. In a stream the deadline bounds the silence between two events instead.
- A bound on the bytes of a reply, which a server may pack or send without end.
- A reply with HTTP 200 that is not of the API's form counts as one that was cut off.
- A stream is read to its end marker here, and goes up as the reply that it amounts to. So a stream that breaks off is
  retried like any other attempt, and nobody ever sees half an answer.
- A pause that a server asks for holds back all workers (`pauses`).
- A request carries the key of its server and no header that the SDK took from the environment (`destination`).

    SDK: attempt 1 -> stream breaks after 40 events -> RemoteProtocolError -> SDK: attempt 2 -> whole stream -> reply
"""

import asyncio
import contextlib
import importlib.util
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import httpx2
import msgspec

from rlmlite.clients.interface.options import ATTEMPTS, LONGEST_REPLY, Calling
from rlmlite.clients.openai.destination import Destination
from rlmlite.clients.openai.pauses import Pause
from rlmlite.clients.openai.server_events import EventDecoder
from rlmlite.clients.openai.wire import StreamAssembler, WireFormat

_LOOK_SECONDS = 5.0
"""For what a server says of itself. One that takes longer is asked as one that says nothing."""

LONGEST_STREAM = 30
"""How many times `timeout` a whole stream may take; `timeout` itself bounds its silences."""

ERROR_IN_REPLY = "x-error-in-a-reply"
"""A header of our own. It marks an error that came with HTTP 200: the server had begun, and may bill the call."""

SENT: ContextVar[bool] = ContextVar("rlmlite_sent", default=False)
"""Whether an attempt of this call has had a connection, and may have been worked on and billed."""

_QUOTA_CODE = re.compile(r"insufficient_quota|billing_(hard_limit_reached|not_active)")
_QUOTA = re.compile(r"insufficient[ _](quota|credit|balance|funds)|billing|credit balance", re.I)


_BROKEN_OFF = ("ServerDisconnectedError", "ClientPayloadError", "ClientOSError", "ClientConnectionResetError")
"""Errors of aiohttp for a connection that ended before the reply did."""


class MalformedReplyError(httpx2.RemoteProtocolError):
    """A reply that is not one of this API. The SDK asks again, as after a connection that broke."""


def is_quota(words: str, headers: Mapping[str, str]) -> bool:
    """Whether a 429 is about money: then to wait does not help. By its code, or its words if it says no time."""
    says_when = any(name in headers for name in ("retry-after", "retry-after-ms"))
    return bool(_QUOTA_CODE.search(words)) or (bool(_QUOTA.search(words)) and not says_when)


_OF_BODY = ("content-encoding", "content-length", "transfer-encoding")

_AFTER_END_SECONDS = 1.0
"""How long to wait for what follows the end marker. Only a stream read to its end frees its connection for reuse."""


def _transport_errors() -> tuple[type[Exception], ...]:
    """Errors of aiohttp, which the SDK's transport does not translate: without that, it would not retry them."""
    if importlib.util.find_spec("aiohttp") is None:
        return ()
    import aiohttp

    return (aiohttp.ClientError,)


_TRANSPORT_ERRORS = _transport_errors()


class AttemptClient(httpx2.AsyncClient):
    """Sends one attempt. See the module for what it adds to the SDK."""

    def __init__(self, destination: Destination, calling: Calling, wire: WireFormat) -> None:
        workers = calling.workers
        super().__init__(
            limits=httpx2.Limits(max_connections=workers, max_keepalive_connections=workers),
            follow_redirects=False,  # a prompt goes where its model string says, and nowhere else
        )
        self._destination = destination
        self._seconds, self._streams, self._wire = calling.timeout, calling.stream, wire
        self._pause, self._free_connections = Pause(), asyncio.Semaphore(workers)

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """The whole reply. Raises errors that the SDK retries."""
        self._destination.address(request)
        # Waiting for a connection happens here, before the deadline starts: it must take no time from the attempt.
        async with self._free_connections:
            # Inside, so that a worker whose turn comes after a pause began still keeps it.
            await self._pause.wait()
            ATTEMPTS.set(ATTEMPTS.get() + 1)
            with _translate_errors(request):
                if self._streams:
                    response = await self._send_streamed(request, options)
                else:
                    response = await self._send_whole(request, options)
            SENT.set(True)
        # After the connection is free again: whoever takes it next waits for the pause first.
        self._pause.extend(response.status_code, response.headers)
        return self._check_complete(request, response)

    async def look(self, url: str) -> bytes | None:
        """What the server says of itself there: one attempt, and `None` unless it answers with HTTP 200."""
        request = self.build_request("GET", url)
        self._destination.address(request)
        try:
            async with asyncio.timeout(min(_LOOK_SECONDS, self._seconds)):
                response = await super().send(request, stream=True)
                response = await _read_whole(response, request)
        except (TimeoutError, httpx2.HTTPError):
            return None
        except _TRANSPORT_ERRORS:
            return None
        return response.content if response.status_code == 200 else None

    def _check_complete(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """The response; one with HTTP 200 that says that it failed becomes an error response of that kind."""
        # Other statuses are the SDK's to judge: it retries some and raises for the others.
        if response.status_code != 200:
            if response.status_code == 429 and is_quota(response.text, response.headers):
                response.headers["x-should-retry"] = "false"  # the SDK's own word for it
            return response
        if self._wire.is_complete(response.content):
            return response
        error = self._wire.read_error(response.content)
        if error is None:
            raise MalformedReplyError("the reply does not have the form of this API", request=request)
        # As the server would have answered without a stream, so that the SDK retries what is worth it.
        headers = {ERROR_IN_REPLY: "1"}
        return httpx2.Response(error.status, headers=headers, json=error.document, request=request)

    async def _send_whole(self, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        async with asyncio.timeout(self._seconds):
            response = await super().send(request, **(options | {"stream": True}))
            return await _read_whole(response, request)

    async def _send_streamed(self, request: httpx2.Request, options: dict[str, Any]) -> httpx2.Response:
        """A stream as the reply that it amounts to. What is not a stream, as errors are not, is read as it is."""
        # Three deadlines: for the whole, for the head of the reply, and then for each silence (in `_assemble`).
        async with asyncio.timeout(self._seconds * LONGEST_STREAM):
            async with asyncio.timeout(self._seconds):
                response = await super().send(request, **(options | {"stream": True}))
            content_type = response.headers.get("content-type", "")
            is_stream = response.status_code == 200 and "event-stream" in content_type
            try:
                if is_stream:
                    content = await self._assemble(response)
                    # Only the rate limits are of use; a content-length, say, would be that of the stream.
                    headers = {name: value for name, value in response.headers.items() if name.startswith("x-")}
                    return httpx2.Response(200, headers=headers, content=content, request=request)
                async with asyncio.timeout(self._seconds):
                    return await _read_whole(response, request)
            finally:
                # Also after an error: an open response would keep its connection from the others.
                await response.aclose()

    async def _assemble(self, response: httpx2.Response) -> bytes:
        """The reply that a stream amounts to. Raises if it ends before its end marker or is silent for too long."""
        decoder, assembler = EventDecoder(), self._wire.new_assembler()
        received = response.aiter_bytes()
        clock = asyncio.get_running_loop().time
        async with asyncio.timeout(self._seconds) as silence:
            size = 0
            async for data in received:
                size += len(data)
                _check_size(size)
                # Every line is a sign of life, a comment too: servers send those while a model thinks.
                for event in decoder.feed(data):
                    silence.reschedule(clock() + self._seconds)
                    reply = _add_event(assembler, event)
                    if reply is None:
                        continue
                    # The answer is complete: nothing may time out any more.
                    silence.reschedule(None)
                    await _read_to_end(received)
                    return reply
        raise httpx2.RemoteProtocolError("the stream ended before its answer did")


async def _read_whole(response: httpx2.Response, request: httpx2.Request) -> httpx2.Response:
    """The response with its body, which is unpacked as it comes and has a bound."""
    pieces: list[bytes] = []
    size = 0
    try:
        async for data in response.aiter_bytes():
            size += len(data)
            _check_size(size)
            pieces.append(data)
    finally:
        await response.aclose()
    # Those that describe the body as it was sent do not describe what is in here.
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_BODY]
    return httpx2.Response(response.status_code, headers=headers, content=b"".join(pieces), request=request)


def _check_size(size: int) -> None:
    """Raise if a server has sent more than any answer has. Gzip makes a gigabyte of a megabyte."""
    if size > LONGEST_REPLY:
        raise httpx2.RemoteProtocolError(f"the reply is longer than {LONGEST_REPLY:,} bytes")


def _add_event(assembler: StreamAssembler, event: bytes) -> bytes | None:
    # A comment or another line without data.
    if not event:
        return None
    try:
        return assembler.add(event)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise MalformedReplyError(f"an event does not belong to a stream of this API: {error}") from error


async def _read_to_end(received: AsyncIterator[bytes]) -> None:
    """Read what follows the end marker. If that fails, the connection is lost, but the answer is complete."""
    with contextlib.suppress(TimeoutError, httpx2.HTTPError, *_TRANSPORT_ERRORS):
        async with asyncio.timeout(_AFTER_END_SECONDS):
            async for _ in received:
                continue


@contextlib.contextmanager
def _translate_errors(request: httpx2.Request) -> Iterator[None]:
    """Raises the errors of timeouts and of aiohttp as those that the SDK knows."""
    try:
        yield
    except httpx2.ConnectTimeout as error:
        # The SDK's aiohttp transport calls every failure to connect a timeout, and every connection that broke off.
        cause = error.__cause__
        if cause is None or isinstance(cause, TimeoutError):
            raise
        if type(cause).__name__ in _BROKEN_OFF:
            SENT.set(True)
            raise httpx2.RemoteProtocolError("the connection broke off", request=request) from error
        raise httpx2.ConnectError("no connection", request=request) from error
    except httpx2.ConnectError:
        raise
    except TimeoutError as error:
        SENT.set(True)
        raise httpx2.ReadTimeout("no complete reply in time", request=request) from error
    except _TRANSPORT_ERRORS as error:
        SENT.set(True)
        if type(error).__name__ in _BROKEN_OFF:
            raise httpx2.RemoteProtocolError("the connection broke off", request=request) from error
        raise MalformedReplyError("the reply is not valid HTTP", request=request) from error
    except BaseException:
        # Whatever else went wrong, it did after there was a connection.
        SENT.set(True)
        raise
