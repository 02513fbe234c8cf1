"""Two sets of rows become one: union, zip, minus, join.

union puts rows below each other, zip and join beside each other, minus takes away. Columns are combined as what they
are (offsets, whole numbers, spans), so that rows which refer to text go on referring to it. A row of the result stands
for the place of its row in `a`.
"""

import numpy as np

from rlmlite_kernel.actions.rows.columns.keys import SharedKeys, as_column, key_both, key_values
from rlmlite_kernel.actions.rows.columns.select import take_rows
from rlmlite_kernel.actions.rows.rows import spread_columns
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.expressions import warn_mixed
from rlmlite_kernel.evaluation.resolve import column_values, row_values
from rlmlite_kernel.evaluation.work import ROW
from rlmlite_kernel.program.ast import Expr, Field, ListOf
from rlmlite_kernel.records.evolution import LOSSES_ARE_PARTIAL
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.values.columns import (
    Cells,
    Column,
    Constant,
    Groups,
    Ints,
    LineNumbers,
    LineTexts,
    Spans,
)
from rlmlite_kernel.values.lines.later import concatenate_alike, concatenate_spans
from rlmlite_kernel.values.memory import taken_memory
from rlmlite_kernel.values.operators import mixes_text_and_number
from rlmlite_kernel.values.tables.row_spans import RowSpans
from rlmlite_kernel.values.values import LIST, RECORDS, Rows, Value
from rlmlite_kernel.values.vectors import HasVector

MOST_PAIRS = 1_000_000
"""Pairs that `join` makes where the program gives no limit."""


def union(context: StepContext, a: Value, b: Value) -> Value:
    """The rows of both, in order; a field that only one side has is null on the other."""
    left, right = context.require_rows(a, "union's first argument"), context.require_rows(b, "union's second argument")
    if not len(left) or not len(right):
        return right if len(right) else left
    context.ensure_room(8 * (len(left) + len(right)))
    context.work(ROW * (len(left) + len(right)), f"joining {len(left) + len(right):,} rows")
    context.hold(len(left) * taken_memory(left) + len(right) * taken_memory(right))
    mine, others = spread_columns(left, context), spread_columns(right, context)
    # A list of plain values and rows with fields have no columns in common: the result is a list of both.
    if LIST in (left.kind, right.kind) and set(mine) != set(others) and "value" in {*mine, *others}:
        return [*row_values(left, context), *row_values(right, context)]
    names = dict.fromkeys([*mine, *others])
    columns = {
        name: _concatenate(
            mine.get(name, Constant(None, len(left))), others.get(name, Constant(None, len(right))), context
        )
        for name in names
    }
    spans = None if left.spans is None or right.spans is None else concatenate_spans((left.spans, right.spans))
    kind = LIST if list(names) == ["value"] and LIST in (left.kind, right.kind) else _kind(left, right, spans)
    return Rows(kind, columns, len(left) + len(right), spans)


def _kind(left: Rows, right: Rows, spans: Spans | None) -> str:
    both = [rows.spans for rows in (left, right) if isinstance(rows.spans, RowSpans)]
    if left.kind == RECORDS and not isinstance(spans, RowSpans) and not all(rows.has_text for rows in both):
        # Rows of a binary table are lines of the text of that table. Those of two tables have no text in common.
        return "rows"
    alike = left.kind == right.kind and left.kind != LIST and list(left.columns) == list(right.columns)
    return left.kind if alike else "rows"


def _concatenate(left: Column, right: Column, context: StepContext) -> Column:
    """Two columns end to end, as what they are: only what fits nothing else becomes cells."""
    if isinstance(left, Groups) and isinstance(right, Groups) and len(left.groups) == len(right.groups):
        pairs = zip(left.groups, right.groups, strict=True)
        return Groups(tuple(concatenate_spans((one, other)) for one, other in pairs), len(left) + len(right))
    made = _materialize(left, context), _materialize(right, context)
    joined = concatenate_alike(made)
    if joined is not None:
        return joined
    return Cells([*column_values(left, context), *column_values(right, context)])


def _materialize(column: Column, context: StepContext) -> Column:
    """A column whose values are computed on demand, as an array of numbers or spans if it holds such."""
    if isinstance(column, LineNumbers):
        return Ints(column.numbers(context.blobs))
    if isinstance(column, LineTexts):
        return column.lines(context.blobs)
    vector = column.vector(context.blobs) if isinstance(column, HasVector) else None
    if vector is None:
        return column
    if vector.kind == "int" and not vector.null.any():
        return Ints(vector.data)
    return vector.data if isinstance(vector.data, Spans) else column


def zip_(context: StepContext, a: Value, b: Value) -> Value:
    """Row by row, the fields of both. A list gives the field `a` or `b`; a name that is in use gets `_2`."""
    left, right = context.require_rows(a, "zip's first argument"), context.require_rows(b, "zip's second argument")
    count = min(len(left), len(right))
    context.work(ROW * count, f"pairing {count:,} rows")
    if len(left) > count:
        context.hold(count * taken_memory(left))
    if len(right) > count:
        context.hold(count * taken_memory(right))
    if len(left) != len(right):
        longer = max(len(left), len(right))
        context.warn(
            f"zip paired {count:,} rows; {longer - count:,} rows of the longer side have no partner",
            code="rows_unpaired",
        )
    mine, others = (_named_fields(rows.slice(0, count), name, context) for rows, name in ((left, "a"), (right, "b")))
    return Rows("rows", _place_beside(mine, others), count, left.slice(0, count).spans)


def _named_fields(rows: Rows, name: str, context: StepContext) -> dict[str, Column]:
    columns = spread_columns(rows, context)
    return {name: columns["value"]} if rows.kind == LIST and list(columns) == ["value"] else columns


def _place_beside(left: dict[str, Column], right: dict[str, Column]) -> dict[str, Column]:
    columns = dict(left)
    for name, column in right.items():
        free, number = name, 2
        while free in columns:
            free, number = f"{name}_{number}", number + 1
        columns[free] = column
    return columns


def minus(context: StepContext, a: Value, b: Value, on: Expr | None) -> Value:
    """The rows of `a` that are not in `b`, as a whole or by a key."""
    left, right = context.require_rows(a, "minus's first argument"), context.require_rows(b, "minus's second argument")
    both = key_both(left, right, on, context)
    known = np.zeros(1 + int(max(both.left.max(initial=0), both.right.max(initial=0))), bool)
    known[both.right] = True
    apart = ~known[both.left]
    if apart.all():
        _warn_if_mixed("minus", left, right, on, context)
    return take_rows(left, np.flatnonzero(apart).astype(np.int64), context)


def join(context: StepContext, a: Value, b: Value, on: Expr, limit: int) -> Value:
    """Each row of `a` with each row of `b` that has the same key, ordered by `a`, then `b`; null matches nothing."""
    left, right = context.require_rows(a, "join's first argument"), context.require_rows(b, "join's second argument")
    both = key_both(left, right, on, context)
    _announce_pairs(min(limit, _count_pairs(both)), left, right, context)
    firsts, seconds, pairs = _pair_rows(both, limit)
    if not pairs:
        _warn_if_mixed("join", left, right, on, context)
    if context.says_nulls:
        _tell_of_null_keys(both, context)
    if pairs > limit:
        _tell_of_cut(limit, pairs, context)
    context.ensure_room(16 * len(firsts))
    keys = _key_columns(on)
    of_left = {name: column.take(firsts) for name, column in spread_columns(left, context).items()}
    of_right = {name: col.take(seconds) for name, col in spread_columns(right, context).items() if name not in keys}
    spans = None if left.spans is None else left.spans.take(firsts)
    return Rows("rows", _place_beside(of_left, of_right), len(firsts), spans)


def _tell_of_cut(limit: int, pairs: int, context: StepContext) -> None:
    """A limit that the program chose is only said; the one of the action makes the answer partial."""
    message = f"join kept the first {limit:,} of {pairs:,} pairs"
    if limit != MOST_PAIRS and context.follows(LOSSES_ARE_PARTIAL):
        context.note(message, code="join")
    else:
        context.mark_partial("join", f"{message}; join fewer rows, or raise limit=")


def _announce_pairs(pairs: int, left: Rows, right: Rows, context: StepContext) -> None:
    """Refuse so many pairs before they are made, if they are too many."""
    context.work(ROW * pairs, f"joining {pairs:,} pairs")
    # Besides the columns: five arrays of one number for each pair.
    context.hold(pairs * (taken_memory(left) + taken_memory(right) + 5 * 8))


def _count_pairs(both: SharedKeys) -> int:
    """How many pairs of rows have the same key."""
    left, right = both.left[both.left_there], both.right[both.right_there]
    key_count = 1 + int(max(both.left.max(initial=-1), both.right.max(initial=-1)))
    return int(np.bincount(right, minlength=key_count).astype(np.int64)[left].sum())


def _key_columns(on: Expr) -> set[str]:
    """The columns that make up a key; they are in the result once, not twice."""
    parts = map(as_column, on.items if isinstance(on, ListOf) else (on,))
    return {part.name for part in parts if isinstance(part, Field)}


def _pair_rows(both: SharedKeys, limit: int) -> tuple[IntArray, IntArray, int]:
    """The first `limit` pairs of rows with the same key, and how many there are in all.

    A join by counting. The rows of `b` are sorted by key number, so that those with one key are a range; each row of
    `a` takes the range of its key:

        keys of a: 0 2 0    keys of b: 2 0 2      b sorted: row 1 | rows 0, 2      ranges: key 0 at 0, key 2 at 1
        pairs: (0, 1) (1, 0) (1, 2) (2, 1)

    No pair beyond the limit is made, and rows whose key has a null take no part.
    """
    left, right = np.flatnonzero(both.left_there), np.flatnonzero(both.right_there)
    key_count = 1 + int(max(both.left.max(initial=-1), both.right.max(initial=-1)))
    range_sizes = np.bincount(both.right[right], minlength=key_count).astype(np.int64)
    range_starts = np.cumsum(range_sizes) - range_sizes
    right_by_key = right[np.argsort(both.right[right], kind="stable")]

    partners = range_sizes[both.left[left]]  # of each row of `a`
    pairs_so_far = np.cumsum(partners)
    total = int(pairs_so_far[-1]) if len(pairs_so_far) else 0
    rows_needed = int(np.searchsorted(pairs_so_far, limit)) + 1
    left, partners = left[:rows_needed], partners[:rows_needed].copy()
    if total > limit:
        partners[-1] -= int(partners.sum()) - limit  # the last row keeps only what the limit leaves

    firsts = np.repeat(left, partners)
    first_pair_of_row = np.repeat(np.cumsum(partners) - partners, partners)
    place_in_range = np.arange(len(firsts)) - first_pair_of_row
    range_of_row = np.repeat(range_starts[both.left[left]], partners)
    return firsts, right_by_key[range_of_row + place_in_range], total


def _warn_if_mixed(what: str, left: Rows, right: Rows, on: Expr | None, context: StepContext) -> None:
    """Warn if nothing matched, and one side has text where the other has numbers: most likely a slip."""
    if not len(left) or not len(right):
        return
    sampled = _SAMPLED if context.says_nulls else 1
    with context.unsaid():
        sides = [key_values(rows.slice(0, min(sampled, len(rows))), on, context) for rows in (left, right)]
    # Nulls match nothing, and say nothing of the others.
    one, other = (next((key for key in keys if key is not None), None) for keys in sides)
    pairs = zip(one, other, strict=False) if isinstance(one, list) and isinstance(other, list) else [(one, other)]
    for a, b in pairs:
        if mixes_text_and_number(a, b):
            warn_mixed(what, context, a, b)
            return


_SAMPLED = 1_000
"""Rows that are looked at for a key that is there."""


def _tell_of_null_keys(both: SharedKeys, context: StepContext) -> None:
    """Say how many rows match nothing because they have no key."""
    for name, there in (("first", both.left_there), ("second", both.right_there)):
        lost = len(there) - int(there.sum())
        if lost:
            message = f"{lost:,} of {len(there):,} rows of the {name} argument have no key: null matches nothing"
            context.remark(StepRemark(message, code="keys_null", n=lost))
