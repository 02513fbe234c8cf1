"""Row expressions: compiled to a function of the row number, over the columns that they name.

    where(hits, .line > 3 and .text contains word)
    .line     the column of `line`, read once: row -> its cell
    word      does not depend on the row: evaluated once, row -> that value
    the whole is a function of the row number, which `where` calls for each row

This is the specification of what a row expression gives. `columns.expressions` is faster for many rows and must give
the same; where it cannot, it declines and this runs.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.arguments import READ_ONCE, READ_VALUE
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.expressions import (
    Once,
    evaluate,
    matcher_of,
    negated,
    operate_dereferenced,
    value_matches,
    warn_mixed,
)
from rlmlite_kernel.evaluation.misses import Miss, example_of
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.evaluation.work import NODE, work_of_row
from rlmlite_kernel.program.action_table import Param
from rlmlite_kernel.program.ast import (
    LOGIC,
    MATCHES,
    MEMBERSHIP,
    Attr,
    Binary,
    Call,
    Expr,
    Field,
    Index,
    ListOf,
    Lit,
    Node,
    Obj,
    Slice,
    Unary,
)
from rlmlite_kernel.program.binding import bind, has_free_field, raise_fault
from rlmlite_kernel.records.evolution import CHARGED_BEFORE, ROW_ARGUMENTS, TIMES_AND_STEMS
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.operators import chosen_place, group_key, mixes_text_and_number, truthy
from rlmlite_kernel.values.values import Rows, Value

OfRow: TypeAlias = Callable[[int], Value]
"""A compiled row expression: from the number of a row to the value for it."""


class RowCompiler:
    """Compiles row expressions over one set of rows. A column is read once, however often it is named."""

    def __init__(self, rows: Rows, context: StepContext) -> None:
        self._rows, self._context = rows, context
        self._cells: dict[str, list[Value]] = {}

    def compile(self, node: Expr) -> OfRow:
        """A row expression as a function of the row number, to be called for every row: that work is charged here."""
        work = len(self._rows) * work_of_row(node)
        self._context.work(work, f"evaluating an expression for {len(self._rows):,} rows")
        of_row = self._compile(node)
        return self._close_misses(node, of_row) if self._context.says_nulls else of_row

    def _close_misses(self, node: Expr, of_row: OfRow) -> OfRow:
        """The same, which puts what a row has missed into the tallies when the row is done."""
        context, rows = self._context, self._rows
        misses = context.misses
        misses.leave_alone(0)
        misses.count_rows(node, rows)

        def closed(row: int) -> Value:
            value = of_row(row)
            if misses.open:
                misses.close(rows, row, context.blobs)
            return value

        return closed

    def _compile(self, node: Expr) -> OfRow:
        if isinstance(node, Field):
            return self._field(node.name).__getitem__
        if self._depends(node):
            return _COMPILERS[type(node)](self, node)
        if isinstance(node, Unary | Binary):
            work: OfRow = _COMPILERS[type(node)](self, node)
            return _once(work, self._context) if self._context.follows(CHARGED_BEFORE) else work
        value = evaluate(node, self._context).value
        return lambda row: value

    def _unary(self, node: Unary) -> OfRow:
        inner = self._compile(node.of)
        if node.op == "not":
            return lambda row: not truthy(inner(row))
        context = self._context
        return self._named(node, lambda row: negated(resolve(inner(row), context), context))

    def _named(self, node: Expr, of_row: OfRow) -> OfRow:
        """The same; what it misses is of this node."""
        misses = self._context.misses
        if not self._context.says_nulls:
            return of_row

        def named(row: int) -> Value:
            value = of_row(row)
            if misses.open:
                misses.name(node)
            return value

        return named

    def _attribute(self, node: Attr) -> OfRow:
        inner, name, context = self._compile(node.of), node.name, self._context
        if not context.says_nulls:
            return lambda row: _soft_attribute(inner(row), name, context)
        return self._named(node, lambda row: _field_of_row(inner(row), node, context))

    def _list(self, node: ListOf) -> OfRow:
        parts = [self._compile(item) for item in node.items]
        return lambda row: [part(row) for part in parts]

    def _record(self, node: Obj) -> OfRow:
        parts = [(pair.key, self._compile(pair.value)) for pair in node.pairs]
        return lambda row: {key: part(row) for key, part in parts}

    def _field(self, name: str) -> list[Value]:
        if name not in self._cells:
            self._cells[name] = access.column_cells(self._rows, name, self._context)
            if not any(cell is not None for cell in self._cells[name]) and len(self._rows):
                message = f"`.{name}` is null in every row; the fields of the rows are:"
                self._context.warn(message, _fields(self._rows, self._context), every_row=True, code="no_field")
        return self._cells[name]

    def _depends(self, node: Expr) -> bool:
        return has_free_field(node, self._context.table)

    def _logic(self, node: Binary) -> OfRow:
        left, right = self._compile(node.left), self._compile(node.right)
        if node.op == "and":
            return lambda row: truthy(left(row)) and truthy(right(row))
        return lambda row: truthy(left(row)) or truthy(right(row))

    def _binary(self, node: Binary) -> OfRow:
        """The operators, by family."""
        if node.op in LOGIC:
            return self._logic(node)
        if node.op in MATCHES:
            return self._matches(node)
        if node.op in MEMBERSHIP:
            return self._membership(node)
        return self._operator(node)

    def _operator(self, node: Binary) -> OfRow:
        left, right, op, context = self._plain(node.left), self._plain(node.right), node.op, self._context
        once: Once = "" if self._depends(node.left) else "left"
        if not self._depends(node.right):
            once = "both" if once else "right"
        if context.says_nulls and op in ("==", "!=") and Lit(None) in (node.left, node.right):
            # `int(.x) == null` asks for the values that are no numbers: nobody has to be told.
            return self._unsaid(lambda row: operate_dereferenced(op, left(row), right(row), context, once))
        misses = context.misses

        def operate(row: int) -> Value:
            value = operate_dereferenced(op, left(row), right(row), context, once)
            # As `_named`, without another call for each row.
            if misses.open:
                misses.name(node)
            return value

        return operate

    def _unsaid(self, of_row: OfRow) -> OfRow:
        """The same without what it misses."""
        misses = self._context.misses

        def unsaid(row: int) -> Value:
            before = len(misses.open)
            value = of_row(row)
            del misses.open[before:]
            return value

        return unsaid

    def _plain(self, node: Expr) -> OfRow:
        """An operand with its texts as strings; for one that is the same for every row, that is done once."""
        work, context = self._compile(node), self._context
        if isinstance(node, Unary | Binary) or self._depends(node):
            return lambda row: resolve(work(row), context)
        value = resolve(work(0), context)
        return lambda row: value

    def _membership(self, node: Binary) -> OfRow:
        """`in` and `contains` look up a set where the list is the same for every row."""
        context, wanted = self._context, not node.op.startswith("not")
        part, of = (node.right, node.left) if node.op.endswith("contains") else (node.left, node.right)
        whole = None if self._depends(of) else resolve(self._compile(of)(0), context)
        if not isinstance(whole, list):
            return self._operator(node)
        item = self._compile(part)
        context.work(NODE * len(whole), f"looking up {len(whole):,} items")
        keys = {group_key(item) for item in whole}
        sample = whole[0] if whole else None

        def member(row: int) -> Value:
            value = resolve(item(row), context)
            if mixes_text_and_number(value, sample):
                warn_mixed(node.op, context, value, sample)
            return (group_key(value) in keys) is wanted

        return self._named(node, member)

    def _matches(self, node: Binary) -> OfRow:
        left, wanted, context = self._compile(node.left), node.op == "matches", self._context
        matcher = matcher_of(node.right, context)
        return self._named(node, lambda row: value_matches(left(row), matcher, context) is wanted)

    def _item(self, node: Index) -> OfRow:
        view, of = _view(node.of)
        inner, index, context = self._compile(of), self._compile(node.at), self._context
        literal = isinstance(node.at, Lit)

        def item(row: int) -> Value:
            value, at = inner(row), resolve(index(row), context)
            text = context.text_of(value) if view == "lines" else None
            if text is not None:
                return access.line_at(text, at, literal, context)
            value = _field_unless_text(value, view, context)
            return None if value is None else access.index_value(value, at, literal, context)

        return self._named(node, item)

    def _slice(self, node: Slice) -> OfRow:
        view, of = _view(node.of)
        inner, context = self._compile(of), self._context
        low = self._compile(node.lo if node.lo is not None else Lit(None))
        high = self._compile(node.hi if node.hi is not None else Lit(None))
        literal = (isinstance(node.lo, Lit), isinstance(node.hi, Lit))

        def sliced(row: int) -> Value:
            lo, hi = low(row), high(row)
            if not isinstance(lo, int | None) or not isinstance(hi, int | None):
                access.miss_bound(lo, hi, context)
                return None
            value = inner(row)
            text = context.text_of(value) if view else None
            if text is not None:
                return _VIEWS[view](text, lo, hi, literal, context)
            return access.slice_value(_field_unless_text(value, view, context), lo, hi, literal, context)

        return self._named(node, sliced)

    def _call(self, node: Call) -> OfRow:
        """A scalar action, applied to each row."""
        action, context = self._context.table[node.name], self._context
        bound = bind(action, node, raise_fault)
        fixed: dict[str, object] = {
            p.name: p.default for p in action.params if not (p.required or p.many or p.name in bound.given)
        }
        varying: dict[str, OfRow] = {}
        for name, value in bound.given.items():
            param = action.param(name)
            if param is not None and param.kind in READ_ONCE:
                fixed[name] = READ_ONCE[param.kind](value, context)
            elif param is not None and param.kind in READ_VALUE and context.follows(ROW_ARGUMENTS):
                varying[name] = self._of_kind(param, self._compile(value))
            else:
                varying[name] = self._compile(value)
        rest = [self._compile(value) for value in bound.rest]
        run = action.run
        # The checker lets only actions in that are applied row by row.
        assert run is not None

        def called(row: int) -> Value:
            given = {name: part(row) for name, part in varying.items()}
            result: Value = run(context, *(part(row) for part in rest), **fixed, **given)
            return result

        if node.name in ("pick", "case") and context.says_nulls:
            return self._chosen(rest or [varying[name] for name in ("cond", "a", "b")])
        return self._named(node, called)

    def _chosen(self, parts: list[OfRow]) -> OfRow:
        """pick and case: what was missed in a value that is not chosen does not matter.

        pick(.n matches /^[0-9]+$/, int(.n), 0)     for "n/a": 0, and that `int` had no result is not said
        """
        misses = self._context.misses

        def chosen(row: int) -> Value:
            before = len(misses.open)
            missed: list[list[Miss]] = []
            values: list[Value] = []
            for part in parts:
                values.append(part(row))
                missed.append(misses.open[before:])
                del misses.open[before:]
            place = chosen_place(values)
            looked_at = range(0, len(parts) - 1 if place is None else place, 2)
            for at in (*looked_at, *(() if place is None else (place,))):
                misses.open += missed[at]
            return None if place is None else values[place]

        return chosen

    def _of_kind(self, param: Param, of_row: OfRow) -> OfRow:
        """The values for a parameter, each checked as a call of its own would be."""
        read, context = READ_VALUE[param.kind], self._context
        return lambda row: read(context, param, of_row(row))


def _once(work: OfRow, context: StepContext) -> OfRow:
    """The same, for what is the same for every row; at the first row, since without rows it is not evaluated at all."""
    known: list[Value] = []

    def first_time(row: int) -> Value:
        if not known:
            before = len(context.misses.open)
            known.append(work(row))
            # It is not about this row.
            context.misses.leave_alone(before)
        return known[0]

    return first_time


_VIEWS: dict[str, Callable[..., Value]] = {"lines": access.lines_slice, "chars": access.chars_slice}
"""Slices of a text in other units than bytes."""


def _view(node: Expr) -> tuple[str, Expr]:
    """`x.lines` or `x.chars` as the view's name and x; any other expression is not a view."""
    if isinstance(node, Attr) and node.name in _VIEWS:
        return node.name, node.of
    return "", node


def _field_unless_text(value: Value, view: str, context: StepContext) -> Value:
    """A view of a value that is not a text: its field of that name."""
    return _soft_attribute(value, view, context) if view else value


def compile_condition(rows: Rows, cond: Expr, context: StepContext) -> OfRow:
    """A compiled condition, with a warning if it looks at no field: most likely a slip."""
    if not has_free_field(cond, context.table):
        context.warn(
            "the condition is the same for every row: write `.name` for a field of the row; a bare name is a variable",
            code="condition_constant",
        )
    return RowCompiler(rows, context).compile(cond)


_COMPILERS: dict[type[Node], Callable[[RowCompiler, Any], OfRow]] = {
    Unary: RowCompiler._unary,
    Binary: RowCompiler._binary,
    Attr: RowCompiler._attribute,
    Index: RowCompiler._item,
    Slice: RowCompiler._slice,
    ListOf: RowCompiler._list,
    Obj: RowCompiler._record,
    Call: RowCompiler._call,
}
"""What compiles each kind of node that depends on the row."""


def _field_of_row(value: Value, node: Attr, context: StepContext) -> Value:
    """`.user.name`: null where it is missing, which is a miss if no row has it."""
    if isinstance(value, dict):
        if node.name in value:
            context.misses.find(node)
        else:
            context.miss("no_field", "", f"records have no field `{node.name}`; their fields are:", ", ".join(value))
        return value.get(node.name)
    # `.j.a` where the JSON of one line is a text: no fault, as one odd row must not end the step.
    is_text = isinstance(value, str | Text) and (node.name == "lines" or not context.follows(TIMES_AND_STEMS))
    if value is not None and not isinstance(value, Rows) and not is_text:
        context.miss("no_fields", "", "values are not records, and have no fields", example_of(value, context.blobs))
        return None
    return _soft_attribute(value, node.name, context)


def _soft_attribute(value: Value, name: str, context: StepContext) -> Value:
    """A field of a row's field: null where it is missing."""
    if isinstance(value, dict):
        return value.get(name)
    return access.read_attribute(value, name, context) if isinstance(value, Rows | str | Text) else None


def _fields(rows: Rows, context: StepContext) -> str:
    names = list(rows.columns)
    if names == ["value"] and len(rows):
        first = rows.columns["value"].at(0, context.blobs)
        names = list(first) if isinstance(first, dict) else ["value"]
    return ", ".join(names)
