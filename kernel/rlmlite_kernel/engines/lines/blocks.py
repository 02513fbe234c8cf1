"""Blocks of lines: a text of any size, some 4 MiB of whole lines at a time.

A table of all lines of a 3 GB log would take 640 MB. Whoever looks at every line needs only those of one block, so a
text is cut into blocks once, and the lines of a block are found again whenever it is looked at: that takes 4 ms.

    cut_blocks(b"ab\\ncd\\nef", 0, 8)      with blocks of 4 bytes: [0, 3), [3, 6), [6, 8)
    line_bounds(b"ab\\ncd\\nef", 3, 8)     starts [3, 6], stops [5, 8], end 8

A block ends after a newline, or at the end of the text; a line longer than a block is a block of its own.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, haystack, octets
from rlmlite_kernel.engines.bytes.line_ends import without_returns

BLOCK = 4 << 20
"""Bytes of a block, unless one line is longer. What rows hold does not depend on it."""

_PIECE = 1 << 18
_NEWLINE = b"\n"


class LineBounds(NamedTuple):
    """Lines of a block without their newlines, as [start, stop), and where the block ends, with its last newline."""

    starts: IntArray
    stops: IntArray
    end: int

    def leave_out_returns(self) -> bool:
        """Whether some lines end with a `\\r` that is no part of them, if they are all lines up to the end."""
        newlines = len(self.stops) - (int(self.stops[-1]) == self.end)
        return self.end - int(self.starts[0]) > int((self.stops - self.starts).sum()) + newlines

    def longest(self) -> int:
        """The length of the longest line."""
        return int((self.stops - self.starts).max(initial=0))

    def take(self, lines: IntArray) -> "LineBounds":
        """These lines, in this order."""
        return LineBounds(self.starts[lines], self.stops[lines], self.end)


def cut_blocks(content: Buffer, start: int, stop: int, size: int = BLOCK) -> Iterator[tuple[int, int]]:
    """The blocks of content[start:stop], as [start, stop)."""
    hay = haystack(content)
    while start < stop:
        end = stop
        if stop - start > size:
            end = hay.rfind(_NEWLINE, start, start + size) + 1
            if end <= start:
                newline = hay.find(_NEWLINE, start + size, stop)
                end = stop if newline < 0 else newline + 1
        yield start, end
        start = end


def line_bounds(content: Buffer, start: int, stop: int, whole_lines: bool = True) -> LineBounds:
    """The lines of content[start:stop], which begins with a line. A last line without a line end counts.

    The content is a `newline_view`. `whole_lines`: the `\\r` of a `\\r\\n` is no part of its line; else it is.
    """
    block, is_open = octets(content)[start:stop], stop > start and content[stop - 1] != 10
    # In pieces that stay in the processor's cache.
    pieces = [np.flatnonzero(block[at : at + _PIECE] == 10) + (start + at) for at in range(0, len(block), _PIECE)]
    stops = np.concatenate([*pieces, np.full(int(is_open), stop)])
    starts = np.empty_like(stops)
    starts[:1] = start
    starts[1:] = stops[:-1] + 1
    # Most texts have no `\r` at all, which a search says sooner than a look at the end of each line.
    if whole_lines and haystack(content).find(b"\r", start, stop) >= 0:
        stops = without_returns(octets(content), starts, stops)
    return LineBounds(starts, stops, stop)
