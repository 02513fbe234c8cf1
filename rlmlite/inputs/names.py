"""Names of inputs on the command line: `name=PATH`, or a name that follows from the path.

    rlmlite ask "..." app.log             context
    rlmlite ask "..." x/app.log old.log   app, old         the stems, with `-`, `.` and spaces as `_`
    rlmlite ask "..." a=x.log b=y.log     a, b

A stem that cannot be a name, or one that two paths share, is an error that says how to name the input.
"""

import os
import re
from collections.abc import Sequence
from pathlib import PurePath

from rlmlite.errors import InputError

ALONE = "context"
"""The name of a lone input that nobody named."""

STDIN = "-"
"""The path that means standard input."""

RESERVED = frozenset({"true", "false", "null", "and", "or", "not", "in", "contains", "matches"})
"""Words of the language, which cannot be names."""

TEXT = "text:"
"""A prefix of a path: read the file as text, even if its suffix says that it is a table."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def name_paths(arguments: Sequence[str]) -> dict[str, str]:
    """Each argument's path by its name, in the order given. Raises `InputError`.

    `a=b` names an input `a` whenever `a` could be a name; a file that is really called `a=b` is given as `./a=b`.
    """
    pairs = [_split_argument(argument) for argument in arguments]
    # `context` only if nothing else competes for it: with a second unnamed input, both are called by their stems.
    unnamed = sum(not name for name, _ in pairs)
    paths: dict[str, str] = {}
    for given_name, path in pairs:
        name = given_name or (ALONE if unnamed == 1 else _name_from_stem(path))
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


def check_name(name: str) -> str:
    """The name itself, if programs can use it. Raises `InputError`."""
    if _NAME.fullmatch(name) and name.lower() not in RESERVED:
        return name
    raise InputError(
        f"an input cannot be called `{name}`: a name is letters, digits and _, and not a word of the language"
    )


def _split_argument(argument: str) -> tuple[str, str]:
    if not argument:
        raise InputError("an input has an empty path; give a path, or - for standard input")
    name, equals, path = argument.partition("=")
    # `./a=b` and `C:\x=y` do not begin with a name, so they are paths as they stand.
    if not equals or not _NAME.fullmatch(name):
        return "", argument
    if not path:
        raise InputError(f"{argument} has no path; write {name}=PATH, or {name}=- for standard input")
    return check_name(name), path


def _name_from_stem(path: str) -> str:
    # Up to the first dot: `app.log.gz` is `app`.
    stem = PurePath(path).name.split(".")[0]
    if path == STDIN:
        stem = "stdin"
    name = re.sub(r"[-. ]", "_", stem)
    is_name = _NAME.fullmatch(name) is not None and name.lower() not in RESERVED
    if not is_name:
        raise InputError(f"with several inputs each needs a name, and `{stem}` cannot be one; write name={path}")
    return name
