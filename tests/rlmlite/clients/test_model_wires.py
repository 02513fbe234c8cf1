"""Both APIs of model servers, with streaming and without, and tool calls: the same results, the same faults."""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite.clients import Calling, ToolRequest, client
from rlmlite.clients.interface.prices import Price
from rlmlite.clients.openai.server_events import EventDecoder
from rlmlite_grammar.decode import Tool, custom_tool, function_tool
from rlmlite_kernel.effects.requests import Answered, Failed, Failure, Request, Result, Usage
from rlmlite_kernel.records.settings import Limits
from rlmlite_traces import Level, Verdict, replay, verify
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.model_server import (
    STREAM,
    Answer,
    Ask,
    Behaviour,
    Raw,
    as_asked,
    calling,
    chunked,
    completion,
    custom_call,
    error,
    events,
    function_call,
    response,
    serve,
    stream,
)

FREE = {"": Price(0, 0)}
HELLO = Answered("hello", Usage(7, 3, 0))
CHAT, RESPONSES = "#m", "/responses#m"
APIS = [CHAT, RESPONSES]
WHOLE = {CHAT: completion("hello"), RESPONSES: response("hello")}
FAN_OUT = 'parts = chunk(context, size=1, by="lines")\nsaid = extract_over_chunks(parts, "Read {chunk}")\nfinal(said)'


@pytest.fixture(autouse=True)
def _directly_and_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on this machine is asked directly, and again after a short pause."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def asked(
    api: str, behave: Behaviour, tool: Tool | None = None, text: str = "hi", **settings: Any
) -> tuple[Result, model_server.ModelServer]:
    """One call to a server that behaves so."""
    how = Calling(**{"retries": 1, "timeout": 5.0, "prices": FREE, **settings})
    plain = ("0" * 32, "sub", "m", 100, ("?",), 1, "0" * 64)
    request = Request(*plain) if tool is None else ToolRequest(*plain, tool=tool)

    async def ask() -> tuple[Result, model_server.ModelServer]:
        async with serve(behave) as server:
            return await client(f"{server.url}{api}", how).complete(text, request), server

    return asyncio.run(ask())


def told(api: str, streamed: bool) -> Behaviour:
    """Says hello as it is asked, and checks that it is asked so."""

    def behave(number: int, ask: Ask) -> bytes:
        assert ask.get("stream", False) is streamed
        return as_asked(ask, WHOLE[api])

    return behave


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_a_call_is_one_request_and_its_usage(api: str, streamed: bool) -> None:
    """What goes over each wire, to the field; nothing is left at the server."""
    result, server = asked(api, told(api, streamed), stream=streamed)

    assert result == HELLO
    body: dict[str, Any] = {"model": "m", "temperature": 0.0}
    if api == CHAT:
        body |= {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 100}
        body |= {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
    else:
        body |= {"input": "hi", "store": False, "max_output_tokens": 100}
        body |= {"stream": True} if streamed else {}
    assert server.asked == [body]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("api", "answer", "expected"),
    [
        (CHAT, completion("half an ans", finish_reason="length"), "too_long"),
        (
            RESPONSES,
            response("ha", status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "too_long",
        ),
        (RESPONSES, response("half", status="incomplete"), "too_long"),
        (CHAT, completion("ha", finish_reason="content_filter"), "refused"),
        (RESPONSES, response("ha", status="incomplete", incomplete_details={"reason": "content_filter"}), "refused"),
        (CHAT, completion(None, message={"content": None, "refusal": "I can not"}), "refused"),
        (
            RESPONSES,
            response(None, (7, 3), {"type": "message", "id": "1", "content": [{"type": "refusal", "refusal": "no"}]}),
            "refused",
        ),
        (CHAT, completion(None), "schema"),
        (RESPONSES, response(None), "schema"),
        (RESPONSES, response(None, (7, 3), function_call("{}")), "schema"),
        (CHAT, calling(function_call("{}")), "schema"),
    ],
)
def test_an_answer_that_is_none_is_no_answer(api: str, answer: bytes, expected: Failure, streamed: bool) -> None:
    """Cut, withheld or empty, or a call of a tool that nobody offered: paid, and not repeated."""
    result, server = asked(api, lambda _, ask: as_asked(ask, answer), stream=streamed)

    assert (result, len(server.asked)) == (Failed(expected, Usage(7, 3, 0)), 1)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(500, retry_after_ms="1"), Failed("unavailable")),
        (error(429, retry_after_ms="1"), Failed("rate", Usage(0, 0, 0))),
        (Raw(b""), Failed("unavailable")),
        (model_server.reply(200, b"<html>a proxy's page</html>"), Failed("unavailable")),
        (model_server.reply(200, {"error": {"code": 502, "message": "upstream"}}), Failed("unavailable")),
        (model_server.reply(200, b'{"output": [], "status": "queued"}'), Failed("unavailable")),
    ],
)
def test_what_may_pass_is_tried_again(api: str, streamed: bool, answer: Answer, expected: Result) -> None:
    """Two attempts with one retry, never more; a second attempt that goes well is an answer."""
    result, server = asked(api, lambda *_: answer, stream=streamed)
    again, second = asked(
        api, lambda number, ask: answer if number == 0 else as_asked(ask, WHOLE[api]), stream=streamed
    )

    assert (result, len(server.asked)) == (expected, 2)
    assert (again, len(second.asked)) == (HELLO, 2)


def broken_streams(api: str) -> dict[str, Answer]:
    """Streams that end without an answer, each in its own way."""
    whole = events(WHOLE[api])
    garbled = [*whole[:2], b'data: {"choices": [\n\n', *whole[2:]]
    fault = {"type": "error", "error": {"code": "server_error", "message": "overloaded"}}
    found: dict[str, Answer] = {
        "nothing but its head": Raw(STREAM),
        "cut in an event": Raw(STREAM + b"".join(chunked(whole))[:-150]),
        "cut between events": Raw(STREAM + b"".join(chunked(whole[:2]))),
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


@pytest.mark.parametrize(("api", "fault"), [(api, fault) for api in APIS for fault in broken_streams(api)])
def test_a_stream_that_breaks_off_is_tried_again_and_never_half_an_answer(api: str, fault: str) -> None:
    """However it ends: once more, and then a failure."""
    answer = broken_streams(api)[fault]
    result, server = asked(api, lambda *_: answer, stream=True)
    again, second = asked(api, lambda number, ask: answer if number == 0 else as_asked(ask, WHOLE[api]), stream=True)

    assert (result, len(server.asked)) == (Failed("unavailable"), 2)
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
    """It comes with HTTP 200, and only its code says what it is. What it costs nobody knows."""
    event = {"type": "error", "code": code, "message": "no", "error": {"code": code, "message": "no"}}
    answer = stream([events(WHOLE[api])[0], f"data: {json.dumps(event)}\n\n".encode()])
    result, server = asked(api, lambda *_: answer, stream=True)

    assert (result, len(server.asked)) == (expected, count)


@pytest.mark.parametrize("api", APIS)
def test_a_long_answer_meets_no_timeout_but_silence_does(api: str) -> None:
    """Pieces that come in time add up to more than the timeout; one that does not come, or no line, is noticed."""
    whole = chunked(events(WHOLE[api] if api == CHAT else response("hello", (7, 3))))
    pieces = [STREAM, *whole, b"0\r\n\r\n"]
    keep = chunked([b": still here\n\n"] * 12)
    began = time.monotonic()
    slow, server = asked(api, lambda *_: Raw([*pieces[:1], *keep, *pieces[1:]], 0.1), stream=True, timeout=0.6)

    assert (slow, len(server.asked)) == (HELLO, 1)
    assert time.monotonic() - began > 1.2
    for silent in (Raw([*pieces[:2], b""], 1.0), Raw(b"".join(pieces), 0.05), Raw(STREAM, 1.0)):
        result, server = asked(api, lambda *_, silent=silent: silent, stream=True, timeout=0.3)
        assert (result, len(server.asked)) == (Failed("timeout"), 2)


def test_a_stream_without_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life alone do not keep a call for ever."""
    from rlmlite.clients.openai import http as openai_http

    monkeypatch.setattr(openai_http, "LONGEST_STREAM", 3)
    endless = Raw([STREAM, *chunked([b": still here\n\n"] * 1_000)], 0.05)
    began = time.monotonic()
    result, server = asked(CHAT, lambda *_: endless, stream=True, timeout=0.2)

    assert (result, len(server.asked)) == (Failed("timeout"), 2)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("api", APIS)
def test_what_comes_after_the_end_marker_does_no_harm(api: str) -> None:
    """The connection is cut, garbage follows, or nothing does: the answer was there."""
    whole = STREAM + b"".join(chunked(events(WHOLE[api])))
    for answer in (Raw([whole], 0.05), Raw([whole, b"garbage"], 0.05), Raw([whole, b""], 1.5)):
        result, server = asked(api, lambda *_, answer=answer: answer, stream=True, timeout=0.5)
        assert (result, len(server.asked)) == (HELLO, 1)


@pytest.mark.parametrize("api", APIS)
def test_a_server_that_does_not_stream_is_heard_too(api: str) -> None:
    """It answers at once, in one piece."""
    result, server = asked(api, lambda *_: WHOLE[api], stream=True)

    assert (result, len(server.asked)) == (HELLO, 1)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_long_texts_pass_whole(api: str, streamed: bool) -> None:
    """Whatever characters they have, line ends of Unicode too."""
    text = 'aé€😀\u2028\u0085\n"\\\0' * 10_000

    def behave(_: int, ask: Ask) -> bytes:
        return as_asked(ask, completion(text) if api == CHAT else response(text))

    result, _ = asked(api, behave, stream=streamed)

    assert isinstance(result, Answered)
    assert result.text == text


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


# Tool calls

FUNCTION, CUSTOM = function_tool(), custom_tool("start: /x/")


def test_the_tool_goes_over_the_wire_as_each_api_spells_it() -> None:
    """Flat in the Responses API, nested in chat completions; one call of it is asked for."""
    for tool in (FUNCTION, CUSTOM):
        kind = tool["type"]
        _, server = asked(RESPONSES, model_server.hello, tool)
        assert server.asked[0]["tools"] == [tool]
        assert server.asked[0]["tool_choice"] == {"type": kind, "name": "program"}
        assert server.asked[0]["parallel_tool_calls"] is False
        _, server = asked(CHAT, model_server.hello, tool)
        (sent,) = server.asked[0]["tools"]
        assert (sent["type"], sent[kind]["name"]) == (kind, "program")
        assert server.asked[0]["tool_choice"] == {"type": kind, kind: {"name": "program"}}
        if kind == "custom":
            grammar = {"syntax": "lark", "definition": "start: /x/"}
            assert sent["custom"]["format"] == {"type": "grammar", "grammar": grammar}
        else:
            assert sent["function"]["parameters"] == FUNCTION["parameters"]


PROGRAM = 'hits = search(context, "ERROR")\nfinal(count(hits))'


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("calls", "text"),
    [
        ([function_call(json.dumps({"text": PROGRAM}))], PROGRAM),
        ([custom_call(PROGRAM)], PROGRAM),
        ([function_call('{"text": "a = 1"}'), function_call('{"text": "b = 2"}')], "a = 1\nb = 2"),
        ([function_call('{"text": "hits = sea')], '{"text": "hits = sea'),
        ([function_call('{"program": "final(1)"}')], '{"program": "final(1)"}'),
        ([function_call('{"text": 3}')], '{"text": 3}'),
        ([function_call("[]")], "[]"),
        ([function_call("")], ""),
        ([function_call('{"text": "\\ud800"}')], '{"text": "\\ud800"}'),
        ([function_call('{"text": "final(1)"}', "delete_all")], '{"text": "final(1)"}'),
    ],
)
def test_the_reply_is_what_the_call_says(api: str, streamed: bool, calls: Sequence[Any], text: str) -> None:
    """The program in it; arguments that are none, just as they came."""
    tool = CUSTOM if calls[0]["type"] == "custom_tool_call" else FUNCTION
    answer = calling(*calls) if api == CHAT else response(None, (7, 3), *calls)
    result, server = asked(api, lambda _, ask: as_asked(ask, answer), tool, stream=streamed)

    assert (result, len(server.asked)) == (Answered(text, Usage(7, 3, 0)), 1)


@pytest.mark.parametrize("api", APIS)
def test_a_model_that_calls_no_tool_is_heard_too(api: str) -> None:
    """It said its program as text."""
    assert asked(api, model_server.hello, FUNCTION)[0] == HELLO


def test_fields_that_a_server_refuses_are_left_out() -> None:
    """Once each, and then for good."""

    def behave(_: int, ask: Ask) -> bytes:
        for field in ("temperature", "parallel_tool_calls", "stream_options"):
            if field in ask:
                return error(400, "unsupported_parameter", param=field)
        return as_asked(ask, completion("hello"))

    result, server = asked(CHAT, behave, FUNCTION, stream=True)

    assert (result, len(server.asked)) == (HELLO, 4)
    assert set(server.asked[-1]) == {"model", "messages", "max_tokens", "tools", "tool_choice", "stream"}


# Runs

LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(100))


def run_by_calls(
    replies: Sequence[bytes], decode: str, trace: Path | bool, api: str = RESPONSES, **more: Any
) -> tuple[rlmlite.Outcome, model_server.ModelServer]:
    """One question, to a controller that answers by these replies over a stream."""

    async def run() -> tuple[rlmlite.Outcome, model_server.ModelServer]:
        async with serve(lambda number, ask: as_asked(ask, replies[number])) as server:
            how = Calling(stream=True, decode=decode, prices=FREE)  # type: ignore[arg-type]  # a Decode
            controller = client(f"{server.url}{api}", how)
            return await rlmlite.arun("How many errors?", LOG, controller=controller, trace=trace, **more), server

    return asyncio.run(run())


def test_a_controller_answers_by_tool_calls_over_a_stream(tmp_path: Path) -> None:
    """A call that is malformed costs a turn; the trace replays with the server gone."""
    programs = ['{"text": "hits = sea', json.dumps({"text": 'hits = search(context, "ERROR")'})]
    programs.append(json.dumps({"text": "final(count(hits), evidence=hits)"}))
    replies = [response(None, (7, 3), function_call(arguments)) for arguments in programs]
    outcome, server = run_by_calls(replies, "tool", tmp_path / "t.rlm")

    assert (outcome.value, outcome.status, outcome.evidence_total) == (10, "completed", 10)
    assert len(server.asked) == 3
    assert outcome.budget["turns"]["used"] == 4  # the question is the host's turn
    assert outcome.usage == {"calls": 3, "input_tokens": 21, "output_tokens": 9, "cost_nano": 0}
    assert [ask["tools"] for ask in server.asked] == [[FUNCTION]] * 3
    assert '{"text": "hits = sea' in server.asked[1]["input"]
    assert replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("api", APIS)
def test_a_controller_is_held_to_the_grammar_of_its_turn(api: str, tmp_path: Path) -> None:
    """The grammar knows the variables that there are; in the last turn nothing but `final`."""
    programs = ['t1 = search(context, "ERROR")', "final(count(t1))"]
    calls = [custom_call(program) for program in programs]
    replies = [calling(call) if api == CHAT else response(None, (7, 3), call) for call in calls]
    outcome, server = run_by_calls(replies, "grammar", tmp_path / "t.rlm", api, limits=Limits(turns=3))

    assert (outcome.value, outcome.reason) == (10, "last_answer")
    tools = [ask["tools"][0] for ask in server.asked]
    formats = [tool["custom"]["format"]["grammar"] if api == CHAT else tool["format"] for tool in tools]
    first, second = (form["definition"] for form in formats)
    assert 'name0: "context"\n    | "question"' in first
    assert first.startswith("start: program0")
    assert second.startswith("start: end0")
    assert '"t1"' in second
    assert replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)).verdict is Verdict.REPRODUCED


def test_a_controller_that_forgets_all_names_still_goes_on() -> None:
    """Without a variable there is no grammar: its program is read as text."""
    replies = [response(None, (7, 3), custom_call("forget(question)")), response("final(1)")]

    async def run() -> tuple[rlmlite.Outcome, model_server.ModelServer]:
        async with serve(lambda number, _: replies[number]) as server:
            controller = client(f"{server.url}{RESPONSES}", Calling(decode="grammar", prices=FREE))
            return await rlmlite.arun("How many?", controller=controller, trace=False), server

    outcome, server = asyncio.run(run())

    assert outcome.value == 1
    assert ["tools" in ask for ask in server.asked] == [True, False]


@pytest.mark.parametrize("api", APIS)
def test_a_streamed_fan_out_asks_each_once(api: str, tmp_path: Path) -> None:
    """Streams cut in the middle, errors and pauses between: exact counts, and the trace replays without the server."""
    seen: Counter[str] = Counter()

    def behave(_: int, ask: Ask) -> Answer:
        prompt = ask["messages"][0]["content"] if api == CHAT else ask["input"]
        line = prompt.split("line ")[1].split("\n")[0]
        seen[line] += 1
        good = completion(f"read {line}") if api == CHAT else response(f"read {line}")
        if int(line) % 20 == 3 and seen[line] == 1:
            return Raw(as_asked(ask, good)[:-200])
        if int(line) % 20 == 7 and seen[line] == 1:
            return error(429, retry_after_ms="1")
        return as_asked(ask, good)

    async def run() -> rlmlite.Outcome:
        async with serve(behave) as server:
            sub = client(f"{server.url}{api}", Calling(retries=1, stream=True, prices=FREE))
            text = "".join(f"line {n}\n" for n in range(100))
            return await rlmlite.execute_async(FAN_OUT, text, sub=sub, trace=tmp_path / "t.rlm")

    outcome = asyncio.run(run())

    assert outcome.value == [f"read {n}" for n in range(100)]
    assert seen == {str(n): 2 if n % 20 in (3, 7) else 1 for n in range(100)}
    assert outcome.usage == {"calls": 100, "input_tokens": 700, "output_tokens": 300, "cost_nano": 0}
    assert replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)).verdict is Verdict.REPRODUCED


def test_model_strings_name_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """`openai-responses:` has OpenAI's prices and needs its key, as `openai:` does."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")

    assert client("openai-responses:gpt-4o-mini").model == "openai-responses:gpt-4o-mini"
    assert client("http://127.0.0.1:1/v1/responses#m").model == "http://127.0.0.1:1/v1/responses#m"
    monkeypatch.delenv("OPENAI_API_KEY")
    for model, message in (("openai-responses:gpt-5", "OPENAI_API_KEY"), ("openai-responses:", "needs a model")):
        with pytest.raises(rlmlite.ModelError, match=message):
            client(model)


# Server-sent events


def test_a_line_of_any_length_is_read_once() -> None:
    """A hundred megabytes in small pieces take no time to speak of."""
    decoder = EventDecoder()
    began = time.monotonic()
    for _ in range(100_000):
        assert not list(decoder.feed(b"x" * 1_000))

    assert time.monotonic() - began < 10


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_events_are_read_however_their_bytes_come(size: int) -> None:
    """Line ends of all kinds, comments, other fields, data on several lines, and U+2028, which ends no line."""
    text = ': hello\n\nevent: a\r\ndata: {"x":\r\ndata: 1}\r\n\r\ndata:two\u2028\x85\x0b\nid: 3\n\ndata: unfinished\n'
    sent = text.encode()
    decoder = EventDecoder()
    found = [data for at in range(0, len(sent), size) for data in decoder.feed(sent[at : at + size])]

    assert [data for data in found if data] == [b'{"x":\n1}', "two\u2028\x85\x0b".encode()]
