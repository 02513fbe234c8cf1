"""What the calls of rows have come to, and the rows with it: one more column, and the failed ones aside.

rows       {"id": 7}, {"id": 8}            results {0: 12}, errors {1: "timeout"}
joined     {"id": 7, "result": 12}, {"id": 8, "result": null}, and `.failed` [{"index": 1, "error": "timeout"}]
"""

from collections import Counter
from collections.abc import Mapping

import msgspec

from rlmlite_kernel.actions.rows.rows import spread_columns
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import DERIVED, TaintedValue, input_bits_of, merge_taint, words_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Cells, Column
from rlmlite_kernel.values.values import Rows, Value, size_of


class RowResults(msgspec.Struct, frozen=True, eq=False):
    """Results by row, under the name of their column. `origins` are those of whoever answers, `shown` of the calls.

    A copy for each round: a turn that is forked settles the same round again.
    """

    rows: TaintedValue
    column: str
    origins: int
    shown: int
    values: Mapping[int, Value] = {}
    errors: Mapping[int, str] = {}

    def with_values(self, values: Mapping[int, Value]) -> "RowResults":
        """The same with more results."""
        return msgspec.structs.replace(self, values={**self.values, **values})

    def with_errors(self, errors: Mapping[int, str]) -> "RowResults":
        """The same with more rows that have none, and why."""
        return msgspec.structs.replace(self, errors={**self.errors, **errors})

    def joined(self, context: StepContext, answers: tuple[TaintedValue, ...] = ()) -> TaintedValue:
        """The rows with their results; `answers` are those that rest on something themselves.

        Raises `Fault("calls_failed")` if no row has a result.
        """
        table = context.require_rows(self.rows.value, "rows")
        count, failed = len(table), sorted(self.errors)
        if failed and len(failed) == count:
            raise Fault("calls_failed", f"none of {count:,} calls gave a result ({self._reasons()})")
        if failed:
            message = f"{len(failed):,} of {count:,} calls failed ({self._reasons()}); see .failed"
            context.mark_partial("calls_failed", message)
        results = [self.values.get(row) for row in range(count)]
        context.ensure_room(sum(map(size_of, results)))
        columns: dict[str, Column] = {**spread_columns(table, context), self.column: Cells(results)}
        aside: dict[str, Column] = {"index": Cells(failed), "error": Cells([self.errors[row] for row in failed])}
        rows = Rows("rows", columns, count, table.spans, {**table.aside, "failed": Rows("rows", aside, len(failed))})
        origins = self.rows.origins | self.origins | DERIVED | input_bits_of(self.shown)
        _, sources = merge_taint([self.rows, *answers])
        return TaintedValue(rows, origins, sources, words_of([self.rows, *answers], rows))

    def _reasons(self) -> str:
        """The errors with how often each came: `2 denied, 1 timeout`."""
        counts = Counter(self.errors.values())
        return ", ".join(f"{counts[error]:,} {error}" for error in sorted(counts))
