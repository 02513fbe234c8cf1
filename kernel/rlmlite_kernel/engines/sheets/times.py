"""Columns of times, many at once: may one of them be of another clock than a time that they are compared with?

may_mix_clocks(["2024-03-05T10:00:00"], "2024-03-05T10:00:00+00:00")      yes
may_mix_clocks(["2024-03-05", "ERROR"], "2024-03-05T10:00:00+00:00")      no: neither is a time
"""

import numpy as np

from rlmlite_kernel.engines.sheets.spans import SpanBytes
from rlmlite_kernel.engines.spelled.moments import read_moment

_SHORTEST = len("2024-03-05T10:00:00")
_T_AT = len("2024-03-05")
_OFFSET = len("+00:00")
_SIGNS = np.frombuffer(b"+-", np.uint8)


def may_mix_clocks(texts: SpanBytes, other: str) -> bool:
    """Whether a text may be a time with an offset from UTC where `other` is one without, or the other way round.

    It looks at three bytes of each, so it may say yes of what is no time.
    """
    moment = read_moment(other)
    if moment is None or moment.kind == "day":
        return False
    rows = np.flatnonzero(texts.lengths >= _SHORTEST)
    starts, stops = texts.starts[rows], texts.starts[rows] + texts.lengths[rows]
    has_zone = (texts.octets[stops - 1] == ord("Z")) | np.isin(texts.octets[stops - _OFFSET], _SIGNS)
    is_other = ~has_zone if moment.kind == "instant" else has_zone
    return bool(((texts.octets[starts + _T_AT] == ord("T")) & is_other).any())
