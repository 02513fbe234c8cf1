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
from rlmlite_kernel.values.lines.source import LineBlock, Place, Selection

_ROOM_FOR_ENDS, _ROOM_FOR_GROUPS = 8 << 20, 40 << 20
"""Bytes for the ends of lines, which suffice for a text of 600 MB, and for groups."""

_Small: TypeAlias = npt.NDArray[Any]
"""Whole numbers in as few bytes as the largest needs."""

_Places: TypeAlias = tuple[_Small, _Small]
"""Starts and stops of a group, from the start of its line; starts of lines from that of their block, and lengths."""

_FEW = 4
"""Rows are few where so many lines of their block are no rows for each of them."""


class FoundGroups:
    """What is known of the rows of one selection, by block: where their lines are, and the groups of the form."""

    def __init__(self) -> None:
        self._places: dict[int, dict[int, _Places]] = {}
        self.size = 0

    def add(self, block: int, number: int, places: _Places) -> None:
        """Keep a group of the rows of a block; number 0 are the lines themselves."""
        self._places.setdefault(block, {})[number] = places
        self.size += places[0].nbytes + places[1].nbytes

    def numbers(self, block: int) -> AbstractSet[int]:
        """Which groups of the rows of a block are known."""
        return self._places.get(block, {}).keys()

    def lines(self, block: int, start: int) -> LineBounds | None:
        """The lines of the rows of a block, which begins there; None if they are not known."""
        places = self._places.get(block, {}).get(0)
        if places is None:
            return None
        starts = places[0] + np.int64(start)
        return LineBounds(starts, starts + places[1], -1)

    def places(self, block: int, number: int, line_starts: IntArray) -> SpanArrays:
        """A known group of the rows of a block, whose lines begin there."""
        starts, stops = (np.where(side < 0, -1, side + line_starts) for side in self._places[block][number])
        return starts, stops


class Finds:
    """See above. `ahead` are the names of fields that later statements may ask for."""

    def __init__(self, ahead: AbstractSet[str] = frozenset()) -> None:
        self.ahead = ahead
        # For each block the lengths of its lines, and that of their ends.
        self._lengths: dict[Place, tuple[_Small, int]] = {}
        self._size_of_lengths = 0
        # By selection, the oldest first. The selections are held, so that their identity stays theirs.
        self._groups: dict[int, tuple[Selection, FoundGroups]] = {}

    def bounds(self, place: Place, content: Content, keeps_returns: bool = False) -> LineBounds:
        """The lines of the block at a place in a content, with or without the `\\r` of their line ends."""
        _, start, stop = place
        lengths, end = self._lengths.get(place, (None, 0))
        if lengths is None:
            return line_bounds(content, start, stop, not keeps_returns)
        stops = np.cumsum(lengths, dtype=np.int64)
        # The line ends before a line are bytes too.
        stops += np.arange(start, start + end * len(stops), end)
        return LineBounds(stops - lengths, stops, stop)

    def keep_bounds(self, place: Place, bounds: LineBounds) -> None:
        """Leave the lines of a block for later passes, if there is room."""
        lengths, ends = _shrink(bounds.stops - bounds.starts), bounds.starts[1:] - bounds.stops[:-1]
        # From lengths alone it does not follow which lines end with two bytes: if only some do, they are found again.
        end = int(ends.max(initial=1))
        are_alike = end == int(ends.min(initial=end))
        if are_alike and place not in self._lengths and self._size_of_lengths + lengths.nbytes <= _ROOM_FOR_ENDS:
            self._lengths[place] = lengths, end
            self._size_of_lengths += lengths.nbytes

    def groups(self, selection: Selection) -> FoundGroups | None:
        """What is known of the groups of the rows of a selection."""
        known = self._groups.get(id(selection))
        return None if known is None else known[1]

    def keep(
        self, found: FoundGroups, number: int, block: LineBlock, lines: Spans, groups: Mapping[int, Spans]
    ) -> None:
        """Leave the lines and groups of the rows of a block. Older ones make room, if there is none."""
        known = found.numbers(number)
        # The lines are found quickly from the ends of all lines, but for few of them that is too much work.
        if 0 not in known and _FEW * len(lines) < block.lines:
            self._add(found, number, 0, (_shrink(lines.starts - block.start), _shrink(lines.stops - lines.starts)))
        for group in groups.keys() - known:
            sides = groups[group].starts, groups[group].stops
            starts, stops = (_shrink(np.where(side < 0, -1, side - lines.starts)) for side in sides)
            self._add(found, number, group, (starts, stops))

    def assign(self, found: FoundGroups, selection: Selection) -> None:
        """From now on, these are the groups of this selection."""
        self._groups[id(selection)] = selection, found

    def _add(self, found: FoundGroups, block: int, group: int, places: _Places) -> None:
        """Add a group if there is room, or others can make it."""
        others = [key for key, (_, groups) in self._groups.items() if groups is not found]
        size = found.size + sum(map(_nbytes, places)) + sum(self._groups[key][1].size for key in others)
        for key in others:
            if size > _ROOM_FOR_GROUPS:
                size -= self._groups.pop(key)[1].size
        if size <= _ROOM_FOR_GROUPS:
            found.add(block, group, places)


def _nbytes(numbers: _Small) -> int:
    return numbers.nbytes


def _shrink(numbers: IntArray) -> _Small:
    """The same numbers in fewer bytes. Below zero there is only -1."""
    most = int(numbers.max(initial=0))
    if int(numbers.min(initial=0)) < 0:
        return numbers.astype(np.int16 if most < 1 << 15 else np.int32)
    return numbers.astype(np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.uint32)
