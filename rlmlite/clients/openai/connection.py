"""The connection to a model server: the `openai` SDK, over aiohttp where that is installed.

The SDK makes the attempts, `attempts.AttemptClient` below it carries each of them out, and here the SDK's errors become
the kernel's words for failures.

Imported when a server is first asked: the SDK takes its time to import.
"""

import asyncio
import importlib.util
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import openai

from rlmlite.clients.interface.options import Calling
from rlmlite.clients.openai.attempts import ERROR_IN_REPLY, SENT, AttemptClient, MalformedReplyError, is_quota
from rlmlite.clients.openai.destination import Destination
from rlmlite.clients.openai.wire import WireFormat
from rlmlite_kernel.effects.requests import Failure

AIOHTTP = importlib.util.find_spec("aiohttp") is not None
"""Whether the faster transport is installed."""

_CONNECT_SECONDS = 10.0


class NoReply(msgspec.Struct, frozen=True):
    """A call without a reply: the kernel's word for the failure, the HTTP status or 0, and what the server said.

    `param` is the request's field that the server complains about. `begun`: the server had accepted the call and
    reported the error only in its reply, so it may bill it. `unsent`: no server was reached, so nobody can.
    """

    failure: Failure
    status: int = 0
    param: str | None = None
    message: str = ""
    begun: bool = False
    unsent: bool = False


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
        parts = urlsplit(base)
        self.root = f"{parts.scheme}://{parts.netloc}"
        self.looking = asyncio.Lock()  # held while somebody finds out what the server can
        self._attempts = make_client(Destination(base, key), calling, wire)
        self._sdk = openai.AsyncOpenAI(
            # The SDK insists on one, and never learns the real one: `AttemptClient` puts it into the request.
            api_key="none",
            base_url=base,
            # No limit for `pool`: `AttemptClient` lets an attempt begin only when a connection is free.
            timeout=openai.Timeout(calling.timeout, connect=_CONNECT_SECONDS, pool=None),
            # Attempts after the first, each of them one `AttemptClient.send`.
            max_retries=calling.retries,
            http_client=self._attempts,
        )

    async def ask(self, body: Mapping[str, Any]) -> bytes | NoReply:
        """The reply's bytes, or why there is none. An exception is a bug."""
        SENT.set(False)
        try:
            reply = await self._sdk.post(self._path, cast_to=httpx2.Response, body=body)
        # The SDK has made all its attempts.
        except openai.APIError as error:
            return _classify(error)
        return reply.content

    async def look(self, path: str) -> bytes | None:
        """What the server says at a path of its root; `None` for any reply but HTTP 200."""
        return await self._attempts.look(self.root + path)

    async def close(self) -> None:
        """Close all connections."""
        await self._sdk.close()


_FAILURE_OF_CODE: dict[str, Failure] = {
    "context_length_exceeded": "too_long",
    "string_above_max_length": "too_long",
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "invalid_api_key": "unauthorized",
    "authentication_error": "unauthorized",
    "permission_error": "forbidden",
    "permission_denied": "forbidden",
    "model_not_found": "unknown_model",
    "content_filter": "filtered",
    "content_policy_violation": "filtered",
    "bio_policy": "filtered",
    "misalignment_policy_violation": "filtered",
}
_FAILURE_OF_STATUS: dict[int, Failure] = {
    401: "unauthorized",
    402: "quota",
    403: "forbidden",
    404: "wrong_address",
    405: "wrong_address",
    408: "timeout",
    413: "too_long",
    429: "rate",
    504: "timeout",
}
_FAILURE_OF_WORDS: tuple[tuple[tuple[int, ...], re.Pattern[str], Failure], ...] = (
    # Servers other than OpenAI's report most things as a bad request: only the words tell.
    (
        (400, 422),
        re.compile(r"context (length|window|size)|maximum (context|model) length|too (long|many tokens)", re.I),
        "too_long",
    ),
    ((400,), re.compile(r"api[ _-]?key|unauthori[sz]ed|authentication", re.I), "unauthorized"),
    ((400, 422), re.compile(r"content (filter|policy|management)|safety (system|filter|policy)", re.I), "filtered"),
    (
        (400, 404, 422),
        re.compile(r"\bmodel\b.*(not (found|exist|supported)|does not exist|unknown)", re.I),
        "unknown_model",
    ),
    ((400, 404, 422), re.compile(r"(unknown|no such|invalid) model\b", re.I), "unknown_model"),
    ((400, 403), re.compile(r"credit balance|insufficient (quota|credit|balance|funds)", re.I), "quota"),
)
"""Statuses whose words say more than they do, the words, and the failure that they mean. The first that fits counts."""


def _classify(error: openai.APIError) -> NoReply:
    """The failure that an error of the SDK is: by its code, else by its words, else by its status."""
    if isinstance(error, openai.APITimeoutError):
        return NoReply("timeout", message=_cause_words(error), unsent=_is_unsent(error))
    if not isinstance(error, openai.APIStatusError):
        return NoReply(_connection_failure(error), message=_cause_words(error), unsent=_is_unsent(error))
    status = error.status_code
    words = _server_words(error)
    failure = _failure_of(status, _codes_of(error), words, error.response.headers)
    begun = ERROR_IN_REPLY in error.response.headers
    return NoReply(failure, status, error.param, words, begun)


def _failure_of(status: int, codes: Sequence[str], words: str, headers: Mapping[str, str]) -> Failure:
    # The code first: a 429 for an exhausted quota will not pass as one for a rate does.
    for code in codes:
        if code in _FAILURE_OF_CODE:
            return _FAILURE_OF_CODE[code]
    if status == 429 and is_quota(words, headers):
        return "quota"
    for statuses, pattern, failure in _FAILURE_OF_WORDS:
        if status in statuses and pattern.search(words):
            return failure
    # The rest by the family: 3xx leads elsewhere and 4xx will not change, a 5xx may.
    by_family: Failure = "wrong_address" if status < 400 else "refused" if status < 500 else "unavailable"
    return _FAILURE_OF_STATUS.get(status, by_family)


def _codes_of(error: openai.APIStatusError) -> tuple[str, ...]:
    """What the server calls the error: most have a code, some only a type."""
    return tuple(str(code) for code in (error.code, error.type) if code)


def _connection_failure(error: BaseException) -> Failure:
    """Why there was no reply at all, by the errors behind the SDK's."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) or "certificate" in type(cause).__name__.lower():
            return "tls"
        if isinstance(cause, socket.gaierror):
            return "dns"
        if isinstance(cause, MalformedReplyError):
            return "malformed"
    return "unreachable" if _is_unsent(error) else "unavailable"


def _is_unsent(error: BaseException) -> bool:
    """Whether no attempt of the call got as far as a connection, so that nobody can have been paid for it."""
    return not SENT.get() and any(
        isinstance(each, httpx2.ConnectError | httpx2.ConnectTimeout) for each in _causes(error)
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _cause_words(error: BaseException) -> str:
    """The words of the error at the bottom that has some: the SDK's own are "Connection error."."""
    words = [str(each) for each in _causes(error) if not isinstance(each, openai.APIError)]
    return next((text for text in reversed(words) if text), str(error))


def _server_words(error: openai.APIStatusError) -> str:
    """What the server says: `{"error": {"message": ...}}`, `{"detail": ...}`, or a plain text, as some servers send."""
    # The SDK has taken the outer `error` off already.
    message = error.body
    if isinstance(message, dict):
        message = message.get("message") or message.get("detail")
    return message if isinstance(message, str) else error.message
