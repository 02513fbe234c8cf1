"""Names of inputs on the command line: `name=PATH`, or a name that follows from the path.

    rlmlite ask "..." app.log             context
    rlmlite ask "..." x/app.log old.log   app, old         the stems, with `-`, `.` and spaces as `_`
    rlmlite ask "..." a=x.log b=y.log     a, b

What no program can say is no name: `my-log`, `true`, 65 letters. Nor is `_1`, which the kernel uses itself. So a stem
that cannot be a name, or one that two paths share, is an error that says how to name the input. Names of actions are
names: `count(count)` counts the input `count`.
"""

import os
import re
from collections.abc import Sequence
from pathlib import PurePath

from rlmlite.errors import InputError
from rlmlite_grammar.syntax.names import LONGEST_NAME, RESERVED
from rlmlite_kernel.program.checker import is_temporary

ALONE = "context"
"""The name of a lone input that nobody named."""

STDIN = "-"
"""The path that means standard input."""

TEXT = "text:"
"""A prefix of a path: read the file as text, even if its suffix says that it is a table."""

_SHOWN = 70
"""Characters of a refused name that a message shows."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def name_paths(arguments: Sequence[str], *, are_first: bool = True) -> dict[str, str]:
    """Each argument's path by its name, in the order given. Raises `InputError`.

    Inputs that are added to others (not `are_first`) are called by their stems, a lone one too.

    `a=b` names an input `a` whenever `a` could be a name; a file that is really called `a=b` is given as `./a=b`.
    """
    pairs = [_split_argument(argument) for argument in arguments]
    # `context` only if nothing else competes for it: with a second unnamed input, both are called by their stems.
    unnamed = sum(not name for name, _ in pairs)
    paths: dict[str, str] = {}
    for given_name, path in pairs:
        name = given_name or (ALONE if are_first and unnamed == 1 else _name_from_stem(path))
        if name in paths:
            raise InputError(f"two inputs are called `{name}`: {paths[name]} and {path}; name one: other={path}")
        paths[name] = path
    # It can be read once only, so the second input would be empty.
    if list(paths.values()).count(STDIN) > 1:
        raise InputError("only one input can be standard input (-)")
    return paths


def strip_text_prefix(path: str) -> tuple[str, bool]:
    """The path without the prefix `text:`, and whether it had it. A file that is really called so keeps its name."""
    if path.startswith(TEXT) and not os.path.lexists(path):
        return path[len(TEXT) :], True
    return path, False


def check_name(name: object, instead: str = "choose another") -> str:
    """The name itself, if programs can use it; else the error ends with what to do `instead`. Raises `InputError`."""
    if not isinstance(name, str):
        raise InputError(f"the name of an input is text, not {type(name).__name__}; {instead}")
    why = _why_no_name(name)
    if why:
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."
        raise InputError(f"an input cannot be called `{shown}`: {why}; {instead}")
    return name


def _why_no_name(name: str) -> str:
    """Why programs cannot use a name; empty if they can."""
    if not _NAME.fullmatch(name):
        return "a name is letters (a to z), digits and _, and begins with no digit"
    if len(name) > LONGEST_NAME:
        return f"a name has at most {LONGEST_NAME} characters, and this one {len(name):,}"
    # In any case: `In` could be said, and would be mistaken for `in`.
    if name in RESERVED or name.lower() in RESERVED:
        return "that is a word of the language"
    if is_temporary(name):
        return "the kernel uses such names itself"
    return ""


def _split_argument(argument: str) -> tuple[str, str]:
    if not argument:
        raise InputError("an input has an empty path; give a path, or - for standard input")
    name, equals, path = argument.partition("=")
    # `./a=b` and `C:\x=y` do not begin with a name, so they are paths as they stand.
    if not equals or not _NAME.fullmatch(name):
        is_meant_as_name = equals and os.path.lexists(path) and not os.path.lexists(argument)
        return (check_name(name, f"write name={path}"), path) if is_meant_as_name else ("", argument)
    if not path:
        raise InputError(f"{argument} has no path; write {name}=PATH, or {name}=- for standard input")
    return check_name(name, f"write name={path}"), path


def _name_from_stem(path: str) -> str:
    # Up to the first dot: `app.log.gz` is `app`.
    stem = PurePath(path).name.split(".")[0]
    if path == STDIN:
        stem = "stdin"
    name = re.sub(r"[-. ]", "_", stem)
    why = _why_no_name(name)
    if why:
        raise InputError(
            f"with several inputs each needs a name, and `{stem}` cannot be one; write name={path} ({why})"
        )
    return name
