"""sort, top and distinct over rows that are lines: the same rows in another order, or some of them.

Sorting holds the keys of all rows and their order. top needs neither: the k rows with the largest key are among the k
of each block, so each block hands on k rows, and these are sorted together.

    top(lines, 2, by=.ms)    block 1: rows 7, 3    block 2: rows 19, 12      the best two of 7, 3, 19, 12
"""

import numpy as np

from rlmlite_kernel.actions.batches import Batches
from rlmlite_kernel.actions.rows.columns.keys import row_order, tell_of_order
from rlmlite_kernel.actions.rows.lines.computed import names_in
from rlmlite_kernel.actions.rows.lines.keyed import key_lines
from rlmlite_kernel.actions.rows.lines.passes import charge_pass, open_parts
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.work import ROW
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.values.lines.line_rows import LineRows
from rlmlite_kernel.values.memory import taken_memory
from rlmlite_kernel.values.values import LIST

_MOST_FROM_BLOCK = 4_096
"""Rows of `top` up to which each block hands on so many; for more, all are sorted."""


def sort_lines(lines: LineRows, by: Expr | None, desc: bool, context: StepContext) -> LineRows:
    """The rows in the order of a key. What is held is their keys, and then their order."""
    names = _key_names(lines, by)
    charge_pass(lines, names, context)
    keys = lines.with_fields(lines.kind, {name: lines.fields[name] for name in names})
    context.hold(len(lines) * (taken_memory(keys) + 8))
    opened = keys.opened(context.blobs)
    in_order = row_order(opened, by, desc, context)
    tell_of_order(opened, by, in_order, context)
    return lines.take(in_order)


def top_lines(lines: LineRows, k: int, by: Expr | None, desc: bool, context: StepContext) -> LineRows:
    """The k rows with the largest key; ties by position."""
    if k > _MOST_FROM_BLOCK:
        return sort_lines(lines, by, desc, context).slice(0, min(k, len(lines)))
    names = _key_names(lines, by)
    candidates = [np.zeros(0, np.int64)]
    batches = Batches(context, results_too=True)
    first = 0
    for _, rows in open_parts(lines, names, context):
        with batches.batch():
            candidates.append(row_order(rows, by, desc, context)[:k] + first)
        context.hold(8 * len(candidates[-1]))
        first += len(rows)
    numbers = np.concatenate(candidates)
    context.work(ROW * len(numbers), "sorting the first rows of each block")
    best = lines.take(numbers)
    keys = best.with_fields(lines.kind, {name: lines.fields[name] for name in names})
    charge_pass(keys, names, context)
    opened = keys.opened(context.blobs)
    with context.unsaid():
        in_order = row_order(opened, by, desc, context)
    tell_of_order(opened, by, in_order, context)
    return best.take(in_order[:k])


def distinct_lines(lines: LineRows, by: Expr | None, context: StepContext) -> LineRows:
    """The first row of each key."""
    return lines.take(np.array(key_lines(lines, by, context).firsts, np.int64))


def _key_names(lines: LineRows, by: Expr | None) -> frozenset[str]:
    """The fields that a key may look at; the whole row without one, of a list its values."""
    if by is None:
        return frozenset({"value"}) if lines.kind == LIST else frozenset(lines.fields)
    return names_in(by) & lines.fields.keys()
