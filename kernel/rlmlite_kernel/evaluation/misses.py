"""Misses: values that an operation has no result for, counted over all rows of a step.

A condition over a million rows must not stop at the one row that is odd. So what has no result there is null, or does
not hold, and the step says so once, with how often and where it was first:

    map(p, float(.amount))    over the lines "pay fig 12.50" and "pay kiwi 1.204,75"
    row 0                     12.5
    row 1                     null, and a miss: `not_number` of the node `float(.amount)`, "1.204,75", in row 1
    said                      `float(.amount)`: 1 of 2 values are not numbers, the first on line 2: "1.204,75"

A miss is *open* while its row is evaluated, since `pick` may throw away the value that it was about; then it is closed
into the tally of its node. What is evaluated once and not per row stays open until the step says it, in words of its
own. Whole columns have no misses: what would give one is evaluated row by row, so both ways say the same.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rlmlite_kernel.program.ast import Attr, Binary, Call, Expr, Field, Index, Lit, Slice, Unary, Var, walk_expr
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import Rows, Value

_LONGEST_EXAMPLE = 120
_LONGEST_LABEL = 60
_MAY_MISS = (Call, Binary, Unary, Attr, Index, Slice)


class Place(NamedTuple):
    """Where a value is: the span of its row in a content, if it has one, and the number of its row, from 1."""

    span: Text | None
    row: int


class Miss(NamedTuple):
    """One miss. `one` is said of it where it stands alone, `many` after "2 of 40", and `why` after both.

    `n` is how many values it is.
    """

    code: str
    one: str
    many: str
    example: str = ""
    why: str = ""
    n: int = 1
    place: Place | None = None
    node: Expr | None = None


class Tally(NamedTuple):
    """The misses of one node, code and reason: their number, and the first of them."""

    n: int
    first: Miss


class Counted(NamedTuple):
    """The rows that a node was evaluated over: how many, and the last batch, by which nodes of it."""

    total: int
    batch: Rows
    nodes: frozenset[int]


Locate = Callable[[Text], tuple[str, str, int]]
"""From a span to the name of its input, its path (empty but in a folder), and its line, or its row in a table."""


class Misses:
    """The misses of one step."""

    def __init__(self) -> None:
        self.open: list[Miss] = []
        self._alone: list[Miss] = []
        self._tallies: dict[tuple[Expr | str, str, str], Tally] = {}
        self._rows: dict[Expr | str, Counted | int] = {}
        self._found: set[Expr] = set()

    def copy(self) -> "Misses":
        """The same, to go on from without touching this one."""
        other = Misses()
        other.open, other._alone, other._found = list(self.open), list(self._alone), set(self._found)
        other._tallies, other._rows = dict(self._tallies), dict(self._rows)
        return other

    def leave_alone(self, start: int) -> None:
        """The open misses from `start` on are about what is evaluated once, not about a row."""
        self._alone += self.open[start:]
        del self.open[start:]

    def name(self, node: Expr) -> None:
        """The open misses that no node has taken are of this one."""
        for at, miss in enumerate(self.open):
            if miss.node is None:
                self.open[at] = miss._replace(node=node)

    def count_rows(self, node: Expr, rows: Rows, count: int | None = None) -> None:
        """An expression is evaluated over these rows. The same rows count once, however often that is done.

        `count`: the rows are those of so many that need to be looked at.
        """
        for part in walk_expr(node):
            if isinstance(part, _MAY_MISS):
                self._count(part, rows, len(rows) if count is None else count, id(part))

    def _count(self, part: Expr, rows: Rows, count: int, identity: int) -> None:
        known = self._rows.get(part)
        if not isinstance(known, Counted):
            self._rows[part] = Counted(count, rows, frozenset([identity]))
        elif known.batch is not rows:
            self._rows[part] = Counted(known.total + count, rows, frozenset([identity]))
        elif identity not in known.nodes:
            # `int(.x) + int(.x)`: two nodes that are equal, and each has values of its own.
            self._rows[part] = Counted(known.total + count, rows, known.nodes | {identity})

    def find(self, node: Expr) -> None:
        """A record has the field that this node reads: that others lack it says nothing."""
        self._found.add(node)

    def close(self, rows: Rows, row: int, blobs: Blobs) -> None:
        """Put the misses of a row, which is done, into the tallies of their nodes."""
        for miss in self.open:
            assert miss.node is not None  # each node names its own
            self.add(miss.node, miss, lambda: place_of(rows, row, blobs))
        self.open.clear()

    def add(self, key: Expr | str, miss: Miss, place: Callable[[], Place | None]) -> None:
        """Count a miss; the place is only asked for if it is the first."""
        of_kind = (key, miss.code, miss.many + miss.why)
        known = self._tallies.get(of_kind)
        if known is None:
            self._tallies[of_kind] = Tally(miss.n, miss._replace(place=miss.place or place()))
        else:
            self._tallies[of_kind] = Tally(known.n + miss.n, known.first)

    def count_hole(self, hole: str, rows: Rows, row: int, blobs: Blobs) -> None:
        """A placeholder of a template has nothing to stand for in one of these rows."""
        self._rows[hole] = len(rows)
        miss = Miss("hole_empty", "", "rows have nothing to fill it with")
        self.add(hole, miss, lambda: place_of(rows, row, blobs))

    def remarks(self, locate: Locate) -> Iterator[StepRemark]:
        """What is to be said: of what stands alone first, then of rows."""
        for miss in (*self._alone, *self.open):
            yield _remark(miss.one, miss, miss.n, locate)
        for (key, code, _), tally in self._tallies.items():
            if code == "no_field" and key in self._found:
                continue
            counted = self._rows.get(key, tally.n)
            total = counted if isinstance(counted, int) else counted.total
            what = key if isinstance(key, str) else label(key)
            yield _remark(f"`{what}`: {tally.n:,} of {total:,} {tally.first.many}", tally.first, tally.n, locate)


def _remark(message: str, miss: Miss, n: int, locate: Locate) -> StepRemark:
    name, path, line = "", "", 0
    if miss.place is not None and miss.place.span is not None:
        name, path, line = locate(miss.place.span)
    where = ""
    if line:
        where = f", the first on line {line:,}" + (f" of {name}" if name else "")
    elif miss.place is not None:
        where = f", the first in row {miss.place.row:,}"
    # Paths are data: a file name could read as an instruction.
    quoted = f"{path}: {miss.example}" if path and miss.example else miss.example or path
    why = f": {miss.why}" if miss.why else ""
    return StepRemark(message + where + why, quoted, code=miss.code, n=n, input=name, line=line)


def place_of(rows: Rows, row: int, blobs: Blobs) -> Place:
    """Where a row is."""
    span = None if rows.spans is None else rows.spans.at(row, blobs)
    return Place(span if isinstance(span, Text) else None, row + 1)


def example_of(value: Value, blobs: Blobs) -> str:
    """A value as an example: a text as it is, anything else as JSON; the beginning, if it is long."""
    if isinstance(value, Text):
        # More bytes than so many characters have; the last may be half of one.
        head = Text(value.blob, value.start, min(value.stop, value.start + 4 * _LONGEST_EXAMPLE + 4))
        value = head.read(blobs).decode(errors="ignore")
    text = value if isinstance(value, str) else _json(value)
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]} ... ({len(text):,} characters)"


def _json(value: Value) -> str:
    if isinstance(value, list | dict):
        return f"{type(value).__name__} of {len(value):,}"
    return value_bytes(value).decode() if isinstance(value, bool | int | float | None) else "rows"


def label(node: Expr) -> str:
    """An expression as it may have been written, on one line; a long one is cut."""
    text = " ".join(_spell(node).split())
    return text if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL]}..."


def _spell(node: Expr) -> str:
    match node:
        case Field(name=name):
            return f".{name}"
        case Var(name=name):
            return name
        case Lit(v=value):
            return value_bytes(value).decode()
        case Attr(of=of, name=name):
            return f"{_spell(of)}.{name}"
        case Index(of=of, at=at):
            return f"{_spell(of)}[{_spell(at)}]"
        case Slice(of=of, lo=lo, hi=hi):
            return f"{_spell(of)}[{_bound(lo)}:{_bound(hi)}]"
        case Call(name=name, args=args):
            return f"{name}({_spell_all(args)})"
        case Unary(op=op, of=of):
            return f"{op} {_spell(of)}" if op == "not" else f"{op}{_spell(of)}"
        case Binary(op=op, left=left, right=right):
            return f"{_spell(left)} {op} {_spell(right)}"
    return "..."


def _bound(node: Expr | None) -> str:
    return "" if node is None else _spell(node)


def _spell_all(nodes: Sequence[Expr]) -> str:
    return ", ".join(map(_spell, nodes))
