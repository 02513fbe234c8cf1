"""What a form finds in the lines of a block: which of them match, and where their groups are.

    find_groups(b"a 12\\nb\\nc 7\\n", line_bounds(...), matcher of /(\\w) (\\d+)/, groups=(2,))
    matches    [yes, no, yes]
    groups     {2: starts [2, -1, 9], stops [4, -1, 10]}

The definition is a call of RE2 for each line, of which the first match counts. Where Arrow is there, it does the same
work in one call for all lines.
"""

from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, SpanArrays
from rlmlite_kernel.engines.bytes.line_ends import RETURN
from rlmlite_kernel.engines.lines.arrow_groups import can_run, run_form
from rlmlite_kernel.engines.lines.blocks import LineBounds
from rlmlite_kernel.engines.lines.forms import spell_for_groups
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.query.regex import UNANCHORED
from rlmlite_kernel.engines.search.find import find
from rlmlite_kernel.engines.search.tally import MANY
from rlmlite_kernel.engines.search.windows import WINDOW

FEW_GROUPS = 5
"""Groups up to which RE2 needs one pass over a line, nearly whatever their number; beyond it is four times slower."""

_FEW = 64
"""Lines for which setting up anything but a call for each takes longer."""


class FoundGroups(NamedTuple):
    """For each line whether it matches; for each group its starts and stops, -1 where it took no part.

    `cut_lines` is how many of the lines were too long to be searched as a whole (before `WHOLE_LINES`).
    """

    matches: BoolArray
    groups: dict[int, SpanArrays]
    cut_lines: int = 0


def find_groups(
    content: Buffer, bounds: LineBounds, matcher: Matcher, groups: tuple[int, ...], lines: IntArray | None = None
) -> FoundGroups:
    """What a form, which reads by lines, finds in lines that follow each other, or in those with these numbers."""
    count = len(bounds.starts) if lines is None else len(lines)
    if not count:
        none = np.zeros(0, np.int64)
        return FoundGroups(np.zeros(0, np.bool_), dict.fromkeys(groups, (none, none)))
    form = spell_for_groups(matcher, groups) if count > _FEW else None
    if form is not None and can_run(bounds, matcher.whole_lines):
        return FoundGroups(*run_form(content, bounds, lines, form, groups))
    return _search_lines(content, bounds if lines is None else bounds.take(lines), matcher, groups)


def _search_lines(content: Buffer, bounds: LineBounds, matcher: Matcher, groups: tuple[int, ...]) -> FoundGroups:
    """A call of RE2 for each line."""
    match = (matcher.regex if groups else matcher.regex_without_groups).match
    may_be_empty = matcher.regex_without_groups.match(UNANCHORED, b"", 0, 0)[0][0] >= 0
    longest = MANY if matcher.whole_lines else WINDOW
    size = len(content)
    flat: list[tuple[int, int]] = []
    for start, stop in zip(bounds.starts.tolist(), bounds.stops.tolist(), strict=True):
        has_return = stop < size and content[stop] == RETURN
        if may_be_empty or has_return or stop - start > longest:
            # An empty match, a line end that RE2 does not know, a line that is cut: the search knows what matches.
            flat += _search_line(content, matcher, start, min(stop + has_return + 1, bounds.end), groups)
            continue
        found = match(UNANCHORED, content, start, stop)
        flat.append(found[0])
        flat += [found[number] for number in groups]
    places = np.array(flat, np.int64).reshape(-1, 1 + len(groups), 2)
    matches: BoolArray = places[:, 0, 0] >= 0
    spans = {
        group: (places[:, column, 0].copy(), places[:, column, 1].copy()) for column, group in enumerate(groups, 1)
    }
    return FoundGroups(matches, spans, int((bounds.stops - bounds.starts > longest).sum()))


def _search_line(
    content: Buffer, matcher: Matcher, start: int, stop: int, groups: tuple[int, ...]
) -> list[tuple[int, int]]:
    """The first match in a line, with its newline: without one, an empty line has nothing to search."""
    result = find(content, matcher, start, stop, MANY, 1)
    if not len(result.starts):
        return [(-1, -1)] * (1 + len(groups))
    spans = [(int(result.starts[0]), int(result.stops[0]))]
    return spans + [(int(a[0]), int(b[0])) for a, b in (result.groups[number - 1] for number in groups)]
