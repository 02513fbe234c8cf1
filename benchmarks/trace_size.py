"""How large is a trace, and does it grow with the input?

Three runs over a log: six turns of one statement each, without calls; six turns as work goes, eight statements with
three calls and evidence; and one fan-out of 1,000 calls. Anchor: the input itself, and for a large one the trace over
a small one. Targets: 12 kB, 16 kB and 300 kB, whatever the input's size, without packed inputs (rlms keeps 121 MB for
six turns over 10 MB).
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fanout import Instant
from benchmarks.logs import log_file
from benchmarks.measure import (
    KB,
    KEY,
    MB,
    SETTINGS,
    Figure,
    Row,
    Scale,
    bytes_text,
    growth,
    print_table,
    program,
    ratio_within,
    scale_of,
    within,
)
from rlmlite.inputs import from_path
from rlmlite.runs.driver import drive_turn
from rlmlite.runs.run import Run
from rlmlite.runs.settings import make_settings
from rlmlite.runs.setup import prepare
from rlmlite_traces import FileBlobs, Level, verify

LOOKS = (
    "preview(logs)",
    "preview(logs, tail=500)",
    "errors = search(logs, / ERROR (?<part>[^ ]+) .*failed/)",
    "parts = count_by(errors, .part)",
    "preview(parts)",
    "final(parts[0].key, evidence=errors[0:1])",
)
WORK = (
    "preview(logs)",
    "preview(logs, tail=500)",
    "errors = search(logs, / ERROR (?<part>[^ ]+) .*failed/)\nparts = count_by(errors, .part)",
    'cuts = chunk(logs, size=200, by="lines")\nlong = top(cuts, 3, by=.line)',
    'said = extract_over_chunks(long, "Which part fails most? {chunk}")',
    "final({part: parts[0].key, n: parts[0].n, said: said[0]}, evidence=errors[0:3])",
)

CALLS = (
    'said = extract_over_chunks(chunk(logs, size=4, by="lines")[0:1000], "Is it bad? {chunk}")',
    "final(count(said))",
)

RUNS = (("six looks", LOOKS, 12 * KB), ("six turns of work", WORK, 16 * KB), ("1,000 calls", CALLS, 300 * KB))
"""What is run, its turns, and the most bytes that its trace may have."""


def traced(turns: Sequence[str], path: Path, place: Path) -> dict[str, int]:
    """The bytes of each file of a run's trace, and of its large blobs together."""
    blobs = FileBlobs()
    settings = make_settings({"run_key": KEY.hex(), "sub": Instant(), "limits": SETTINGS.limits, "trace": place})
    with Run({"logs": from_path(str(path), blobs)}, blobs, prepare(settings)) as run:
        for text in turns:
            done = drive_turn(run, run.turn(program(text)))
            assert not done.state.failures, (text, done.observation)
        assert run.seal().outcome == "completed"
    assert verify(place).level is Level.SEALED
    sizes: dict[str, int] = {}
    for file in sorted(place.rglob("*")):
        if file.is_file() and file.stat().st_size:
            name = file.relative_to(place).parts[0]  # large blobs count together: each is named by its content
            sizes[name] = sizes.get(name, 0) + file.stat().st_size
    return sizes


def rows_of(what: str, small: dict[str, int], large: dict[str, int], sizes: tuple[int, int], most: int) -> list[Row]:
    """A run's files, over a small input and over a large one; `most` is the target in bytes."""
    few_text, many_text = (bytes_text(size) for size in sizes)
    rows = []
    for name in small:
        few, many = (Figure([float(found[name])], bytes_text) for found in (small, large))
        rows.append(Row(f"{what}: {name}", many_text, f"ours at {few_text}", few, many))
    few, many = (Figure([float(sum(found.values()))], bytes_text) for found in (small, large))
    whole = Figure([float(sizes[0])], bytes_text)
    rows.append(Row(f"{what}: in all", few_text, "the input", whole, few, within(most, bytes_text)))
    rows.append(Row(f"{what}: in all", many_text, f"ours at {few_text}", few, many, ratio_within(1.1)))
    return rows


def main(scale: Scale) -> None:
    """Print the table."""
    sizes = scale.pick((10 * MB, 100 * MB), (MB, 10 * MB), (100 * KB, MB))
    rows: list[Row] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for what, turns, most in RUNS:
            small, large = (traced(turns, log_file(size), Path(folder) / f"{what}-{size}.rlm") for size in sizes)
            rows += rows_of(what, small, large, sizes, most)
            figures = ((float(size), row.ours) for size, row in zip(sizes, rows[-2:], strict=True))
            notes.append(growth(f"the trace of {what} with the input's bytes", *figures))
    print_table("The size of a trace", rows, notes)


if __name__ == "__main__":
    main(scale_of(__doc__))
