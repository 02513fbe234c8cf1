"""What one search has found, spent and finished, and what it may still do."""

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.search.regex_cursor import MatchArray

MANY = 1 << 62


class SearchBounds(msgspec.Struct, frozen=True):
    """How far a search goes.

    `work_left` is what it may be charged. The first `keep` matches are kept. Then it ends, unless `counting` is
    given: then it goes on and counts, up to that much work in all.
    """

    work_left: int
    keep: int = MANY
    counting: int | None = None


class Tally:
    """The state of one search. The ways of searching accept windows into it, in order."""

    def __init__(self, start: int, bounds: SearchBounds) -> None:
        self.bounds = bounds
        self.work = self.count = self.cut_windows = 0
        self.scanned_to = start
        self.out_of_work = False
        self._kept: list[MatchArray] = []

    @property
    def keeping(self) -> bool:
        """Whether the next match is to be kept."""
        return self.count < self.bounds.keep

    @property
    def over(self) -> bool:
        """Whether nothing is left to do, or nothing to do it with."""
        return self.out_of_work or self.most == 0

    @property
    def most(self) -> int:
        """How many more matches are to be found."""
        return MANY if self.bounds.counting is not None else self.wanted

    @property
    def wanted(self) -> int:
        """How many more matches are to be kept."""
        return max(0, self.bounds.keep - self.count)

    @property
    def left(self) -> int:
        """What the next windows may be charged if every match in them is found."""
        bounds = self.bounds
        bound = bounds.work_left if bounds.counting is None else min(bounds.work_left, bounds.counting)
        return max(0, bound - self.work)

    @property
    def left_to_keep(self) -> int:
        """What the next windows may be charged if the search ends with the last match that is kept."""
        return max(0, self.bounds.work_left - self.work)

    def accept(self, table: MatchArray | None, found: int, charge: int, scanned_to: int) -> None:
        """Takes windows: `found` matches, of which `table` holds those to keep or more."""
        if table is not None and found and self.keeping:
            self._kept.append(table[: self.wanted])
        self.count += found
        self.work += charge
        self.scanned_to = scanned_to

    def drain(self) -> list[MatchArray]:
        """The matches kept since the last time."""
        kept, self._kept = self._kept, []
        return kept


def matches_without_groups(starts: IntArray, stops: IntArray) -> MatchArray:
    """Matches without groups as a table."""
    return np.stack((starts, stops), axis=1).reshape(-1, 1, 2)


def shift_matches(rows: MatchArray, shift: int) -> MatchArray:
    """Offsets of a part as offsets of the content; -1 stays."""
    return np.where(rows < 0, rows, rows + shift)
