"""chunk(rows, by=field): the rows of each value of a field as one chunk, such as the turns of a session.

    chunk(turns, by=session)            sessions 7 8 7      chunks 7: turns 1 and 3;  8: turn 2
    -> {"index": 0, "key": 7, "part": 0, "n": 2, "doc": null, "line": null, "start": null, "end": null, "text": "..."}

All rows of a key, wherever they stand, in the order of the rows; keys in the order of their first row. Whoever wants
runs of neighbours has a field for that, or makes one. Where the texts of a chunk follow one another in one content, it
is that range of it, with its lines and bytes; else it is made of them, a line each, and has no place of its own: as
evidence it stands for its first row.

A key that is longer than `size` bytes is cut between its rows, and a row that is longer than that within itself; which
keys were cut is said. Without a size the bound is half of what one call may be sent.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.actions.rows.columns.keys import key_rows
from rlmlite_kernel.actions.search.targets import TargetPiece, row_docs, row_texts
from rlmlite_kernel.engines.cut.cut import chunk_bytes_at_lines
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import column_values
from rlmlite_kernel.evaluation.texts import range_of, spans_of
from rlmlite_kernel.evaluation.work import CALL
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.values.columns import Cells, Column, Ints, Text
from rlmlite_kernel.values.values import Rows, Value, kind_of, rows_of

_LONGEST_GAP = 2
"""Bytes of blanks between two rows that follow one another: a line end, or two."""

_SHARE_OF_CALL = 2
"""The part of what one call may be sent that a chunk is at most, without a size: a half, for the question is longer."""


class _Part(NamedTuple):
    """One chunk: its key, its number among those of the key, how many rows it has, their texts, and its document."""

    key: Value
    number: int
    rows: int
    texts: list[Text]
    doc: Value


def chunk_by_key(context: StepContext, target: Value, size: int | None, overlap: int, by: Expr) -> Rows:
    """Chunks of the rows of each key. Raises `Fault`."""
    if rows_of(target) is None:
        units = "a text is cut by bytes, lines, paragraphs, symbols or a /regex/"
        raise Fault("type", f"chunk(by=field) works on rows, not {kind_of(target)}; {units}")
    if overlap:
        raise Fault("arguments", "chunk(by=field) takes no overlap")
    table = context.require_rows(target, "chunk's first argument")
    context.work(CALL * len(table), f"chunk over {len(table):,} texts")
    texts, docs = _texts_of(table, context), row_docs(table, context)
    keyed = key_rows(table, by, context)
    most = context.settings.limits.call_prompt_bytes // _SHARE_OF_CALL if size is None else size
    parts: list[_Part] = []
    cut = 0
    for key, members in zip(keyed.values, keyed.keys.members(), strict=True):
        own = [TargetPiece(docs[row], text) for row in members.tolist() if (text := texts[row]) is not None]
        of_key = list(_parts(key, [piece for piece in own if len(piece.text)], most, context))
        context.charge("chunks", len(of_key), "chunk")
        parts += of_key
        cut += len(of_key) > 1
    if cut:
        keys = f"{cut:,} of {len(keyed.values):,} keys have"
        context.note(f"{keys} more than {most:,} bytes and are several chunks each: see .part", code="chunks_split")
    return _rows(parts, context)


def _texts_of(table: Rows, context: StepContext) -> Sequence[Text | None]:
    """The text of each row: its field `text` if it has one, else what it stands for."""
    if "text" in table.columns:
        return [context.text_of(cell) for cell in column_values(table.columns["text"], context)]
    if table.spans is not None and access.column_name(table, "value") is None:
        cells = [table.spans.at(row, context.blobs) for row in range(len(table))]
        return [cell if isinstance(cell, Text) else None for cell in cells]
    return row_texts(table, "chunk", context)


def _parts(key: Value, pieces: Sequence[TargetPiece], most: int, context: StepContext) -> Iterator[_Part]:
    """The chunks of one key, each of at most so many bytes."""
    for number, group in enumerate(_packed(pieces, most, context)):
        yield _Part(key, number, len(group), [piece.text for piece in group], group[0].doc)


def _packed(pieces: Sequence[TargetPiece], most: int, context: StepContext) -> Iterator[list[TargetPiece]]:
    """The rows of one key, as many together as fit. A row that does not fit is alone, in pieces."""
    held: list[TargetPiece] = []
    size = 0
    for piece in pieces:
        # One byte more for what stands between two rows.
        if held and size + 1 + len(piece.text) > most:
            yield held
            held, size = [], 0
        if len(piece.text) > most:
            yield from ([part] for part in _cut(piece, most, context))
            continue
        size += len(piece.text) + bool(held)
        held.append(piece)
    if held:
        yield held


def _cut(piece: TargetPiece, most: int, context: StepContext) -> Iterator[TargetPiece]:
    text = piece.text
    starts, stops = chunk_bytes_at_lines(context.blobs.lines(text.blob), text.start, text.stop, most)
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        yield TargetPiece(piece.doc, Text(text.blob, start, stop))


def _rows(parts: Sequence[_Part], context: StepContext) -> Rows:
    texts = [_joined(part.texts, context) for part in parts]
    places = [text if isinstance(text, Text) else None for text in texts]
    first_rows = [part.texts[0] if place is None else place for part, place in zip(parts, places, strict=True)]
    lines = [None if each is None else context.blobs.lines(each.blob).line_at(each.start) for each in places]
    columns: dict[str, Column] = {
        "index": Ints(np.arange(len(parts), dtype=np.int64)),
        "key": Cells([part.key for part in parts]),
        "part": Ints(np.array([part.number for part in parts], np.int64)),
        "n": Ints(np.array([part.rows for part in parts], np.int64)),
        "doc": Cells([part.doc for part in parts]),
        "line": Cells(lines),
        "start": Cells([None if each is None else each.start for each in places]),
        "end": Cells([None if each is None else each.stop for each in places]),
        "text": Cells(texts),
    }
    return Rows("chunks", columns, len(parts), spans_of(first_rows))


def _joined(texts: Sequence[Text], context: StepContext) -> Value:
    """Texts that follow one another as the range that they are; others as a string, a line each."""
    place = range_of(texts, _LONGEST_GAP, _is_blank, context)
    if place is not None:
        return place
    context.ensure_room(sum(len(text) + 1 for text in texts))
    return "\n".join(context.string(text) for text in texts)


def _is_blank(gap: bytes) -> bool:
    return not gap or gap.isspace()
