"""How fast is a search that counts?

Anchor: ripgrep, one thread, `--count-matches`, less the median of its own start over an empty file, which is timed in
the same run. Ours runs in one thread of this process over the mapped file, first as the engine that counts, then as a
turn that searches and holds every hit (`hits = search(...)`), receipt included.
Targets for counting: literals 1.0 x ripgrep, a sparse regex 1.5 x, ignoring case, dense and any-of 3.5 x.
"""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.load import mapped
from benchmarks.logs import log_file
from benchmarks.measure import (
    GB,
    KB,
    MB,
    Figure,
    Row,
    Scale,
    begun,
    bytes_text,
    done_turn,
    growth,
    interleaved,
    print_table,
    program,
    ratio_within,
    scale_of,
)
from rlmlite_kernel import advance
from rlmlite_kernel.engines import Query, any_of, compile_query, count, literal, regex
from rlmlite_kernel.values import Rows

WORDS = (
    "checksum", "mismatch", "deadlock", "panic", "overflow", "corrupt", "segfault", "oom", "refused", "denied",
    "unreachable", "expired", "revoked", "throttled", "quarantine", "rollback", "truncated", "stalled", "hiro", "greta",
)  # fmt: skip
WORK = 10**15


class Pattern(NamedTuple):
    """One thing to look for, in the words of each side."""

    name: str
    query: Query
    spelled: str
    ripgrep: Sequence[str]
    limit: float


PATTERNS = (
    Pattern("rare literal", literal("checksum mismatch"), '"checksum mismatch"', ("-Fe", "checksum mismatch"), 1.0),
    Pattern("frequent literal", literal("PacketResponder "), '"PacketResponder "', ("-Fe", "PacketResponder "), 1.0),
    Pattern("ignoring case", regex("error", "i"), "/error/i", ("-ie", "error"), 3.5),
    Pattern("sparse regex", regex(r"ERROR.*timeout \d+"), r"/ERROR.*timeout \d+/", ("-e", r"ERROR.*timeout \d+"), 1.5),
    Pattern(
        "any of 20 words",
        any_of(*map(literal, WORDS)),
        "[" + ", ".join(f'"{word}"' for word in WORDS) + "]",
        ("-F", *(f"-e{word}" for word in WORDS)),
        3.5,
    ),
)


def ripgrep(pattern: Pattern, path: Path) -> int:
    """How many matches ripgrep counts."""
    command = ["rg", "--no-config", "-j1", "--count-matches", "--no-filename", *pattern.ripgrep, str(path)]
    said = subprocess.run(command, capture_output=True, check=False, text=True)
    return int(said.stdout or 0)


class Searched(NamedTuple):
    """The seconds of one pattern over one file, and how many matches there are."""

    anchor: Figure | None
    counting: Figure
    acting: Figure
    matches: int


def searched(pattern: Pattern, path: Path, empty: Path, times: int) -> Searched:
    """Ours and ripgrep in one interleaved run."""
    content, matcher = mapped(path), compile_query(pattern.query)
    done, blobs = begun(path)
    parsed = program(f"hits = search(logs, {pattern.spelled})\n")
    tasks: list[Callable[[], object]] = [
        lambda: count(content, matcher, 0, len(content), WORK),
        lambda: advance(done.state, parsed, blobs),
    ]
    if shutil.which("rg"):
        tasks += [partial(ripgrep, pattern, path), partial(ripgrep, pattern, empty)]
    counting, acting, *anchors = interleaved(times, *tasks)
    matches = count(content, matcher, 0, len(content), WORK).count
    hits = done_turn(advance(done.state, parsed, blobs)).state.variables["hits"].held.value
    assert isinstance(hits, Rows)
    assert len(hits) == matches
    anchor = None
    if anchors:
        start = median(anchors[1])
        anchor = Figure([max(1e-6, seconds - start) for seconds in anchors[0]])
        assert ripgrep(pattern, path) == matches, pattern
    return Searched(anchor, Figure(counting), Figure(acting), matches)


def main(scale: Scale) -> None:
    """Print the table."""
    sizes = scale.pick((100 * MB, GB), (10 * MB, 100 * MB), (10 * KB, 100 * KB))
    all_times = scale.pick((9, 5), (5, 3), (1, 1))
    empty = log_file(0)
    rows, notes = [], []
    for pattern in PATTERNS:
        counts = []
        for size, times in zip(sizes, all_times, strict=True):
            found = searched(pattern, log_file(size), empty, times)
            what, anchor = bytes_text(size), "rg -j1" if found.anchor else "(no rg here)"
            hits = f"{pattern.name}, {found.matches:,} hits"
            rows.append(Row(f"{hits}: count", what, anchor, found.anchor, found.counting, ratio_within(pattern.limit)))
            rows.append(Row(f"{hits}: search", what, anchor, found.anchor, found.acting))
            counts.append((float(size), found.counting))
        notes.append(growth(f"counting ({pattern.name}) with bytes", *counts))
    print_table("Searching a log", rows, notes)


if __name__ == "__main__":
    main(scale_of(__doc__))
