"""Passes: rows that are lines, opened part by part, and charged for what opening them takes.

A pass reads the blocks of the text that have rows, finds the lines, and runs the form for the groups that somebody
wants. Threads do that ahead, block by block; what an action makes of each part is up to it, in order.

    for part, rows in open_parts(lines, {"ms"}, context):      rows of one block, `ms` a column already
        with batches.batch():                                  what is held meanwhile is free afterwards
            ...
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from rlmlite_kernel.actions.rows.lines.computed import names_in
from rlmlite_kernel.engines.bytes.threads import map_in_order
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.values.columns import Spans
from rlmlite_kernel.values.lines.block_lines import BlockLines
from rlmlite_kernel.values.lines.fields import GroupField, PlaceField, groups_for
from rlmlite_kernel.values.lines.finds import Finds, FoundGroups
from rlmlite_kernel.values.lines.line_rows import LineRows, RowsPart
from rlmlite_kernel.values.values import Rows

_FOUND_PER_UNIT = 8
"""Bytes that are looked through for newlines for one unit of work."""


def open_parts(lines: LineRows, names: AbstractSet[str], context: StepContext) -> Iterator[tuple[RowsPart, Rows]]:
    """Each part of the rows, and its rows with these columns; the others come when asked. Charged beforehand."""
    wanted = frozenset(names & lines.fields.keys())
    charge_pass(lines, wanted, context)
    finds = finds_of(context)
    found = finds.groups(lines.selection) or FoundGroups()

    def open_part(part: RowsPart) -> tuple[RowsPart, Rows, BlockLines | None]:
        if part.numbers is not None:
            return part, part.open(wanted), None
        opened = part.block_lines(finds)
        return part, opened.rows(lines.kind, lines.fields, wanted), opened

    for part, rows, opened in map_in_order(open_part, lines.parts(context.blobs)):
        if opened is not None:
            opened.keep(found)
        yield part, rows
    finds.assign(found, lines.selection)


def finds_of(context: StepContext) -> Finds:
    """What passes have found for later passes of this turn."""
    memory = context.turn.memory
    if memory.finds is None:
        memory.finds = Finds(names_in(*context.turn.calls))
    return memory.finds


def charge_pass(lines: LineRows, names: AbstractSet[str], context: StepContext) -> None:
    """Charge one look at the lines: the newlines of their blocks, and the form for the groups that are wanted."""
    blocks = [block for block, count in zip(lines.source.blocks, lines.selection.counts, strict=True) if count]
    size = sum(block.stop - block.start for block in blocks)
    work = size // _FOUND_PER_UNIT
    total = sum(block.lines for block in blocks)
    if total and lines.source.form is not None and groups_for(lines.fields, names):
        # As much of the text as the rows are of the lines.
        work += size * len(lines) // total * lines.source.form.weight
    fields = [lines.fields[name] for name in sorted(names)]
    work += len(lines) * sum(field.work for field in fields if not isinstance(field, PlaceField | GroupField))
    context.work(work, f"looking at {len(lines):,} lines")


def spans_of_lines(lines: LineRows, numbers: Sequence[int], context: StepContext) -> Spans | None:
    """The places of some of the rows, by their numbers, as ordinary spans."""
    places = np.array(numbers, np.int64)
    order = places if lines.order is None else lines.order[places]
    blocks = np.unique(np.searchsorted(lines.selection.ends, order, side="right")).tolist()
    size = sum(lines.source.blocks[block].stop - lines.source.blocks[block].start for block in blocks)
    context.work(size // _FOUND_PER_UNIT, f"looking up {len(numbers):,} lines")
    context.hold(16 * len(numbers))
    return lines.gather(order, frozenset(), context.blobs).spans
