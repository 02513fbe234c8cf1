"""Typed Python functions as tools: what they may be, how they are called, how they fail."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest
from pydantic import Field

from rlmlite import SettingError, execute, tool
from rlmlite.tools.functions import PythonTool, tools_of
from rlmlite_kernel.effects.requests import Answered, Failed, Result


@tool(side_effects=False)
def stock(part: Annotated[str, Field(description="its number")], least: int = 0) -> dict[str, Any]:
    """How many there are.

    More that is not told.
    """
    return {"part": part, "least": least}


async def later(words: list[str]) -> str:
    await asyncio.sleep(0)
    return " ".join(words)


def call(made: PythonTool, arguments: object, timeout_ms: int | None = None) -> Result:
    return asyncio.run(made.call(json.dumps(arguments), timeout_ms))


def failure_of(result: Result) -> tuple[str, str]:
    assert isinstance(result, Failed)
    return result.error, result.detail


def text(result: Result) -> str:
    assert isinstance(result, Answered), result
    return result.text


def test_a_function_is_declared_by_its_signature() -> None:
    """Help, parameters and types come from the function; it has side effects unless it says otherwise."""
    declared = stock.declaration
    schema = json.loads(declared.schema)

    assert declared.help == "How many there are."
    assert [(param.name, param.help, param.required) for param in declared.params] == [
        ("part", "its number", True),
        ("least", "", False),
    ]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["part"] == {"description": "its number", "type": "string"}
    assert schema["required"] == ["part"]
    assert not declared.side_effects
    assert tool(later).declaration.side_effects
    assert stock(part="a") == {"part": "a", "least": 0}


def test_a_returned_value_is_json() -> None:
    """For plain and for async functions."""
    assert text(call(stock, {"part": "é"})) == '{"least":0,"part":"é"}'
    assert text(call(tool(later), {"words": ["a", "b"]})) == '"a b"'


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "part"),
        ({"part": 7}, "part"),
        ({"part": "a", "least": "7"}, "least"),
        ({"part": "a", "least": True}, "least"),
        ({"part": "a", "other": 1}, "other"),
        ([], "the arguments"),
    ],
)
def test_wrong_arguments_are_named(arguments: object, named: str) -> None:
    """The function is not called, and the message repeats nothing of the value."""
    error, detail = failure_of(call(stock, arguments))

    assert error == "schema"
    assert detail.startswith(f"{named}: ")


def raises(secret: str) -> None:
    raise LookupError(f"there is no {secret[:2]}")


def exits(secret: str) -> None:
    raise SystemExit(3)


class PanicError(BaseException):
    """As libraries in other languages raise."""


def panics(secret: str) -> None:
    raise PanicError("gone")


async def panics_too(secret: str) -> None:
    raise PanicError("gone")


async def exits_too(secret: str) -> None:
    raise SystemExit(3)


def cancels(secret: str) -> None:
    raise asyncio.CancelledError("by a library")


async def cancels_too(secret: str) -> None:
    raise asyncio.CancelledError("by a library")


def late(secret: str) -> Iterator[int]:
    yield 1
    raise LookupError("no second")


async def late_too(secret: str) -> Iterator[int]:
    return late(secret)


def long_error(secret: str) -> None:
    raise ValueError("x" * 5_000)


def its_own_timeout(secret: str) -> None:
    raise TimeoutError("the peer is slow")


async def its_own_timeout_too(secret: str) -> None:
    raise TimeoutError("the peer is slow")


class UnreadableMessageError(Exception):
    """Its message is code, and ends the thread that reads it."""

    def __str__(self) -> str:
        raise SystemExit(4)


def unreadable(secret: str) -> None:
    raise UnreadableMessageError


@pytest.mark.parametrize(
    ("function", "detail"),
    [
        (unreadable, "UnreadableMessageError: (its message cannot be read)"),
        (raises, "LookupError: there is no hu"),
        (exits, "SystemExit: 3"),
        (exits_too, "SystemExit: 3"),
        (panics, "PanicError: gone"),
        (panics_too, "PanicError: gone"),
        (cancels, "CancelledError: by a library"),
        (cancels_too, "CancelledError: by a library"),
        (late, "LookupError: no second"),
        (late_too, "LookupError: no second"),
        (long_error, f"ValueError: {'x' * 1_988} ...(+3,012 characters)"),
        (its_own_timeout, "TimeoutError: the peer is slow"),
        (its_own_timeout_too, "TimeoutError: the peer is slow"),
    ],
)
def test_an_exception_is_a_failure(function: Callable[..., Any], detail: str) -> None:
    """It has the class and message, no traceback, and a mark where a very long message is cut."""
    assert failure_of(call(tool(function), {"secret": "hunter2"}, 10_000)) == ("raised", detail)


@pytest.mark.parametrize(
    "value",
    [float("nan"), object(), {"a": float("inf")}, "\ud800", lambda: 1, [[]] and {1: {2: object()}}],
    ids=["nan", "object", "infinity", "surrogate", "function", "deep"],
)
def test_a_value_that_is_not_json_is_a_failure(value: object) -> None:
    """Nothing is made up in its place."""

    def give() -> object:
        return value

    error, detail = failure_of(call(tool(give), {}))

    assert error == "schema"
    assert detail.startswith("its value is not JSON")


def test_a_circular_value_is_a_failure() -> None:
    """It does not hang."""

    def give() -> object:
        circle: list[object] = []
        circle.append(circle)
        return circle

    assert failure_of(call(tool(give), {}))[0] == "schema"


def test_a_slow_tool_times_out_and_nobody_waits_for_its_thread() -> None:
    """The run goes on at the limit, and the process can end while the thread still runs."""
    started = time.monotonic()

    def slow() -> None:
        time.sleep(20)

    async def slow_too() -> None:
        await asyncio.sleep(20)

    for function in (slow, slow_too):
        error, detail = failure_of(call(tool(function), {}, 30))
        assert error == "timeout"
        assert "30 ms" in detail
    assert time.monotonic() - started < 5


def no_type(part) -> None: ...  # type: ignore[no-untyped-def]
def many(*parts: str) -> None: ...
def named(**parts: str) -> None: ...
def nameless(part: str, /) -> None: ...
def unknown(part: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821
def no_json(part: Callable[[], int]) -> None: ...
def of_object(part: PythonTool) -> None: ...
def reserved(contains: str) -> None: ...
def called_text(part: str) -> None: ...


called_text.__name__ = "text"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (no_type, "`part` has no type"),
        (many, "name each of them"),
        (named, "name each of them"),
        (nameless, "remove the `/`"),
        (unknown, "Nowhere"),
        (no_json, "no JSON schema"),
        (of_object, "JSON has no form for the types"),
        (reserved, "rename it"),
        (lambda: 1, "rlmlite.tool(name=...)"),
        (called_text, "`text`, because in programs that means `render`"),
        (max, "its arguments cannot be read"),
    ],
)
def test_a_function_that_cannot_be_a_tool_is_refused(function: Callable[..., Any], said: str) -> None:
    """The message has the reason, and what to do."""
    with pytest.raises(SettingError, match=re.escape(said)):
        tool(function)


def test_names_of_pydantic_methods_are_allowed() -> None:
    """A parameter may have the name of a method of pydantic models."""

    def named_so(json: str, model_config: int, a0: str) -> list[object]:
        return [json, model_config, a0]

    assert text(call(tool(named_so), {"json": "x", "model_config": 1, "a0": "y"})) == '["x",1,"y"]'


def test_tools_are_a_list_of_functions() -> None:
    """Anything else, two tools of one name, and the name of an action are refused."""
    with pytest.raises(SettingError, match="two tools are called `stock`"):
        tools_of([stock, stock])
    with pytest.raises(SettingError, match="a list of functions"):
        tools_of(stock)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="a tool must be a function"):
        tools_of(["stock"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="may not be called `search`"):
        execute("x = 1", "a", trace=False, tools=[tool(side_effects=False, name="search")(stock)])


def test_a_program_calls_a_tool_by_its_name() -> None:
    """Its value is a variable with the origin `tool`; a tool's error is quoted as data."""
    outcome = execute('x = stock(part="a", least=2)\nfinal(x.least)', "a", trace=False, tools=[stock])
    wrong = execute('x = stock(part="a", least="2")', "a", trace=False, tools=[stock])

    assert (outcome.value, outcome.status) == (2, "completed")
    assert "from=quoted>\nleast: Input should be a valid integer" in wrong.observation


def test_arguments_may_have_any_name() -> None:
    """Also those that the kernel uses for its own parameters."""

    @tool(side_effects=False)
    def look(name: str, context: str, place: str, inputs: str, tool: str = "t") -> str:
        return "/".join((name, context, place, inputs, tool))

    program = 'final(look(name="n", context="c", place="p", inputs="i"))'

    assert execute(program, "text", tools=[look], trace=False).value == "n/c/p/i/t"
