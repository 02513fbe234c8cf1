"""The rows for which a condition holds, block by block: it is looked for in all of them, or in the few that may hold.

    where(p, .level == "ERROR")      a block of 50,000 lines: ERROR is in 5,100 of them, `level` is found in these alone

What a condition costs is charged for all rows, whichever way its block is looked at.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rlmlite_kernel.actions.batches import Batches
from rlmlite_kernel.actions.rows.columns.select import select_rows
from rlmlite_kernel.actions.rows.lines.computed import names_in
from rlmlite_kernel.actions.rows.lines.literals import literals_of
from rlmlite_kernel.actions.rows.lines.passes import charge_pass, finds_of
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.bytes.threads import map_in_order
from rlmlite_kernel.evaluation.columns.expressions import rows_where_some
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.values.lines.block_lines import BlockLines
from rlmlite_kernel.values.lines.line_rows import LineRows, RowsPart
from rlmlite_kernel.values.values import Rows
from rlmlite_kernel.values.vectors import are_many


class Chosen(NamedTuple):
    """Rows of a block for which a condition holds: which of the lines that were opened."""

    block: int
    opened: BlockLines
    rows: IntArray


class _Opened(NamedTuple):
    """A block with all of its rows, and those that a condition may hold for, if it is known of the others; opened."""

    block: int
    lines: BlockLines
    some: BlockLines | None
    rows: Rows


def choose_rows(lines: LineRows, cond: Expr, context: StepContext) -> Iterator[Chosen]:
    """The rows of each block for which a condition holds. They are in the order of the lines."""
    wanted = frozenset(names_in(cond) & lines.fields.keys())
    charge_pass(lines, wanted, context)
    finds, literals = finds_of(context), literals_of(cond, lines)

    def open_part(part: RowsPart) -> _Opened:
        whole = part.block_lines(finds)
        some = whole.holding(literals) if literals is not None and are_many(len(whole.lines)) else None
        opened = whole if some is None else some
        return _Opened(part.block, whole, some, opened.rows(lines.kind, lines.fields, wanted))

    batches = Batches(context, results_too=True)
    for block, whole, some, rows in map_in_order(open_part, lines.parts(context.blobs)):
        with batches.batch():
            chosen = None if some is None else rows_where_some(rows, len(whole.lines), cond, context)
            if some is None or chosen is None:
                every = rows if some is None else whole.rows(lines.kind, lines.fields, wanted)
                some, chosen = whole, select_rows(every, cond, context)
        yield Chosen(block, some, chosen)
