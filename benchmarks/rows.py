"""How long do questions about rows take, and in how much memory, beside DuckDB, polars, pandas, Python and awk?

A log is parsed into six fields, one line in ten is kept, grouped, summed, ranked; three of the fields are read, and the
other engines extract only these. A table of ten columns is filtered, grouped, summed three times, ranked, from each
kind of file. In 12 MB of minified JSON, hits are counted by their line.

    python -m benchmarks.rows log csv --quick      two kinds, at a smaller size
    python -m benchmarks.rows log --huge           3 GB, once

Every figure is of whole processes on as many threads as there are processors: the median of their times, and the most
anonymous memory that was seen. "First" is ours with an empty cache, "second" the same once more. Ratios are to DuckDB,
and to Python (its `re`, `json`, `csv`, `sqlite3`) where DuckDB has no reader here; those of processor time are less
changed by other work on the machine. An answer that differs from the anchor's is shown as `differs`, a program that is
not carried out as `refused`. No process may allocate more than 4 GiB.
"""

import compileall
import json
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from benchmarks import rows_files
from benchmarks.measure import (
    GB,
    KB,
    MB,
    Figure,
    Scale,
    bytes_text,
    chosen_scale,
    exponent,
    print_cells,
    processors,
    scale_parser,
    seconds_text,
)
from benchmarks.processes import Ended, run_process
from benchmarks.rows_engines import ENGINES, FIELDS, LINE, MEMORY, TABLES

ROOT = Path(__file__).parents[1]
PATHS = [str(ROOT / folder) for folder in (".", "grammar", "kernel", "traces")]

OURS = ("first", "second")
"""Without and with what the cache holds of the run before."""

PATIENCE = 30
"""Seconds; what takes longer is not run again."""

_NAMES = iter(FIELDS)
_OF_LOG = f"""
lines = parse_lines(context, /{re.sub("[(]", lambda _: f"(?<{next(_NAMES)}>", LINE)}/)
errors = extend(where(lines, .level == "ERROR"), {{took: int(.ms)}})
users = group(errors, .user, {{n: count(), total: sum(.took), p95: percentile(.took, 95)}})
final(top(users, 10, by=.total))
"""
_OF_SALES = """
sold = where(context, .paid and .qty > 3)
shops = group(sold, .shop, {n: count(), qty: sum(.qty), price: sum(.price), cost: sum(.cost)})
final(top(shops, 10, by=.cost))
"""
_OF_MINIFIED = 'hits = search(context, "ERROR", limit=2000)\nfinal(count_by(hits, .text).n)'

PROGRAMS = {"log": _OF_LOG, **dict.fromkeys(TABLES, _OF_SALES), "minified": _OF_MINIFIED}
"""Our program for each kind of file."""


class Targets(NamedTuple):
    """How many times the anchor's time ours may take, first and second."""

    first: float
    second: float


TARGETS = {"log": Targets(1, 1), **dict.fromkeys(TABLES, Targets(2, 1))}

Rows: TypeAlias = list[list[Any]]


class Outcome(NamedTuple):
    """What came of one engine's processes: times, memory, and the answer or why there is none."""

    seconds: Figure
    processor: Figure
    anonymous: Figure
    rows: Rows | None
    refusal: str

    def cell(self, anchor: "Outcome") -> str:
        """As the table shows it."""
        if self.rows is None:
            return self.refusal
        if not same(self.rows, anchor.rows):
            return "differs"
        memory = bytes_text(self.anonymous.median) if self.anonymous.median else "-"
        return f"{seconds_text(self.seconds.median)}, {memory}"

    def ratio(self, anchor: "Outcome") -> float | None:
        """How many times the anchor's time it took, if its answer is the anchor's."""
        return self.seconds.median / anchor.seconds.median if same(self.rows, anchor.rows) else None

    def processor_ratio(self, anchor: "Outcome") -> float | None:
        """The same of processor time, which other work on the machine changes less."""
        return self.processor.median / anchor.processor.median if same(self.rows, anchor.rows) else None


def same(rows: Rows | None, others: Rows | None) -> bool:
    """Whether two answers are equal. Decimals may differ in their last digits, which elsewhere depend on the order."""
    if rows is None or others is None or len(rows) != len(others):
        return False
    return all(len(row) == len(other) and all(map(_equal, row, other)) for row, other in zip(rows, others, strict=True))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)


# Processes


def other_engine(engine: str, kind: str, path: Path, folder: Path) -> tuple[Ended, Rows | None, str]:
    """One process of another engine: its rows, or why there are none."""
    script = Path(__file__).with_name("rows_engines.py")
    done = run_process([sys.executable, str(script), engine, kind, str(path), str(processors())], folder, {})
    if done.code:
        return done, None, f"failed: {done.err.strip().rpartition(chr(10))[2]:.60}"
    return done, [json.loads(line) for line in done.out.splitlines()], ""


def our_engine(which: str, kind: str, path: Path, folder: Path) -> tuple[Ended, Rows | None, str]:
    """One process of ours. What it keeps for a second run, and its trace, are in `folder`."""
    cache = folder / "cache"
    if which == "first":
        shutil.rmtree(cache, ignore_errors=True)
    spec = f"{kind}:{path}?table=sales" if kind in ("sqlite", "duckdb") else str(path)
    command = ["-m", "rlmlite", "exec", "--json", "--max-memory", str(MEMORY), "-e", PROGRAMS[kind], spec]
    environment = {"PYTHONPATH": os.pathsep.join(PATHS), "HOME": str(folder), "XDG_CACHE_HOME": str(cache)}
    done = run_process([sys.executable, *command], folder, environment)
    try:
        said = json.loads(done.out)
    except ValueError:
        return done, None, f"refused: exit code {done.code}"
    # One line of the log in 500 fits no form, so its answer is partial: it rests on a warning that says so.
    if said["status"] != "completed" and said["reason"] != "rests_on_warning":
        return done, None, f"refused: {said['reason']}"
    return done, [list(row.values()) if isinstance(row, dict) else [row] for row in said["value"]], ""


def outcomes(kind: str, path: Path, engines: Sequence[str], times: int) -> dict[str, Outcome]:
    """What comes of each engine, run in turns `times` times."""
    ended: dict[str, list[tuple[Ended, Rows | None, str]]] = {engine: [] for engine in engines}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            for engine, mine in ended.items():
                if not mine or mine[0][0].seconds < PATIENCE:
                    run = our_engine if engine in OURS else other_engine
                    mine.append(run(engine, kind, path, Path(folder)))
    return {
        engine: Outcome(
            Figure([each.seconds for each, _, _ in mine]),
            Figure([each.processor for each, _, _ in mine]),
            Figure([float(each.anonymous) for each, _, _ in mine], bytes_text),
            *mine[-1][1:],
        )
        for engine, mine in ended.items()
    }


# The table


class Plan(NamedTuple):
    """Which kinds of files, how large (bytes of texts, rows of tables), beside which engines, how often."""

    kinds: Sequence[str]
    bytes: Sequence[int]
    rows: Sequence[int]
    engines: Sequence[str]
    times: int


def plan_of(scale: Scale, kinds: Sequence[str], *, huge: bool) -> Plan:
    """What a scale asks for."""
    all_kinds, all_engines = tuple(PROGRAMS), (*OURS, *ENGINES)
    if huge:
        return Plan(kinds or all_kinds, (3 * GB,), (30 * MB,), (*OURS, "duckdb", "polars", "python"), 1)
    return scale.pick(
        Plan(kinds or all_kinds, (10 * MB, 100 * MB, GB), (100_000, 1_000_000, 3_000_000), all_engines, 3),
        Plan(kinds or all_kinds, (3 * MB, 30 * MB), (10_000, 100_000), (*OURS, "duckdb", "polars", "python"), 1),
        Plan(kinds or ("log", "csv"), (10 * KB,), (100,), (*OURS, "duckdb"), 1),
    )


def files_of(kind: str, plan: Plan) -> Iterator[tuple[str, float, Path]]:
    """The files of a kind, each with its size in words and as a number."""
    if kind == "minified":
        size = 12 * MB if max(plan.bytes) > 12 * MB else plan.bytes[0]
        yield bytes_text(size), float(size), rows_files.minified(size)
    elif kind == "log":
        yield from ((bytes_text(size), float(size), rows_files.log(size)) for size in plan.bytes)
    else:
        yield from ((f"{rows:,} rows", float(rows), rows_files.table(kind, rows)) for rows in plan.rows)


def measure_kind(kind: str, plan: Plan) -> tuple[list[list[str]], list[str]]:
    """The lines of the table about one kind of file, and its notes."""
    engines = [engine for engine in plan.engines if engine in OURS or kind in ENGINES[engine][1]]
    anchor = "duckdb" if "duckdb" in engines else "python"
    lines, sized = [], []
    for shown, size, path in files_of(kind, plan):
        came = outcomes(kind, path, engines, plan.times)
        lines.append([kind, shown, *_cells(kind, came, anchor, plan.engines)])
        sized.append((size, came))
    return lines, list(_growth(kind, sized, (*OURS, anchor)))


def _cells(kind: str, came: dict[str, Outcome], anchor: str, engines: Sequence[str]) -> Iterator[str]:
    yield from (came[engine].cell(came[anchor]) if engine in came else "" for engine in engines)
    ratios = [came[which].ratio(came[anchor]) for which in OURS]
    processor = [came[which].processor_ratio(came[anchor]) for which in OURS]
    yield from ("-" if ratio is None else f"{ratio:.2f}" for ratio in (*ratios, *processor))
    targets = TARGETS.get(kind)
    if targets is None:
        yield from ("", "")
    else:
        met = all(ratio is not None and ratio <= most for ratio, most in zip(ratios, targets, strict=True))
        yield from (f"≤ {targets.first:g} x, ≤ {targets.second:g} x", "yes" if met else "no")


def _growth(kind: str, sized: Sequence[tuple[float, dict[str, Outcome]]], engines: Sequence[str]) -> Iterator[str]:
    """How time and memory grow from the second largest size to the largest, of engines that answered both."""
    exponents = []
    for engine in engines:
        known = [(size, came[engine]) for size, came in sized if came[engine].rows is not None][-2:]
        if len(known) == 2:
            (small, less), (large, more) = known
            time = exponent((small, less.seconds), (large, more.seconds))
            memory = "-"
            if less.anonymous.median and more.anonymous.median:  # where the system says
                memory = f"{exponent((small, less.anonymous), (large, more.anonymous)):.2f}"
            exponents.append(f"{engine} {time:.2f} and {memory}")
    if exponents:
        yield f"{kind}: exponents of time and memory in the size: {', '.join(exponents)}"


def main() -> None:
    """Measure and print."""
    parser = scale_parser(__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"only these kinds of files: {', '.join(PROGRAMS)}")
    parser.add_argument("--huge", action="store_true", help="3 GB and 30,000,000 rows, once; name the kinds")
    options = parser.parse_args()
    if unknown := set(options.kinds) - set(PROGRAMS):
        parser.error(f"there is no kind {', '.join(sorted(unknown))}; there are {', '.join(PROGRAMS)}")
    for folder in ("rlmlite", "grammar", "kernel", "traces"):  # as an installation has it: not in the first figure
        compileall.compile_dir(ROOT / folder, quiet=1)
    plan = plan_of(chosen_scale(options), options.kinds, huge=options.huge)
    lines: list[list[str]] = []
    notes = [f"n = {plan.times}; once where it takes more than {PATIENCE} s"]
    for kind in plan.kinds:
        more_lines, more_notes = measure_kind(kind, plan)
        lines += more_lines
        notes += more_notes
    head = ["question", "size", *(f"ours, {each}" for each in OURS), *plan.engines[2:]]
    head += ["first, ratio", "second, ratio", "first, processor", "second, processor", "target", "met"]
    print_cells("Rows beside other engines", [head, *lines], notes)


if __name__ == "__main__":
    main()
