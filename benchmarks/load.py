"""What does it cost to take a file as an input, its hash included?

Anchor: SHA-256 alone of the same mapped file. Target: at most 1.15 x. The file's pages are in memory, for both.
Apart: whether it is UTF-8 (our loads look too, in a second thread), and the line index, which the first question about
lines builds. Then the same file opened again, its digest remembered; and the same text from a `.gz`, which is unpacked
to a mapped file, against unpacking and hashing alone.
"""

import gzip
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
from rlmlite.inputs.digests import Digests
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


def load_again(path: Path, cache: Digests) -> object:
    """As above, of a file that was hashed before."""
    return from_path(str(path), FileBlobs(cache))


def gzip_of(path: Path) -> Path:
    """The file packed, made once."""
    packed = path.with_suffix(".gz")
    if not packed.exists():
        with gzip.open(packed, "wb", compresslevel=1) as file:
            file.write(mapped(path))
    return packed


def unpack_alone(path: Path) -> object:
    """The anchor of a packed file."""
    digest = hashlib.sha256()
    with gzip.open(path) as file:
        while block := file.read(MB):
            digest.update(block)
    return digest.hexdigest()


def count_lines(path: Path) -> object:
    """Builds a line index."""
    return LineIndex(mapped(path)).count


def measured(path: Path, times: int) -> list[Figure]:
    """The anchor and ours, unpacking alone and ours."""
    packed, cache = gzip_of(path), Digests(path.with_suffix(".sqlite"))
    load_again(path, cache)
    tasks: list[Callable[[], object]] = [
        partial(hash_alone, path),
        partial(load, path),
        lambda: check_utf8(mapped(path)),
        partial(count_lines, path),
        partial(load_again, path, cache),
        partial(unpack_alone, packed),
        partial(load, packed),
    ]
    return [Figure(seconds) for seconds in interleaved(times, *tasks)]


def main(scale: Scale) -> None:
    """Print the table."""
    sizes = scale.pick((100 * MB, GB), (10 * MB, 100 * MB), (100 * KB, MB))
    all_times = scale.pick((15, 5), (15, 5), (2, 2))
    rows, loads = [], []
    for size, times in zip(sizes, all_times, strict=True):
        base, ours, utf8, index, again, unpacked, packed = measured(log_file(size), times)
        shown = bytes_text(size)
        rows += [
            Row("load", shown, "sha256", base, ours, ratio_within(1.15)),
            Row("UTF-8 check alone", shown, "sha256", base, utf8),
            Row("line index alone", shown, "sha256", base, index),
            Row("load again", shown, "sha256", base, again),
            Row("load .gz", shown, "gunzip + sha256", unpacked, packed),
        ]
        loads.append((float(size), ours))
    print_table("Loading a file", rows, [growth("a load with bytes", *loads)])


if __name__ == "__main__":
    main(scale_of(__doc__))
