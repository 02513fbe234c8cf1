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
    """Lines of a block as rows: all `size` that are rows, or only those of which the condition may hold."""

    part: RowsPart
    size: int
    lines: BlockLines
    rows: Rows
    are_some: bool


def choose_rows(lines: LineRows, cond: Expr, context: StepContext) -> Iterator[Chosen]:
    """The rows of each block for which a condition holds. They are in the order of the lines."""
    wanted = frozenset(names_in(cond) & lines.fields.keys())
    charge_pass(lines, wanted, context)
    finds, literals = finds_of(context), literals_of(cond, lines)

    def open_part(part: RowsPart) -> _Opened:
        size = int(lines.selection.counts[part.block])
        some = part.holding(literals, finds) if literals is not None and are_many(size) else None
        opened = part.block_lines(finds) if some is None else some
        return _Opened(part, size, opened, opened.rows(lines.kind, lines.fields, wanted), some is not None)

    batches = Batches(context, results_too=True)
    for part, size, opened, rows, are_some in map_in_order(open_part, lines.parts(context.blobs)):
        with batches.batch():
            chosen = rows_where_some(rows, size, cond, context) if are_some else None
            if are_some and chosen is None:
                opened = part.block_lines(finds)
                rows = opened.rows(lines.kind, lines.fields, wanted)
            if chosen is None:
                chosen = select_rows(rows, cond, context)
        yield Chosen(part.block, opened, chosen)
