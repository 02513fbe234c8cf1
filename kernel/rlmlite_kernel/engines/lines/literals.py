"""Lines that hold one of some literals, by a plain search: whatever needs one of them need not look at other lines.

    lines "7 ERROR disk", "8 INFO ok", "9 ERROR net"      literals (b"ERROR",)      lines [0, 2]

Such a search reads a byte some thirty times faster than a regex does. It pays where few lines have a literal.
"""

from collections.abc import Iterable

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, haystack
from rlmlite_kernel.engines.lines.blocks import LineBounds

_LINES_PER_PLACE = 4
"""One occurrence in so many lines is too many: a step for each of them then takes as long as what it saves."""


def lines_with(content: Buffer, bounds: LineBounds, literals: Iterable[bytes]) -> IntArray | None:
    """The numbers of those of the lines that hold a literal; None where there are so many that it does not pay."""
    hay, most = haystack(content), len(bounds.starts) // _LINES_PER_PLACE
    start, stop = int(bounds.starts[0]), bounds.end
    places: list[int] = []
    for literal in literals:
        place = hay.find(literal, start, stop)
        while place >= 0 and len(places) <= most:
            places.append(place)
            place = hay.find(literal, place + 1, stop)
    if len(places) > most:
        return None
    lines = np.sort(np.searchsorted(bounds.starts, np.array(places, np.int64), side="right") - 1)
    found: IntArray = lines[np.diff(lines, prepend=-1) != 0]
    return found
