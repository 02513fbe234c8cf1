"""All lines of a large text as rows, `log.lines`: blocks with how many lines each has, and no form."""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import octets
from rlmlite_kernel.engines.bytes.threads import map_in_order
from rlmlite_kernel.engines.lines.blocks import cut_blocks
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.lines.fields import PlaceField
from rlmlite_kernel.values.lines.line_rows import LineRows
from rlmlite_kernel.values.lines.source import LineBlock, LineSource, Selection

_FIELDS = ("line", "start", "end", "text")


def lines_of_text(text: Text, blobs: Blobs) -> LineRows:
    """Every line of a text as rows {line, start, end, text}. `line` counts from the start of the content."""
    index = blobs.lines(text.blob)
    content = index.content
    data = octets(content)

    def count_lines(block: tuple[int, int]) -> tuple[int, int, int]:
        start, stop = block
        newlines = int(np.count_nonzero(data[start:stop] == 10))
        return start, stop, newlines + (content[stop - 1] != 10)

    line = index.line_at(text.start) if text.start else 1
    blocks: list[LineBlock] = []
    for start, stop, lines in map_in_order(count_lines, cut_blocks(content, text.start, text.stop)):
        blocks.append(LineBlock(text.blob, None, start, stop, line, lines))
        line += lines
    source = LineSource(((None, text),), tuple(blocks), None)
    selection = Selection([None] * len(blocks), [block.lines for block in blocks])
    return LineRows("lines", {name: PlaceField(name) for name in _FIELDS}, source, selection)
