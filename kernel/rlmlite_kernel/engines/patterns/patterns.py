"""Patterns of lines: which templates do the lines of a log have, and how many lines has each?

1. Each line is masked (`mask`): what is seen to vary becomes `<*>`. Lines with one masked form are one form.
2. Forms that differ only in words that take many values become one, with these words masked (`merging`).
3. Forms that differ in white space, or in empty brackets where another has something masked, become one.

    session 17 opened for ann     five such lines, of five numbers and names:  session <*> opened for <*>, 5 lines
    disk  full (5)                and "disk full ()":                          disk  full (<*>), 2 lines

Forms are held, lines are not, so memory does not grow with a log. A line costs a hash (`shapes`), and a form one
dictionary look-up per block; only the first line of a form is masked in Python.

When the table of forms is full, step 2 makes room. If it stays more than half full, the log has too many forms: lines
whose form is not known by then are counted as `overflow`.
"""

from collections.abc import Iterable
from functools import cached_property
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

# Hashes of lines that are remembered, for each form that there is room for. Several hashes can lead to one form, since
# merging makes forms the same whose lines differ.
_HASHES_PER_FORM = 4


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

    `clipped` lines were longer than what is looked at. `overflow` counts lines whose form found no room; they are under
    the template `<*>`.
    """

    templates: list[LineTemplate]
    clipped: int
    overflow: int


def find_patterns(parts: Iterable[TextPart], forms: int = FORMS) -> LineTemplates:
    """The templates of all lines of all parts."""
    table = mine_forms(parts, forms)
    return LineTemplates(table.templates(), table.clipped, table.overflow)


def mine_forms(parts: Iterable[TextPart], forms: int = FORMS) -> "FormTable":
    """The forms of all lines of all parts, merged."""
    table = FormTable(forms)
    for block in line_blocks(parts):
        table.add(block)
    table.merge()
    return table


class _Form:
    """What is known of the lines with one form."""

    def __init__(self, first: LinePlace) -> None:
        self.count = 0
        self.first = self.last = first
        self.merged_into = self

    def add(self, count: int, first: LinePlace, last: LinePlace) -> None:
        self.count += count
        self.first, self.last = min(self.first, first), max(self.last, last)


class FormTable:
    """The forms so far, by their pieces and by the hashes of lines that had them.

    `clipped` lines were longer than what is looked at.
    """

    def __init__(self, room: int) -> None:
        self._room, self._bytes = room, 0
        self.clipped = 0
        self._forms: dict[LinePieces, _Form] = {}
        self._by_hash: dict[int, _Form] = {}
        self._merges = FormMerges()
        # Closed to forms that it does not know yet.
        self._is_closed = False
        self._overflow: _Form | None = None

    @property
    def overflow(self) -> int:
        """Lines whose form found no room."""
        return 0 if self._overflow is None else self._overflow.count

    def add(self, block: LineBlock) -> None:
        """Count the lines of a block, all that have one hash together."""
        self.clipped += block.clipped
        hashes = shape_hashes(block.buffer)
        order = np.argsort(hashes, kind="stable")
        in_order = hashes[order]
        # A group begins wherever the hash is another than the one before it, and at the very start.
        differs_from_last = in_order[1:] != in_order[:-1]
        group_begins = np.flatnonzero(np.concatenate(([True], differs_from_last)))
        group_ends = np.append(group_begins[1:], len(order))
        # The order is stable, so the first and the last line of each group are at its ends.
        firsts, lasts = order[group_begins], order[group_ends - 1]
        counts = group_ends - group_begins
        line_ends = np.flatnonzero(octets(block.buffer) == 10)
        line_starts = np.append(0, line_ends[:-1] + 1)
        # In the order in which the forms appear, so that the result does not depend on the hashes.
        for group in np.argsort(firsts).tolist():
            first, last = int(firsts[group]), int(lasts[group])
            first_place = _line_place(block, first, line_starts, line_ends)
            last_place = _line_place(block, last, line_starts, line_ends)
            line_hash = int(hashes[first])
            form = self._by_hash.get(line_hash)
            if form is None:
                # The only lines that Python reads: the first of a form, once.
                line = block.buffer[line_starts[first] : line_ends[first]]
                form = self._form_of_line(line_hash, line, first_place)
            form.add(int(counts[group]), first_place, last_place)

    def _form_of_line(self, line_hash: int, line: bytes, place: LinePlace) -> _Form:
        """The form of a line whose hash is not known yet."""
        if not self._is_closed and self._is_full():
            self._make_room()
        if self._is_closed:
            self._overflow = self._overflow or _Form(place)
            return self._overflow
        masked = mask_pieces(line)
        pieces = self._merges.apply(masked)
        form = self._forms.get(pieces)
        if form is None:
            form = self._forms[pieces] = _Form(place)
            self._bytes += sum(map(len, pieces))
        # Without room the hash is not remembered: its lines are masked anew in each block, which is slow but right.
        has_room_for_hash = len(self._by_hash) < self._room * _HASHES_PER_FORM
        if has_room_for_hash:
            self._by_hash[line_hash] = form
        return form

    def _is_full(self) -> bool:
        return len(self._forms) >= self._room or self._bytes >= FORM_BYTES

    def _make_room(self) -> None:
        """Merge forms. If that frees less than half, the table is closed: else it would merge again all the time."""
        self.merge()
        self._bytes = sum(len(piece) for pieces in self._forms for piece in pieces)
        too_many_forms = len(self._forms) * 2 > self._room
        too_many_bytes = self._bytes * 2 > FORM_BYTES
        self._is_closed = too_many_forms or too_many_bytes

    def merge(self) -> None:
        """Merge forms, and lead the hashes of their lines to what they went into."""
        merged: dict[LinePieces, _Form] = {}
        learned = self._merges.learn(list(self._forms))
        for pieces, old in zip(learned, self._forms.values(), strict=True):
            old.merged_into = merged.setdefault(pieces, _Form(old.first))
            old.merged_into.add(old.count, old.first, old.last)
        self._forms = merged
        self._by_hash = {line_hash: form.merged_into for line_hash, form in self._by_hash.items()}

    def templates(self) -> list[LineTemplate]:
        """The templates of all lines that were added. Merge first."""
        alike: dict[bytes, list[tuple[LinePieces, _Form]]] = {}
        # Under the key of the template `<*>`, so that lines that are one mask are counted with the overflow.
        if self._overflow is not None:
            alike[HOLE] = [((HOLE,), self._overflow)]
        for pieces, form in self._forms.items():
            key = template_key(pieces)
            alike.setdefault(key, []).append((pieces, form))
        # By frequency; the first line decides between equals, as dictionaries keep an order that blocks could change.
        templates = [_join_forms(forms) for forms in alike.values()]
        return sorted(templates, key=lambda template: (-template.lines, template.first))

    @cached_property
    def keys(self) -> frozenset[bytes]:
        """The keys of all templates. Merge first."""
        keys = frozenset(self._key_of_form.values())
        return keys if self._overflow is None else keys | {HOLE}

    def key_of(self, line_hash: int, line: bytes) -> bytes:
        """The key of the template under which a line of those that were added is counted. Merge first."""
        form = self._by_hash.get(line_hash)
        if form is None:
            # One of more hashes than there was room for, or of the overflow.
            form = self._forms.get(self._merges.apply(mask_pieces(line)))
        return HOLE if form is None else self._key_of_form.get(form, HOLE)

    @cached_property
    def _key_of_form(self) -> dict[_Form, bytes]:
        return {form: template_key(pieces) for pieces, form in self._forms.items()}


def template_key(pieces: LinePieces) -> bytes:
    """Equal for forms that differ in white space or in empty brackets alone: these are one template."""
    words = b"".join(pieces).split()
    return b" ".join(words).replace(b"(<*>)", b"()")


def _join_forms(forms: list[tuple[LinePieces, _Form]]) -> LineTemplate:
    """Forms that are alike as one template; its text is that of the most frequent."""
    # Of equally frequent ones that of the earliest line: nothing may depend on the order of a dictionary.
    pieces, most_frequent = min(forms, key=lambda each: (-each[1].count, each[1].first))
    whole = _Form(most_frequent.first)
    for _, form in forms:
        whole.add(form.count, form.first, form.last)
    text = b"".join(pieces).rstrip().decode()
    return LineTemplate(text, whole.count, whole.first, whole.last)


def _line_place(block: LineBlock, line: int, starts: IntArray, ends: IntArray) -> LinePlace:
    size = int(ends[line] - starts[line])
    return LinePlace(int(block.parts[line]), int(block.offsets[line]), size)
