"""Values on one line: the cells of a table, and what lists and records hold.

    plain text          plain text          a cell that is text needs no quotes
    "12"                "12"                unless it could be read as another value, or as two cells
    {a: 1, b: ["x"]}    {a: 1, b: ["x"]}    inside lists and records every text is quoted

A text of several lines is not squeezed into a cell: whoever lays out the row puts it below (`rows`).
"""

import json
import re

import msgspec

from rlmlite_kernel.observation.layout.pieces import UNCUT, Piece, head, join, longest_run, visible
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import Rows, Value

SEPARATOR = " | "

# Bytes that an item takes at least, with what separates it from the next one: no more items than that are looked at.
_LEAST_ITEM = 3
# Levels of lists in lists that are written out.
_DEPTH = 20
# A text that begins like a list, a record or what is around cells, or that is a number or a word of the language.
_AMBIGUOUS = re.compile(r"""[\s"'\[{«|]|(?:-\s|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?$|(?:null|true|false)$|$)""")


def cell(value: Value, limit: int, blobs: Blobs) -> Piece:
    """A value as a cell of about `limit` bytes."""
    if not isinstance(value, str | Text):
        return inline(value, limit, blobs)
    shown = head(value, limit, blobs)
    return shown._replace(text=_plain(shown.text))


def _plain(text: str) -> str:
    is_plain = not _AMBIGUOUS.match(text) and SEPARATOR not in text and text == text.strip()
    return visible(text) if is_plain else visible(json.dumps(text, ensure_ascii=False))


def inline(value: Value, limit: int, blobs: Blobs, depth: int = _DEPTH) -> Piece:
    """A value on one line in about `limit` bytes, its texts in quotes; long texts and lists say how much there is."""
    if isinstance(value, str | Text):
        shown = head(value, max(limit, UNCUT), blobs)
        return shown._replace(text=visible(json.dumps(shown.text, ensure_ascii=False)))
    if isinstance(value, dict):
        pairs = list(value.items()) if len(value) * _LEAST_ITEM <= limit else []
        return _items([(f"{key_text(key)}: ", item) for key, item in pairs], len(value), limit, "{}", blobs, depth - 1)
    if isinstance(value, Rows):
        count = min(len(value), 1 + limit // _LEAST_ITEM)
        rows = [("", value.row(row, blobs)) for row in range(count)]
        return _items(rows, len(value), limit, "[]", blobs, depth - 1)
    if isinstance(value, list):
        firsts = value[: 1 + limit // _LEAST_ITEM]
        return _items([("", item) for item in firsts], len(value), limit, "[]", blobs, depth - 1)
    if isinstance(value, float):
        # A float in its canonical spelling, as it would be in a record.
        return Piece(value_bytes(value).decode())
    return Piece(msgspec.json.encode(value).decode())


def key_text(name: str) -> str:
    """A name of a field, in quotes unless it is plain."""
    text = name if name.isidentifier() else json.dumps(name, ensure_ascii=False)
    return visible(text)


def _items(items: list[tuple[str, Value]], count: int, limit: int, brackets: str, blobs: Blobs, depth: int) -> Piece:
    """The first items that fit, between brackets, and how many more there are."""
    shown: list[Piece] = []
    left = limit
    for before, item in items if depth > 0 else []:
        # Each may have an equal part of what is left, so that one long text does not hide the others.
        equal = max(0, left) // min(len(items) - len(shown), 1 + max(0, left) // UNCUT)
        piece = inline(item, equal, blobs, depth)
        left -= len(before) + piece.size + 2
        if left < 0 and shown:
            break
        shown.append(piece._replace(text=before + piece.text, run=max(piece.run, longest_run(before))))
    rest = count - len(shown)
    if rest:
        shown.append(Piece(f"…(+{rest:,} items)", cut=rest))
    whole = join(shown, ", ")
    return whole._replace(text=f"{brackets[0]}{whole.text}{brackets[1]}")
