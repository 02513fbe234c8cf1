"""How much memory does a run over a large file take?

Each figure is of a fresh process: its anonymous memory (`RssAnon` of /proc/self/status: pages that no file backs), once
with only the imports done, and then with the file loaded, cut into 100,000 chunks, sliced 1,000 times, searched, with a
million hits kept, with its templates found.
Anchor: the same process with the file read into one `bytes`. Target: 64 MB above idle, any number of chunks and slices.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks.logs import log_file
from benchmarks.measure import (
    GB,
    MB,
    Figure,
    Row,
    Scale,
    anonymous_bytes,
    begun,
    bytes_text,
    done_turn,
    growth,
    print_table,
    program,
    scale_of,
    within,
)
from rlmlite_kernel import State, advance
from rlmlite_traces import FileBlobs

STAGES = ("load", "chunks", "slices", "search", "hits", "patterns")


HITS = 1_000_000


def child(stage: str, path: Path, count: int) -> None:
    """In a process of its own: reach a stage, and say how much anonymous memory there is."""
    kept: object = None
    if stage == "bytes":
        kept = path.read_bytes()
    elif stage != "idle":
        kept = reached(stage, path, count)
    print(anonymous_bytes() or 0)
    del kept


def reached(stage: str, path: Path, count: int) -> tuple[State, FileBlobs]:
    """A run that has come so far, with all that it holds."""
    done, blobs = begun(path)
    size = path.stat().st_size
    texts = {
        "load": "",
        "chunks": f"cuts = chunk(logs, size={size // count})",
        "slices": "\n".join(f"x{n} = logs[{n * size // 1_000}:{(n + 1) * size // 1_000}]" for n in range(1_000)),
        "hits": f"hits = search(logs, /[aeiou]/, limit={HITS})",
        "patterns": "kinds = patterns(logs)",
        "search": r"hits = search(logs, /ERROR.*timeout \d+/)",
    }
    if texts[stage]:
        done = done_turn(advance(done.state, program(texts[stage]), blobs))
    return done.state, blobs


def measured(stage: str, path: Path, count: int) -> int:
    """The anonymous memory of a fresh process at a stage."""
    command = [sys.executable, __file__, "--child", stage, str(path), str(count)]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def main(scale: Scale) -> None:
    """Print the table."""
    sizes = scale.pick((100 * MB, GB), (10 * MB, 100 * MB), (MB, 2 * MB))
    times, count = scale.pick(3, 3, 1), scale.pick(100_000, 100_000, 1_000)
    stages = scale.pick(STAGES, STAGES, ("load",))
    if anonymous_bytes() is None:
        print_table("Memory", [], ["not measured: this system has no RssAnon in /proc/self/status"])
        return
    rows: list[Row] = []
    loaded: list[tuple[float, Figure]] = []
    idle = sorted(measured("idle", log_file(0), 0) for _ in range(times))[times // 2]
    for size in sizes:
        path = log_file(size)
        found = {stage: [measured(stage, path, count) for _ in range(times)] for stage in ("bytes", *stages)}
        above = {stage: Figure([float(max(1, each - idle)) for each in found[stage]], bytes_text) for stage in found}
        for stage in stages:
            name = {"chunks": f"{count:,} chunks", "slices": "1,000 slices", "hits": f"{HITS:,} hits"}.get(stage, stage)
            target = within(64 * MB, bytes_text)
            rows.append(Row(f"above idle: {name}", bytes_text(size), "bytes", above["bytes"], above[stage], target))
        loaded.append((float(size), above["load"]))
    notes = [f"idle, with everything imported: {bytes_text(idle)}"]
    notes.append(growth("the memory of a loaded file with bytes", *loaded))
    print_table("Anonymous memory of a run over one file", rows, notes)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(scale_of(__doc__))
