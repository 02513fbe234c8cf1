"""What does it cost to take a file as an input, its hash included?

Anchor: SHA-256 alone of the same mapped file. Target: at most 1.15 x. The file's pages are in memory, for both.
Apart: whether it is UTF-8 (our loads look too, in a second thread), and the line index, which the first question about
lines builds.
"""

import hashlib
import mmap
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.logs import log_file
from benchmarks.measure import (
    GB,
    KB,
    MB,
    Figure,
    Row,
    Scale,
    bytes_text,
    growth,
    interleaved,
    print_table,
    ratio_within,
    scale_of,
)
from rlmlite.inputs import from_path
from rlmlite_kernel.engines import LineIndex
from rlmlite_kernel.engines import check as check_utf8
from rlmlite_traces import FileBlobs


def mapped(path: Path) -> memoryview:
    """The file, read only."""
    with open(path, "rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def hash_alone(path: Path) -> object:
    """The anchor."""
    return hashlib.sha256(mapped(path)).hexdigest()


def load(path: Path) -> object:
    """As the command line takes a file."""
    return from_path(str(path), FileBlobs())


def count_lines(path: Path) -> object:
    """Builds a line index."""
    return LineIndex(mapped(path)).count


def measured(path: Path, times: int) -> list[Figure]:
    """The anchor and ours."""
    tasks: list[Callable[[], object]] = [
        partial(hash_alone, path),
        partial(load, path),
        lambda: check_utf8(mapped(path)),
        partial(count_lines, path),
    ]
    return [Figure(seconds) for seconds in interleaved(times, *tasks)]


def main(scale: Scale) -> None:
    """Print the table."""
    sizes = scale.pick((100 * MB, GB), (10 * MB, 100 * MB), (100 * KB, MB))
    all_times = scale.pick((15, 5), (15, 5), (2, 2))
    rows, loads = [], []
    for size, times in zip(sizes, all_times, strict=True):
        base, ours, utf8, index = measured(log_file(size), times)
        shown = bytes_text(size)
        rows += [
            Row("load", shown, "sha256", base, ours, ratio_within(1.15)),
            Row("UTF-8 check alone", shown, "sha256", base, utf8),
            Row("line index alone", shown, "sha256", base, index),
        ]
        loads.append((float(size), ours))
    print_table("Loading a file", rows, [growth("a load with bytes", *loads)])


if __name__ == "__main__":
    main(scale_of(__doc__))
