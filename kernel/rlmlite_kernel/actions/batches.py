"""Steps that look at their rows batch by batch: what they say, and what they hold, as if they had seen all at once.

A warning may be about all rows ("`.x` is null in every row"). It is true of a batch without being true of all of them,
so such a warning stays only if every batch gave rise to it:

    batch 1   "`.x` is null in every row", "text met a number"
    batch 2   "text met a number"                                  together: "text met a number", once
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.records.remarks import StepRemark


class Batches:
    """The batches of one step. Work on each of them inside of `batch()`.

    `results_too`: what a batch makes is forgotten after it too, but for what is announced between batches.
    """

    def __init__(self, context: StepContext, results_too: bool = False) -> None:
        self._context, self._results_too = context, results_too
        # The remarks about every row that all batches so far gave rise to; None before the first batch.
        self._about_every_row: set[StepRemark] | None = None

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Work on one batch: what it holds is free afterwards, and its remarks join those of the others."""
        context = self._context
        earlier, context.remarks = context.remarks, []
        try:
            with context.give_back(self._results_too):
                yield
        finally:
            of_batch, context.remarks = context.remarks, earlier
            self._repeat_remarks(of_batch)

    def _repeat_remarks(self, of_batch: list[StepRemark]) -> None:
        """Add the remarks of a batch, and remove those about every row that this batch contradicts."""
        context = self._context
        about_every_row = {remark for remark in of_batch if remark.every_row}
        is_first_batch = self._about_every_row is None
        known = self._about_every_row or set()
        # True of all batches so far: what every one of them said.
        self._about_every_row = about_every_row if is_first_batch else known & about_every_row
        refuted = known - about_every_row
        # A list, not a set: remarks land in the receipt, in the order in which they came up.
        context.remarks = [remark for remark in context.remarks if remark not in refuted]
        for remark in of_batch:
            # After the first batch it is too late for a new one: the batches before did not give it.
            if is_first_batch or not remark.every_row:
                context.remark(remark)
