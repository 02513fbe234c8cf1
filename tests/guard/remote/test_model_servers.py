"""Model servers that send too much: a call that failed, before it takes memory."""

import gzip

import pytest

from rlmlite.clients.openai import attempts
from rlmlite_kernel.effects.requests import Failed
from tests.rlmlite.clients.openai.api_calls import APIS, HELLO, WHOLE, ask_once
from tests.rlmlite.clients.openai.model_server import Raw

BOUND = 100_000
OK = b"HTTP/1.1 200 OK\r\nContent-Type: "
DEEP = b'{"choices": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

REPLIES = {
    "a long body": OK + b"application/json\r\nContent-Length: 10000000\r\n\r\n" + b" " * 10_000_000,
    "a packed body": OK + b"application/json\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * 10_000_000),
    "an unbounded body": OK + b"application/json\r\n\r\n" + b" " * 10_000_000,
    "a stream of comments": OK + b"text/event-stream\r\n\r\n" + b": ping\n\n" * 100_000,
    "a stream without line ends": OK + b"text/event-stream\r\n\r\ndata: " + b"x" * 10_000_000,
    "a packed stream": OK
    + b"text/event-stream\r\nContent-Encoding: gzip\r\n\r\n"
    + gzip.compress(b": ping\n\n" * 1_000_000),
    "a deep body": OK + b"application/json\r\nContent-Length: %d\r\n\r\n" % len(DEEP) + DEEP,
    "a deep event": OK + b"text/event-stream\r\n\r\ndata: " + DEEP + b"\n\n",
}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("kind", REPLIES)
def test_too_long_a_reply_is_a_failure(monkeypatch: pytest.MonkeyPatch, api: str, streamed: bool, kind: str) -> None:
    """Whole or streamed, packed or plain; it is counted as it is unpacked."""
    monkeypatch.setattr(attempts, "LONGEST_REPLY", BOUND)
    result, server = ask_once(api, lambda number, asked: Raw([REPLIES[kind]]), stream=streamed, retries=0)

    assert isinstance(result, Failed)
    assert len(server.asked) == 1


@pytest.mark.parametrize("api", APIS)
def test_a_packed_reply_is_read(api: str) -> None:
    """Within the bound gzip is as good as plain."""
    head, _, body = WHOLE[api].partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    packed = gzip.compress(body)
    lines += [b"Content-Encoding: gzip", b"Content-Length: %d" % len(packed)]
    reply = b"\r\n".join(lines) + b"\r\n\r\n" + packed

    assert ask_once(api, lambda number, asked: reply)[0] == HELLO
