"""A function's signature as the model of a tool's arguments: names, types, defaults, descriptions.

pydantic checks the arguments of each call against a model made from the annotations:

    def lookup(part: str, limit: int = 10)    a0: str (alias part), a1: int = 10 (alias limit)

The model's fields are numbered and the names are aliases, because pydantic refuses field names such as `copy` or
`_x`, which parameters may have.

A function that no program could call is refused when it is made a tool, not at its first call: `*args`, parameters
without a type or without a name for the caller, names that are words of the language.
"""

import inspect
import json
import typing
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from rlmlite.errors import SettingError
from rlmlite_grammar.syntax.names import ALIASES, LONGEST_NAME, RESERVED
from rlmlite_kernel.records.settings import ToolParam


def model_of(tool: str, function: Callable[..., Any]) -> tuple[type[BaseModel], dict[str, str], tuple[ToolParam, ...]]:
    """The model of a function's arguments, the parameter behind each of its fields, and the declared parameters.

    Raises `SettingError` for a function that cannot be a tool.
    """
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    for number, param in enumerate(_read_params(tool, function)):
        field = f"a{number}"
        # `...` is pydantic's mark for a required field.
        is_required = param.default is inspect.Parameter.empty
        default = ... if is_required else param.default
        fields[field] = (param.annotation, Field(default, alias=param.name))
        names[field] = param.name
    # A misspelt argument is an error, and a type that pydantic cannot check is refused instead of let through.
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
    try:
        model: type[BaseModel] = create_model(tool, __config__=config, **fields)
        model_fields = model.model_fields
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError, ValueError) as error:
        raise _not_a_tool(tool, f"JSON has no form for the types of its arguments: {_first_line(error)}") from None
    params = tuple(
        ToolParam(name=names[field], help=info.description or "", required=info.is_required())
        for field, info in model_fields.items()
    )
    return model, names, params


def _read_params(tool: str, function: Callable[..., Any]) -> Iterable[inspect.Parameter]:
    """The parameters with their types resolved. Raises `SettingError` for one that no program could give."""
    try:
        params = inspect.signature(function).parameters.values()
        # The annotations of a `functools.partial` are those of its function; of another callable, of its `__call__`.
        annotated: Any = function
        if not inspect.isroutine(function):
            annotated = getattr(function, "func", type(function).__call__)
        types = typing.get_type_hints(annotated, include_extras=True)
    except (TypeError, ValueError, NameError, AttributeError) as error:
        raise _not_a_tool(tool, f"its arguments cannot be read: {_first_line(error)}") from None
    # The kernel calls tools by keyword, so every parameter needs a name of its own.
    for param in params:
        if param.kind in (param.VAR_POSITIONAL, param.VAR_KEYWORD):
            raise _not_a_tool(tool, f"`*{param.name}` takes any arguments; name each of them, with its type")
        if param.kind is param.POSITIONAL_ONLY:
            raise _not_a_tool(tool, f"`{param.name}` cannot be given by name; remove the `/`")
        if param.name not in types:
            raise _not_a_tool(tool, f"`{param.name}` has no type; write `{param.name}: str`, or another type")
        check_name(param.name, f"argument of the tool `{tool}`")
        yield param.replace(annotation=types[param.name])


def check_name(name: str, what: str) -> str:
    """The name itself, if a program can write it. `what` is what it names. Raises `SettingError`."""
    # The language has ASCII names only: two names that look alike must not be two tools.
    can_be_written = name.isidentifier() and name.isascii() and len(name) <= LONGEST_NAME
    if not can_be_written or name in RESERVED:
        hint = "name it with rlmlite.tool(name=...)" if what == "tool" else "rename it"
        raise SettingError(f"no {what} can be called `{name}`, because programs cannot write that name; {hint}")
    if what == "tool" and name in ALIASES:
        raise SettingError(f"no tool can be called `{name}`, because in programs that means `{ALIASES[name]}`")
    return name


def schema_of(model: type[BaseModel], tool: str) -> str:
    """The JSON schema of the arguments, without the titles that pydantic makes up. Raises `SettingError`."""
    try:
        schema = model.model_json_schema(by_alias=True)
    except PydanticUserError as error:
        raise _not_a_tool(tool, f"its arguments have no JSON schema: {_first_line(error)}") from None
    # They are made from the numbered fields, and would be shown to the controller.
    schema.pop("title", None)
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
    return json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _not_a_tool(tool: str, why: str) -> SettingError:
    return SettingError(f"`{tool}` cannot be a tool: {why}")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
