"""patterns: what kinds of lines a log has; mask: one text with everything variable as `<*>`.

    patterns(log)   over "user ann logged in", "user bob logged in", "disk full"
    -> {"template": "user <*> logged in", "n": 2, "first": 1, "last": 2, "example": "user ann logged in"}
       {"template": "disk full", "n": 1, ...}

The clustering is the engine's (`engines.patterns`). Here its places, which count bytes within one of the texts, become
spans, and its templates become rows. A template can be searched for as it is: `search(log, template="user <*> ...")`.
"""

from collections.abc import Sequence

import numpy as np

from rlmlite_kernel.actions.search.targets import TargetPiece, target_pieces
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.bytes.line_blocks import CLIP, TextPart
from rlmlite_kernel.engines.bytes.line_ends import RETURN
from rlmlite_kernel.engines.patterns.mask import mask_text as mask_bytes
from rlmlite_kernel.engines.patterns.patterns import FormTable, LinePlace, mine_forms
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import WORK_BY_SIZE
from rlmlite_kernel.values.columns import Cells, Column, Ints, LineNumbers, Spans, Text
from rlmlite_kernel.values.values import Rows, Value, kind_of

# Bytes that a template takes besides its text: the numbers of its row.
_ROW = 64


_WORK_OF_MASK = 150
"""Work for a byte that is masked, which is done word by word: about a million bytes a second."""


_WORK_OF_TEXT = 100_000
"""Work for each text besides its bytes: the arrays over it are set up anew."""


def patterns(context: StepContext, target: Value) -> Value:
    """The templates of all lines, the most frequent first: {template, n, first, last, example}.

    `first` and `last` are line numbers of the input, `example` is the first line. Of documents also `doc` and
    `last_doc`, where those lines are.
    """
    pieces = target_pieces(target, "patterns", context)
    texts = [piece.text for piece in pieces]
    table = mine_lines(pieces, "patterns", context)
    if table.clipped:
        context.warn(
            f"of lines longer than {CLIP:,} bytes ({table.clipped:,} here) only the beginning was read",
            code="lines_cut",
        )
    templates = table.templates()
    context.ensure_room(sum(len(template.text) + _ROW for template in templates))
    first_lines = _spans([template.first for template in templates], texts, context)
    last_lines = _spans([template.last for template in templates], texts, context)
    line_counts = np.array([template.lines for template in templates], np.int64)
    columns: dict[str, Column] = {
        "template": Cells([template.text for template in templates]),
        "n": Ints(line_counts),
        "first": LineNumbers(first_lines),
        "last": LineNumbers(last_lines),
        "example": first_lines,
    }
    # A text without a document has no `doc` to tell, so the columns are left out rather than filled with nulls.
    has_docs = any(piece.doc is not None for piece in pieces)
    if has_docs:
        columns["doc"] = Cells([pieces[template.first.part].doc for template in templates])
        columns["last_doc"] = Cells([pieces[template.last.part].doc for template in templates])
    return Rows("patterns", columns, len(templates), first_lines)


def mine_lines(pieces: Sequence[TargetPiece], what: str, context: StepContext) -> FormTable:
    """The forms of all lines of some texts. `what` asks for them: for `Fault("budget")`, before any is looked at."""
    texts = [piece.text for piece in pieces]
    context.charge("search_work", sum(map(len, texts)), what)
    if context.follows(WORK_BY_SIZE):
        context.work(_WORK_OF_TEXT * len(texts), f"{what} of {len(texts):,} texts")
    context.scanned.extend(texts)
    # One at a time: a folder of ten thousand documents is never in memory as a whole.
    table = mine_forms(TextPart(context.blobs.lines(text.blob).content, text.start, text.stop) for text in texts)
    if table.overflow:
        context.mark_partial(
            "patterns", f"{table.overflow:,} lines are counted under `<*>`: there are too many kinds of lines"
        )
    return table


def _spans(places: list[LinePlace], texts: list[Text], context: StepContext) -> Spans:
    """Lines as spans. The engine says in which of the texts a line is, a span in which blob: texts may share one."""
    blobs = tuple(dict.fromkeys(text.blob for text in texts)) or ("",)
    number_of = {blob: number for number, blob in enumerate(blobs)}
    blob_numbers = [number_of[texts[place.part].blob] for place in places]
    which = np.array(blob_numbers, np.int64) if len(blobs) > 1 else None
    starts: IntArray = np.array([place.offset for place in places], np.int64)
    sizes: IntArray = np.array([place.size - _ends_with_return(place, texts, context) for place in places], np.int64)
    return Spans(blobs, starts, starts + sizes, which)


def _ends_with_return(place: LinePlace, texts: list[Text], context: StepContext) -> bool:
    """Whether the last byte of a line is the `\\r` of its line end."""
    index = context.blobs.lines(texts[place.part].blob)
    return not index.keeps_returns and place.size > 0 and index.content[place.offset + place.size - 1] == RETURN


def mask(context: StepContext, text: Value) -> Value:
    """The text with numbers, ids, addresses, paths, dates and values as `<*>`, as `patterns` sees it; null stays."""
    if text is None:
        return None
    if not isinstance(text, str | Text):
        raise Fault("type", f"mask works on text, not {kind_of(text)}; for rows: map(rows, mask(.text))")
    # Line by line, as `patterns` does: a mask must not swallow the newline between two variable words.
    lines = context.require_text(text, "mask's argument").encode().split(b"\n")
    size = sum(map(len, lines))
    context.charge("search_work", size, "mask")
    context.work(_WORK_OF_MASK * size, f"masking {size:,} bytes")
    # The most that masking adds: a masked digit is three bytes, and something stands between two masks.
    context.ensure_room(size * 2)
    return b"\n".join(map(mask_bytes, lines)).decode()
