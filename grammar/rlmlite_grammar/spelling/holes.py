"""The body of a text of Python with expressions in it, f"…", in its parts: words, and holes with an expression each.

    f"{count(a)} of {b["n"]} {{x}}"       hole `count(a)`, words ` of `, hole `b["n"]`, words ` {{x}}`

An expression may hold objects, texts in any quotes, as in Python from 3.12 on, and texts like itself. The grammar ends
a text at the next quote, so such a text is spelled with the quotes in its holes escaped (`escape_holes`).
"""

from typing import Final, NamedTuple

from rlmlite_grammar.diagnosis.scan import Lexeme, lexeme_at

_LONGEST: Final = 2_000
"""Characters of a text whose quotes are escaped. A bound, since every quote may begin one."""

_DEEPEST: Final = 8
"""Texts within holes of texts. A bound, since each is read for all that it stands in."""


class Part(NamedTuple):
    """A part of a body, from `start` to `stop`; of a hole without its braces."""

    is_hole: bool
    start: int
    stop: int


class Body(NamedTuple):
    """The parts in their order, and where the body ends."""

    parts: tuple[Part, ...]
    stop: int


def split_body(text: str, start: int = 0, quote: str = "", depth: int = 0) -> Body | None:
    """The body from `start` on, up to its `quote`, or to the end of a text that is read already.

    None for one that never ends, or with a brace that belongs to no hole.
    """
    parts: list[Part] = []
    words = place = start
    while place < len(text):
        sign = text[place]
        if quote and sign in (quote, "\n"):
            break
        if (quote and sign == "\\") or text[place : place + 2] in ("{{", "}}"):
            place += 2
        elif sign == "{":
            stop = _end_of_hole(text, place + 1, quote, depth)
            if stop is None:
                return None
            parts += (Part(False, words, place), Part(True, place + 1, stop))
            words = place = stop + 1
        elif sign == "}":
            return None
        else:
            place += 1
    if text[place : place + 1] != quote:
        return None
    return Body((*parts, Part(False, words, place)), place)


def escape_holes(text: str, start: int) -> tuple[str, int] | None:
    """The text with holes that begins at `start`, with the quotes in them escaped if need be, and where it ends.

    None for one that has no end on its line.
    """
    quote = text[start + 1]
    piece = text[start : start + _LONGEST]
    body = split_body(piece, 2, quote)
    if body is None:
        return None
    written = piece[: body.stop + 1]
    # What the grammar ends there too has no quotes to escape.
    if len(lexeme_at(piece, 0).text) >= len(written):
        return written, start + len(written)
    pieces: list[str] = []
    for part in body.parts:
        words = piece[part.start : part.stop]
        if part.is_hole:
            words = "{" + words.replace("\\", "\\\\").replace(quote, f"\\{quote}") + "}"
        pieces.append(words)
    return f"f{quote}{''.join(pieces)}{quote}", start + len(written)


def _end_of_hole(text: str, place: int, quote: str, depth: int) -> int | None:
    """Where the brace stands that closes a hole."""
    open_brackets = 0
    before: Lexeme | None = None
    while place < len(text):
        lexeme = lexeme_at(text, place, before is not None and before.ends_value)
        stop = place + len(lexeme.text)
        if lexeme.kind == "open" or lexeme.text[0] == "#" or (quote and "\n" in lexeme.text):
            return None
        if lexeme.kind == "string" and lexeme.text[0] == "f" and lexeme.text[1:2] in ("'", '"'):
            inner = split_body(text, place + 2, lexeme.text[1], depth + 1) if depth < _DEEPEST else None
            if inner is None:
                return None
            stop = inner.stop + 1
        elif lexeme.kind == "bracket" and lexeme.text in "([{":
            open_brackets += 1
        elif lexeme.kind == "bracket":
            if not open_brackets:
                return place if lexeme.text == "}" else None
            open_brackets -= 1
        elif not open_brackets and lexeme.kind == "sign" and ":" in lexeme.text:
            # A format is no expression.
            return _end_of_format(text, stop)
        if lexeme.kind != "skip":
            before = lexeme
        place = stop
    return None


def _end_of_format(text: str, place: int) -> int | None:
    open_holes = 0
    for at in range(place, len(text)):
        if text[at] == "}" and not open_holes:
            return at
        open_holes += (text[at] == "{") - (text[at] == "}")
    return None
