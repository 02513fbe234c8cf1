"""What the benchmarks share: sizes, timing in turns, the table, runs without limits.

Start at `interleaved` and `print_table`. Inputs are made in `logs`.

Nothing here is a test: a figure that misses its target says `no` in its row, and that is all.
"""

import argparse
import gc
import math
import os
import time
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from statistics import median
from typing import NamedTuple, TypeAlias, TypeVar

from rlmlite.inputs import from_path
from rlmlite_grammar import grammar_digest, parse
from rlmlite_kernel import Done, Parsed, RunKey, Suspended, begin
from rlmlite_kernel.engines import MAX_THREADS
from rlmlite_kernel.records.settings import Limits, Role, Settings
from rlmlite_traces import FileBlobs

T = TypeVar("T")

KB, MB, GB = 10**3, 10**6, 10**9

KEY = bytes(32)
"""The run key of every benchmark, so that each run makes the same trace."""

SETTINGS = Settings(
    limits=Limits(
        turns=10**9,
        steps=10**9,
        sub_calls=10**9,
        prompt_bytes=10**12,
        output_tokens=10**12,
        variables=10**6,
        chunks=10**8,
        search_work=10**15,
        value_bytes=10**10,
    ),
    roles={"sub": Role(model="scripted:instant")},
)
"""Limits that no benchmark meets."""


# How large


class Scale(Enum):
    """How large the inputs are and how often each thing is timed."""

    FULL = "full"
    QUICK = "quick"
    TINY = "tiny"

    def pick(self, full: T, quick: T, tiny: T) -> T:
        """One of three, by scale."""
        return {Scale.FULL: full, Scale.QUICK: quick, Scale.TINY: tiny}[self]


def scale_of(doc: str | None) -> Scale:
    """The scale that the command line asks for."""
    return chosen_scale(scale_parser(doc).parse_args())


def scale_parser(doc: str | None) -> argparse.ArgumentParser:
    """Parses the scale; a benchmark may add what else it can be asked."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size; a few seconds")
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs; the figures mean nothing")
    return parser


def chosen_scale(options: argparse.Namespace) -> Scale:
    """The scale among parsed options."""
    return Scale.TINY if options.tiny else Scale.QUICK if options.quick else Scale.FULL


def bytes_text(size: float) -> str:
    """A number of bytes for people."""
    return _in_units(size, ((GB, "GB"), (MB, "MB"), (KB, "kB"), (1, "B")))


def seconds_text(seconds: float) -> str:
    """A time for people."""
    return _in_units(seconds, ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")))


def _in_units(amount: float, units: Sequence[tuple[float, str]]) -> str:
    """Three digits of the largest unit that it reaches, rounding included."""
    unit, name = next((each for each in units if abs(amount) >= 0.9995 * each[0]), units[-1])
    return f"{amount / unit:,.3g} {name}" if abs(amount) < 999.5 * unit else f"{amount / unit:,.0f} {name}"


# How long


def interleaved(times: int, *tasks: Callable[[], object]) -> list[list[float]]:
    """The seconds of each task, `times` times, in turns, so that what disturbs the machine disturbs all alike.

    One round before is not counted. What lives before is kept out of the garbage collector's sight, so that the
    benchmark's own data costs nobody anything.
    """
    for task in tasks:
        task()
    gc.collect()
    gc.freeze()
    seconds: list[list[float]] = [[] for _ in tasks]
    for _ in range(times):
        for task, mine in zip(tasks, seconds, strict=True):
            begun = time.perf_counter()
            task()
            mine.append(time.perf_counter() - begun)
    gc.unfreeze()
    return seconds


Unit: TypeAlias = Callable[[float], str]
"""How a figure is written."""


class Figure(NamedTuple):
    """What was measured, each time. Less is better."""

    values: Sequence[float]
    unit: Unit = seconds_text

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    @property
    def p90(self) -> float:
        """Nine of ten are at most this."""
        return sorted(self.values)[math.ceil(0.9 * len(self.values)) - 1]


def per_second(count: int, noun: str = "") -> Unit:
    """Writes seconds as a rate of `count` things."""
    return lambda seconds: f"{count / seconds:,.0f}{noun}/s" if seconds else "-"


# The table


class Target(NamedTuple):
    """What a row is held against."""

    text: str
    met: "Callable[[Row], bool]"


class Row(NamedTuple):
    """One line of a table: our figure and the anchor's, taken in the same run."""

    question: str
    size: str
    anchor: str
    base: Figure | None
    ours: Figure
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Our median to the anchor's, of times also where rates are shown: below 1 is better than the anchor."""
        return self.ours.median / self.base.median if self.base is not None and self.base.median else None


def ratio_within(limit: float) -> Target:
    """At most so many times the anchor."""
    return Target(f"≤ {limit:g} x", lambda row: row.ratio is not None and row.ratio <= limit)


def within(limit: float, unit: Unit = seconds_text) -> Target:
    """At most so much."""
    return Target(f"≤ {unit(limit)}", lambda row: row.ours.median <= limit)


def rate_of(least: int, count: int) -> Target:
    """At least so many a second, of `count` that were timed together."""
    return Target(f"≥ {least:,}/s", lambda row: row.ours.median * least <= count)


_HEAD = ("question", "size", "anchor", "median", "p90", "ours", "p90", "ratio", "n", "target", "met")


def print_table(title: str, rows: Sequence[Row], notes: Sequence[str] = ()) -> None:
    """The one table of a benchmark, and what else is to be said."""
    print_cells(title, [_HEAD, *(_cells(row) for row in rows)], notes)


def print_cells(title: str, cells: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> None:
    """A table of other columns, its head first."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print(f"## {title}\n", *lines, "", *(f"- {note}" for note in notes), sep="\n", flush=True)


def _cells(row: Row) -> tuple[str, ...]:
    base, ours, target = row.base, row.ours, row.target
    return (
        row.question,
        row.size,
        row.anchor,
        "" if base is None else base.unit(base.median),
        "" if base is None else base.unit(base.p90),
        ours.unit(ours.median),
        ours.unit(ours.p90),
        "" if row.ratio is None else f"{row.ratio:.2f}",
        str(len(ours.values)),
        "" if target is None else target.text,
        "" if target is None else "yes" if target.met(row) else "no",
    )


def growth(what: str, small: tuple[float, Figure], large: tuple[float, Figure]) -> str:
    """How cost grows with size: the exponent, 1 for in proportion, 0 for not at all."""
    return f"growth of {what} from {small[0]:,.0f} to {large[0]:,.0f}: exponent {exponent(small, large):.2f}"


def exponent(small: tuple[float, Figure], large: tuple[float, Figure]) -> float:
    """The power of the size in which the median grows from the small size to the large one."""
    return math.log(large[1].median / small[1].median) / math.log(large[0] / small[0])


# Runs


def processors() -> int:
    """How many threads the engines are let use where a row says so: as many as there are processors."""
    return min(MAX_THREADS, os.cpu_count() or 1)


def begun(path: Path) -> tuple[Done, FileBlobs]:
    """A run over one file, which its programs call `logs`, taken as the command line takes it."""
    blobs = FileBlobs()
    return begin({"logs": from_path(str(path), blobs)}, SETTINGS, RunKey(KEY), grammar=grammar_digest()), blobs


def done_turn(turn: Done | Suspended) -> Done:
    """A turn that is over, and of which no step failed."""
    assert isinstance(turn, Done)
    assert not turn.state.failures, turn.observation
    return turn


def waiting_turn(turn: Done | Suspended) -> Suspended:
    """A turn that waits for calls."""
    assert isinstance(turn, Suspended), turn.observation
    return turn


def program(text: str) -> Parsed:
    """A program that parses."""
    said = parse(text)
    assert isinstance(said, Parsed), said
    return said


# Memory


def anonymous_bytes() -> int | None:
    """The anonymous memory of this process, which no file backs; `None` where the system does not say."""
    return _status("RssAnon")


def peak_bytes() -> int | None:
    """The most memory that this process has had resident, files that it maps among it; `None` as above."""
    return _status("VmHWM")  # not `ru_maxrss`: that of a child begins with its parent's


def _status(field: str) -> int | None:
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            found = [line.split()[1] for line in status if line.startswith(f"{field}:")]
    except OSError:
        return None
    return int(found[0]) * 1024 if found else None
