"""What does it cost to cut a file into 100,000 line-aligned chunks?

Anchors, both numpy alone and nothing kept but offsets: every k-th newline of the whole file, which is what
`chunk(by="lines")` answers; and the newline after each of 100,000 evenly spaced places, which looks at little of the
file (60 ms for 1 GB where the target was set). Ours is a whole turn with its receipt: by lines when the line index is
not there yet, by lines when it is, by bytes. The index is built by as many threads as there are processors.
Target: 100 ms for 1 GB, and 4 MB.
"""

import tracemalloc
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
from rlmlite_kernel import Done, Parsed, advance
from rlmlite_kernel.engines import use_threads
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.ranking.postings import WordIndex
from rlmlite_kernel.values.blobs import Blobs, Content

_BLOCK = 1 << 20


class Unindexed:
    """Blobs that know no line index yet, and keep one as long as they live."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._lines: dict[str, LineIndex] = {}

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        return self._blobs.read(digest)

    def put(self, content: bytes) -> str:
        """See `Blobs.put`."""
        return self._blobs.put(content)

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        if digest not in self._lines:
            self._lines[digest] = LineIndex(self.read(digest))
        return self._lines[digest]

    def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """See `Blobs.index`."""
        return self._blobs.index(key, make, stored)

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`."""
        self._blobs.confirm(digests)


class Subject:
    """One file, and the ways to cut it."""

    def __init__(self, path: Path, count: int) -> None:
        self.content, self.count = mapped(path), count
        self.octets = np.frombuffer(self.content, np.uint8)
        self.lines_each = -(-LineIndex(self.content).count // count)
        self.bytes_each = -(-len(self.content) // count)
        done, self.blobs = begun(path)
        self.state = done.state
        self.by_lines = program(f'cuts = chunk(logs, size={self.lines_each}, by="lines")')
        self.by_bytes = program(f"cuts = chunk(logs, size={self.bytes_each})")

    def every_newline(self) -> object:
        """The anchor that does the same work."""
        starts = range(0, len(self.octets), _BLOCK)
        found = [np.flatnonzero(self.octets[start : start + _BLOCK] == 10) + start for start in starts]
        return np.concatenate(found)[self.lines_each - 1 :: self.lines_each] + 1

    def newlines_near(self) -> object:
        """The anchor that looks at little: the next newline after each of so many places."""
        places = np.arange(self.bytes_each, len(self.octets), self.bytes_each)
        ends = places.copy()
        open_ = np.arange(len(places))
        while len(open_):
            open_ = open_[(ends[open_] < len(self.octets)) & (self.octets[ends[open_] - 1] != 10)]
            ends[open_] += 1
        return ends

    def cut(self, said: Parsed, indexed: bool) -> tuple[Done, Blobs]:
        """One turn, and what holds the line index."""
        blobs = self.blobs if indexed else Unindexed(self.blobs)
        return done_turn(advance(self.state, said, blobs)), blobs


def allocated(task: Callable[[], object]) -> tuple[float, float]:
    """What a task keeps and what it takes at its peak, in bytes."""
    tracemalloc.start()
    kept = task()
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return float(now), float(peak)


def main(scale: Scale) -> None:
    """Print the table."""
    sizes, count = scale.pick((100 * MB, GB), (10 * MB, 100 * MB), (100 * KB, MB)), scale.pick(100_000, 100_000, 100)
    rows: list[Row] = []
    notes: list[str] = []
    sized: dict[str, list[tuple[float, Figure]]] = {}
    use_threads(processors())
    for size, times in zip(sizes, scale.pick((15, 7), (9, 5), (1, 1)), strict=True):
        subject, shown = Subject(log_file(size), count), bytes_text(size)
        tasks: list[Callable[[], object]] = [
            subject.every_newline,
            subject.newlines_near,
            lambda subject=subject: subject.cut(subject.by_lines, False),  # type: ignore[misc]
            lambda subject=subject: subject.cut(subject.by_lines, True),  # type: ignore[misc]
            lambda subject=subject: subject.cut(subject.by_bytes, True),  # type: ignore[misc]
        ]
        every, near, cold, warm, by_bytes = (Figure(each) for each in interleaved(times, *tasks))
        target = within(0.1)
        for what, anchor, base, ours in (
            ("by lines, no index yet", "every newline", every, cold),
            ("by lines, indexed", "newlines near", near, warm),
            ("by bytes", "newlines near", near, by_bytes),
        ):
            rows.append(Row(what, shown, anchor, base, ours, target))
            sized.setdefault(what, []).append((float(size), ours))
        for what, task in (("chunks", tasks[3]), ("chunks and line index", tasks[2])):
            kept, peak = (Figure([each], bytes_text) for each in allocated(task))
            bound = within(4 * MB, bytes_text) if what == "chunks" else None
            rows.append(Row(f"memory of {what}", shown, "its own peak", peak, kept, bound))
        notes.append(f"{shown}: chunks of {subject.lines_each:,} lines, or of {subject.bytes_each:,} bytes")
    notes += [growth(f"chunks {what}, with bytes", *figures) for what, figures in sized.items()]
    print_table(f"Cutting a file into {count:,} chunks", rows, notes)


if __name__ == "__main__":
    main(scale_of(__doc__))
