"""Templates: string literals of a program with `{name}` and `{name.field}` placeholders.

Every other brace is text, so JSON examples need no escaping; `{{name}}` is the text `{name}`.

    "Is {chunk} like {"label": 1}?"      "Is ", Hole("chunk"), ' like {"label": 1}?'

A template is read once, and what is put into a hole is never read: content cannot bring placeholders of its own.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby

import msgspec

# Words of a placeholder, `{a.b.c}`. What has more is taken for text.
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
    reader = _Reader(template)
    at = 0
    while (brace := template.find("{", at)) >= 0:
        reader.text.append(template[at:brace])
        at = reader.read_brace(brace)
    reader.text.append(template[at:])
    reader.end_text()
    return tuple(reader.pieces)


def holes(template: str) -> tuple[Hole, ...]:
    """The placeholders, in order."""
    return tuple(piece for piece in pieces(template) if isinstance(piece, Hole))


def join_texts(parts: Iterable[str | Hole]) -> Iterator[str | Hole]:
    """The pieces of a template that is put together of others: neighbouring texts as one."""
    for is_text, run in groupby(parts, lambda part: isinstance(part, str)):
        if is_text:
            yield "".join(map(str, run))
        else:
            yield from run


class _Reader:
    """The pieces so far, and the text since the last hole."""

    def __init__(self, template: str) -> None:
        self._template = template
        self.pieces: list[str | Hole] = []
        self.text: list[str] = []

    def read_brace(self, brace: int) -> int:
        """Read what begins with a brace; gives where to go on."""
        template = self._template
        doubled = template.startswith("{{", brace)
        start = brace + (2 if doubled else 1)
        close = template.find("}", start)
        inner = template[start:close] if close >= 0 else ""
        if not _is_path(inner):
            # A brace of a JSON example, say. Only the brace is text: there may be a placeholder further in.
            self.text.append("{")
            return brace + 1
        if not doubled:
            self.end_text()
            name, *path = inner.split(".")
            self.pieces.append(Hole(name, tuple(path)))
            return close + 1
        if template.startswith("}}", close):
            self.text.append("{" + inner + "}")
            return close + 2
        # Of `{{name}` the first brace is text, and the rest a hole.
        self.text.append("{")
        return brace + 1

    def end_text(self) -> None:
        """Join the text since the last hole to one piece."""
        joined = "".join(self.text)
        self.text.clear()
        if joined:
            self.pieces.append(joined)


def _is_path(inner: str) -> bool:
    words = inner.split(".")
    if len(words) > _MAX_PATH:
        return False
    # ASCII, as in the grammar: other letters have several spellings that look alike.
    return all(word.isidentifier() and word.isascii() for word in words)
