"""Names of traces: how people say which one they mean, without its whole path.

last                the trace that was written last
@3                  the third of the list, counted from the one that was written last
5ab1                the one whose folder, or whose run, begins so; refused if there are several
notes/a.rlm         a path: what is there is meant, whatever it is called
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rlmlite_traces.errors import TraceError
from rlmlite_traces.reading.library.summary import find_traces, newest_first, run_of

LAST: Final = "last"

_NUMBER = re.compile(r"@([0-9]{1,9})\Z")
_CANDIDATES = 10  # that an error lists


class TraceNameError(TraceError):
    """A name that stands for no trace, or for several."""

    def __init__(self, name: str, reason: str, candidates: Sequence[Path] = ()) -> None:
        listed = "".join(f"\n    {each}" for each in candidates[:_CANDIDATES])
        more = len(candidates) - _CANDIDATES
        super().__init__(f"`{name}`: {reason}{listed}" + (f"\n    ... and {more:,} more" if more > 0 else ""))
        self.name, self.reason, self.candidates = name, reason, tuple(candidates)


def resolve_name(name: str, places: Iterable[Path]) -> Path:
    """The trace that a name stands for among those below some places.

    A path, or a name that stands for nothing there, comes back as it is: whoever opens it says what is wrong with it.
    Raises `TraceNameError` for `last` and `@N` without such a trace, and for the beginning of several.
    """
    if not name or os.path.lexists(name) or os.sep in name:
        return Path(name)
    numbered = _NUMBER.match(name)
    if name == LAST or numbered is not None:
        return _by_number(name, 1 if numbered is None else int(numbered[1]), newest_first(find_traces(places)))
    traces = list(find_traces(places))
    # By folder first: no trace needs to be opened for that.
    matches = [path for path in traces if path.name.startswith(name)] or [
        path for path in traces if run_of(path).startswith(name)
    ]
    if len(matches) > 1:
        exact = [path for path in matches if name in (path.name, path.stem)]
        if len(exact) != 1:
            raise TraceNameError(name, f"{len(matches):,} traces begin so; write more of the name:", sorted(matches))
        matches = exact
    return matches[0] if matches else Path(name)


def _by_number(name: str, number: int, traces: Sequence[Path]) -> Path:
    if not traces:
        raise TraceNameError(name, "there are no traces here; give the path of one")
    if not 1 <= number <= len(traces):
        raise TraceNameError(name, f"there are {len(traces):,} traces here, from @1, the last, to @{len(traces)}")
    return traces[number - 1]
