"""count_by, group and distinct over rows that are lines: the keys of each block, numbered among the keys of all.

    block 1    keys WARN ERROR    numbers of all: 0 1
    block 2    keys ERROR INFO    numbers of all: 1 2      places [1, 2]

What is held is each key once, the row that has it first, and what the folds hold for it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.actions.batches import Batches
from rlmlite_kernel.actions.rows.columns.fold_watch import FoldWatch
from rlmlite_kernel.actions.rows.columns.keys import key_rows
from rlmlite_kernel.actions.rows.lines.computed import names_in
from rlmlite_kernel.actions.rows.lines.fold_states import FoldState
from rlmlite_kernel.actions.rows.lines.passes import open_parts
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.sums import Tally
from rlmlite_kernel.evaluation.columns.expressions import evaluate_columns
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.evaluation.row_expressions import RowCompiler
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.values.lines.line_rows import LineRows
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.operators import group_key
from rlmlite_kernel.values.row_keys import Keys
from rlmlite_kernel.values.values import Rows, Value
from rlmlite_kernel.values.vectors import Vector

_KEY_MEMORY = 250
"""Bytes of memory of a key besides its own: its places in a dictionary and in lists, and the row that has it first."""


class Fold(NamedTuple):
    """What is folded, where it has got to, and what it has seen; None for count(), which needs no values."""

    expr: Expr | None
    state: FoldState | None
    watch: FoldWatch | None = None


class KeysOfAll:
    """The keys of all blocks so far, in order of appearance, how many rows each has, and which has it first."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._numbers: dict[object, int] = {}
        self.values: list[Value] = []
        self.firsts: list[int] = []
        self._counts = Tally()
        self._rows = 0

    @property
    def counts(self) -> list[int]:
        """How many rows each key has."""
        return self._counts.numbers(len(self.values))

    def add(self, keys: Keys, values: Sequence[Value]) -> IntArray:
        """Take the keys of the next block; returns which key of all each of them is."""
        known, numbers = len(self.values), self._numbers
        marks = list(map(group_key, values))
        # Nearly all keys of a block are known from those before it.
        places = np.array([numbers.get(mark, -1) for mark in marks], np.int64)
        for code in np.flatnonzero(places < 0).tolist():
            places[code] = numbers.setdefault(marks[code], len(self.values))
            if places[code] == len(self.values):
                self.values.append(values[code])
                self.firsts.append(self._rows + int(keys.firsts[code]))
        added = self.values[known:]
        self._rows += len(keys.codes)
        self._counts.add(places, keys.counts)
        size = sum(self._context.size_of(value) for value in added)
        self._context.hold_size(size + _KEY_MEMORY * len(added) // MEMORY_PER_VALUE_BYTE)
        return places


def key_lines(lines: LineRows, by: Expr | None, context: StepContext, folds: Sequence[Fold] = ()) -> KeysOfAll:
    """The keys of rows, and what folds make of the rows of each. Raises `NotByBlocksError`."""
    keys_of_all = KeysOfAll(context)
    batches = Batches(context, results_too=True)
    wanted = frozenset(lines.fields) if by is None else names_in(by, *(fold.expr for fold in folds))
    for _, rows in open_parts(lines, wanted, context):
        with batches.batch():
            keyed = key_rows(rows, by, context)
            folded = [_values_of(fold.expr, rows, context) for fold in folds]
        places = keys_of_all.add(keyed.keys, keyed.values)
        for fold, values in zip(folds, folded, strict=True):
            if values is not None and fold.watch is not None:
                fold.watch.see(values, rows)
            if values is not None and fold.state is not None:
                fold.state.add(values, keyed.keys, places, context)
    return keys_of_all


def _values_of(expr: Expr | None, rows: Rows, context: StepContext) -> Vector | list[Value] | None:
    """The values that are folded, as a vector if they can be."""
    if expr is None:
        return None
    vector = evaluate_columns(rows, expr, context)
    if vector is not None:
        return vector
    work = RowCompiler(rows, context).compile(expr)
    return [resolve(work(row), context) for row in range(len(rows))]
