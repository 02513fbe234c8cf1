"""How fast are the templates of a log found, and how near do they come to those that people wrote?

Anchor: SHA-256 alone of the same mapped file. Ours is the engine over the whole file, then a turn
(`kinds = patterns(logs)`) with its receipt.
Below the table, where the team's data is beside the clone: for each log with published templates how many there are,
how many we find, and how many of those whose lines are published are exactly one of ours.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

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
    scale_of,
)
from benchmarks.score_tasks import Task, line_form, tasks
from rlmlite_kernel import Input, MemoryBlobs, RunKey, Settings, Source, Text, advance, begin
from rlmlite_kernel.engines.bytes.line_blocks import TextPart
from rlmlite_kernel.engines.patterns.patterns import find_patterns
from rlmlite_kernel.values.values import to_json

DATA = Path(__file__).parents[2] / "shared" / "data"


def main(scale: Scale) -> None:
    """Print the table."""
    sizes = scale.pick((100 * MB, GB), (10 * MB, 100 * MB), (10 * KB, 100 * KB))
    rows: list[Row] = []
    engine: list[tuple[float, Figure]] = []
    for size, times in zip(sizes, scale.pick((5, 3), (3, 3), (1, 1)), strict=True):
        row, turn = _timed(log_file(size), size, times)
        rows += [row, turn]
        engine.append((float(size), row.ours))
    print_table("Templates of a log", rows, [growth("finding with bytes", *engine), *published(DATA)])


def _timed(path: Path, size: int, times: int) -> tuple[Row, Row]:
    content = mapped(path)
    done, blobs = begun(path)
    parsed = program("kinds = patterns(logs)\n")
    anchor, engine, turn = interleaved(
        times,
        lambda: hashlib.sha256(content).digest(),
        lambda: find_patterns([TextPart(content, 0, len(content))]),
        lambda: done_turn(advance(done.state, parsed, blobs)),
    )
    found = len(find_patterns([TextPart(content, 0, len(content))]).templates)
    what = f"{found} templates"
    return (
        Row(f"{what}: engine", bytes_text(size), "sha256", Figure(anchor), Figure(engine)),
        Row(f"{what}: turn", bytes_text(size), "sha256", Figure(anchor), Figure(turn)),
    )


def published(data: Path) -> Iterator[str]:
    """A line for each log whose templates are published."""
    if not (data / "score.py").is_file():
        yield "published templates: skipped, the team's data is not beside the clone"
        return
    every = [task for task in tasks(data, "log_qa") if "emplate" in task.question]
    for log in dict.fromkeys(task.files["logs"] for task in every):
        about = [task for task in every if task.files["logs"] == log]
        found = patterns_of(about[0])
        counts = [task.given["answer"] for task in about if task.kind == "distinct_templates"]
        known = list(_published_lines(about))
        same = sum((len(lines), lines[0], lines[-1]) in found for lines in known)
        ours = f"{same} of {len(known)} whose lines are known are one of ours"
        yield f"{log.stem}: {len(found)} templates, {counts[0]} published; {ours}"


def patterns_of(task: Task) -> list[tuple[int, int, int]]:
    """How many lines each pattern of a task's log has, the first and the last."""
    blobs, content = MemoryBlobs(), task.files["logs"].read_bytes()
    inputs = {"logs": Input(Text(blobs.put(content), 0, len(content)), Source("text"), content)}
    parsed = program(f"{line_form(task)}kinds = patterns(lines.content)\n")
    done = done_turn(advance(begin(inputs, Settings(), RunKey(bytes(32))).state, parsed, blobs))
    rows = to_json(done.state.variables["kinds"].data.value, blobs)
    return [(row["n"], row["first"], row["last"]) for row in rows]


def _published_lines(about: list[Task]) -> Iterator[list[int]]:
    """The lines of every template that a question is about, once."""
    known: dict[str, list[int]] = {}
    for task in about:
        template = re.search(r"emplate[^:]*: (.+)$", task.question)
        if template is not None and task.kind in ("count_template", "evidence_lines"):
            known[template[1]] = sorted(task.given["evidence_lines"])
    yield from known.values()


if __name__ == "__main__":
    main(scale_of(__doc__))
