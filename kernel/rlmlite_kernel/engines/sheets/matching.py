"""Which of many texts a pattern occurs in: by one call over all of them where Arrow is there.

    match_texts(SpanBytes(b"ab12cd", [0, 2, 4], [2, 4, 6]), matcher of /\\d/)      [no, yes, no]

The texts are copied end to end, a few megabytes at a time, and each is a text of its own. That is for short texts of
one line, such as the fields of a line; for others a search is more than a call of RE2, and the caller makes one each.
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, octets
from rlmlite_kernel.engines.bytes.line_ends import NEWLINE, RETURN
from rlmlite_kernel.engines.lines.arrow_groups import run_over
from rlmlite_kernel.engines.lines.forms import spell_for_groups
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.windows import HALF
from rlmlite_kernel.engines.sheets.spans import SpanBytes

_ROWS = 65_536
"""Texts that are copied together, at most."""

_BYTES = 4 << 20
"""Bytes that are copied together, unless one text has more."""


def match_texts(texts: SpanBytes, matcher: Matcher) -> BoolArray | None:
    """For each text whether the pattern occurs in it; None where each has to be searched by itself."""
    form = spell_for_groups(matcher, ())
    if form is None or texts.longest() > HALF:
        return None
    found = [np.zeros(0, np.bool_)]
    ends = np.cumsum(texts.lengths)
    start = 0
    while start < len(texts):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, min(start + _ROWS, int(np.searchsorted(ends, before + _BYTES, side="right"))))
        joined = texts.take(np.arange(start, stop)).joined()
        bytes_joined = octets(joined)
        has_line_ends = bool((bytes_joined == NEWLINE).any()) or (
            not matcher.sees_returns and bool((bytes_joined == RETURN).any())
        )
        if has_line_ends:
            return None
        part = run_over(joined, texts.lengths[start:stop], form.pattern)
        if part is None:
            return None
        found.append(part)
        start = stop
    return np.concatenate(found)
