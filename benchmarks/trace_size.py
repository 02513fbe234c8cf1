"""How large is a trace, and does it grow with the input?

Six turns of a run over a log: looks, a search, a count by key, chunks, three sub-calls, an answer with evidence.
Anchor: the input itself, and for a large one the trace over a small one. Target: at most 16 kB whatever the input's
size, without packed inputs (rlms keeps 121 MB for six turns over 10 MB).
"""

import tempfile
from pathlib import Path

from benchmarks.fanout import Instant
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
    log_file,
    print_table,
    program,
    ratio_within,
    scale_of,
    within,
)
from rlmlite.api import drive_turn
from rlmlite.inputs import from_path
from rlmlite.runner import Options, Run
from rlmlite_traces import FileBlobs, Level, verify

TURNS = (
    "preview(logs)",
    "preview(logs, tail=500)",
    "errors = search(logs, / ERROR (?<part>[^ ]+) .*failed/)\nparts = count_by(errors, .part)",
    'cuts = chunk(logs, size=200, by="lines")\nlong = top(cuts, 3, by=.line)',
    'said = extract_over_chunks(long, "Which part fails most? {chunk}")',
    "final({part: parts[0].key, n: parts[0].n, said: said[0]}, evidence=errors[0:3])",
)


def traced(path: Path, place: Path) -> dict[str, int]:
    """The bytes of each file of a run's trace."""
    blobs = FileBlobs()
    options = Options(run_key=KEY, clients={"sub": Instant()}, limits=SETTINGS.limits, trace=place)
    with Run({"logs": from_path(str(path), blobs)}, blobs, options) as run:
        for text in TURNS:
            done = drive_turn(run, run.turn(program(text)))
            assert not done.state.failures, (text, done.observation)
        assert run.seal().outcome == "completed"
    assert verify(place).level is Level.SEALED
    return {str(file.relative_to(place)): file.stat().st_size for file in sorted(place.rglob("*")) if file.is_file()}


def main(scale: Scale) -> None:
    """Print the table."""
    sizes = scale.pick((10 * MB, 100 * MB), (MB, 10 * MB), (100 * KB, MB))
    with tempfile.TemporaryDirectory() as folder:
        small, large = (traced(log_file(size), Path(folder) / f"{size}.rlm") for size in sizes)
    rows = []
    for name in (*small, "in all"):
        few, many = (
            Figure([float(sum(found.values()) if name == "in all" else found[name])], bytes_text)
            for found in (small, large)
        )
        whole = name == "in all"
        texts = [bytes_text(size) for size in sizes]
        inputs = Figure([float(sizes[0])], bytes_text) if whole else None
        rows.append(
            Row(
                name,
                texts[0],
                "the input" if whole else "",
                inputs,
                few,
                within(16 * KB, bytes_text) if whole else None,
            )
        )
        rows.append(Row(name, texts[1], f"ours at {texts[0]}", few, many, ratio_within(1.1) if whole else None))
    grown = growth(
        "the trace with the input's bytes", (float(sizes[0]), rows[-2].ours), (float(sizes[1]), rows[-1].ours)
    )
    print_table("The trace of six turns", rows, [grown])


if __name__ == "__main__":
    main(scale_of(__doc__))
