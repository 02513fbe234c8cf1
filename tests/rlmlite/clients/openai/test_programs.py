"""How a controller is held to the language: as its server says it can, or as the user says; and what a refusal does."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite.clients import Calling, client
from rlmlite.clients.interface.program_forms import ProgramForms
from rlmlite.clients.interface.protocol import ProgramRequest
from rlmlite.clients.programs.choice import ProgramWays
from rlmlite_kernel.records.records import Turn
from rlmlite_traces import Level, Verdict, replay, verify
from tests.grammar.decode.decoding import vocabulary
from tests.rlmlite.clients.openai.api_calls import CHAT, FREE, RESPONSES
from tests.rlmlite.clients.openai.model_server import (
    Ask,
    Behaviour,
    ModelServer,
    completion,
    error,
    in_requested_form,
    response,
    serve,
)

LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(100))
PROGRAM = 't1 = search(context, "ERROR")\nfinal(count(t1), evidence=t1)'
DATA = {
    "program": {
        "t1": {"call": "search", "target": {"var": "context"}, "query": "ERROR", "limit": None, "where": None},
        "then": {"call": "final", "value": {"call": "count", "value": {"var": "t1"}}, "evidence": {"var": "t1"}},
    }
}

Pages = Mapping[str, object]


def openapi(request: str, *fields: str) -> Pages:
    """What a FastAPI server says of its requests."""
    properties: dict[str, object] = {field: {} for field in ("model", "messages", *fields)}
    return {"/openapi.json": {"components": {"schemas": {request: {"properties": properties}}}}}


LLAMA_CPP = {"/props": {"default_generation_settings": {"n_ctx": 8_192}, "build_info": "b7000"}}
LLAMA_CPP_PYTHON = openapi("CreateChatCompletionRequest", "grammar", "response_format")
VLLM = openapi("ChatCompletionRequest", "response_format", "structured_outputs")
OLD_VLLM = openapi("ChatCompletionRequest", "guided_json", "guided_grammar")
SGLANG = openapi("ChatCompletionRequest", "regex", "ebnf")
OLLAMA = {"/api/version": {"version": "0.12.3"}}

SERVERS: dict[str, tuple[Pages, str, str]] = {
    "llama.cpp": (LLAMA_CPP, "grammar", "gbnf"),
    "llama-cpp-python": (LLAMA_CPP_PYTHON, "grammar", "gbnf"),
    "vLLM": (VLLM, "structured_outputs", "gbnf"),
    "vLLM without OpenAPI": ({"/version": {"version": "0.11.2"}}, "structured_outputs", "gbnf"),
    "vLLM before 0.11": (OLD_VLLM, "guided_grammar", "gbnf"),
    "vLLM before 0.11 without OpenAPI": ({"/version": {"version": "0.9.1"}}, "guided_grammar", "gbnf"),
    "SGLang": (SGLANG, "ebnf", "gbnf"),
    "Ollama": (OLLAMA, "response_format", "json-schema"),
    "one that says nothing": ({}, "", "words"),
    "one that says something else": ({"/props": [], "/version": {"version": "beta"}, "/openapi.json": 3}, "", "words"),
}
"""What servers say of themselves, the field that they are then sent, and what the record of the call says."""


def answer(_: int, ask: Ask) -> bytes:
    """The program, as it is asked for."""
    text = json.dumps(DATA) if "response_format" in ask or "text" in ask else PROGRAM
    return in_requested_form(ask, completion(text) if "messages" in ask else response(text))


def ask_controller(
    pages: Pages, trace: Path, behave: Behaviour = answer, api: str = CHAT, **calling: Any
) -> tuple[rlmlite.Outcome, ModelServer, list[str]]:
    """One question to a controller behind a server that says so of itself; and what the user was told."""
    told: list[str] = []

    async def run() -> tuple[rlmlite.Outcome, ModelServer]:
        async with serve(behave, pages) as server:
            controller = client(f"{server.url}{api}", Calling(prices=FREE, tell=told.append, **calling))
            return await rlmlite.arun("How many errors?", LOG, controller=controller, trace=trace), server

    outcome, server = asyncio.run(run())
    return outcome, server, told


def program_request(model: str) -> ProgramRequest:
    """A controller's call."""
    return ProgramRequest("1", "controller", model, 100, ("x",), 1, "0", forms=ProgramForms(vocabulary()))


def forms_of_calls(trace: Path) -> list[Mapping[str, str]]:
    """How the controller was asked at each turn, by the record."""
    turns = [record for record in verify(trace).records if isinstance(record, Turn) and record.call is not None]
    return [turn.call.sampling for turn in turns if turn.call is not None]


@pytest.mark.parametrize("name", SERVERS)
def test_a_controller_is_held_as_its_server_says_it_can(name: str, tmp_path: Path) -> None:
    """The field follows from what the server says; the record has the form; the trace replays without the server."""
    pages, field, form = SERVERS[name]
    trace = tmp_path / "t.rlm"
    outcome, server, told = ask_controller(pages, trace)

    (ask,) = server.asked
    grammar_fields = {"grammar", "structured_outputs", "guided_grammar", "ebnf", "response_format", "tools"}
    assert grammar_fields & ask.keys() == ({field} if field else set())
    assert (outcome.value, outcome.status, told) == (10, "completed", [])
    assert forms_of_calls(trace) == [{"decode": form}]
    assert replay(verify(trace, outcome.root, Level.SEALED), recorded_paths=True).verdict is Verdict.REPRODUCED


def test_what_is_sent_is_made_for_the_turn(tmp_path: Path) -> None:
    """A grammar has the variables of the turn; a schema comes with a hint, since the prompt asks for text."""
    _, server, _ = ask_controller(LLAMA_CPP, tmp_path / "a.rlm")
    assert 'name0 ::= "context" | "question"\n' in server.asked[0]["grammar"]

    _, server, _ = ask_controller(OLLAMA, tmp_path / "b.rlm")
    sent = server.asked[0]["response_format"]["json_schema"]
    assert sent["schema"]["$defs"]["name0"]["enum"] == ["context", "question"]
    assert [message["role"] for message in server.asked[0]["messages"]] == ["system", "user"]


def test_a_server_is_looked_at_once(tmp_path: Path) -> None:
    """What it says is remembered: later turns ask nothing of it but programs."""
    replies = iter(["show(count(context))", PROGRAM])
    _, server, _ = ask_controller(LLAMA_CPP, tmp_path / "t.rlm", lambda *_: completion(next(replies)))

    assert (server.looked, len(server.asked)) == (["/v1/models", "/props"], 2)


def test_calls_that_begin_together_look_once() -> None:
    """As those of nested runs do: one looks, and the others wait for what it sees."""

    async def run() -> ModelServer:
        async with serve(answer, LLAMA_CPP) as server:
            controller = client(f"{server.url}{CHAT}", Calling(prices=FREE))
            await asyncio.gather(*(controller.complete("x", program_request("m")) for _ in range(4)))
            return server

    server = asyncio.run(run())

    assert (server.looked, ["grammar" in ask for ask in server.asked]) == (["/props"], [True] * 4)


SETTINGS: Sequence[tuple[str, Pages, str, str]] = [
    ("none", LLAMA_CPP, "", ""),
    ("tool", LLAMA_CPP, "tools", "tool"),
    ("lark", LLAMA_CPP, "tools", "lark"),
    ("grammar", LLAMA_CPP, "tools", "lark"),
    ("gbnf", VLLM, "structured_outputs", "gbnf"),
    ("gbnf", {}, "grammar", "gbnf"),
    ("json-schema", LLAMA_CPP, "response_format", "json-schema"),
]


@pytest.mark.parametrize(("decode", "pages", "field", "form"), SETTINGS)
def test_what_is_set_holds(decode: str, pages: Pages, field: str, form: str, tmp_path: Path) -> None:
    """A setting counts, whatever the server says; what it says decides only the field of a grammar."""
    outcome, server, _ = ask_controller(pages, tmp_path / "t.rlm", decode=decode)

    (ask,) = server.asked
    grammar_fields = {"grammar", "structured_outputs", "guided_grammar", "ebnf", "response_format", "tools"}
    assert grammar_fields & ask.keys() == ({field} if field else set())
    assert outcome.value == 10
    assert forms_of_calls(tmp_path / "t.rlm") == [{"decode": form} if form else {}]


def test_the_responses_api_has_its_own_field(tmp_path: Path) -> None:
    """A JSON schema stands in `text.format` there, and the hint in `instructions`."""
    outcome, server, _ = ask_controller({}, tmp_path / "t.rlm", api=RESPONSES, decode="json-schema")

    assert outcome.value == 10
    assert server.asked[0]["text"]["format"]["name"] == "program"
    assert "JSON data" in server.asked[0]["instructions"]


REFUSALS: Sequence[tuple[str, int, str | None, str]] = [
    ("by the field", 400, "grammar", ""),
    ("by words", 400, None, "failed to parse grammar"),
    ("without a word of it", 400, None, "bad request"),
    ("as FastAPI does", 422, None, "extra fields not permitted: grammar"),
]


@pytest.mark.parametrize(("status", "param", "words"), [refusal[1:] for refusal in REFUSALS])
def test_what_is_refused_falls_back_to_words(status: int, param: str | None, words: str, tmp_path: Path) -> None:
    """The refusal is said, once, and remembered; it costs no turn."""
    replies = iter(["show(count(context))", PROGRAM])

    def behave(_: int, ask: Ask) -> bytes:
        if "grammar" in ask:
            return error(status, param=param).replace(b"this is error %d" % status, words.ljust(17).encode()[:17])
        return completion(next(replies))

    outcome, server, told = ask_controller(LLAMA_CPP, tmp_path / "t.rlm", behave)

    assert (outcome.value, outcome.status) == (10, "completed")
    assert ["grammar" in ask for ask in server.asked] == [True, False, False]
    assert [message.partition(": ")[2] for message in told] == [
        "it takes no gbnf for programs as `grammar`; asked in words only"
    ]
    assert forms_of_calls(tmp_path / "t.rlm") == [{"decode": "words"}] * 2


def test_the_next_way_of_a_form_is_tried(tmp_path: Path) -> None:
    """A server that knows no `json_schema` may know `json_object` with a schema."""

    def behave(number: int, ask: Ask) -> bytes:
        if ask["response_format"]["type"] == "json_schema":
            return error(422, param="response_format.type")
        return answer(number, ask)

    outcome, server, told = ask_controller({}, tmp_path / "t.rlm", behave, decode="json-schema")

    assert outcome.value == 10
    assert [ask["response_format"]["type"] for ask in server.asked] == ["json_schema", "json_object"]
    assert len(told) == 1
    assert forms_of_calls(tmp_path / "t.rlm") == [{"decode": "json-schema"}]


def test_data_that_is_no_program_costs_a_turn(tmp_path: Path) -> None:
    """A reply that breaks the schema is told to the controller, as any that is no program."""
    replies = iter(['{"program": 1e999}', json.dumps(DATA)])
    outcome, server, _ = ask_controller(OLLAMA, tmp_path / "t.rlm", lambda *_: completion(next(replies)))

    assert (outcome.value, len(server.asked)) == (10, 2)


@pytest.mark.parametrize(("model", "has_tools"), [("gpt-5-mini", True), ("gpt-4o", False), ("o3", False)])
def test_models_of_openai_are_known_by_name(model: str, has_tools: bool) -> None:
    """OpenAI's own server is not looked at; models that take grammars get a custom tool."""

    async def look(path: str) -> bytes:
        raise AssertionError(path)

    ways = ProgramWays("auto", model, is_openai=True, is_responses=False)
    request = program_request(model)
    asyncio.run(ways.settle(look))

    assert (ways.ask(request).tool is not None) is has_tools
