"""The keys of rows: what sort, distinct, count_by, group, join and minus work by.

A key may be a field, an expression, several of these, or the whole row. Each action needs only to know which rows share
a key, so keys become small numbers, the same number for equal keys, and everything after that is arithmetic:

    count_by(hits, level)      levels ERROR WARN ERROR      codes 0 1 0, first rows 0 1

There are two ways to the numbers. The definition is row by row: evaluate the key, make it plain, look it up. For many
rows whose key is a column of numbers or texts, vectors give the same numbers without a Python object per row.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray
from rlmlite_kernel.engines.sheets.spans import LONGEST
from rlmlite_kernel.engines.spelled.moments import mixes_clocks
from rlmlite_kernel.evaluation.columns.expressions import evaluate_columns
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import gather, resolve, row_values
from rlmlite_kernel.evaluation.row_expressions import RowCompiler
from rlmlite_kernel.evaluation.texts import has_field
from rlmlite_kernel.evaluation.work import NODE, READ, ROW
from rlmlite_kernel.program.ast import Attr, Expr, Field, ListOf, Lit, Unary, Var
from rlmlite_kernel.records.evolution import CHARGED_BEFORE, ROWS_BY_RECIPE, TIMES_AND_STEMS
from rlmlite_kernel.values.columns import Spans
from rlmlite_kernel.values.memory import LONG, MEMORY_PER_VALUE_BYTE, text_bytes
from rlmlite_kernel.values.operators import IS_NUMBER, group_key, sort_key
from rlmlite_kernel.values.row_keys import Keys, concatenate_vectors, keys_of, sort_rows
from rlmlite_kernel.values.values import LIST, Rows, Value
from rlmlite_kernel.values.vectors import Vector, are_many, vector_of


class KeyedRows(NamedTuple):
    """Rows by key: the key number of each row, and each key as a plain value. `vector`: the column, if it is one."""

    keys: Keys
    values: list[Value]
    vector: Vector | None = None


def key_rows(rows: Rows, by: Expr | None, context: StepContext) -> KeyedRows:
    """Number the rows by their key; without `by` the whole row is the key."""
    _charge_keys(len(rows), context)
    vectors = _key_vectors(rows, by, context)
    keys = None if vectors is None else keys_of(vectors, context.blobs)
    if vectors is None or keys is None:
        values = key_values(rows, by, context)
        keys = number_values(values)
        return KeyedRows(keys, [values[row] for row in keys.firsts.tolist()])
    single = vectors[0] if len(vectors) == 1 and not isinstance(by, ListOf) else None
    if single is not None and context.follows(ROWS_BY_RECIPE):
        return KeyedRows(keys, _values_of_keys(single.take(keys.firsts), context), single)
    return KeyedRows(keys, key_values(rows.take(keys.firsts), by, context), single)


def _values_of_keys(vector: Vector, context: StepContext) -> list[Value]:
    """The values of a column, each of which is a key, as plain values. Its texts have been charged for."""
    context.work(ROW * len(vector), f"making {len(vector):,} keys")
    texts = vector.bytes(context.blobs) if vector.kind == "text" else None
    if texts is None:
        return gather((resolve(value, context) for value in vector.values(context.blobs)), context)
    values: list[Value] = [text.decode() for text in texts.texts()]
    for row in np.flatnonzero(vector.null).tolist():
        values[row] = None
    return gather(values, context)


def number_values(values: Sequence[Value]) -> Keys:
    """Numbers for plain values, in order of appearance: equal values share one."""
    numbers: dict[object, int] = {}
    firsts: list[int] = []
    codes = np.zeros(len(values), np.int64)
    for row, value in enumerate(values):
        key = group_key(value)
        if key not in numbers:
            numbers[key] = len(firsts)
            firsts.append(row)
        codes[row] = numbers[key]
    return Keys(codes, np.array(firsts, np.int64))


def _charge_keys(rows: int, context: StepContext) -> None:
    """Charge the numbering of keys, and the arrays that it takes."""
    context.work(ROW * rows, f"numbering the keys of {rows:,} rows")
    context.ensure_fits(_ARRAYS * 8 * rows // MEMORY_PER_VALUE_BYTE)


_ARRAYS = 8
"""Arrays of one number for each row that sorting and numbering needs at a time."""


class SharedKeys(NamedTuple):
    """The number of each row's key, the same on both sides for the same key, and whether no part of it is null."""

    left: IntArray
    right: IntArray
    left_there: BoolArray
    right_there: BoolArray


def key_both(left: Rows, right: Rows, by: Expr | None, context: StepContext) -> SharedKeys:
    """The keys of two tables, with one numbering for both."""
    _charge_keys(len(left) + len(right), context)
    mine, others = _key_vectors(left, by, context, len(right)), _key_vectors(right, by, context, len(left))
    if mine is not None and others is not None and _same_columns(left, right, by):
        pairs = [concatenate_vectors(one, other, context.blobs) for one, other in zip(mine, others, strict=True)]
        joined = [pair for pair in pairs if pair is not None]
        keys = keys_of(joined, context.blobs) if len(joined) == len(pairs) else None
        if keys is not None:
            return _split_sides(keys.codes, ~np.any([vector.null for vector in joined], axis=0), len(left))
    values = [*key_values(left, by, context), *key_values(right, by, context)]
    is_list_of_parts = isinstance(by, ListOf)
    there = np.array([_has_no_null(value, is_list_of_parts) for value in values], bool)
    return _split_sides(number_values(values).codes, there, len(left))


def _has_no_null(key: Value, is_list_of_parts: bool) -> bool:
    return None not in key if is_list_of_parts and isinstance(key, list) else key is not None


def _split_sides(codes: IntArray, there: BoolArray, count: int) -> SharedKeys:
    return SharedKeys(codes[:count], codes[count:], there[:count], there[count:])


def _same_columns(left: Rows, right: Rows, by: Expr | None) -> bool:
    return by is not None or list(left.columns) == list(right.columns)


def _key_vectors(rows: Rows, by: Expr | None, context: StepContext, beside: int = 0) -> list[Vector] | None:
    """The parts of a key as vectors, if all of them can be."""
    if not are_many(len(rows) + beside):
        return None
    if by is None:
        found = [vector_of(column, context.blobs) for column in rows.columns.values()]
    else:
        parts = by.items if isinstance(by, ListOf) else (by,)
        found = [
            evaluate_columns(rows, _without_rows_name(as_column(part), rows, context), context, beside)
            for part in parts
        ]
    vectors = [vector for vector in found if vector is not None]
    if not vectors or len(vectors) < len(found):
        return None
    for vector in vectors:
        if isinstance(vector.data, Spans):
            longest = vector.data.longest()
            if longest > LONGEST:
                # Told apart one by one, where rows of one text share one string.
                if context.follows(CHARGED_BEFORE):
                    return None
                context.work(NODE * longest, "comparing long texts")
            context.work(READ * text_bytes(vector.data, context.blobs), "comparing texts")
    return vectors


def row_order(rows: Rows, by: Expr | None, desc: bool, context: StepContext) -> IntArray:
    """The row numbers in sorted order; a `-` before a key reverses its order."""
    _charge_keys(len(rows), context)
    parts = [_direction(part) for part in (by.items if isinstance(by, ListOf) else (by,))]
    if by is not None or rows.kind == LIST:
        vectors = [(_key_vectors(rows, expr, context), desc is not backwards) for expr, backwards in parts]
        single = [(found[0], falling) for found, falling in vectors if found is not None]
        can_be_sorted = len(single) == len(parts)
        if can_be_sorted:
            # Texts are sorted as strings.
            texts = [vector.data for vector, _ in single if isinstance(vector.data, Spans)]
            context.hold(sum(64 * len(spans) + text_bytes(spans, context.blobs) for spans in texts))
        in_order = sort_rows(single, context.blobs) if can_be_sorted else None
        if in_order is not None:
            return in_order
    numbers = list(range(len(rows)))
    for expr, backwards in reversed(parts):  # one pass a key, the last key first
        keys = _sort_keys(key_values(rows, expr, context))
        numbers.sort(key=keys.__getitem__, reverse=desc is not backwards)
    return np.array(numbers, np.int64)


def tell_of_order(rows: Rows, by: Expr | None, in_order: IntArray, context: StepContext) -> None:
    """Say that texts which are numbers were put in the order of texts: "10" before "9". Looks at 1,000 rows at most."""
    expr, _ = _direction(by.items[0] if isinstance(by, ListOf) and by.items else by)
    if not context.says_nulls or len(in_order) < 2 or (expr is None and rows.kind != LIST):
        return
    sampled = np.unique(np.linspace(0, len(in_order) - 1, min(len(in_order), _SAMPLED)).astype(np.int64))
    # What the keys miss was said when the rows were sorted.
    with context.unsaid():
        keys = [key for key in key_values(rows.take(in_order[sampled]), expr, context) if key is not None]
    texts = [key for key in keys if isinstance(key, str) and len(key) <= LONG and IS_NUMBER.fullmatch(key)]
    numbers = [float(text) for text in texts]
    if len(texts) == len(keys) and sorted(numbers) not in (numbers, numbers[::-1]):
        message = 'texts that are numbers are in the order of texts, "10" before "9": sort by int(...) or float(...)'
        context.warn(message, texts[0], code="texts_ordered")
    _tell_of_clocks(keys, context)


def _tell_of_clocks(keys: Sequence[Value], context: StepContext) -> None:
    """Say that times with and without an offset from UTC were put in one order, which they have not."""
    if not context.follows(TIMES_AND_STEMS):
        return
    times = [key for key in keys if isinstance(key, str) and key[10:11] == "T"]
    other = next((time for time in times if mixes_clocks(times[0], time)), None)
    if other is not None:
        message = "times with an offset from UTC and times without one are in no order: say time(..., zone=) of these"
        context.warn(message, f"{times[0]}, {other}", code="kinds_mixed")


_SAMPLED = 1_000


def _sort_keys(values: Sequence[Value]) -> Sequence[Any]:
    """What sorts as the values do."""
    if not any(type(value) is str and len(value) > LONG for value in values):
        return [sort_key(value) for value in values]
    # Long texts that begin alike take long to compare, so each of them is compared once, not in all of its rows.
    numbered = number_values(values)
    distinct = [sort_key(values[row]) for row in numbered.firsts.tolist()]
    in_order = sorted(range(len(distinct)), key=distinct.__getitem__)
    ranks = np.zeros(len(distinct), np.int64)
    ranks[in_order] = np.arange(len(distinct))
    return list(ranks[numbered.codes].tolist())


def _direction(part: Expr | None) -> tuple[Expr | None, bool]:
    return (part.of, True) if isinstance(part, Unary) and part.op == "-" else (part, False)


def key_values(rows: Rows, by: Expr | None, context: StepContext) -> list[Value]:
    """The key of every row, texts as strings; the whole row without `by`."""
    if by is None:
        context.work(NODE * len(rows) * (1 + len(rows.columns)), f"comparing {len(rows):,} rows")
        return gather((resolve(value, context) for value in row_values(rows, context)), context)
    if isinstance(by, ListOf):
        return [list(row) for row in zip(*(key_values(rows, part, context) for part in by.items), strict=True)]
    work = RowCompiler(rows, context).compile(_without_rows_name(as_column(by), rows, context))
    return gather((resolve(work(row), context) for row in range(len(rows))), context)


def as_column(node: Expr) -> Expr:
    """A key as a row expression: bare `n`, `"n"` and `.n` are one."""
    if isinstance(node, Var):
        return Field(node.name)
    if isinstance(node, Lit) and isinstance(node.v, str):
        return Field(node.v)
    if isinstance(node, Attr) and isinstance(node.of, Var | Attr):
        return Attr(as_column(node.of), node.name)
    return node


def _without_rows_name(node: Expr, rows: Rows, context: StepContext) -> Expr:
    """`hits.line` as the key of hits is their column `line`, unless they have a column `hits`."""
    if isinstance(node, Attr) and isinstance(node.of, Field) and not has_field(rows, node.of.name, context):
        return Field(node.name)
    return node
