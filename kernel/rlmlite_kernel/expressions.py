"""Working out expressions: once for a plain one, once a row for a row expression.

Plain expressions hold no calls (they were lowered to steps) and keep origins and spans.
Row expressions are compiled to a function of the row number over the columns that they name.
"""

from collections.abc import Callable
from typing import TypeAlias

from rlmlite_kernel import access
from rlmlite_kernel.ast import (
    Attr,
    Binary,
    Call,
    Expr,
    Field,
    Index,
    ListOf,
    Lit,
    Obj,
    Rx,
    Slice,
    Unary,
    Var,
    walk_expr,
)
from rlmlite_kernel.binding import bind, has_free_field
from rlmlite_kernel.columns import Spans, Text
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.job import CONTROLLER, DERIVED, Held, Job, merged
from rlmlite_kernel.operators import (
    ARITHMETIC,
    COMPARISONS,
    key_of,
    mixes_text_and_number,
    negate,
    plainly,
    truthy,
)
from rlmlite_kernel.queries import matcher_of, occurs
from rlmlite_kernel.values import Rows, Value, kind_of, text_of

OfRow: TypeAlias = Callable[[int], Value]
"""A row expression, compiled: the row's number to its value."""


def evaluate(node: Expr, job: Job) -> Held:
    """The value of a plain expression. Raises `Fault`."""
    match node:
        case Lit(v=value):
            return Held(value)
        case Var(name=name):
            return held(name, job)
        case Attr(of=of, name=name):
            base = evaluate(of, job)
            return base.derived(access.attribute(base.value, name, job))
        case Index(of=of, at=at):
            return _index(of, at, job)
        case Slice(of=of, lo=lo, hi=hi):
            return _slice(of, lo, hi, job)
        case ListOf(items=items):
            parts = [evaluate(item, job) for item in items]
            return Held([part.value for part in parts], *merged(parts))
        case Obj(pairs=pairs):
            parts = [evaluate(pair.value, job) for pair in pairs]
            return Held({pair.key: part.value for pair, part in zip(pairs, parts, strict=True)}, *merged(parts))
        case Unary() | Binary():
            return _operation(node, job)
        case Rx():
            raise Fault("type", "a /regex/ belongs in search, chunk(by=), replace or after `matches`")
        case Field(name=name):
            raise Fault("type", f"`.{name}` has a meaning only inside a row action such as where or map")
    raise Fault("type", f"a {type(node).__name__.lower()} has no value here")


def held(name: str, job: Job) -> Held:
    """A variable by name."""
    if name not in job.names:
        raise Fault("unknown_name", f"no variable `{name}`")
    return job.names[name]


def _index(of: Expr, at: Expr, job: Job) -> Held:
    index = evaluate(at, job)
    key, literal = plainly(index.value, job.blobs), isinstance(at, Lit)
    if isinstance(of, Attr) and of.name == "lines":
        base = evaluate(of.of, job)
        text = _viewed(base.value, job)
        if text is not None:
            return base.derived(access.line(text, key, literal, job))
    base = evaluate(of, job)
    value = access.item(base.value, key, literal, job)
    return Held(value, base.origins | DERIVED, _narrowed(base, key, literal))


def _narrowed(base: Held, key: Value, literal: bool) -> tuple[Spans, ...]:
    """The sources of one row: its own span."""
    rows = base.value
    if not isinstance(rows, Rows) or rows.spans is None or not isinstance(key, int):
        return base.sources
    place = key + len(rows) if key < 0 and literal else key
    return (rows.slice(place, place + 1).spans or rows.spans,) if 0 <= place < len(rows) else ()


def _slice(of: Expr, lo: Expr | None, hi: Expr | None, job: Job) -> Held:
    low, high = _whole(lo, job), _whole(hi, job)
    literal = (isinstance(lo, Lit), isinstance(hi, Lit))
    if isinstance(of, Attr) and of.name in ("lines", "chars"):
        base = evaluate(of.of, job)
        text = _viewed(base.value, job)
        if text is not None:
            view = access.lines_slice if of.name == "lines" else access.chars_slice
            return _rested(base, view(text, low, high, literal, job))
    base = evaluate(of, job)
    return _rested(base, access.sliced(base.value, low, high, literal, job))


def _rested(base: Held, value: Value) -> Held:
    """A part of a value, resting on its own spans where it has any."""
    spans = value.spans if isinstance(value, Rows) else None
    return Held(value, base.origins, (spans,) if spans is not None else base.sources)


def _viewed(value: Value, job: Job) -> Text | None:
    return text_of(value, job.blobs)


def _whole(node: Expr | None, job: Job) -> int | None:
    if node is None:
        return None
    value = evaluate(node, job).value
    if not isinstance(value, int) or isinstance(value, bool):
        raise Fault("type", f"a slice's bound is a whole number, not {kind_of(value)}")
    return value


def _operation(node: Unary | Binary, job: Job) -> Held:
    """An operation is a row expression of one row without fields."""
    names = [item.name for item in _variables(node)]
    origins, sources = merged(job.names[name] for name in names if name in job.names)
    value = RowCompiler(_NO_ROWS, job).compile(node)(0)
    return Held(value, origins | (DERIVED if names else CONTROLLER), sources)


def _variables(node: Expr) -> list[Var]:
    return [item for item in walk_expr(node) if isinstance(item, Var)]


_NO_ROWS = Rows("rows", {}, 1)


class RowCompiler:
    """Compiles row expressions over one set of rows; a column is read once however often it is named."""

    def __init__(self, rows: Rows, job: Job) -> None:
        self._rows, self._job = rows, job
        self._cells: dict[str, list[Value]] = {}

    def compile(self, node: Expr) -> OfRow:
        """The function of the row number that a row expression is."""
        match node:
            case Field(name=name):
                return self._field(name).__getitem__
            case Lit(v=value):
                return lambda row: value
            case Unary(op="not", of=of):
                inner = self.compile(of)
                return lambda row: not truthy(inner(row))
            case Unary(of=of):
                inner = self.compile(of)
                return lambda row: negate(inner(row))
            case Binary(op="and" | "or"):
                return self._logic(node)
            case Binary(op="matches" | "not matches"):
                return self._matches(node)
            case Binary():
                return self._binary(node)
            case Attr(of=of, name=name) if self._depends(of):
                inner = self.compile(of)
                return lambda row: _soft_attribute(inner(row), name, self._job)
            case Index(of=of, at=at) if self._depends(node):
                return self._item(of, at)
            case Slice() if self._depends(node):
                return self._slice(node)
            case ListOf(items=items):
                parts = [self.compile(item) for item in items]
                return lambda row: [part(row) for part in parts]
            case Obj(pairs=pairs):
                named = [(pair.key, self.compile(pair.value)) for pair in pairs]
                return lambda row: {key: part(row) for key, part in named}
            case Call() if node.name in self._job.table:
                return self._call(node)
        value = evaluate(node, self._job).value
        return lambda row: value

    def _field(self, name: str) -> list[Value]:
        if name not in self._cells:
            self._cells[name] = access.column_cells(self._rows, name, self._job)
            if not any(cell is not None for cell in self._cells[name]) and len(self._rows):
                self._job.warn(f"`.{name}` is null in every row; {_fields_hint(self._rows, self._job)}")
        return self._cells[name]

    def _depends(self, node: Expr) -> bool:
        return has_free_field(node, self._job.table)

    def _logic(self, node: Binary) -> OfRow:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.op == "and":
            return lambda row: truthy(left(row)) and truthy(right(row))
        return lambda row: truthy(left(row)) or truthy(right(row))

    def _binary(self, node: Binary) -> OfRow:
        left, right, blobs = self.compile(node.left), self.compile(node.right), self._job.blobs
        if node.op in ARITHMETIC:
            work = ARITHMETIC[node.op]
            if node.op == "+":
                return self._add(left, right)
            return lambda row: work(left(row), right(row))
        if node.op in ("in", "not in"):
            return self._membership(node, left, right)
        compare, warn = COMPARISONS[node.op], self._warn_mixed

        def compared(row: int) -> Value:
            a, b = plainly(left(row), blobs), plainly(right(row), blobs)
            if mixes_text_and_number(a, b):
                warn(node.op)
            return compare(a, b)

        return compared

    def _add(self, left: OfRow, right: OfRow) -> OfRow:
        blobs, job = self._job.blobs, self._job

        def added(row: int) -> Value:
            a, b = plainly(left(row), blobs), plainly(right(row), blobs)
            if isinstance(a, str | list) and isinstance(b, str | list):
                job.room(len(a) + len(b))
            return ARITHMETIC["+"](a, b)

        return added

    def _membership(self, node: Binary, left: OfRow, right: OfRow) -> OfRow:
        """`in` over a list that is the same for every row looks up a set."""
        blobs, wanted = self._job.blobs, node.op == "in"
        if self._depends(node.right):
            compare = COMPARISONS[node.op]
            return lambda row: compare(plainly(left(row), blobs), plainly(right(row), blobs))
        whole = plainly(right(0), blobs)
        if not isinstance(whole, list):
            compare = COMPARISONS[node.op]
            return lambda row: compare(plainly(left(row), blobs), whole)
        keys = {key_of(item) for item in whole}
        sample = whole[0] if whole else None

        def member(row: int) -> Value:
            part = plainly(left(row), blobs)
            if mixes_text_and_number(part, sample):
                self._warn_mixed(node.op)
            return (key_of(part) in keys) is wanted

        return member

    def _warn_mixed(self, op: str) -> None:
        self._job.warn(f'`{op}` compared text with a number, which are never equal: use int(...) or "..."')

    def _matches(self, node: Binary) -> OfRow:
        left, blobs, wanted = self.compile(node.left), self._job.blobs, node.op == "matches"
        matcher = matcher_of(node.right, self._job)
        work = self._job

        def matched(row: int) -> Value:
            value = left(row)
            if isinstance(value, Text):
                content = memoryview(blobs.read(value.blob))[value.start : value.stop]
            elif isinstance(value, str):
                content = memoryview(value.encode())
            else:
                return not wanted
            return occurs(matcher, content, work) is wanted

        return matched

    def _item(self, of: Expr, at: Expr) -> OfRow:
        inner, index, job, literal = self.compile(of), self.compile(at), self._job, isinstance(at, Lit)
        blobs = job.blobs

        def item(row: int) -> Value:
            value = inner(row)
            return None if value is None else access.item(value, plainly(index(row), blobs), literal, job)

        return item

    def _slice(self, node: Slice) -> OfRow:
        inner, job = self.compile(node.of), self._job
        low = self.compile(node.lo if node.lo is not None else Lit(None))
        high = self.compile(node.hi if node.hi is not None else Lit(None))
        literal = (isinstance(node.lo, Lit), isinstance(node.hi, Lit))

        def sliced(row: int) -> Value:
            lo, hi = low(row), high(row)
            if not isinstance(lo, int | None) or not isinstance(hi, int | None):
                return None
            return access.sliced(inner(row), lo, hi, literal, job)

        return sliced

    def _call(self, node: Call) -> OfRow:
        """A scalar action, applied to each row."""
        action, job = self._job.table[node.name], self._job
        bound = bind(action, node, _trust)
        fixed: dict[str, object] = {p.name: p.default for p in action.params if not p.required and not p.many}
        varying: dict[str, OfRow] = {}
        for name, value in bound.given.items():
            param = action.param(name)
            if param is not None and param.kind == "query":
                fixed[name] = pairs_or_matcher(value, job)
            else:
                varying[name] = self.compile(value)
        rest = [self.compile(value) for value in bound.rest]
        run = action.run
        assert run is not None and action.in_rows  # the checker let only such actions in

        def called(row: int) -> Value:
            given = {name: part(row) for name, part in varying.items()}
            result: Value = run(job, *(part(row) for part in rest), **fixed, **given)
            return result

        return called


def _trust(code: str, message: str, node: Expr, hint: str) -> None:
    raise Fault(code, message)


def pairs_or_matcher(node: Expr, job: Job) -> object:
    """A query argument: a matcher, or for `replace` a list of (matcher, replacement) pairs."""
    if isinstance(node, ListOf) and node.items and all(isinstance(pair, ListOf) for pair in node.items):
        pairs = []
        for pair in node.items:
            if not isinstance(pair, ListOf) or len(pair.items) != 2:
                raise Fault("type", "a list of replacements holds pairs [what, with]")
            pairs.append((matcher_of(pair.items[0], job), evaluate(pair.items[1], job).value))
        return pairs
    return matcher_of(node, job)


def _soft_attribute(value: Value, name: str, job: Job) -> Value:
    """A field of a row's field: null where it is missing."""
    if isinstance(value, dict):
        return value.get(name)
    return access.attribute(value, name, job) if isinstance(value, Rows | str | Text) else None


def _fields_hint(rows: Rows, job: Job) -> str:
    names = list(rows.columns)
    if names == ["value"] and len(rows):
        first = rows.columns["value"].at(0, job.blobs)
        names = list(first) if isinstance(first, dict) else ["value"]
    return f"the rows have {', '.join(names)}"
