"""Texts, paths and flags of the command line, without pydantic.

typer gives each value its type by pydantic, whose import takes as long as a small run (80 ms). Nearly all of our
options are texts and paths, for which there is next to nothing to do: they are handled here, and become exactly what
typer would make of them (a test compares). Whatever is not plain (a number other than `8`, an unknown choice, a path
that cannot be read) is left to typer, which also words the errors.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import typer.core

# The one private name of typer that is used here: where it keeps how a parameter gets its type, made at first use.
# If a version of typer looks elsewhere, commands work as before and a test that counts modules fails.
_COERCER: Final = "_runtime_param"

_DIGITS: Final = 15  # of the longest whole number that a float holds exactly


class NotPlainError(Exception):
    """A value that is left to typer."""


class PlainCoercer:
    """Stands where typer has its own coercer, with the same method."""

    def __init__(self, param: Any) -> None:
        descriptor = param.type_descriptor
        self._annotation: object = None if descriptor.is_ranged else descriptor.annotation  # typer checks ranges
        self._typers: Any = None

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as its parameter has it. Raises `typer.BadParameter`."""
        try:
            return plain_value(value, self._annotation, many=param.multiple or param.nargs == -1)
        except NotPlainError:
            return self._typers_own(param).coerce(value, param=param, ctx=ctx)

    def _typers_own(self, param: Any) -> Any:
        if self._typers is None:
            # typer makes its own where it finds none. So we step aside, let it make one, and step in again.
            setattr(param, _COERCER, None)
            self._typers = param.get_runtime_param()
            setattr(param, _COERCER, self)
        return self._typers


def coerce_plainly(command: Any, parent: Any = None) -> None:
    """Give all parameters of a command, and of those below it, a plain coercer."""
    context = command.context_class(command, parent=parent, **command.context_settings)
    for param in command.get_params(context):  # with `--help`, whose names the context has
        is_typers = isinstance(param, typer.core.TyperArgument | typer.core.TyperOption)
        # Another version of typer may have neither; then the parameter keeps the coercer that it has.
        is_known = hasattr(param, _COERCER) and hasattr(param, "type_descriptor")
        if is_typers and is_known:
            setattr(param, _COERCER, PlainCoercer(param))
    for below in getattr(command, "commands", {}).values():
        coerce_plainly(below, context)


def plain_value(value: Any, annotation: object, many: bool) -> Any:
    """What typer would make of a value of the command line, for the plain types. Raises `NotPlainError`."""
    if value is None:
        return () if many else None
    if many:
        return _plain_texts(value, annotation)
    if type(value) is annotation and isinstance(value, str | bool):
        return value  # a text, a flag, or a choice that is the default
    if isinstance(value, str) and isinstance(annotation, type):
        return _plain_word(value, annotation)
    raise NotPlainError


def _plain_texts(values: Any, annotation: object) -> list[str]:
    """The values of an option that is given several times."""
    if annotation != list[str] or not isinstance(values, list | tuple):
        raise NotPlainError
    if not all(isinstance(value, str) for value in values):
        raise NotPlainError
    return list(values)


def _plain_word(word: str, annotation: type) -> Any:
    """A path, a choice, or a whole number without a sign."""
    if annotation is Path:
        path = Path(word)
        if os.path.exists(path) and not os.access(path, os.R_OK):
            raise NotPlainError  # typer refuses it
        return path
    if issubclass(annotation, StrEnum) and word in annotation.__members__.values():
        return annotation(word)
    is_plain_number = word.isascii() and word.isdigit() and len(word) <= _DIGITS
    if annotation in (int, float) and is_plain_number:
        return annotation(word)
    raise NotPlainError
