"""Hits that a condition lets through, or that are told apart by a key, without holding the others."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from rlmlite_kernel.actions.rows.rows import holding
from rlmlite_kernel.actions.search.sweep import Hits, Table
from rlmlite_kernel.actions.search.targets import Piece
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.evaluation.context import Job
from rlmlite_kernel.evaluation.row_expressions import IN_EVERY_ROW
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.values.columns import IntArray
from rlmlite_kernel.values.values import Rows

AT_ONCE = 1 << 18
"""Hits that are looked at together."""

Passed: TypeAlias = Callable[[Rows, IntArray, "Sieve"], None]
"""Told of hits that are looked at together, and of which of them pass."""


class Sieve:
    """Collects hits and passes them on many at a time, those for which a condition holds."""

    def __init__(self, job: Job, matcher: Matcher, where: Expr | None, passed: Passed) -> None:
        self._job, self._matcher, self._where, self._passed = job, matcher, where, passed
        self._parts: list[tuple[Piece, Table]] = []
        self._waiting = 0
        self._of_all: set[tuple[str, str]] | None = None

    def take(self, piece: Piece, table: Table) -> None:
        """More hits."""
        self._parts.append((piece, table))
        self._waiting += len(table)
        if self._waiting >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Passes on what waits."""
        if not self._waiting:
            return
        hits = Hits(self._matcher)
        for piece, table in self._parts:
            hits.add(piece, table)
        before, self._job.warnings = self._job.warnings, []
        rows = hits.rows()
        self._passed(rows, self._kept(rows), self)
        said, self._job.warnings = self._job.warnings, before
        self._say(said)
        self._parts, self._waiting = [], 0

    def of(self, kept: IntArray) -> list[tuple[Piece, Table]]:
        """The hits of these numbers, of those that are being passed on, by piece."""
        parts, first = [], 0
        for piece, table in self._parts:
            mine = kept[(kept >= first) & (kept < first + len(table))] - first
            parts.append((piece, table[mine]))
            first += len(table)
        return parts

    def _kept(self, rows: Rows) -> IntArray:
        if self._where is None:
            return np.arange(len(rows), dtype=np.int64)
        return holding(rows, self._where, self._job)

    def _say(self, said: list[tuple[str, str]]) -> None:
        """Repeats warnings. What is said of every row stands only as long as it is said each time."""
        of_all = {each for each in said if IN_EVERY_ROW in each[0]}
        first, known = self._of_all is None, self._of_all or set()
        self._of_all = of_all if first else known & of_all
        self._job.warnings = [each for each in self._job.warnings if each not in known - of_all]
        for each in said:
            if first or each not in of_all:
                self._job.warn(*each)
