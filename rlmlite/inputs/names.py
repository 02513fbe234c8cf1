"""What inputs are called: `name=PATH`, or a name that follows from the path.

A lone unnamed input is `context`. Several unnamed ones take the stem of their file or folder (`app` for `x/app.log`),
with `-`, `.` and spaces as `_`; a stem that is no name, or two that are the same, must be named.
"""

import os
import re
from collections.abc import Sequence
from pathlib import PurePath

from rlmlite.errors import InputError

ALONE = "context"
"""The name of an input that nobody named."""

STDIN = "-"
"""The path that is standard input."""

RESERVED = frozenset({"true", "false", "null", "and", "or", "not", "in", "contains", "matches"})
"""Words of the language, which name nothing."""

TEXT = "text:"
"""Before a path: the file is text, even if its name says that it is a table."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def named_paths(arguments: Sequence[str]) -> dict[str, str]:
    """Each argument's path by its name. Raises `InputError`.

    `a=b` is an input `a` whenever `a` could be a name; a file that is called so is given as `./a=b`.
    """
    pairs = [_split(argument) for argument in arguments]
    unnamed = sum(not name for name, _ in pairs)
    found: dict[str, str] = {}
    for name, path in pairs:
        chosen = name or (ALONE if unnamed == 1 else _from_stem(path))
        if chosen in found:
            raise InputError(f"two inputs are called `{chosen}`: {found[chosen]} and {path}; name one: other={path}")
        found[chosen] = path
    if list(found.values()).count(STDIN) > 1:
        raise InputError("standard input (-) can be one input only")
    return found


def as_text(path: str) -> tuple[str, bool]:
    """`text:PATH` as its path, and whether it was one. A file that really has such a name is none."""
    return (path[len(TEXT) :], True) if path.startswith(TEXT) and not os.path.lexists(path) else (path, False)


def check_name(name: str) -> str:
    """The name itself, if a program can say it. Raises `InputError`."""
    if _NAME.fullmatch(name) and name.lower() not in RESERVED:
        return name
    raise InputError(f"an input cannot be called `{name}`: a name is letters, digits and _, no word of the language")


def _split(argument: str) -> tuple[str, str]:
    if not argument:
        raise InputError("an input has an empty path")
    name, equals, path = argument.partition("=")
    if not equals or not _NAME.fullmatch(name):
        return "", argument
    if not path:
        raise InputError(f"{argument} has no path; write {name}=PATH, or {name}=- for standard input")
    return check_name(name), path


def _from_stem(path: str) -> str:
    stem = "stdin" if path == STDIN else PurePath(path).name.split(".")[0]
    name = re.sub(r"[-. ]", "_", stem)
    if not _NAME.fullmatch(name) or name.lower() in RESERVED:
        raise InputError(f"several inputs, and `{stem}` of {path} is no name; write name={path}")
    return name
