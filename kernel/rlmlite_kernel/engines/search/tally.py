"""A search's tally: what it has found, what it has charged, and what it may still do.

A search answers two questions, each under its own limit of work: which are the first `keep` matches, and, with
`counting_limit`, how many there are in all. The ways of searching (`by_lines`, `by_blocks`) ask the tally how much the
next window may cost, and give it what they found, window by window and in order.

    SearchBounds(1_000)            every match, for at most 1,000 units
    SearchBounds(1_000, 10)        the first 10 matches; the search ends with the last of them
    SearchBounds(1_000, 10, 500)   the first 10, and the number of all, as far as 500 units in all reach
    SearchBounds(1_000, 0, 1_000)  only the number
"""

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.search.regex_cursor import MatchArray

MANY = 1 << 62
"""More matches than there can be."""


class SearchBounds(msgspec.Struct, frozen=True):
    """How far a search goes.

    `work_left` is what it may be charged, `keep` how many matches it hands out. It ends with the last of these, unless
    there is a `counting_limit`: then it goes on and counts until it has been charged so much in all.
    """

    work_left: int
    keep: int = MANY
    counting_limit: int | None = None


class Tally:
    """The state of one search."""

    def __init__(self, start: int, bounds: SearchBounds) -> None:
        self.bounds = bounds
        self.work = self.count = self.cut_windows = 0
        self.scanned_to = start
        self.out_of_work = False
        self._to_hand_out: list[MatchArray] = []

    @property
    def is_keeping(self) -> bool:
        """Whether the next match is to be kept."""
        return self.count < self.bounds.keep

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do, or nothing to do it with."""
        return self.out_of_work or self.find_at_most == 0

    @property
    def find_at_most(self) -> int:
        """How many more matches are to be found, kept or only counted."""
        return MANY if self.bounds.counting_limit is not None else self.keep_at_most

    @property
    def keep_at_most(self) -> int:
        """How many more matches are to be kept."""
        return max(0, self.bounds.keep - self.count)

    @property
    def work_left(self) -> int:
        """What the next windows may be charged if every match in them is found."""
        # A limit for counting may be the lower one, never the higher: the budget holds for the whole search.
        limit = self.bounds.work_left
        if self.bounds.counting_limit is not None:
            limit = min(limit, self.bounds.counting_limit)
        return max(0, limit - self.work)

    @property
    def work_left_to_keep(self) -> int:
        """What the next windows may be charged if the search ends with the last match that is kept."""
        return max(0, self.bounds.work_left - self.work)

    def accept(self, matches: MatchArray | None, count: int, charge: int, scanned_to: int) -> None:
        """Enter windows: their `count` matches, of which `matches` has at least those to keep."""
        # Before the count goes up: `keep_at_most` is what may be kept of these.
        if matches is not None and count and self.is_keeping:
            self._to_hand_out.append(matches[: self.keep_at_most])
        self.count += count
        self.work += charge
        self.scanned_to = scanned_to

    def drain(self) -> list[MatchArray]:
        """The matches that were kept since the last call."""
        matches, self._to_hand_out = self._to_hand_out, []
        return matches


def matches_without_groups(starts: IntArray, stops: IntArray) -> MatchArray:
    """Ranges as matches of a query that has no groups."""
    return np.stack((starts, stops), axis=1).reshape(-1, 1, 2)


def shift_matches(matches: MatchArray, shift: int) -> MatchArray:
    """Offsets of a part of the content as offsets of the content; the -1 of an absent group stays."""
    return np.where(matches < 0, matches, matches + shift)
