"""parse_lines over large texts: which lines match is found in one pass, and nothing else is held.

    parse_lines(log, "{level} {ms} ms")     3 GB, 40 million lines
    -> 40 million bits, and the form: the fields of a line are found again when somebody looks at them

A pass without groups is several times faster than one with all of them, and the statements that follow seldom want more
than two or three. So which fields there are is known from the form, and what they hold is left to whoever asks.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.actions.rows.lines.passes import finds_of
from rlmlite_kernel.actions.search.sweep import mark_unseen, warn_of_cut_lines
from rlmlite_kernel.actions.search.targets import TargetPiece
from rlmlite_kernel.actions.texts.line_forms import (
    LINE_COLUMNS,
    require_fields,
    reserved_columns,
    warn_of_empty_fields,
    warn_of_unmatched,
)
from rlmlite_kernel.engines.bytes.threads import map_in_order
from rlmlite_kernel.engines.lines.blocks import LineBounds, cut_blocks
from rlmlite_kernel.engines.lines.groups import find_groups
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import WHOLE_LINES
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.lines.fields import GroupField, LineField, PlaceField
from rlmlite_kernel.values.lines.line_rows import LineRows
from rlmlite_kernel.values.lines.source import Bits, LineBlock, LineSource, Place, Selection, pack

_LOOKED_AT = 1_000
"""Lines in which a field that is always empty is looked for."""


class _Block(NamedTuple):
    """A block that is to be looked at."""

    number: int
    piece: TargetPiece
    content: Content
    start: int
    stop: int

    @property
    def place(self) -> Place:
        """See `Place`."""
        return self.piece.text.blob, self.start, self.stop


class _Match(NamedTuple):
    """Which lines of a block match: their bits, how many, of how many, and how many were too long to search whole."""

    block: _Block
    bounds: LineBounds
    matching: Bits | None
    others: Bits | None
    matches: int
    lines: int
    cut_lines: int


def parse_large(pieces: Sequence[TargetPiece], matcher: Matcher, context: StepContext) -> LineRows:
    """The lines that match, by reference; the others are in `.unmatched`. See `parse_lines`."""
    fields: dict[str, LineField] = {name: PlaceField(name) for name in LINE_COLUMNS}
    of_line = dict(fields)
    named = _named_fields(matcher, reserved_columns(context))
    require_fields(named)
    blocks: list[LineBlock] = []
    matching: list[Bits | None] = []
    others: list[Bits | None] = []
    counts: list[tuple[int, int]] = []
    for found in _match_blocks(pieces, matcher, context):
        blocks.append(_line_block(found, blocks, context))
        matching.append(found.matching)
        others.append(found.others)
        counts.append((found.matches, found.lines - found.matches))
        context.ensure_room(sum(len(bits) for bits in (found.matching, found.others) if bits is not None))
    texts = tuple((piece.doc, piece.text) for piece in pieces)
    rest = Selection(others, [other for _, other in counts])
    warn_of_unmatched(rest.count, sum(count for count, _ in counts), context)
    unmatched = LineRows("lines", of_line, LineSource(texts, tuple(blocks), None), rest)
    source = LineSource(texts, tuple(blocks), matcher)
    selection = Selection(matching, [count for count, _ in counts])
    rows = LineRows("lines", {**fields, **named}, source, selection, {"unmatched": unmatched})
    if context.follows(WHOLE_LINES) and len(rows):
        # The fields of all lines are not known yet; those of the first ones say enough of the form.
        first = np.arange(min(len(rows), _LOOKED_AT), dtype=np.int64)
        columns = rows.gather(first, named.keys(), context.blobs).columns
        of_form = {name: columns[name] for name in named}
        warn_of_empty_fields(of_form, len(first), "on each of the first lines that match", context)
    return rows


def _named_fields(matcher: Matcher, reserved: tuple[str, ...]) -> dict[str, LineField]:
    fields: dict[str, LineField] = {}
    for number, name in enumerate(matcher.names, 1):
        if name in reserved:
            raise Fault("query", f"a group cannot be named `{name}`: the rows already have a field of that name")
        if name is not None:
            fields[name] = GroupField(number)
    return fields


def _match_blocks(pieces: Sequence[TargetPiece], matcher: Matcher, context: StepContext) -> Iterator[_Match]:
    """The blocks of all texts with the lines that match, as far as the work goes."""

    finds = finds_of(context)

    def match_block(block: _Block) -> _Match:
        bounds = finds.bounds(block.place, block.content, not matcher.whole_lines)
        found = find_groups(block.content, bounds, matcher, ())
        count, lines = int(found.matches.sum()), len(found.matches)
        return _Match(block, bounds, pack(found.matches), pack(~found.matches), count, lines, found.cut_lines)

    scanned = [piece.text.start for piece in pieces]
    cut_lines = 0
    try:
        for found in map_in_order(match_block, _blocks(pieces, context)):
            block = found.block
            # Each byte once, and once more for the lines that have a match, as a search would be charged.
            work = 2 * (block.stop - block.start) * matcher.weight
            if work > context.budget_left("search_work"):
                mark_unseen(block.piece, block.start, context)
                return
            context.spend("search_work", work)
            scanned[block.number] = block.stop
            cut_lines += found.cut_lines
            finds.keep_bounds(block.place, found.bounds)
            yield found
    finally:
        for piece, stop in zip(pieces, scanned, strict=True):
            context.scanned.append(Text(piece.text.blob, piece.text.start, stop))
        warn_of_cut_lines(cut_lines, context)


def _blocks(pieces: Sequence[TargetPiece], context: StepContext) -> Iterator[_Block]:
    for number, piece in enumerate(pieces):
        content = context.blobs.lines(piece.text.blob).content
        for start, stop in cut_blocks(content, piece.text.start, piece.text.stop):
            yield _Block(number, piece, content, start, stop)


def _line_block(found: _Match, before: Sequence[LineBlock], context: StepContext) -> LineBlock:
    """A block with the number of its first line: it goes on where the block before it ended, or is looked up."""
    block, blob = found.block, found.block.piece.text.blob
    line = 1
    if before and before[-1].blob == blob and before[-1].stop == block.start:
        line = before[-1].line + before[-1].lines
    elif block.start:
        line = context.blobs.lines(blob).line_at(block.start)
    return LineBlock(blob, block.piece.doc, block.start, block.stop, line, found.lines)
