"""Line ends: `\\n`, `\\r\\n` and a lone `\\r`, as Python and most editors read them.

Whoever looks for lines looks for newlines. So a text in which a lone `\\r` ends lines is looked at in a copy of the
same size, in which each of these is a newline: places are the same in both, and what is shown is always the text
itself. A `\\r` before a newline stays where it is, and is taken off the end of the line.

    text                 b"a\\r\\nb\\rc\\n"
    newline_view(text)   b"a\\r\\nb\\nc\\n"
    without_returns      of the lines [0, 2), [3, 4), [5, 6): [0, 1), [3, 4), [5, 6)

Nothing else ends a line: no form feed, no NEL, no U+2028.
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, Octets, haystack, octets

NEWLINE, RETURN = 10, 13
"""The bytes `\\n` and `\\r`."""

# Bytes that are looked at together.
_PIECE = 1 << 20


def newline_view(text: Buffer) -> Buffer:
    """The text with a newline for each `\\r` that ends a line by itself: nearly always the same text, not copied."""
    hay, size = haystack(text), len(text)
    first = hay.find(b"\r", 0, size)
    if first < 0 or hay.count(b"\r", first, size) == hay.count(b"\r\n", first, size):
        return text
    copy = octets(text).copy()
    # Piece by piece: a place is eight bytes, and a text may be made of line ends.
    for start in range(first, size, _PIECE):
        piece, following = copy[start : start + _PIECE], copy[start + 1 : start + _PIECE + 1]
        ends = piece == RETURN
        # After the last byte comes nothing, so a `\r` there is a line end of its own.
        ends[: len(following)] &= following != NEWLINE
        piece[ends] = NEWLINE
    copy.setflags(write=False)
    # Not as bytes: that would be a second copy.
    return copy.data


def without_returns(data: Octets, starts: IntArray, stops: IntArray) -> IntArray:
    """Where lines stop if the `\\r` of a `\\r\\n` at their end is no part of them. `stops` are without the newlines."""
    # Index -1 for an empty line at the very start: its flag is overruled by `starts < stops`.
    ends_with_return = (starts < stops) & (data[stops - 1] == RETURN) if len(data) else np.zeros(len(stops), np.bool_)
    return stops - ends_with_return


def hide_returns(lines: bytes) -> bytes:
    """Lines with a second newline for each `\\r` before one, so that no pattern sees it. The size stays the same."""
    return lines.replace(b"\r\n", b"\n\n")


def is_between(data: Octets, places: IntArray) -> BoolArray:
    """Which of these places are between the `\\r` and the newline of one line end."""
    inside = (places > 0) & (places < len(data))
    if len(data):
        checked = np.where(inside, places, 0)
        inside &= (data[checked] == NEWLINE) & (data[checked - 1] == RETURN)
    return inside
