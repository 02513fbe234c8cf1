"""patterns: what kinds of lines there are; mask: what varies in a text as `<*>`."""

import numpy as np

from rlmlite_kernel.actions.search.targets import target_pieces
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.bytes.line_blocks import CLIP, TextPart
from rlmlite_kernel.engines.patterns.mask import mask_text as masked_bytes
from rlmlite_kernel.engines.patterns.patterns import LinePlace, find_patterns
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Cells, Column, Ints, LineNumbers, Spans, Text
from rlmlite_kernel.values.values import Rows, Value, kind_of


def patterns(context: StepContext, target: Value) -> Value:
    """The templates of all lines, the most frequent first: {template, n, first, last, example}.

    `first` and `last` are line numbers of the input, `example` is the first line. Of documents also `doc` and
    `last_doc`, where those lines are.
    """
    pieces = target_pieces(target, "patterns", context)
    size = sum(len(piece.text) for piece in pieces)
    context.charge("search_work", size, "patterns")
    context.scanned.extend(piece.text for piece in pieces)
    parts = (TextPart(context.blobs.read(piece.text.blob), piece.text.start, piece.text.stop) for piece in pieces)
    made = find_patterns(parts)
    if made.clipped:
        context.warn(f"of {made.clipped:,} lines longer than {CLIP:,} bytes only so much was looked at")
    if made.overflow:
        context.mark_partial(
            "patterns", f"{made.overflow:,} lines are counted under `<*>`: there are too many different ones"
        )
    texts = [piece.text for piece in pieces]
    context.ensure_room(sum(len(template.text) + 64 for template in made.found))
    firsts = _spans([template.first for template in made.found], texts)
    lasts = _spans([template.last for template in made.found], texts)
    columns: dict[str, Column] = {
        "template": Cells([template.text for template in made.found]),
        "n": Ints(np.array([template.lines for template in made.found], np.int64)),
        "first": LineNumbers(firsts),
        "last": LineNumbers(lasts),
        "example": firsts,
    }
    if any(piece.doc is not None for piece in pieces):
        columns["doc"] = Cells([pieces[template.first.part].doc for template in made.found])
        columns["last_doc"] = Cells([pieces[template.last.part].doc for template in made.found])
    return Rows("patterns", columns, len(made.found), firsts)


def _spans(places: list[LinePlace], texts: list[Text]) -> Spans:
    blobs = tuple(dict.fromkeys(text.blob for text in texts)) or ("",)
    number = {blob: index for index, blob in enumerate(blobs)}
    which = np.array([number[texts[place.part].blob] for place in places], np.int64) if len(blobs) > 1 else None
    starts: IntArray = np.array([place.offset for place in places], np.int64)
    return Spans(blobs, starts, starts + np.array([place.size for place in places], np.int64), which)


def mask(context: StepContext, text: Value) -> Value:
    """The text with numbers, ids, addresses, paths, dates and values as `<*>`, as `patterns` sees it; null stays."""
    if text is None:
        return None
    if not isinstance(text, str | Text):
        raise Fault("type", f"mask works on text, not {kind_of(text)}; for rows: map(rows, mask(.text))")
    lines = context.require_text(text, "mask's argument").encode().split(b"\n")
    size = sum(map(len, lines))
    context.charge("search_work", size, "mask")
    context.ensure_room(size * 2)  # a masked digit is three bytes, and something stands between two masks
    return b"\n".join(map(masked_bytes, lines)).decode()
