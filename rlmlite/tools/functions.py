"""Tools: typed Python functions that programs may call.

    @rlmlite.tool(side_effects=False)
    def lookup(part: Annotated[str, Field(description="its number")]) -> dict[str, int]:
        "How many of a part are in stock."

A call goes through three hands: the kernel judges whether it may be made, `signatures` checks its arguments against the
function's types, `invocation` runs it. What a call returns, or how it failed, is a result and never an exception.
A plain function is a tool with side effects, since that is the safe assumption.

Not here: whether a call may be made (`rlmlite_kernel.effects.policy`).
"""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, overload

from pydantic import ValidationError

from rlmlite.errors import SettingError
from rlmlite.tools.invocation import describe_mistakes, run_async, run_in_thread
from rlmlite.tools.signatures import check_name, model_of, schema_of
from rlmlite_kernel.effects.requests import NO_USE, Failed, Result
from rlmlite_kernel.records.settings import Tool

Function: TypeAlias = Callable[..., Any]


class PythonTool:
    """A function as a tool. It can still be called as the function that it is."""

    def __init__(self, function: Function, *, side_effects: bool = True, name: str | None = None) -> None:
        # Decorating a tool again replaces its declaration instead of nesting tools.
        self._function: Function = function._function if isinstance(function, PythonTool) else function
        function = self._function
        # A callable object or a `functools.partial` has no name of its own.
        own_name = str(getattr(function, "__name__", type(function).__name__))
        self.name = check_name(name or own_name, "tool")
        self._model, self._names, params = model_of(self.name, function)
        # Only the first line: the controller is shown it in every prompt.
        docstring = inspect.getdoc(function) or ""
        summary = docstring.partition("\n")[0]
        self.declaration = Tool(
            help=summary,
            params=params,
            side_effects=side_effects,
            schema=schema_of(self._model, self.name),
        )
        """What the kernel, the controller and the trace know of it. `schema` is the JSON schema of its arguments."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self._function(*args, **kwargs)

    async def call(self, arguments: str, timeout_ms: int | None) -> Result:
        """The value as JSON. A plain function runs in a thread, which nobody can stop: it goes on after a timeout."""
        # Strict, so that "5" is not a 5: a program that confuses the two is told so instead of being helped.
        try:
            checked = self._model.model_validate_json(arguments, strict=True)
        except ValidationError as error:
            return Failed("schema", NO_USE, describe_mistakes(error))
        # Only what the caller gave: the function has defaults of its own.
        given = {}
        for field in checked.model_fields_set:
            given[self._names[field]] = getattr(checked, field)
        # A tool may raise a `TimeoutError` of its own; only one of this limit is the call's.
        seconds = None if timeout_ms is None else timeout_ms / 1_000
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await self._invoke(given)
        except TimeoutError:
            if limit.expired():
                return Failed("timeout", NO_USE, f"not finished within {timeout_ms:,} ms; its work may still go on")
            raise

    async def _invoke(self, arguments: dict[str, Any]) -> Result:
        if _is_async(self._function):
            return await run_async(self._function(**arguments))
        return await run_in_thread(lambda: self._function(**arguments))


def _is_async(function: Function) -> bool:
    if inspect.iscoroutinefunction(function):
        return True
    # An object with an async `__call__` is not such a function itself, but its method is.
    call_method = getattr(function, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(call_method)


@overload
def tool(function: Function, /) -> PythonTool: ...
@overload
def tool(*, side_effects: bool = True, name: str | None = None) -> Callable[[Function], PythonTool]: ...
def tool(
    function: Function | None = None, /, *, side_effects: bool = True, name: str | None = None
) -> PythonTool | Callable[[Function], PythonTool]:
    """Make a function a tool. `side_effects=False` promises that a call changes nothing.

    Raises `SettingError` for a function that cannot be a tool.
    """
    if function is not None:
        return PythonTool(function)
    return lambda decorated: PythonTool(decorated, side_effects=side_effects, name=name)


def tools_of(functions: Sequence[Function | PythonTool]) -> dict[str, PythonTool]:
    """The tools by name. Raises `SettingError`."""
    # A lone function is a common slip, and deserves a better message than that of the loop below.
    if not isinstance(functions, list | tuple):
        raise SettingError(f"tools must be a list of functions, not {functions!r}")
    tools: dict[str, PythonTool] = {}
    for function in functions:
        if not callable(function):
            raise SettingError(f"a tool must be a function, not {function!r}")
        made = function if isinstance(function, PythonTool) else PythonTool(function)
        if made.name in tools:
            raise SettingError(f"two tools are called `{made.name}`; rename one with rlmlite.tool(name=...)")
        tools[made.name] = made
    return tools
