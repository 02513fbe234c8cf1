"""The laws of a tool, whether it is a Python function or something else that follows `ToolFunction`.

    declaration     parameters have names, each once; the schema, if there is one, is JSON
    total           a call ends in an `Answered` or a `Failed`, whatever arguments there are; never in an exception
    result          an answer is JSON; a failure has a known reason
    timeout         with a limit of a millisecond a call ends, one way or the other

A tool with side effects has them here too: give one that works on a test system.
"""

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rlmlite.tools.functions import PythonTool
from rlmlite.tools.services import ToolFunction
from rlmlite_kernel.effects.requests import Answered, Failed, Result
from rlmlite_kernel.records.settings import Tool
from rlmlite_kernel.testing.examples.effects import FAILURES
from rlmlite_kernel.testing.examples.values import VALUES

_NOT_ARGUMENTS = ("", "null", "[", "[]", '{"": 1}', '{"a": NaN}', "3", '{"a":' * 200)
"""What a program cannot send, and a damaged trace can."""


def check_tool(tool: Any, *, arguments: "st.SearchStrategy[dict[str, Any]] | None" = None, examples: int = 50) -> None:
    """Hold a tool, or a function that is to be one, to the laws. Raises `AssertionError`, or what the tool raised.

    `arguments`: what it is called with, by name, besides nonsense of the right names.
    """
    made: ToolFunction = PythonTool(tool) if callable(tool) and not hasattr(tool, "declaration") else tool
    _check_declaration(made.declaration)
    names = [param.name for param in made.declaration.params]
    nonsense = st.dictionaries(st.sampled_from([*names, "unknown"]), VALUES, max_size=4)
    drawn = nonsense if arguments is None else arguments | nonsense

    @settings(max_examples=examples, deadline=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
    @given(drawn)
    @example({})
    def hold(given_arguments: dict[str, Any]) -> None:
        _check_call(made, json.dumps(given_arguments), None)

    hold()
    for text in _NOT_ARGUMENTS:
        _check_call(made, text, None)
    _check_call(made, "{}", 1)


def _check_declaration(declaration: Tool) -> None:
    names = [param.name for param in declaration.params]
    assert len(set(names)) == len(names), f"two parameters have one name: {names}"
    assert all(names), "a parameter has no name"
    if declaration.schema:
        schema = json.loads(declaration.schema)
        assert isinstance(schema, dict), f"the schema is {declaration.schema[:60]}, expected a JSON object"


def _check_call(tool: ToolFunction, arguments: str, timeout_ms: int | None) -> None:
    result: Result = asyncio.run(tool.call(arguments, timeout_ms))
    assert isinstance(result, Answered | Failed), f"call gave {result!r}, expected an Answered or a Failed"
    if isinstance(result, Answered):
        json.loads(result.text)
    else:
        assert result.error in FAILURES, f"a call failed with {result.error!r}, expected one of {', '.join(FAILURES)}"
