"""Row expressions over whole columns with NumPy.

Returns exactly what `row_expressions` returns, or None where it cannot. `row_expressions` is the specification: what
gives a warning (text met a number, no row has the field), and what is not plain arithmetic, comparison or logic, is
left to it.

    .size * 2 > 10 over a column [3, 9, null]
    [3, 9, 0] * 2 = [6, 18, 0] with nulls [no, no, yes]; > 10 gives [false, true, false], as null compares with nothing
"""

from typing import Any

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray
from rlmlite_kernel.engines.sheets.matching import match_texts
from rlmlite_kernel.engines.sheets.spans import LONGEST
from rlmlite_kernel.engines.sheets.times import may_mix_clocks
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.columns.arithmetic import WORK, Part, RowByRowError, calculate, comparable
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.expressions import evaluate, matcher_of
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.evaluation.work import column_work_of_row
from rlmlite_kernel.program.ast import (
    LOGIC,
    MATCHES,
    MEMBERSHIP,
    Binary,
    Call,
    Expr,
    Field,
    Lit,
    Slice,
    Unary,
    walk_expr,
)
from rlmlite_kernel.program.binding import has_free_field
from rlmlite_kernel.records.evolution import ROWS_BY_RECIPE
from rlmlite_kernel.values.columns import Spans
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE, taken_memory
from rlmlite_kernel.values.operators import ARITHMETIC, group_key
from rlmlite_kernel.values.row_keys import keys_of
from rlmlite_kernel.values.values import Rows
from rlmlite_kernel.values.vectors import CodedSpans, Vector, are_many, vector_of, whole_numbers

_SCANNED_PER_UNIT = 8
"""Bytes that are looked through for one unit of work: this is a plain search for bytes."""


def rows_where(rows: Rows, cond: Expr, context: StepContext) -> IntArray | None:
    """The rows for which a condition holds, or None where it has to be evaluated row by row."""
    vector = evaluate_columns(rows, cond, context)
    return None if vector is None else np.flatnonzero(_truth(vector, context)).astype(np.int64)


def rows_where_some(rows: Rows, count: int, cond: Expr, context: StepContext) -> IntArray | None:
    """As `rows_where` of so many rows, and charged for them all: the condition is false for all others but `rows`.

    It only compares texts, so it warns of nothing. None where it has to be evaluated row by row.
    """
    try:
        part = _Columns(rows, context).part(cond) if len(rows) else None
    except RowByRowError:
        return None
    _charge_columns(cond, count, context)
    if context.says_nulls:
        context.misses.count_rows(cond, rows, count)
    return np.flatnonzero(_truth(part, context)) if isinstance(part, Vector) else np.zeros(0, np.int64)


def evaluate_columns(rows: Rows, node: Expr, context: StepContext, beside: int = 0) -> Vector | None:
    """A row expression as a vector, or None where it has to be evaluated row by row.

    `beside` counts rows of another table that its values are to meet, as in a join.
    """
    if not are_many(len(rows) + beside) or not len(rows) or not has_free_field(node, context.table):
        return None
    _charge_columns(node, len(rows), context)
    try:
        part = _Columns(rows, context).part(node)
    except RowByRowError:
        return None
    if not isinstance(part, Vector):
        return None
    if context.says_nulls:
        context.misses.count_rows(node, rows)
    return part


def _charge_columns(node: Expr, rows: int, context: StepContext) -> None:
    context.work(column_work_of_row(node) * rows, f"evaluating an expression over {rows:,} rows")
    # Three arrays at a time: two operands and their result.
    context.ensure_fits(3 * 8 * rows // MEMORY_PER_VALUE_BYTE)


class _Columns:
    """Evaluates row expressions over the columns of one set of rows."""

    def __init__(self, rows: Rows, context: StepContext) -> None:
        self._rows, self._context = rows, context

    def part(self, node: Expr) -> Part:
        """The value of an expression. Raises `RowByRowError`."""
        if isinstance(node, Field):
            return self._field(node.name)
        if isinstance(node, Lit):
            return node.v
        if not has_free_field(node, self._context.table):
            return resolve(evaluate(node, self._context).value, self._context)
        if isinstance(node, Unary):
            return self._unary(node)
        if isinstance(node, Binary):
            return self._binary(node)
        if isinstance(node, Slice):
            return self._slice(node)
        if isinstance(node, Call) and node.name == "int" and len(node.args) == 1 and not node.named:
            return self._whole_numbers(node.args[0])
        raise RowByRowError

    def _field(self, name: str) -> Vector:
        column = access.column_name(self._rows, name)
        vector = None if column is None else vector_of(self._rows.columns[column], self._context.blobs)
        if vector is None or vector.nothing:
            raise RowByRowError
        return vector

    def _vector(self, node: Expr) -> Vector:
        part = self.part(node)
        if not isinstance(part, Vector):
            raise RowByRowError
        return part

    def _whole_numbers(self, node: Expr) -> Vector:
        """`int(.x)` of texts that are digits."""
        numbers = whole_numbers(self._vector(node), self._context.blobs)
        if numbers is None:
            raise RowByRowError
        return numbers

    def _unary(self, node: Unary) -> Vector:
        of = self._vector(node.of)
        if node.op == "not":
            return _flags(~_truth(of, self._context))
        if of.kind != "int":
            raise RowByRowError
        return calculate("-", 0, of, self._context)

    def _require_flag(self) -> None:
        """Runs of before were charged for these row by row. Raises `RowByRowError`."""
        if not self._context.follows(ROWS_BY_RECIPE):
            raise RowByRowError

    def _logic(self, node: Binary) -> BoolArray:
        """`and` and `or`. A pattern on the right is looked for only in the rows that the left side leaves open."""
        left = _truth(self._vector(node.left), self._context)
        if not any(isinstance(part, Binary) and part.op in MATCHES for part in walk_expr(node.right)):
            right = _truth(self._vector(node.right), self._context)
            return left & right if node.op == "and" else left | right
        is_open = left if node.op == "and" else ~left
        rows = np.flatnonzero(is_open).astype(np.int64)
        self._context.hold(len(rows) * taken_memory(self._rows))
        right_of_open = _Columns(self._rows.take(rows), self._context)._vector(node.right)
        holds = left.copy()
        holds[rows] = _truth(right_of_open, self._context)
        return holds

    def _slice(self, node: Slice) -> Vector:
        """`.day[0:7]` of texts that all are so long: a place beyond the end of one gives a warning."""
        self._require_flag()
        of = self._vector(node.of)
        low, high = _bound(node.lo), _bound(node.hi)
        if of.kind != "text" or not isinstance(of.data, Spans) or low is None or (node.hi is not None and high is None):
            raise RowByRowError
        rows = np.flatnonzero(~of.null)
        texts = of.take(rows).bytes(self._context.blobs) if len(of.data.blobs) == 1 else None
        cut = None if texts is None or (high is not None and low > high) else texts.cut(low, high)
        if cut is None:
            raise RowByRowError
        starts, stops = np.full((2, len(of)), -1, np.int64)
        starts[rows], stops[rows] = cut
        return Vector("text", of.null, Spans(of.data.blobs, starts, stops))

    def _binary(self, node: Binary) -> Vector:
        if node.op in LOGIC:
            return _flags(self._logic(node))
        if node.op in MATCHES:
            self._require_flag()
            return _flags(_matches(node, self._vector(node.left), self._context))
        left_part, right_part = self.part(node.left), self.part(node.right)
        if node.op in ARITHMETIC:
            return calculate(node.op, left_part, right_part, self._context)
        if node.op in MEMBERSHIP:
            return _flags(_membership(node.op, left_part, right_part, self._context))
        return _flags(_compare(node.op, left_part, right_part, self._context))


def _bound(node: Expr | None) -> int | None:
    """A bound of a slice as it is written, from the start; None for any other."""
    if node is None:
        return 0
    is_place = isinstance(node, Lit) and type(node.v) is int and node.v >= 0
    return node.v if is_place else None  # type: ignore[union-attr, return-value]


def _matches(node: Binary, texts: Vector, context: StepContext) -> BoolArray:
    """`.text matches /re/`, charged as row by row."""
    spans = texts.bytes(context.blobs) if texts.kind == "text" else None
    matcher = matcher_of(node.right, context)
    if spans is None:
        raise RowByRowError
    work = int(spans.lengths[~texts.null].sum()) * matcher.weight
    # With too little work left, how far it goes is said row by row.
    found = match_texts(spans, matcher) if work <= context.budget_left("search_work") else None
    if found is None:
        raise RowByRowError
    context.charge("search_work", work, "`matches`")
    return _as_flags((~texts.null & found) == (node.op == "matches"))


def _flags(holds: BoolArray) -> Vector:
    return Vector("bool", np.zeros(len(holds), bool), holds)


def _as_flags(holds: Any) -> BoolArray:
    """The result of an array operation that the type checker cannot follow."""
    return np.asarray(holds, bool)


def _truth(vector: Vector, context: StepContext) -> BoolArray:
    """Which values count as true."""
    if vector.kind != "text":
        holds: BoolArray = vector.data if vector.kind == "bool" else vector.data != 0
        return holds if vector.is_full else ~vector.null & holds
    if isinstance(vector.data, Spans):
        # Their places say enough: texts of several contents would be copied.
        return _as_flags(~vector.null & (vector.data.stops > vector.data.starts))
    texts = vector.bytes(context.blobs)
    if texts is None:
        raise RowByRowError
    return ~vector.null & (texts.lengths > 0)


def _compare(op: str, left: Part, right: Part, context: StepContext) -> BoolArray:
    """Compares values of one kind. Null equals null and nothing else.

    Different kinds are left to `row_expressions`, which warns of them.
    """
    if not isinstance(left, Vector):
        left, right, op = right, left, _TURNED[op]
    # `has_free_field` made sure that one of the two depends on the row.
    assert isinstance(left, Vector)
    if left.is_full and right is not None and (not isinstance(right, Vector) or right.is_full):
        return _compare_values(op, left, right, context)
    if isinstance(right, Vector):
        there, neither = ~left.null & ~right.null, left.null & right.null
    else:
        there, neither = ~left.null & (right is not None), left.null & (right is None)
    holds = there if right is None else _compare_values(op, left, right, context)
    if op == "!=":
        return ~neither & (~there | holds)
    return (there & holds) | neither if op == "==" else there & holds


def _compare_values(op: str, left: Vector, right: Part, context: StepContext) -> BoolArray:
    """What holds of values that are there; of nulls anything may come out."""
    if left.kind == "text":
        return _compare_texts(op, left, right, context)
    if left.kind == "bool":
        return _compare_flags(op, left, right)
    return _as_flags(WORK[op](*comparable(left, right)))


def _compare_texts(op: str, left: Vector, right: Part, context: StepContext) -> BoolArray:
    if isinstance(left.data, CodedSpans) and isinstance(right, str):
        of_dictionary = _compare_texts(op, left.data.as_vector(), right, context)
        return _hand_out(of_dictionary, left.data)
    texts = left.bytes(context.blobs)
    if texts is None or texts.longest() > LONGEST:
        raise RowByRowError
    if isinstance(right, str):
        if op in ("==", "!="):
            return _as_flags(texts.equal_to(right.encode()) == (op == "=="))
        if may_mix_clocks(texts, right):
            # Row by row it is said which times have no order.
            raise RowByRowError
        return _as_flags(WORK[op](texts.order_to(right.encode()), 0))
    if not isinstance(right, Vector) or right.kind != "text" or op not in ("==", "!="):
        raise RowByRowError
    others = right.bytes(context.blobs)
    if others is None:
        raise RowByRowError
    rows = np.arange(len(texts))
    return _as_flags(texts.equal(others, rows, rows) == (op == "=="))


def _hand_out(holds: BoolArray, texts: CodedSpans) -> BoolArray:
    """What holds of each text of a dictionary, for the rows; never for null."""
    return _as_flags(np.append(holds, False)[texts.codes])


def _compare_flags(op: str, left: Vector, right: Part) -> BoolArray:
    if not isinstance(right, bool) or op not in ("==", "!="):
        raise RowByRowError
    return _as_flags(WORK[op](left.data, right))


def _membership(op: str, left: Part, right: Part, context: StepContext) -> BoolArray:
    """`.x in [..]`, `[..] contains .x` and `.text contains "..."`."""
    whole, part = (left, right) if op.endswith("contains") else (right, left)
    wanted = not op.startswith("not")
    if isinstance(whole, Vector) and isinstance(whole.data, CodedSpans) and isinstance(part, str):
        held_by = _membership(op, whole.data.as_vector(), part, context)
        return _hand_out(held_by, whole.data) if wanted else _hand_out(held_by, whole.data) | whole.null
    if isinstance(whole, Vector) and whole.kind == "text" and isinstance(part, str):
        texts = whole.bytes(context.blobs)
        if texts is None:
            raise RowByRowError
        # Looked through once, from the first text to the last, and what is between them too.
        reach = int((texts.starts + texts.lengths).max(initial=0) - texts.starts.min(initial=0))
        context.work(reach // _SCANNED_PER_UNIT, "looking through texts")
        return _as_flags((~whole.null & texts.contains(part.encode())) == wanted)
    if not isinstance(whole, list) or not isinstance(part, Vector):
        raise RowByRowError
    if whole and isinstance(whole[0], str) != (part.kind == "text"):
        raise RowByRowError
    keys = keys_of([part], context.blobs)
    if keys is None:
        raise RowByRowError
    known = {group_key(item) for item in whole}
    held = [group_key(resolve(value, context)) in known for value in part.take(keys.firsts).values(context.blobs)]
    return _as_flags(np.array(held, bool)[keys.codes] == wanted)


_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""A comparison with its sides exchanged."""
