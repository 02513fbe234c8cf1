"""What the work on values costs, in units of `search_work`.

A unit is the work of searching one byte: a nanosecond or two. Work on values is charged in the same units, so that no
program gets hours of it for nothing, however small what it reads:

    where(rows, .line > 3)             a million rows, two nodes, whole columns: 8 million units
    where(rows, .text matches /a/)     the same row by row: 400 million, and what the search itself costs
    map(rows, first(sample(r, .k)))    an action called for each row: 2,000 a row, and what it costs inside

The prices are rounded up from what a slow machine needs, since a charge has to be the same on every machine. Each step
has some work for nothing (`free_work`), which is all that most steps do.

Runs of older versions were not charged for it (`records.evolution.CHARGED_BEFORE`), and whoever leaves that flag out of
a genesis is not charged either. So a replay of such a run counts the same units beside the record (`Meter`):

    map(range(1000000), sample(r, 1000))    charged nothing; the meter of a reader who allows 20 billion units stops it
"""

from collections.abc import Iterator

from rlmlite_kernel.program.ast import MEMBERSHIP, Call, Expr, children
from rlmlite_kernel.values.memory import LONG
from rlmlite_kernel.values.values import Value

NODE = 200
"""One node of a row expression, or one item of a list, looked at in Python."""

CALL = 2_000
"""An action called for one row, besides what it does."""

COLUMN_NODE = 4
"""One node of a row expression for one row, evaluated over whole columns."""

ROW = 20
"""A row that an action sorts, copies or counts."""

READ = 2
"""A byte of a text that becomes a string, or is looked through."""

_LEAST_FREE = 100_000


class OverMeterError(Exception):
    """A run that is not charged took more than its reader allows. It is the reader's limit, and no fault of a step.

    `resource` is `work` or `size`.
    """

    def __init__(self, resource: str, allowed: int, needed: int) -> None:
        super().__init__(f"the {resource} of the run is {needed:,} so far, and this reader allows {allowed:,}")
        self.resource, self.allowed, self.needed = resource, allowed, needed


class Meter:
    """What a replay lets a run cost that is not charged for its work: units in all, and value bytes held by one step.

    It is in no record, and no part of the state: a replay at the end of its meter stops, and says nothing about the
    trace.
    """

    def __init__(self, work: int, size: int) -> None:
        self.most_work, self.most_size = work, size
        self._work = 0

    def count_work(self, units: int) -> None:
        """Count work before it is done. Raises `OverMeterError`."""
        self._work += units
        if self._work > self.most_work:
            raise OverMeterError("work", self.most_work, self._work)

    def check_size(self, size: int) -> None:
        """Raise `OverMeterError` for more value bytes than a step may hold."""
        if size > self.most_size:
            raise OverMeterError("size", self.most_size, size)


def free_work(search_work: int) -> int:
    """The work that a step is not charged for: a thousandth of the run's limit, 20 million units by default."""
    return max(_LEAST_FREE, search_work // 1_000)


def work_of_row(node: Expr) -> int:
    """What evaluating an expression for one row costs, without what its actions and texts cost inside."""
    parts = list(_parts(node))
    calls = sum(isinstance(part, Call) for part in parts)
    return NODE * len(parts) + CALL * calls


def column_work_of_row(node: Expr) -> int:
    """What evaluating an expression over whole columns costs for each row."""
    return COLUMN_NODE * len(list(_parts(node)))


_HAVE_LENGTH = frozenset([str, list, dict])


def is_long(value: Value) -> bool:
    """Whether an operation on a value costs more than what a row does."""
    return type(value) in _HAVE_LENGTH and len(value) > LONG  # type: ignore[arg-type]


def work_of_operation(op: str, left: Value, right: Value) -> tuple[int, int]:
    """What an operation on long values costs, and how much it looks through: of a comparison, the shorter side."""
    if left is right:
        return 0, 0
    sizes = [len(side) for side in (left, right) if isinstance(side, str | list | dict)]
    size = max(sizes) if op in MEMBERSHIP or op == "+" else min(sizes)
    price = NODE if isinstance(left, list | dict) or isinstance(right, list | dict) else READ
    return price * size, size


def _parts(node: Expr) -> Iterator[Expr]:
    """A node and all nodes inside of it."""
    yield node
    for child in children(node):
        yield from _parts(child)
