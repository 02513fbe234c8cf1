"""Programs as tool calls: what the tool looks like in each API, and what of a call is the program."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

import rlmlite
from rlmlite.clients import Calling, client
from rlmlite_grammar.decode import custom_tool, function_tool
from rlmlite_kernel.effects.requests import Answered, Usage
from rlmlite_kernel.records.settings import Limits
from rlmlite_traces import Level, Verdict, replay, verify
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.api_calls import APIS, CHAT, FREE, HELLO, RESPONSES, ask_once
from tests.rlmlite.clients.openai.model_server import (
    Ask,
    calling,
    completion,
    custom_call,
    error,
    function_call,
    in_requested_form,
    response,
    serve,
)

HELLO_BY_TOOL = msgspec.structs.replace(HELLO, sampling={"decode": "tool"})
FUNCTION, CUSTOM = function_tool(), custom_tool("start: /x/")


def test_the_tool_goes_over_the_wire_as_each_api_spells_it() -> None:
    """It is flat in the Responses API and nested in chat completions, and exactly one call of it is required."""
    for tool in (FUNCTION, CUSTOM):
        kind = tool["type"]
        _, server = ask_once(RESPONSES, model_server.hello, tool)
        assert server.asked[0]["tools"] == [tool]
        assert server.asked[0]["tool_choice"] == {"type": kind, "name": "program"}
        assert server.asked[0]["parallel_tool_calls"] is False
        _, server = ask_once(CHAT, model_server.hello, tool)
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
def test_the_reply_is_the_program_in_the_call(api: str, streamed: bool, calls: Sequence[Any], text: str) -> None:
    """Arguments that are not valid stand as they came."""
    tool = CUSTOM if calls[0]["type"] == "custom_tool_call" else FUNCTION
    answer = calling(*calls) if api == CHAT else response(None, (7, 3), *calls)
    result, server = ask_once(api, lambda _, ask: in_requested_form(ask, answer), tool, stream=streamed)

    form = "lark" if tool is CUSTOM else "tool"
    assert (result, len(server.asked)) == (Answered(text, Usage(7, 3, 0), sampling={"decode": form}), 1)


@pytest.mark.parametrize("api", APIS)
def test_a_model_that_calls_no_tool_is_understood(api: str) -> None:
    """Its program is taken from the text."""
    assert ask_once(api, model_server.hello, FUNCTION)[0] == HELLO_BY_TOOL


def test_fields_that_a_server_refuses_are_left_out() -> None:
    """Each is refused once, and then left out for good."""

    def behave(_: int, ask: Ask) -> bytes:
        for field in ("temperature", "parallel_tool_calls", "stream_options"):
            if field in ask:
                return error(400, "unsupported_parameter", param=field)
        return in_requested_form(ask, completion("hello"))

    result, server = ask_once(CHAT, behave, FUNCTION, stream=True)

    assert (result, len(server.asked)) == (HELLO_BY_TOOL, 4)
    assert set(server.asked[-1]) == {"model", "messages", "max_tokens", "tools", "tool_choice", "stream"}


LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(100))


def run_by_calls(
    replies: Sequence[bytes], decode: str, trace: Path | bool, api: str = RESPONSES, **more: Any
) -> tuple[rlmlite.Outcome, model_server.ModelServer]:
    """One question, to a controller that answers by these replies over a stream."""

    async def run() -> tuple[rlmlite.Outcome, model_server.ModelServer]:
        async with serve(lambda number, ask: in_requested_form(ask, replies[number])) as server:
            how = Calling(stream=True, decode=decode, prices=FREE)  # type: ignore[arg-type]  # a Decode
            controller = client(f"{server.url}{api}", how)
            return await rlmlite.arun("How many errors?", LOG, controller=controller, trace=trace, **more), server

    return asyncio.run(run())


def test_a_controller_answers_by_tool_calls_over_a_stream(tmp_path: Path) -> None:
    """A malformed call costs a turn, and the trace replays without the server."""
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
    assert (
        replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED), recorded_paths=True).verdict
        is Verdict.REPRODUCED
    )


@pytest.mark.parametrize("api", APIS)
def test_a_controller_is_held_to_the_grammar_of_its_turn(api: str, tmp_path: Path) -> None:
    """The grammar has the variables of the turn, and in the last turn only `final`."""
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
    assert (
        replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED), recorded_paths=True).verdict
        is Verdict.REPRODUCED
    )


def test_a_controller_that_forgets_all_names_still_goes_on() -> None:
    """Without a variable there is no grammar: its program is read as text."""
    replies = [response(None, (7, 3), custom_call("forget(question)")), *[response("final(1)")] * 2]

    async def run() -> tuple[rlmlite.Outcome, model_server.ModelServer]:
        async with serve(lambda number, _: replies[number]) as server:
            controller = client(f"{server.url}{RESPONSES}", Calling(decode="grammar", prices=FREE))
            return await rlmlite.arun("How many?", controller=controller, trace=False), server

    outcome, server = asyncio.run(run())

    assert outcome.value == 1
    # The answer was held back once: nothing had shown the number.
    assert ["tools" in ask for ask in server.asked] == [True, False, False]
