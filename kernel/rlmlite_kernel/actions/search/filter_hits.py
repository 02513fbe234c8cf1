"""Filtering hits by a condition, batch by batch: what search and count_matches do when they have `where=` or `key=`.

A condition such as `.text contains "disk"` is a row expression, and those work on rows, not on the raw offsets that a
sweep hands out. Holding all hits of a large log as rows only to drop most of them would cost gigabytes. So hits are
collected until there is a batch of 262,144; the batch becomes rows for a moment, and only those that pass are kept:

    sweep -> add(piece, matches) ... 262,144 hits -> rows -> condition -> on_batch(rows, passed, filter) -> forgotten

The result does not depend on where batches end, and neither do the warnings (`actions.batches`).
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from rlmlite_kernel.actions.batches import Batches
from rlmlite_kernel.actions.rows.columns.select import select_rows
from rlmlite_kernel.actions.search.hits import HitBuilder
from rlmlite_kernel.actions.search.targets import TargetPiece
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.regex_cursor import MatchArray
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.records.evolution import CHARGED_BEFORE
from rlmlite_kernel.values.values import Rows

BATCH = 1 << 18
"""Hits that become rows together, at most."""

_LEAST_BATCH = 4_096

_SHARE_OF_BATCH = 1_000
"""Hits of a batch for so many value bytes of the run's limit, since each takes some hundred bytes of memory."""

OnBatch: TypeAlias = Callable[[Rows, IntArray, "HitFilter"], None]
"""Called once for each batch, with all its rows and the numbers of those that pass."""


class HitFilter:
    """Collects hits into batches and hands each batch on. Call `flush` at the end for what is left."""

    def __init__(self, context: StepContext, matcher: Matcher, where: Expr | None, on_batch: OnBatch) -> None:
        self._context, self._matcher, self._where, self._on_batch = context, matcher, where, on_batch
        self._batch: list[tuple[TargetPiece, MatchArray]] = []
        self._size = 0
        # A batch is held besides everything else, so it is small where little may be held.
        share = context.settings.limits.value_bytes // _SHARE_OF_BATCH
        self._full = max(_LEAST_BATCH, min(BATCH, share)) if context.follows(CHARGED_BEFORE) else BATCH
        self._batches = Batches(context)

    def add(self, piece: TargetPiece, matches: MatchArray) -> None:
        """Take more hits; a full batch is handed on at once."""
        for start in range(0, len(matches), self._full):
            part = matches[start : start + self._full]
            self._batch.append((piece, part))
            self._size += len(part)
            if self._size >= self._full:
                self.flush()

    def flush(self) -> None:
        """Hand on the batch that is being collected, if there is one."""
        if not self._size:
            return
        hits = HitBuilder(self._matcher)
        for piece, matches in self._batch:
            hits.add(piece, matches)
        with self._batches.batch():
            rows = hits.rows()
            # Before the batch is cleared: `on_batch` asks for offsets of it by `select`.
            self._on_batch(rows, self._passing(rows), self)
        self._batch, self._size = [], 0

    def select(self, numbers: IntArray) -> list[tuple[TargetPiece, MatchArray]]:
        """The hits with these row numbers in the current batch, as offsets again, piece by piece."""
        selection, first = [], 0
        for piece, matches in self._batch:
            # Rows are numbered through the batch: this piece has the numbers from `first` up to `end`.
            end = first + len(matches)
            is_of_piece = (numbers >= first) & (numbers < end)
            numbers_in_piece = numbers[is_of_piece] - first
            selection.append((piece, matches[numbers_in_piece]))
            first = end
        return selection

    def _passing(self, rows: Rows) -> IntArray:
        if self._where is None:
            return np.arange(len(rows), dtype=np.int64)
        return select_rows(rows, self._where, self._context)
