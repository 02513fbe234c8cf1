"""Templates of lines: one pass that gathers masked forms, then words that take many values give way to masks.

1. Each line is masked (`mask`). Lines with one masked form are one form.
2. Forms that differ only in words that take many values become one, with these words masked (`merging`).
3. Forms that differ in white space, or in empty brackets where another has something masked, become one.

Forms are held, lines are not. When the table of forms is full, step 2 makes room; if more than half stays full, lines
whose form is not known by then are counted with `overflow`.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray, octets
from rlmlite_kernel.engines.bytes.line_blocks import LineBlock, TextPart, line_blocks
from rlmlite_kernel.engines.patterns.mask import HOLE, LinePieces, mask_pieces
from rlmlite_kernel.engines.patterns.merging import FormMerges
from rlmlite_kernel.engines.patterns.shapes import shape_hashes

FORMS = 32_768
"""Forms that are held at once."""

FORM_BYTES = 16 << 20
"""Bytes of forms that are held at once."""


class LinePlace(NamedTuple):
    """A line: the number of its part, its offset, its size (clipped)."""

    part: int
    offset: int
    size: int


class LineTemplate(NamedTuple):
    """A line's text with `<*>` for what varies: how many lines have it, and the first and the last of them."""

    text: str
    lines: int
    first: LinePlace
    last: LinePlace


class LineTemplates(NamedTuple):
    """Every template, the most frequent first, equal ones by their first line.

    `clipped` lines were longer than what is looked at. `overflow` counts lines whose form found no room: they are
    under the template `<*>`.
    """

    found: list[LineTemplate]
    clipped: int
    overflow: int


def find_patterns(parts: Iterable[TextPart], forms: int = FORMS) -> LineTemplates:
    """The templates of all lines of all parts."""
    table = _Table(forms)
    clipped = 0
    for lines in line_blocks(parts):
        table.take(lines)
        clipped += lines.clipped
    return LineTemplates(table.finished(), clipped, table.overflow)


class _Form:
    """What is known of the lines with one form."""

    def __init__(self, first: LinePlace) -> None:
        self.count = 0
        self.first = self.last = first
        self.into = self  # what it was merged into

    def add(self, count: int, first: LinePlace, last: LinePlace) -> None:
        self.count += count
        self.first, self.last = min(self.first, first), max(self.last, last)


class _Table:
    """The forms so far, by their pieces, and by the hash of lines that had them."""

    def __init__(self, room: int) -> None:
        self._room, self._bytes = room, 0
        self._forms: dict[LinePieces, _Form] = {}
        self._known: dict[int, _Form] = {}
        self._merges = FormMerges()
        self._full = False
        self._rest: _Form | None = None

    @property
    def overflow(self) -> int:
        """Lines whose form found no room."""
        return 0 if self._rest is None else self._rest.count

    def take(self, lines: LineBlock) -> None:
        """Counts the lines of a block."""
        hashes = shape_hashes(lines.buffer)
        order = np.argsort(hashes, kind="stable")
        ranked = hashes[order]
        begins = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
        firsts = order[begins]
        lasts = order[np.append(begins[1:], len(order)) - 1]
        counts = np.diff(np.append(begins, len(order)))
        breaks = np.flatnonzero(octets(lines.buffer) == 10)
        starts = np.append(0, breaks[:-1] + 1)
        for group in np.argsort(firsts).tolist():  # in the order in which the forms appear
            first, last = int(firsts[group]), int(lasts[group])
            form = self._known.get(int(ranked[begins[group]]))
            if form is None:
                line = lines.buffer[starts[first] : breaks[first]]
                form = self._new(int(hashes[first]), line, _place(lines, first, starts, breaks))
            form.add(int(counts[group]), _place(lines, first, starts, breaks), _place(lines, last, starts, breaks))

    def _new(self, key: int, line: bytes, place: LinePlace) -> _Form:
        if not self._full and self._is_full():
            self._make_room()
        if self._full:
            self._rest = self._rest or _Form(place)
            return self._rest
        pieces = self._merges.applied(mask_pieces(line))
        form = self._forms.get(pieces)
        if form is None:
            form = self._forms[pieces] = _Form(place)
            self._bytes += sum(map(len, pieces))
        if len(self._known) < self._room * 4:
            self._known[key] = form
        return form

    def _is_full(self) -> bool:
        return len(self._forms) >= self._room or self._bytes >= FORM_BYTES

    def _make_room(self) -> None:
        """Merges forms. If that frees less than half, no form is taken in any more; lines that are known still are."""
        self._forms = self._merged()
        self._known = {key: form.into for key, form in self._known.items()}
        self._bytes = sum(len(piece) for pieces in self._forms for piece in pieces)
        self._full = len(self._forms) * 2 > self._room or self._bytes * 2 > FORM_BYTES

    def _merged(self) -> dict[LinePieces, _Form]:
        forms: dict[LinePieces, _Form] = {}
        for pieces, old in zip(self._merges.learned(list(self._forms)), self._forms.values(), strict=True):
            old.into = forms.setdefault(pieces, _Form(old.first))
            old.into.add(old.count, old.first, old.last)
        return forms

    def finished(self) -> list[LineTemplate]:
        """The templates of everything that was taken."""
        alike: dict[bytes, list[tuple[LinePieces, _Form]]] = {}
        if self._rest is not None:
            alike[HOLE] = [((HOLE,), self._rest)]
        for pieces, form in self._merged().items():
            alike.setdefault(_key(pieces), []).append((pieces, form))
        found = [_template(forms) for forms in alike.values()]
        return sorted(found, key=lambda template: (-template.lines, template.first))


def _key(pieces: LinePieces) -> bytes:
    """Equal for forms that differ in white space or in empty brackets alone."""
    return b" ".join(b"".join(pieces).split()).replace(b"(<*>)", b"()")


def _template(forms: list[tuple[LinePieces, _Form]]) -> LineTemplate:
    """Forms that are alike as one; its text is that of the most frequent."""
    pieces, _ = min(forms, key=lambda each: (-each[1].count, each[1].first))
    whole = _Form(forms[0][1].first)
    for _, form in forms:
        whole.add(form.count, form.first, form.last)
    return LineTemplate(b"".join(pieces).rstrip().decode(), whole.count, whole.first, whole.last)


def _place(lines: LineBlock, number: int, starts: IntArray, breaks: IntArray) -> LinePlace:
    size = int(breaks[number] - starts[number])
    return LinePlace(int(lines.parts[number]), int(lines.offsets[number]), size)
