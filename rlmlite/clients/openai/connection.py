"""The connection to a model server: the `openai` SDK, over aiohttp where that is installed.

The SDK makes the attempts, `attempts.AttemptClient` below it carries each of them out, and here the SDK's errors become
the kernel's words for failures.

Imported when a server is first asked: the SDK takes its time to import.
"""

import importlib.util
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec
import openai

from rlmlite.clients.interface.options import Calling
from rlmlite.clients.openai.attempts import ERROR_IN_REPLY, AttemptClient
from rlmlite.clients.openai.destination import Destination
from rlmlite.clients.openai.wire import WireFormat
from rlmlite_kernel.effects.requests import Failure

AIOHTTP = importlib.util.find_spec("aiohttp") is not None
"""Whether the faster transport is installed."""

_CONNECT_SECONDS = 10.0


class NoReply(msgspec.Struct, frozen=True):
    """A call without a reply: the kernel's word for the failure, the HTTP status or 0, and what the server said.

    `param` is the request's field that the server complains about. `begun`: the server had accepted the call and
    reported the error only in its reply, so it may bill it.
    """

    failure: Failure
    status: int = 0
    param: str | None = None
    message: str = ""
    begun: bool = False


class _AttemptsOverAiohttp(AttemptClient, openai.DefaultAioHttpClient):
    """Over aiohttp. In the MRO the SDK's transport comes after `AttemptClient`, which calls it by `super()`."""


class _AttemptsOverHttpx(AttemptClient, openai.DefaultAsyncHttpxClient):
    """Over the SDK's default transport."""


class Connection:
    """A server and the connections to it. It belongs to one event loop."""

    def __init__(self, base: str, key: str | None, calling: Calling, wire: WireFormat) -> None:
        self._path = wire.path
        # aiohttp is faster with many parallel calls, and costs an installation; the results are the same.
        make_client = _AttemptsOverAiohttp if AIOHTTP else _AttemptsOverHttpx
        self._sdk = openai.AsyncOpenAI(
            # The SDK insists on one, and never learns the real one: `AttemptClient` puts it into the request.
            api_key="none",
            base_url=base,
            # No limit for `pool`: `AttemptClient` lets an attempt begin only when a connection is free.
            timeout=openai.Timeout(calling.timeout, connect=_CONNECT_SECONDS, pool=None),
            # Attempts after the first, each of them one `AttemptClient.send`.
            max_retries=calling.retries,
            http_client=make_client(Destination(base, key), calling, wire),
        )

    async def ask(self, body: Mapping[str, Any]) -> bytes | NoReply:
        """The reply's bytes, or why there is none. An exception is a bug."""
        try:
            reply = await self._sdk.post(self._path, cast_to=httpx2.Response, body=body)
        # The SDK has made all its attempts.
        except openai.APIError as error:
            return _classify(error)
        return reply.content

    async def close(self) -> None:
        """Close all connections."""
        await self._sdk.close()


_FAILURE_OF_STATUS: dict[int, Failure] = {408: "timeout", 413: "too_long", 429: "rate"}
_FAILURE_OF_CODE: dict[str, Failure] = {
    "context_length_exceeded": "too_long",
    "string_above_max_length": "too_long",
    "insufficient_quota": "refused",
}
_TOO_LONG = re.compile(r"context (length|window|size)|maximum (context|model) length|too (long|many tokens)", re.I)


def _classify(error: openai.APIError) -> NoReply:
    """The failure that an error of the SDK is: by its code, else by its status, else by its words."""
    if isinstance(error, openai.APITimeoutError):
        return NoReply("timeout")
    if not isinstance(error, openai.APIStatusError):
        # The SDK's own words are "Connection error."; the cause says which.
        return NoReply("unavailable", message=str(error.__cause__ or error))
    status = error.status_code
    words = _server_words(error)
    # The code first: a 429 for an exhausted quota will not pass as one for a rate does.
    failure = _FAILURE_OF_CODE.get(error.code or "") or _FAILURE_OF_STATUS.get(status)
    # Servers other than OpenAI's report a prompt that is too long as any bad request: only the words tell.
    is_bad_request = status in (400, 422)
    if failure is None and is_bad_request and _TOO_LONG.search(words):
        failure = "too_long"
    # The rest by the family: 3xx and 4xx will not change, a 5xx may.
    if failure is None:
        failure = "refused" if 300 <= status < 500 else "unavailable"
    begun = ERROR_IN_REPLY in error.response.headers
    return NoReply(failure, status, error.param, words, begun)


def _server_words(error: openai.APIStatusError) -> str:
    """What the server says: `{"error": {"message": ...}}`, or a plain text, as some servers send."""
    # The SDK has taken the outer `error` off already.
    message = error.body
    if isinstance(message, dict):
        message = message.get("message")
    return message if isinstance(message, str) else error.message
