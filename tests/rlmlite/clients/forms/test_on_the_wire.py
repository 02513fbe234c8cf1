"""Schemas on the wire: how each API carries one, and what becomes of it where a server refuses, ignores or breaks."""

import asyncio
import json
from typing import Any

import pytest

import rlmlite
from rlmlite.clients import Calling, client
from rlmlite.clients.forms.json_schema import strict_schema
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result
from rlmlite_kernel.program.schemas import Basic, Literal, Many, OneOf, Schema, Shape
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.api_calls import APIS, CHAT, FREE, RESPONSES
from tests.rlmlite.clients.openai.model_server import (
    Ask,
    Behaviour,
    completion,
    error,
    in_requested_form,
    reply,
    response,
    serve,
)

LABEL = OneOf((Literal("spam"), Literal("ham")))
SCHEMA: Schema = Many(Shape((("row", Basic("int"), False), ("answer", LABEL, False))))
NUMBER = Shape((("n", Basic("int"), False),))
ROWS = [{"row": 1, "answer": "spam"}]
CARRIERS = ("response_format", "text", "json_schema", "guided_json", "grammar")


def ask(
    api: str, behave: Behaviour, schemas: tuple[Schema | None, ...], **settings: Any
) -> tuple[list[Result], model_server.ModelServer, list[str]]:
    """Calls with these schemas, one after another, by one client."""
    said: list[str] = []
    how = Calling(**{"retries": 1, "timeout": 5.0, "prices": FREE, "tell": said.append, **settings})
    requests = [Request(f"{n:032x}", "sub", "m", 100, ("?",), 1, "0" * 64, schema=s) for n, s in enumerate(schemas)]

    async def run() -> tuple[list[Result], model_server.ModelServer, list[str]]:
        async with serve(behave) as server:
            model = client(f"{server.url}{api}", how)
            return [await model.complete("hi", request) for request in requests], server, said

    return asyncio.run(run())


def say(value: Any, form: Ask) -> bytes:
    """A server's answer with this value as JSON."""
    text = json.dumps(value)
    return in_requested_form(form, completion(text) if "messages" in form else response(text))


def carrier(asked: Ask) -> str:
    """By which field a request carries a schema."""
    field = next((name for name in CARRIERS if name in asked), "words")
    return "json_object" if field == "response_format" and asked[field]["type"] == "json_object" else field


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_each_api_carries_a_schema_its_own_way(api: str, streamed: bool) -> None:
    """Chat has `response_format`, Responses `text.format`; both are strict, and the answer comes in the asked form."""
    (result,), server, _ = ask(api, lambda _, form: say({"answer": ROWS}, form), (SCHEMA,), stream=streamed)

    named = {"name": "answer", "strict": True, "schema": strict_schema(SCHEMA)}
    if api == CHAT:
        assert server.asked[0]["response_format"] == {"type": "json_schema", "json_schema": named}
    else:
        assert server.asked[0]["text"] == {"format": {"type": "json_schema", **named}}
    assert isinstance(result, Answered)
    assert json.loads(result.text) == ROWS
    assert result.sampling == {"form": "response_format" if api == CHAT else "text.format"}


def refusing(*fields: str, status: int = 400, param: bool = True, words: str = "Unsupported") -> Behaviour:
    """A server that refuses requests that carry a schema by one of these fields."""

    def behave(number: int, form: Ask) -> bytes:
        field = carrier(form)
        if field not in fields:
            return say(ROWS, form)
        named = "response_format" if field == "json_object" else field
        fault = {"message": words, "type": "invalid_request_error", "param": named if param else None, "code": None}
        return reply(status, {"error": fault})

    return behave


UNKNOWN: list[tuple[str, tuple[str, ...], str]] = [
    (CHAT, ("response_format",), "json_object"),
    (CHAT, ("response_format", "json_object"), "json_schema"),
    (CHAT, ("response_format", "json_object", "json_schema"), "guided_json"),
    (CHAT, ("response_format", "json_object", "json_schema", "guided_json"), "grammar"),
    (CHAT, ("response_format", "json_object", "json_schema", "guided_json", "grammar"), "words"),
    (RESPONSES, ("text",), "words"),
]


@pytest.mark.parametrize(("api", "refused", "taken"), UNKNOWN)
@pytest.mark.parametrize(
    "how",
    [
        {"param": True},
        {"param": False, "words": "unknown field: response_format json_schema json_object guided_json grammar"},
        {"status": 422, "param": False, "words": "[{'loc': ['body', 'response_format', 'type']}] structured"},
    ],
)
def test_a_refused_way_is_left_for_the_next_and_remembered(
    api: str, refused: tuple[str, ...], taken: str, how: dict[str, Any]
) -> None:
    """No call is lost for it, the second call is asked at once as the first one ended, and the user is told."""
    results, server, said = ask(api, refusing(*refused, **how), (SCHEMA, SCHEMA))

    assert [carrier(asked) for asked in server.asked] == [*refused, taken, taken]
    assert [result.sampling for result in results] == [{"form": taken}] * 2
    assert all(isinstance(result, Answered) and json.loads(result.text) == ROWS for result in results)
    assert len(said) == len(refused)


@pytest.mark.parametrize("api", APIS)
def test_a_server_that_ignores_the_schema_answers_in_words(api: str) -> None:
    """Its answer is handed on as it came, prose too: the kernel judges it."""
    (result,), *_ = ask(api, lambda _, form: say("It is spam.", form), (SCHEMA,))

    assert isinstance(result, Answered)
    assert result.text == '"It is spam."'


@pytest.mark.parametrize("status", [400, 422, 500, 501])
def test_an_error_that_names_nothing_is_asked_again_in_words(status: int) -> None:
    """If the words are answered, the schema was to blame, and goes in words from then on; another one as before if the
    server broke down over it.
    """
    behave = refusing("response_format", status=status, param=False, words="oops")
    results, server, said = ask(CHAT, behave, (SCHEMA, SCHEMA, LABEL), retries=0)

    assert all(isinstance(result, Answered) for result in results)
    forms = [carrier(asked) for asked in server.asked]
    assert forms[:2] == ["response_format", "words"]
    if status >= 500:
        assert forms[2:] == ["json_object", "response_format", "words"]
    else:
        assert forms[2:] == ["json_object", "json_object"]
    assert said


def test_a_schema_that_a_server_cannot_take_is_refused_alone() -> None:
    """`Invalid schema` is about this schema: another one still goes as a schema."""

    def behave(number: int, form: Ask) -> bytes:
        if "row" in json.dumps(form.get("response_format", "")):
            return reply(400, {"error": {"message": "Invalid schema for response_format 'answer'", "param": None}})
        return say("spam", form)

    _, server, _ = ask(CHAT, behave, (SCHEMA, LABEL))

    assert [carrier(asked) for asked in server.asked] == [
        "response_format",
        "json_object",
        "json_schema",
        "response_format",
    ]


def test_a_server_that_is_down_gets_no_further_calls_for_the_schema() -> None:
    """A status that speaks of load is no word about the schema: the call fails as it would have."""
    (result,), server, _ = ask(CHAT, lambda *_: error(503), (SCHEMA,), retries=0)

    assert isinstance(result, Failed)
    assert result.error == "unavailable"
    assert [carrier(asked) for asked in server.asked] == ["response_format"]


@pytest.mark.parametrize(
    ("program", "schema"),
    [
        ('final(sub_lm("x", schema={n: int}))', NUMBER),
        ('final(classify(search(context, /.+/), "x", labels=["spam", "ham"]))', SCHEMA),
        ('final(extract_over_chunks(chunk(context), "{chunk}", schema={n: int}))', NUMBER),
        ('final(reduce(["p", "q"], "{items}", schema="spam" | "ham"))', LABEL),
        ('final(sub_lm("x"))', None),
    ],
)
def test_whatever_asks_for_a_form_carries_its_schema(program: str, schema: Schema | None) -> None:
    """Every action with a schema or labels hands it to the client, and the trace says how it was sent."""
    asked: list[Request] = []

    class Recorder:
        model = "recorder:"

        async def complete(self, text: str, request: Request) -> Result:
            asked.append(request)
            return Answered("{}", sampling={"form": "grammar"})

    rlmlite.execute(program, "one line", sub=Recorder())

    assert asked[0].schema == schema


def test_a_form_made_of_data_goes_in_words() -> None:
    """Labels from an input stand in a fence in the prompt; in a schema they would stand without one."""
    asked: list[Request] = []

    class Recorder:
        model = "recorder:"

        async def complete(self, text: str, request: Request) -> Result:
            asked.append(request)
            return Answered("[]")

    inputs = {"words": ["obey me", "or else"]}
    rlmlite.execute('final(classify(["a"], "x", labels=words))', inputs, sub=Recorder())

    assert asked
    assert all(request.schema is None for request in asked)
