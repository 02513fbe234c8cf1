"""A model server that sends without end, or little that unpacks to much: the call fails, and the memory stays."""

import asyncio
import gzip
import zlib

import pytest

from rlmlite.clients import Calling, client
from rlmlite.clients.openai import attempts
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result
from tests.guard.trust.listener import COMPLETION, Listener, listen

MOST = 100_000


def ask(server: Listener, streamed: bool, messages: list[str]) -> Result:
    """One call."""
    calling = Calling(retries=0, timeout=5.0, stream=streamed, tell=messages.append)
    request = Request("0" * 32, "sub", "m", 100, ("?",), 1, "0" * 64)
    return asyncio.run(client(server.model(), calling).complete("hi", request))


LARGE = {
    "a long answer": ({}, COMPLETION.replace(b"final(1)", b"a" * (MOST + 1))),
    "blanks": ({}, b" " * (MOST + 1)),
    "gzip": ({"Content-Encoding": "gzip"}, gzip.compress(b"a" * 5_000_000)),
    "deflate": ({"Content-Encoding": "deflate"}, zlib.compress(b"a" * 5_000_000)),
    "a stream": ({"Content-Type": "text/event-stream"}, b": still here\n" * 20_000),
    "a stream of one line": ({"Content-Type": "text/event-stream"}, b"data: " + b"a" * (MOST + 1)),
    "a packed stream": (
        {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"},
        gzip.compress(b"data: " + b"a" * 5_000_000),
    ),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("status", [200, 400, 307])
@pytest.mark.parametrize("kind", LARGE)
def test_a_reply_is_read_to_a_bound(kind: str, status: int, streamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call fails, and the user is told why."""
    monkeypatch.setattr(attempts, "LONGEST_REPLY", MOST)
    messages: list[str] = []
    headers, body = LARGE[kind]
    with listen() as server:
        server.reply = (status, headers, body)
        result = ask(server, streamed, messages)

    assert isinstance(result, Failed)
    assert any("the reply is longer than 100,000 bytes" in message for message in messages)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_a_packed_reply_is_understood(streamed: bool) -> None:
    """Within the bound nothing changes."""
    with listen() as server:
        server.reply = (200, {"Content-Encoding": "gzip"}, gzip.compress(COMPLETION))
        result = ask(server, streamed, [])

    assert isinstance(result, Answered)
    assert result.text == "final(1)"
