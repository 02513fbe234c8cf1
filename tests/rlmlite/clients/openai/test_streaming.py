"""Answers that come as a stream: never half an answer, never a wait without an end."""

import asyncio
import json
import time
from collections import Counter
from pathlib import Path

import pytest

import rlmlite
from rlmlite.clients import Calling, client
from rlmlite.clients.openai.server_events import EventDecoder
from rlmlite_kernel.effects.requests import Failed, Failure, Request, Result
from rlmlite_traces import Level, Verdict, replay, verify
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.api_calls import APIS, CHAT, FREE, HELLO, RESPONSES, WHOLE, ask_once
from tests.rlmlite.clients.openai.model_server import (
    STREAM,
    Answer,
    Ask,
    Raw,
    completion,
    error,
    events,
    in_requested_form,
    response,
    serve,
    stream,
    to_chunks,
    without_detail,
)

FAN_OUT = 'parts = chunk(context, size=1, by="lines")\nsaid = extract_over_chunks(parts, "Read {chunk}")\nfinal(said)'


def broken_streams(api: str) -> dict[str, Answer]:
    """Streams that end without an answer, each in its own way."""
    whole = events(WHOLE[api])
    garbled = [*whole[:2], b'data: {"choices": [\n\n', *whole[2:]]
    fault = {"type": "error", "error": {"code": "server_error", "message": "overloaded"}}
    found: dict[str, Answer] = {
        "nothing but its head": Raw(STREAM),
        "cut in an event": Raw(STREAM + b"".join(to_chunks(whole))[:-150]),
        "cut between events": Raw(STREAM + b"".join(to_chunks(whole[:2]))),
        "ended without its end": stream(whole[: -2 if api == CHAT else -1]),
        "malformed": stream(garbled),
        "no events": stream([b"<html>\n\n"]),
        "bad text": stream([whole[0], b'data: {"type": "\xff"}\n\n']),
        "an error": stream([whole[0], f"data: {json.dumps(fault)}\n\n".encode()]),
        "marked as ended too soon": stream([*whole[:2], b"data: [DONE]\n\n"]),
    }
    if api == CHAT:
        found["without its marker"] = stream(whole[:-1])
    else:
        failed = response(None, status="failed", error={"code": "server_error", "message": "overloaded"})
        found["failed"] = stream(events(failed))
        found["cancelled"] = stream(events(response("hel", status="cancelled")))
    return found


NOT_OF_THIS_API = [
    *((api, fault) for api in APIS for fault in ("malformed", "marked as ended too soon")),
    *((RESPONSES, fault) for fault in ("bad text", "cancelled")),
]
"""Streams that say what no stream of this API says; the others only end."""


@pytest.mark.parametrize(("api", "fault"), [(api, fault) for api in APIS for fault in broken_streams(api)])
def test_a_stream_that_breaks_off_is_retried_and_never_half_an_answer(api: str, fault: str) -> None:
    """However a stream breaks off, it is retried once, and then is a failure."""
    answer = broken_streams(api)[fault]
    result, server = ask_once(api, lambda *_: answer, stream=True)
    again, second = ask_once(
        api, lambda number, ask: answer if number == 0 else in_requested_form(ask, WHOLE[api]), stream=True
    )

    expected: Failure = "malformed" if (api, fault) in NOT_OF_THIS_API else "unavailable"
    assert (without_detail(result), len(server.asked)) == (Failed(expected), 2)
    assert (again, len(second.asked)) == (HELLO, 2)


@pytest.mark.parametrize(
    ("api", "code", "expected", "count"),
    [
        (CHAT, "rate_limit_exceeded", Failed("rate"), 2),
        (RESPONSES, "rate_limit_exceeded", Failed("rate"), 2),
        (CHAT, "context_length_exceeded", Failed("too_long"), 1),
        (RESPONSES, "invalid_prompt", Failed("refused"), 1),
        (RESPONSES, "something_new", Failed("unavailable"), 2),
    ],
)
def test_an_error_in_a_stream_is_the_failure_that_its_status_would_be(
    api: str, code: str, expected: Result, count: int
) -> None:
    """It comes with HTTP 200, so only its code says what it is, and its cost is unknown."""
    event = {"type": "error", "code": code, "message": "no", "error": {"code": code, "message": "no"}}
    answer = stream([events(WHOLE[api])[0], f"data: {json.dumps(event)}\n\n".encode()])
    result, server = ask_once(api, lambda *_: answer, stream=True)

    assert (without_detail(result), len(server.asked)) == (expected, count)


@pytest.mark.parametrize("api", APIS)
def test_a_long_answer_does_not_time_out_but_silence_does(api: str) -> None:
    """The timeout is for the time between two pieces, and for the head, not for the whole stream."""
    whole = to_chunks(events(WHOLE[api] if api == CHAT else response("hello", (7, 3))))
    pieces = [STREAM, *whole, b"0\r\n\r\n"]
    keep = to_chunks([b": still here\n\n"] * 12)
    began = time.monotonic()
    slow, server = ask_once(api, lambda *_: Raw([*pieces[:1], *keep, *pieces[1:]], 0.1), stream=True, timeout=0.6)

    assert (slow, len(server.asked)) == (HELLO, 1)
    assert time.monotonic() - began > 1.2
    for silent in (Raw([*pieces[:2], b""], 1.0), Raw(b"".join(pieces), 0.05), Raw(STREAM, 1.0)):
        result, server = ask_once(api, lambda *_, silent=silent: silent, stream=True, timeout=0.3)
        assert (without_detail(result), len(server.asked)) == (Failed("timeout"), 2)


def test_an_endless_stream_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life alone do not keep a call open for ever."""
    from rlmlite.clients.openai import attempts

    monkeypatch.setattr(attempts, "LONGEST_STREAM", 3)
    endless = Raw([STREAM, *to_chunks([b": still here\n\n"] * 1_000)], 0.05)
    began = time.monotonic()
    result, server = ask_once(CHAT, lambda *_: endless, stream=True, timeout=0.2)

    assert (without_detail(result), len(server.asked)) == (Failed("timeout"), 2)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("api", APIS)
def test_what_comes_after_the_end_marker_does_no_harm(api: str) -> None:
    """If the connection is cut after it, or garbage follows, or nothing, the answer counts."""
    whole = STREAM + b"".join(to_chunks(events(WHOLE[api])))
    for answer in (Raw([whole], 0.05), Raw([whole, b"garbage"], 0.05), Raw([whole, b""], 1.5)):
        result, server = ask_once(api, lambda *_, answer=answer: answer, stream=True, timeout=0.5)
        assert (without_detail(result), len(server.asked)) == (HELLO, 1)


@pytest.mark.parametrize("api", APIS)
def test_a_server_that_does_not_stream_is_understood(api: str) -> None:
    """It may answer in one piece though a stream was requested."""
    result, server = ask_once(api, lambda *_: WHOLE[api], stream=True)

    assert (without_detail(result), len(server.asked)) == (HELLO, 1)


def test_connections_are_used_again_after_a_stream() -> None:
    """Thirty calls by two workers need two connections."""

    async def ask() -> tuple[list[Result], int]:
        async with serve(model_server.hello) as server:
            model = client(f"{server.url}#m", Calling(stream=True, workers=2, prices=FREE))
            plain = [Request(f"{n:032x}", "sub", "m", 100, ("?",), 1, "0" * 64) for n in range(30)]
            async with model:  # type: ignore[attr-defined]  # a ModelServer is a context manager
                return await asyncio.gather(*(model.complete("hi", each) for each in plain)), server.connections

    results, connections = asyncio.run(ask())

    assert results == [HELLO] * 30
    assert connections == 2


@pytest.mark.parametrize("api", APIS)
def test_a_streamed_fan_out_asks_each_once(api: str, tmp_path: Path) -> None:
    """With streams cut, errors and pauses in between, counts are exact, and the trace replays without the server."""
    seen: Counter[str] = Counter()

    def behave(_: int, ask: Ask) -> Answer:
        prompt = ask["messages"][0]["content"] if api == CHAT else ask["input"]
        line = prompt.split("line ")[1].split("\n")[0]
        seen[line] += 1
        good = completion(f"read {line}") if api == CHAT else response(f"read {line}")
        if int(line) % 20 == 3 and seen[line] == 1:
            return Raw(in_requested_form(ask, good)[:-200])
        if int(line) % 20 == 7 and seen[line] == 1:
            return error(429, retry_after_ms="1")
        return in_requested_form(ask, good)

    async def run() -> rlmlite.Outcome:
        async with serve(behave) as server:
            sub = client(f"{server.url}{api}", Calling(retries=1, stream=True, prices=FREE))
            text = "".join(f"line {n}\n" for n in range(100))
            return await rlmlite.execute_async(FAN_OUT, text, sub=sub, trace=tmp_path / "t.rlm")

    outcome = asyncio.run(run())

    assert outcome.value == [f"read {n}" for n in range(100)]
    assert seen == {str(n): 2 if n % 20 in (3, 7) else 1 for n in range(100)}
    assert outcome.usage == {"calls": 100, "input_tokens": 700, "output_tokens": 300, "cost_nano": 0}
    assert (
        replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED), recorded_paths=True).verdict
        is Verdict.REPRODUCED
    )


def test_a_line_of_any_length_is_read_once() -> None:
    """A line of a hundred megabytes in small pieces is read in linear time."""
    decoder = EventDecoder()
    began = time.monotonic()
    for _ in range(100_000):
        assert not list(decoder.feed(b"x" * 1_000))

    assert time.monotonic() - began < 10


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_events_are_read_however_their_bytes_come(size: int) -> None:
    """All line ends, comments, other fields and data on several lines are understood; U+2028 ends no line."""
    text = ': hello\n\nevent: a\r\ndata: {"x":\r\ndata: 1}\r\n\r\ndata:two\u2028\x85\x0b\nid: 3\n\ndata: unfinished\n'
    sent = text.encode()
    decoder = EventDecoder()
    found = [data for at in range(0, len(sent), size) for data in decoder.feed(sent[at : at + size])]

    assert [data for data in found if data] == [b'{"x":\n1}', "two\u2028\x85\x0b".encode()]
