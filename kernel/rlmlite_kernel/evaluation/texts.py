"""How any value reads as text, and how a placeholder finds its field.

as_text([1, "a", None], ..)             "1\\na\\n"
as_text({"b": 1.5, "a": true}, ..)      {"a":true,"b":1.5}: canonical JSON, so that equal values read alike
follow_path(rows, ("doc", "path"), ..)  what `{rows.doc.path}` stands for
range_of([log[0:4], log[5:9]], ..)      log[0:9]: texts that follow one another are no copy
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import column_values, row_values
from rlmlite_kernel.evaluation.work import NODE, READ
from rlmlite_kernel.program.templates import Hole
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.evolution import WORK_BY_SIZE
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.values import LIST, Rows, Value, json_size, rows_of, size_of, to_json

ROW_TEXT = Hole("chunk")
"""What a row is in running text: it is put at the end of a prompt that shows no field of its rows."""


def as_text(value: Value, context: StepContext) -> str:
    """Any value as text: texts as they are, null as nothing, lists by line, anything else as canonical JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Text):
        return context.require_text(value, "the value")
    if isinstance(value, bool | int | float):
        # The same as below, without looking for parts: a list may have millions of these.
        context.ensure_room(size_of(value))
        return value_bytes(value).decode()
    rows = rows_of(value)
    if rows is not None:
        context.work(NODE * len(rows), f"writing {len(rows):,} items")
        items = row_values(rows, context)
        lines = [as_text(line_of(rows, item), context) for item in items]
        if context.follows(WORK_BY_SIZE):
            # Of a text that many items refer to there is one string until here; from here on it is written out.
            size = sum(map(len, lines))
            context.work(READ * size, f"writing a text of {size:,} characters")
        return "\n".join(lines)
    context.ensure_value_fits(value)
    # Texts by reference become strings here, so the size is announced before they do.
    context.ensure_room(json_size(value, context.blobs))
    json_value = to_json(value, context.blobs)
    return value_bytes(json_value).decode()


def line_of(rows: Rows, item: Value) -> Value:
    """What a row is in running text: its `text` where rows are pieces of one, else the whole row."""
    if rows.kind != LIST and isinstance(item, dict) and "text" in item:
        return item["text"]
    return item


def has_field(rows: Rows, name: str, context: StepContext) -> bool:
    """Whether the rows have a field of this name."""
    if access.column_name(rows, name) is not None:
        return True
    # Nothing says that no rows lack a field, and a template over them is not at fault: its result is empty.
    if not len(rows):
        return True
    if "value" not in rows.columns:
        return False
    cells = column_values(rows.columns["value"], context)
    return any(isinstance(cell, dict) and name in cell for cell in cells)


def follow_path(value: Value, path: tuple[str, ...], context: StepContext) -> Value:
    """The field at the end of a placeholder's path, null where one is missing."""
    for name in path:
        # A record is asked softly: rows of one fan-out may lack a field that others have.
        if isinstance(value, dict | None):
            value = access.record_field(value, name)
        else:
            value = access.read_attribute(value, name, context)
    return value


def range_of(texts: Sequence[Text], longest: int, is_gap: Callable[[bytes], bool], context: StepContext) -> Text | None:
    """Texts that follow one another in one content as the range that they are; None for others.

    Between two of them stand at most `longest` bytes, of which `is_gap` says whether they may.
    """
    blob = texts[0].blob
    pairs = list(pairwise(texts))
    if any(after.blob != blob or not 0 <= after.start - before.stop <= longest for before, after in pairs):
        return None
    content = context.blobs.read(blob)
    if all(is_gap(bytes(content[before.stop : after.start])) for before, after in pairs):
        return Text(blob, texts[0].start, texts[-1].stop)
    return None


def spans_of(texts: Sequence[Text]) -> Spans:
    """Texts as a column."""
    number_of = {blob: number for number, blob in enumerate(dict.fromkeys(text.blob for text in texts))}
    places = [(number_of[text.blob], text.start, text.stop) for text in texts]
    which, starts, stops = np.array(places, np.int64).reshape(-1, 3).T
    return Spans(tuple(number_of) or ("",), starts, stops, which if len(number_of) > 1 else None)
