"""Tools: typed Python functions that programs may call. Each call is judged by the kernel, checked here, then made.

    @rlmlite.tool(side_effects=False)
    def lookup(part: Annotated[str, Field(description="its number")]) -> dict[str, int]:
        "How many of a part are in stock."

A plain function is a tool with side effects. What a call gives back, or how it failed, is a result and never an
exception. Not here: whether a call may be made (`rlmlite_kernel.policy`).
"""

import asyncio
import contextvars
import inspect
import json
import threading
import typing
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeAlias, overload

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from rlmlite.errors import SettingError
from rlmlite_grammar.syntax.names import ALIASES, LONGEST_NAME, RESERVED
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Result
from rlmlite_kernel.records.canonical import NotCanonicalError, value_bytes
from rlmlite_kernel.records.settings import Tool, ToolParam

Function: TypeAlias = Callable[..., Any]

_DETAIL = 2_000  # characters of an error that are kept
_MISTAKES = 5  # wrong arguments that are named at once


class PythonTool:
    """A function as a tool. It can still be called as the function that it is."""

    def __init__(self, function: Function, *, side_effects: bool = True, name: str | None = None) -> None:
        self._function: Function = function._function if isinstance(function, PythonTool) else function
        function = self._function
        self.name = _checked(name or str(getattr(function, "__name__", type(function).__name__)), "tool")
        self._model, self._names, params = _model_of(self.name, function)
        self.declaration = Tool(
            help=(inspect.getdoc(function) or "").partition("\n")[0],
            params=params,
            side_effects=side_effects,
            schema=_schema_of(self._model, self.name),
        )
        """What the kernel, the controller and the trace know of it. `schema` is the JSON schema of its arguments."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function."""
        return self._function(*args, **kwargs)

    async def call(self, arguments: str, timeout_ms: int | None) -> Result:
        """The value as JSON. A plain function runs in a thread, which goes on after a timeout: nobody can stop it."""
        try:
            checked = self._model.model_validate_json(arguments, strict=True)
        except ValidationError as error:
            return Failed("schema", NO_USE, _mistakes(error))
        given = {self._names[field]: getattr(checked, field) for field in checked.model_fields_set}
        limit = asyncio.timeout(None if timeout_ms is None else timeout_ms / 1_000)
        try:
            async with limit:
                return await self._made(given)
        except TimeoutError:
            if limit.expired():
                return Failed("timeout", NO_USE, f"no end within {timeout_ms:,} ms; what it had begun may still go on")
            raise

    async def _made(self, given: dict[str, Any]) -> Result:
        if _is_async(self._function):
            return await _outcome_async(self._function(**given))
        return await _in_thread(lambda: _outcome(lambda: self._function(**given)))


@overload
def tool(function: Function, /) -> PythonTool: ...
@overload
def tool(*, side_effects: bool = True, name: str | None = None) -> Callable[[Function], PythonTool]: ...
def tool(
    function: Function | None = None, /, *, side_effects: bool = True, name: str | None = None
) -> PythonTool | Callable[[Function], PythonTool]:
    """Make a function a tool. `side_effects=False` promises that a call changes nothing.

    Raises `SettingError` for a function that cannot be one.
    """
    if function is not None:
        return PythonTool(function)
    return lambda given: PythonTool(given, side_effects=side_effects, name=name)


def tools_of(given: Sequence[Function | PythonTool]) -> dict[str, PythonTool]:
    """The tools by name. Raises `SettingError`."""
    if not isinstance(given, list | tuple):
        raise SettingError(f"tools is a list of functions, not {given!r}")
    found: dict[str, PythonTool] = {}
    for each in given:
        if not callable(each):
            raise SettingError(f"a tool is a function, not {each!r}")
        made = each if isinstance(each, PythonTool) else PythonTool(each)
        if made.name in found:
            raise SettingError(f"two tools are called `{made.name}`; name one of them with rlmlite.tool(name=...)")
        found[made.name] = made
    return found


def _model_of(name: str, function: Function) -> tuple[type[BaseModel], dict[str, str], tuple[ToolParam, ...]]:
    """The model of a function's arguments, the argument behind each of its fields, and what is told of them."""
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    for place, param in enumerate(_params(name, function)):
        default = ... if param.default is inspect.Parameter.empty else param.default
        fields[f"a{place}"] = (param.annotation, Field(default, alias=param.name))
        names[f"a{place}"] = param.name
    try:
        model: type[BaseModel] = create_model(
            name, __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=False), **fields
        )
        found = model.model_fields
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError, ValueError) as error:
        raise _cannot(name, f"its arguments have types that JSON cannot have: {_first_line(error)}") from None
    params = tuple(
        ToolParam(name=names[field], help=info.description or "", required=info.is_required())
        for field, info in found.items()
    )
    return model, names, params


def _params(name: str, function: Function) -> Iterable[inspect.Parameter]:
    """The parameters with their types. Raises `SettingError` for what no program could give."""
    try:
        params = inspect.signature(function).parameters.values()
        source = function if inspect.isroutine(function) else getattr(function, "func", type(function).__call__)
        types = typing.get_type_hints(source, include_extras=True)
    except (TypeError, ValueError, NameError, AttributeError) as error:
        raise _cannot(name, f"its arguments are not known: {_first_line(error)}") from None
    for param in params:
        if param.kind in (param.VAR_POSITIONAL, param.VAR_KEYWORD):
            raise _cannot(name, f"`*{param.name}` takes any arguments; name each of them, with its type")
        if param.kind is param.POSITIONAL_ONLY:
            raise _cannot(name, f"`{param.name}` has no name for a caller; take away the `/`")
        if param.name not in types:
            raise _cannot(name, f"`{param.name}` has no type; write `{param.name}: str`, or what it is")
        _checked(param.name, f"argument of the tool `{name}`")
        yield param.replace(annotation=types[param.name])


def _checked(name: str, what: str) -> str:
    """A name that a program can write. Raises `SettingError`."""
    if not (name.isidentifier() and name.isascii()) or name in RESERVED or len(name) > LONGEST_NAME:
        hint = "name it with rlmlite.tool(name=...)" if what == "tool" else "rename it"
        raise SettingError(f"no {what} can be called `{name}`: no program could write that; {hint}")
    if what == "tool" and name in ALIASES:
        raise SettingError(f"no tool can be called `{name}`: to programs that is `{ALIASES[name]}`")
    return name


def _cannot(name: str, why: str) -> SettingError:
    return SettingError(f"`{name}` cannot be a tool: {why}")


def _schema_of(model: type[BaseModel], name: str) -> str:
    """The JSON schema of the arguments, without the titles that pydantic makes up."""
    try:
        schema = model.model_json_schema(by_alias=True)
    except PydanticUserError as error:
        raise _cannot(name, f"its arguments have no JSON schema: {_first_line(error)}") from None
    schema.pop("title", None)
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
    return json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _mistakes(error: ValidationError) -> str:
    """What is wrong with the arguments, by name, and nothing of what they hold."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    said = [f"{'.'.join(map(str, each['loc'])) or 'the arguments'}: {each['msg']}" for each in found[:_MISTAKES]]
    more = [f"and {len(found) - _MISTAKES:,} more"] if len(found) > _MISTAKES else []
    return _bounded("; ".join([*said, *more]))


def _is_async(function: Function) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _outcome(work: Callable[[], Any]) -> Result:
    """Of a thread of its own: neither Ctrl-C nor a cancellation comes here, so whatever is raised is the tool's."""
    try:
        return _answered(work())
    except BaseException as error:
        return _raised(error)


async def _outcome_async(work: Awaitable[Any]) -> Result:
    try:
        return _answered(await work)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return _raised(error)  # the tool's own: nobody has cancelled this call
    except BaseException as error:
        return _raised(error)


def _answered(value: Any) -> Result:
    try:
        plain = to_jsonable_python(value, inf_nan_mode="constants")
        return Answered(value_bytes(plain).decode(), NO_USE)
    except (PydanticSerializationError, NotCanonicalError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        return Failed("schema", NO_USE, _bounded(f"what it gave is no JSON: {_first_line(error)}"))


def _raised(error: BaseException) -> Result:
    """The error's class and message: no traceback, which tells of the host and not of the call."""
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be read)"
    return Failed("raised", NO_USE, _bounded(f"{type(error).__name__}: {message}" if message else type(error).__name__))


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _bounded(text: str) -> str:
    return text if len(text) <= _DETAIL else f"{text[:_DETAIL]} ...(+{len(text) - _DETAIL:,} characters)"


async def _in_thread(work: Callable[[], Result]) -> Result:
    """The result of work in a thread of its own, which does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Result] = loop.create_future()

    def done(result: Result) -> None:
        if not ended.done():
            ended.set_result(result)

    def run(context: contextvars.Context) -> None:
        result = context.run(work)
        try:
            loop.call_soon_threadsafe(done, result)
        except RuntimeError:
            return  # nobody waits any more: the run is over, and its loop is closed

    threading.Thread(target=run, args=(contextvars.copy_context(),), name="rlmlite-tool", daemon=True).start()
    return await ended
