"""What does each row action cost over hits, rows of a table, and parsed lines?

The anchor of each row is the way row by row, which is the definition: the same turn with whole columns turned off.
Each is a whole turn with its receipt, over a tenth of the rows and over all of them; the exponent says how it grows.
The anchor is timed once: some of it takes minutes.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import (
    KEY,
    SETTINGS,
    Figure,
    Row,
    Scale,
    done_turn,
    growth,
    print_table,
    program,
    scale_of,
)
from rlmlite.inputs import from_path
from rlmlite_kernel import Done, RunKey, State, advance, begin
from rlmlite_kernel.values import vectors
from rlmlite_traces import FileBlobs

_FIELDS = (
    'where(rows, .level == "ERROR")',
    'where(rows, .line > 500 and .user != "user7")',
    "map(rows, .line + 1)",
    "extend(rows, {twice: .line * 2})",
    "sort(rows, by=.user)",
    "sort(rows, by=-.line)",
    "top(rows, 10, by=.line)",
    "distinct(rows, by=.user)",
    "count_by(rows, .level)",
    "count_by(rows, .user)",
    "group(rows, .user, {n: count(), s: sum(.line), m: max(.level)})",
    "union(rows, rows[0:1000])",
    "minus(rows, rows[0:1000], on=user)",
    "join(rows[0:100], rows, on=user)",
    "zip(rows, rows)",
    "sample(rows, 1000)",
    "sum(rows.line)",
    "avg(rows.line)",
    "median(rows.line)",
    "percentile(rows.line, 95)",
    "min(rows.user)",
    "max(rows.line)",
    "first(rows)",
    "last(rows)",
)

_MADE = {
    "hits": ("log", r"rows = search(logs, /(?<level>INFO|WARN|ERROR) (?<user>user\d+)/)"),
    "table": ("jsonl", "rows = logs"),
    "lines": ("log", """rows = parse_lines(logs, "{day} {level} {user} took {ms} ms")"""),
}
"""The kinds of rows, with the file that they come from and the program that makes them."""


def made_file(kind: str, count: int) -> Path:
    """A log, or the same as a table."""
    path = Path(tempfile.gettempdir()) / "rlmlite-benchmarks" / f"rows-{count}.{kind}"
    if not path.exists():
        draw = random.Random(count)
        path.parent.mkdir(exist_ok=True)
        with path.open("w") as file:
            for line in range(1, count + 1):
                level, user, took = draw.choice(("INFO", "WARN", "ERROR")), draw.randrange(5_000), draw.randrange(10**5)
                if kind == "log":
                    file.write(f"2024-01-{line % 28 + 1:02d} {level} user{user} took {took} ms\n")
                else:
                    file.write(f'{{"line": {line}, "level": "{level}", "user": "user{user}", "ms": {took}}}\n')
    return path


@contextmanager
def row_by_row() -> Iterator[None]:
    """Whole columns are turned off."""
    before = vectors.MANY
    vectors.MANY = 10**12
    try:
        yield
    finally:
        vectors.MANY = before


class Subject:
    """Rows of one kind, and turns over them."""

    def __init__(self, kind: str, count: int) -> None:
        suffix, make = _MADE[kind]
        self.blobs = FileBlobs()
        begun = begin({"logs": from_path(str(made_file(suffix, count)), self.blobs)}, SETTINGS, RunKey(KEY))
        self.state = self._turn(begun.state, make).state

    def _turn(self, state: State, text: str) -> Done:
        return done_turn(advance(state, program(text), self.blobs))

    def seconds(self, expression: str, times: int) -> Figure:
        """How long a turn of one expression takes, each time."""
        return Figure([_timed(lambda: self._turn(self.state, f"x = {expression}")) for _ in range(times)])


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main(scale: Scale) -> None:
    """Print the table."""
    counts = scale.pick((100_000, 1_000_000), (10_000, 100_000), (100, 1_000))
    times = scale.pick(3, 3, 1)
    rows: list[Row] = []
    notes: list[str] = []
    for kind in _MADE:
        subjects = [(count, Subject(kind, count)) for count in counts]
        for expression in _FIELDS:
            sized: list[tuple[float, Figure]] = []
            for count, subject in subjects:
                subject.seconds(expression, 1)  # what is worked out once is
                ours = subject.seconds(expression, times)
                with row_by_row():
                    plain = subject.seconds(expression, 1)
                rows.append(Row(f"{kind}: {expression}", f"{count:,} rows", "row by row", plain, ours, None))
                sized.append((float(count), ours))
            notes.append(growth(f"{kind}: {expression}, with rows", *sized))
    print_table("Row actions", rows, notes)


if __name__ == "__main__":
    main(scale_of(__doc__))
