"""The tables of `docs/reference/policy.md`, made from the pydantic model that reads the file."""

import typing
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from docs.tables import code, prose, table
from rlmlite.tools.policy_file import PolicyTable, ToolTable

_FORMS: dict[str, str] = {
    "version": "1",
    "actions": "names",
    "models": "model strings",
    "tools": "tables",
    "egress": "names of inputs, each with a list",
    "accepts": "arguments, each with a list of `input`, `tool`, `lm`",
    "calls": "a whole number",
    "timeout": "a duration",
    "side_effects": "`true`, `false`",
    "strict": "`true`, `false`",
}
"""What the value of a key is. A key that is missing here has fixed words, which come from its type."""


def whole() -> str:
    """The keys of the file."""
    return _keys(PolicyTable)


def tool() -> str:
    """The keys of `[tools.NAME]`."""
    return _keys(ToolTable)


def _keys(model: type[BaseModel]) -> str:
    fields = model.model_fields
    return table(
        ("key", "value", "default", "meaning"),
        (
            (code(name), _form(name, info.annotation), _default(info.default), prose(info.description or ""))
            for name, info in fields.items()
        ),
    )


def _form(name: str, annotation: Any) -> str:
    if name in _FORMS:
        return _FORMS[name]
    return ", ".join(code(word) for word in typing.get_args(annotation))


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    return "none" if value is None or value == {} else code(value)
