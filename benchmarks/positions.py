"""What do a slice, a line and a character cost, wherever in a file they are?

Ours are the engines' own answers once the index is there (built at the first question, printed apart), and a whole
turn that takes a slice. Anchors: slicing a mapped file, and a lookup in a list of all line starts, which holds 8 bytes
a line (the index holds 8 a 64 KiB). Targets of the design: 10 µs to a line, 3 µs to a character; no growth with size.
"""

import bisect
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

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
    scale_of,
    within,
)
from rlmlite_kernel import advance
from rlmlite_kernel.engines import use_threads
from rlmlite_kernel.engines.bytes.positions import CodePoints, LineIndex

_EACH = 1_000  # places that are looked up in one go


class Subject:
    """One file, places in it, and the ways to find what is there."""

    def __init__(self, path: Path) -> None:
        self.content = mapped(path)
        self.lines, self.points = LineIndex(self.content), CodePoints(self.content)
        octets = np.frombuffer(self.content, np.uint8)
        self.starts: list[int] = (np.flatnonzero(octets == 10) + 1).tolist()
        chance = random.Random(7)
        self.places = [chance.randrange(len(self.content)) for _ in range(_EACH)]
        done, self.blobs = begun(path)
        self.state = done.state
        self.slice = program(f"part = logs[{self.places[0]}:{self.places[0] + 500}]")

    def sliced(self) -> object:
        """The anchor of a slice."""
        return [bytes(self.content[place : place + 500]) for place in self.places]

    def searched(self) -> object:
        """The anchor of a lookup."""
        return [bisect.bisect_right(self.starts, place) for place in self.places]

    def to_lines(self) -> object:
        """The line of each place, and where it begins."""
        return [self.lines.bounds_at(place) for place in self.places]

    def to_numbers(self) -> object:
        """The number of each place's line."""
        return [self.lines.line_at(place) for place in self.places]

    def to_characters(self) -> object:
        """Which character each place is."""
        return [self.points.number_at(place) for place in self.places]

    def turns(self) -> object:
        """Turns that take a slice by a program, each with its receipt."""
        return [done_turn(advance(self.state, self.slice, self.blobs)) for _ in range(_EACH // 100)]


def each(seconds: list[float], count: int) -> Figure:
    """The cost of one of so many."""
    return Figure([one / count for one in seconds])


def main(scale: Scale) -> None:
    """Print the table."""
    rows: list[Row] = []
    sized: dict[str, list[tuple[float, Figure]]] = {}
    use_threads(processors())
    for size in scale.pick((100 * MB, GB), (10 * MB, 100 * MB), (100 * KB, MB)):
        subject, shown = Subject(log_file(size)), bytes_text(size)
        first: Callable[[], object] = lambda subject=subject: LineIndex(subject.content).line_at(len(subject.content))  # type: ignore[misc]  # noqa: E731
        tasks = [
            subject.sliced,
            subject.searched,
            subject.to_numbers,
            subject.to_lines,
            subject.to_characters,
            subject.turns,
        ]
        times = interleaved(scale.pick(15, 9, 1), *tasks)
        sliced, searched, numbers, lines, characters = (each(found, _EACH) for found in times[:5])
        turns = each(times[5], _EACH // 100)
        (indexed,) = interleaved(scale.pick(3, 3, 1), first)
        for what, anchor, base, ours, target in (
            ("number of a line", "bisect in all starts", searched, numbers, within(10e-6)),
            ("bounds of a line", "bisect in all starts", searched, lines, within(10e-6)),
            ("number of a character", "bisect in all starts", searched, characters, within(3e-6)),
            ("slice of 500 bytes, a whole turn", "slice of a mapped file", sliced, turns, within(0.25e-3)),
        ):
            rows.append(Row(what, shown, anchor, base, ours, target))
            sized.setdefault(what, []).append((float(size), ours))
        rows.append(
            Row("first question: the line index", shown, "bisect in all starts", searched, Figure(indexed), None)
        )
    notes = [growth(f"{what}, with bytes", *figures) for what, figures in sized.items()]
    print_table("Places in a file, one at a time", rows, notes)


if __name__ == "__main__":
    main(scale_of(__doc__))
