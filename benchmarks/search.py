"""How fast is a search that counts?

Anchor: ripgrep, one thread, `--count-matches`, less the median of its own start over an empty file, which is timed in
the same run. Ours runs over the mapped file, in one thread: as the engine that counts; as a turn that counts
(`n = count(search(...))`) and one that holds every hit (`hits = search(...)`), receipts included. Then the engine once
more with as many threads as there are processors. With the extra `fast`, lists of words go through Hyperscan.
Targets for counting: literals 1.0 x ripgrep, a sparse regex 1.5 x, ignoring case, dense and any-of 3.5 x.
"""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
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
    processors,
    program,
    ratio_within,
    scale_of,
)
from rlmlite_kernel import advance
from rlmlite_kernel.engines import use_threads
from rlmlite_kernel.engines.query.query import Query, any_of, compile_query, literal, regex
from rlmlite_kernel.engines.search.find import SearchCount, count
from rlmlite_kernel.values.values import Rows

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


WAYS = ("count", "count, a turn", "search, a turn", "count, threads")


class Searched(NamedTuple):
    """The seconds of one pattern over one file in each of `WAYS`, and how many matches there are."""

    anchor: Figure | None
    ours: list[Figure]
    matches: int


def searched(pattern: Pattern, path: Path, empty: Path, times: int) -> Searched:
    """Ours and ripgrep in one interleaved run."""
    content, matcher = mapped(path), compile_query(pattern.query)
    done, blobs = begun(path)
    parsed = program(f"hits = search(logs, {pattern.spelled})\n")
    number = program(f"n = count(search(logs, {pattern.spelled}))\n")

    def counted() -> SearchCount:
        return count(content, matcher, 0, len(content), WORK)

    def threaded() -> SearchCount:
        use_threads(processors())
        try:
            return counted()
        finally:
            use_threads(1)

    tasks: list[Callable[[], object]] = [
        counted,
        lambda: advance(done.state, number, blobs),
        lambda: advance(done.state, parsed, blobs),
        threaded,
    ]
    if shutil.which("rg"):
        tasks += [partial(ripgrep, pattern, path), partial(ripgrep, pattern, empty)]
    timed = interleaved(times, *tasks)
    ours, anchors = timed[: len(WAYS)], timed[len(WAYS) :]
    matches = counted().count
    hits = done_turn(advance(done.state, parsed, blobs)).state.variables["hits"].data.value
    assert isinstance(hits, Rows)
    assert len(hits) == matches
    anchor = None
    if anchors:
        start = median(anchors[1])
        anchor = Figure([max(1e-6, seconds - start) for seconds in anchors[0]])
        assert ripgrep(pattern, path) == matches, pattern
    return Searched(anchor, [Figure(each) for each in ours], matches)


def main(scale: Scale) -> None:
    """Print the table."""
    sizes = scale.pick((100 * MB, GB), (10 * MB, 100 * MB), (10 * KB, 100 * KB))
    all_times = scale.pick((9, 5), (5, 3), (1, 1))
    empty = log_file(0)
    rows: list[Row] = []
    notes = [f"Hyperscan is {'' if find_spec('hyperscan') else 'not '}installed; threads: {processors()}"]
    for pattern in PATTERNS:
        sized: dict[str, list[tuple[float, Figure]]] = {way: [] for way in WAYS}
        for size, times in zip(sizes, all_times, strict=True):
            found = searched(pattern, log_file(size), empty, times)
            what, anchor = bytes_text(size), "rg -j1" if found.anchor else "(no rg here)"
            hits = f"{pattern.name}, {found.matches:,} hits"
            targets = (ratio_within(pattern.limit), None, None, None)
            for way, figure, target in zip(WAYS, found.ours, targets, strict=True):
                rows.append(Row(f"{hits}: {way}", what, anchor, found.anchor, figure, target))
                sized[way].append((float(size), figure))
        notes += [growth(f"{pattern.name}: {way}, with bytes", *figures) for way, figures in sized.items()]
    print_table("Searching a log", rows, notes)


if __name__ == "__main__":
    main(scale_of(__doc__))
