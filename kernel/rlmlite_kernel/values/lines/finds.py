"""What passes over lines have found, for the statements that come after them in the same turn.

Each statement about lines is a pass of its own, with a result and a receipt of its own. But the ends of the lines are
the same in all of them, and the groups of a line do not change because fewer lines are asked for. So a pass leaves what
it finds, as little of it as there is room for, and finds at once what the program asks for later:

    where(p, .level == "ERROR")     groups level, user, ms of the lines that stay: the program names all three
    extend(_1, {took: int(.ms)})    the form is not run again
    group(e, .user, ...)            nor here

    ends      block 0 -> lengths 7, 12, 7                a byte for each line, if none is longer than 255
    groups    rows of `_1`, block 0 -> {3: [[2, 7], [2, 7]]}     group 3 from byte 2 to 7 of either line

Nothing depends on it: what is missing is found again. It is gone after the turn, so nobody is charged for it.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import IntArray, SpanArrays
from rlmlite_kernel.engines.lines.blocks import LineBounds, line_bounds
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.columns import Spans
from rlmlite_kernel.values.lines.source import Selection

_ROOM_FOR_ENDS, _ROOM_FOR_GROUPS = 8 << 20, 16 << 20
"""Bytes for the ends of lines, which suffice for a text of 600 MB, and for groups."""

_Small: TypeAlias = npt.NDArray[Any]
"""Whole numbers in as few bytes as the largest needs."""


class FoundGroups:
    """The groups of the rows of one selection: by block and number the starts and stops, from the start of the line."""

    def __init__(self) -> None:
        self._places: dict[int, dict[int, tuple[_Small, _Small]]] = {}
        self.size = 0

    def add(self, block: int, number: int, places: tuple[_Small, _Small]) -> None:
        """Keep a group of the rows of a block."""
        self._places.setdefault(block, {})[number] = places
        self.size += places[0].nbytes + places[1].nbytes

    def numbers(self, block: int) -> AbstractSet[int]:
        """Which groups of the rows of a block are known."""
        return self._places.get(block, {}).keys()

    def places(self, block: int, number: int, line_starts: IntArray) -> SpanArrays:
        """A known group of the rows of a block, whose lines begin there."""
        starts, stops = (np.where(side < 0, -1, side + line_starts) for side in self._places[block][number])
        return starts, stops


class Finds:
    """See above. `ahead` are the names of fields that later statements may ask for."""

    def __init__(self, ahead: AbstractSet[str] = frozenset()) -> None:
        self.ahead = ahead
        self._lengths: dict[tuple[str, int, int], _Small] = {}
        self._size_of_lengths = 0
        # By selection, the oldest first. The selections are held, so that their identity stays theirs.
        self._groups: dict[int, tuple[Selection, FoundGroups]] = {}

    def bounds(self, blob: str, content: Content, start: int, stop: int, keeps_returns: bool = False) -> LineBounds:
        """The lines of content[start:stop], a block of `blob`, with or without the `\\r` of their line ends."""
        lengths = self._lengths.get((blob, start, stop))
        if lengths is None:
            return line_bounds(content, start, stop, not keeps_returns)
        stops = np.cumsum(lengths, dtype=np.int64)
        # Each newline before a line is a byte too.
        stops += np.arange(start, start + len(stops))
        return LineBounds(stops - lengths, stops, stop)

    def keep_bounds(self, blob: str, bounds: LineBounds) -> None:
        """Leave the lines of a block for later passes, if there is room."""
        place = blob, int(bounds.starts[0]), bounds.end
        lengths = _shrink(bounds.stops - bounds.starts)
        # From lengths alone it does not follow which lines end with two bytes: those of such a text are found again.
        size = int(lengths.sum()) + len(lengths) - (int(bounds.stops[-1]) == bounds.end)
        have_returns = bounds.end - int(bounds.starts[0]) > size
        if not have_returns and place not in self._lengths and self._size_of_lengths + lengths.nbytes <= _ROOM_FOR_ENDS:
            self._lengths[place] = lengths
            self._size_of_lengths += lengths.nbytes

    def groups(self, selection: Selection) -> FoundGroups | None:
        """What is known of the groups of the rows of a selection."""
        known = self._groups.get(id(selection))
        return None if known is None else known[1]

    def keep_groups(self, found: FoundGroups, block: int, groups: Mapping[int, Spans], line_starts: IntArray) -> None:
        """Leave the groups of the rows of a block, whose lines begin there. Older ones make room, if there is none."""
        for number, spans in groups.items():
            if number in found.numbers(block):
                continue
            near_starts, near_stops = (
                np.where(side < 0, -1, side - line_starts) for side in (spans.starts, spans.stops)
            )
            places = _shrink(near_starts), _shrink(near_stops)
            if self._make_room(found, places[0].nbytes + places[1].nbytes):
                found.add(block, number, places)

    def assign(self, found: FoundGroups, selection: Selection) -> None:
        """From now on, these are the groups of this selection."""
        self._groups[id(selection)] = selection, found

    def _make_room(self, found: FoundGroups, size: int) -> bool:
        others = [key for key, (_, groups) in self._groups.items() if groups is not found]
        held = found.size + size + sum(self._groups[key][1].size for key in others)
        for key in others:
            if held <= _ROOM_FOR_GROUPS:
                break
            held -= self._groups.pop(key)[1].size
        return held <= _ROOM_FOR_GROUPS


def _shrink(numbers: IntArray) -> _Small:
    """The same numbers in fewer bytes. Below zero there is only -1."""
    most = int(numbers.max(initial=0))
    if int(numbers.min(initial=0)) < 0:
        return numbers.astype(np.int16 if most < 1 << 15 else np.int32)
    return numbers.astype(np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.uint32)
