"""Templates: string literals of a program with `{name}` and `{name.field}` placeholders.

Every other brace is text, so JSON examples need no escaping; `{{name}}` is the text `{name}`.
One pass: what is put into a hole is never scanned.
"""

from functools import lru_cache

import msgspec

_MAX_PATH = 8


class Hole(msgspec.Struct, frozen=True):
    """A placeholder: a name and the fields to follow from it."""

    name: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.path))


@lru_cache(maxsize=256)
def pieces(template: str) -> tuple[str | Hole, ...]:
    """The template as text and holes in order; neighbouring texts are one."""
    found: list[str | Hole] = []
    text: list[str] = []
    at = 0
    while at < len(template):
        brace = template.find("{", at)
        if brace < 0:
            break
        text.append(template[at:brace])
        at = _brace(template, brace, text, found)
    text.append(template[at:])
    _flush(text, found)
    return tuple(found)


def holes(template: str) -> tuple[Hole, ...]:
    """The placeholders, in order."""
    return tuple(piece for piece in pieces(template) if isinstance(piece, Hole))


def _brace(template: str, brace: int, text: list[str], found: list[str | Hole]) -> int:
    """Read what begins with a brace; returns where to go on."""
    doubled = template.startswith("{{", brace)
    start = brace + (2 if doubled else 1)
    close = template.find("}", start)
    inner = template[start:close] if close >= 0 else ""
    if not _is_path(inner):
        text.append("{")
        return brace + 1
    if doubled:
        whole = template.startswith("}}", close)
        text.append("{" + inner + "}" if whole else "{")
        return close + 2 if whole else brace + 1
    _flush(text, found)
    name, *path = inner.split(".")
    found.append(Hole(name, tuple(path)))
    return close + 1


def _is_path(inner: str) -> bool:
    words = inner.split(".")
    return len(words) <= _MAX_PATH and all(word.isidentifier() and word.isascii() for word in words)


def _flush(text: list[str], found: list[str | Hole]) -> None:
    joined = "".join(text)
    text.clear()
    if joined:
        found.append(joined)
