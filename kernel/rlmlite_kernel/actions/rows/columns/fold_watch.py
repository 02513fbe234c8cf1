"""What a fold leaves out or mixes, counted over all of its values: whatever keys and blocks they come in.

    group(h, what, {total: sum(.n)})    `n` is text in all 3 rows     "`sum(.n)`: 3 of 3 values are not numbers ..."
    max(.n) over 7, "12", 3             numbers and texts             the texts are all larger: most likely a slip
    max(.n) over "12", "7"              "7"                           the texts are numbers, and compared as texts

A watch is shown every value once, as a column or one by one, and says what it saw at the end.
"""

from collections.abc import Sequence

import numpy as np

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import Miss, Place, example_of, place_of
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.values.operators import IS_NUMBER, is_number
from rlmlite_kernel.values.values import Rows, Value
from rlmlite_kernel.values.vectors import Vector

_OF_NUMBERS = ("sum", "avg", "median", "percentile")
_OF_ENDS = ("min", "max")


class FoldWatch:
    """What one fold has seen. `label` is the fold as it is written."""

    def __init__(self, name: str, label: str, context: StepContext) -> None:
        self._name, self._label, self._context = name, label, context
        self._is_watching = context.says_nulls and name in (*_OF_NUMBERS, *_OF_ENDS)
        self._total = self._others = self._there = 0
        self._kinds: set[object] = set()
        # The row of the first value that is no number: rows come in any order, by key.
        self._first: tuple[int, str, Place | None] | None = None

    def see(self, values: Vector | Sequence[Value], rows: Rows | None, numbers: Sequence[int] | None = None) -> None:
        """The next values. They are of these rows, in order or by their numbers; the first of which has this number."""
        if not self._is_watching:
            return
        start = self._total if numbers is None else 0
        self._total += len(values)
        if isinstance(values, Vector):
            self._see_column(values, rows, start)
            return
        for at, value in enumerate(values):
            if value is not None:
                row = at if numbers is None else numbers[at]
                self._see_value(value, start + row, row, rows)

    def _see_column(self, column: Vector, rows: Rows | None, start: int) -> None:
        there = len(column) if column.is_full else len(column) - int(np.count_nonzero(column.null))
        self._there += there
        if there:
            self._kinds.add({"int": "number", "float": "number", "bool": bool, "text": str}[column.kind])
        if there and column.kind not in ("int", "float") and self._name in _OF_NUMBERS:
            self._others += there
            row = int(np.argmin(column.null))
            value = column.take(np.array([row])).values(self._context.blobs)[0]
            self._keep_first(value, start + row, row, rows)

    def _see_value(self, value: Value, number: int, row: int, rows: Rows | None) -> None:
        self._there += 1
        are_numbers = is_number(value)
        self._kinds.add("number" if are_numbers else type(value))
        if not are_numbers and self._name in _OF_NUMBERS:
            self._others += 1
            self._keep_first(value, number, row, rows)

    def _keep_first(self, value: Value, number: int, row: int, rows: Rows | None) -> None:
        if self._first is None or number < self._first[0]:
            blobs = self._context.blobs
            place = None if rows is None else place_of(rows, row, blobs)._replace(row=number + 1)
            self._first = number, example_of(resolve(value, self._context), blobs), place

    def tell(self, results: Sequence[Value]) -> None:
        """Say what was seen, now that the fold has these results."""
        if not self._is_watching:
            return
        if self._others:
            self._tell_of_others()
        if self._name in _OF_ENDS:
            self._tell_of_ends(results)
        lost = sum(value is None for value in results)
        if lost and self._is_too_large(len(results)):
            self._say(
                "too_large", "the result is too large for a decimal", "results are too large for a decimal", n=lost
            )
        elif not self._there and len(results) == 1 and (self._total or self._name != "sum"):
            made = "0" if self._name == "sum" else "null"
            why = "all values are null" if self._total else "there are no values"
            self._say("no_values", f"{why}, so the result is {made}", f"lists hold no values: the result is {made}")

    def _tell_of_others(self) -> None:
        assert self._first is not None
        _, example, place = self._first
        words = "values are not numbers and were left out"
        one, many = f"{self._others:,} of {self._total:,} {words}", "lists have values that are not numbers"
        why = "write int(...) or float(...) for texts"
        self._say("not_numbers", one, many, example, self._others, place, why)

    def _tell_of_ends(self, results: Sequence[Value]) -> None:
        if len(self._kinds) > 1:
            why = "numbers come before texts"
            self._say("kinds_mixed", "values of several kinds are compared", "lists mix kinds", why=why)
        numbers = [text for text in results if isinstance(text, str) and IS_NUMBER.fullmatch(text)]
        if numbers and self._there > len(results):
            one, many = "texts that are numbers are compared as texts", "lists have numbers as texts"
            why = '"9" comes after "10"; write int(...) or float(...) for numbers'
            self._say("texts_ordered", one, many, numbers[0], why=why)

    def _is_too_large(self, results: int) -> bool:
        """Whether null is not for want of numbers: a sum has always a result, the others of any number."""
        if self._name == "sum":
            return True
        are_numbers = self._kinds == {"number"} and self._there == self._total
        return self._name in ("avg", "median") and (are_numbers or (results == 1 and "number" in self._kinds))

    def _say(
        self,
        code: str,
        one: str,
        many: str,
        example: str = "",
        n: int = 1,
        place: Place | None = None,
        why: str = "",
    ) -> None:
        self._context.misses.open.append(Miss(code, f"`{self._label}`: {one}", many, example, why, n, place))
