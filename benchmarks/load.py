"""What does it cost to take a file as an input, its hash included?

Anchor: SHA-256 alone of the same mapped file. Target: at most 1.15 x. The file's pages are in memory, for both.
Apart: whether it is UTF-8 (our loads look too, in a second thread), and the line index, which the first question about
lines builds, with as many threads as there are processors. Then the same file opened again, its digest remembered; and
the same text from a `.gz`, which is unpacked to a mapped file, against unpacking and hashing alone. All of it over a
log and over text in four scripts, of which little is ASCII.
"""

import gzip
import hashlib
import mmap
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.logs import log_file, scripts_file
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
    processors,
    ratio_within,
    scale_of,
)
from rlmlite.inputs import from_path
from rlmlite.inputs.cache.digests import Digests
from rlmlite_kernel.engines import use_threads
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.bytes.utf8 import check as check_utf8
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
    rows: list[Row] = []
    sized: dict[str, list[tuple[float, Figure]]] = {}
    use_threads(processors())
    for made, of in ((log_file, ""), (scripts_file, ", four scripts")):
        for size, times in zip(sizes, all_times, strict=True):
            base, *ours, unpacked, packed = measured(made(size), times)
            shown, target = bytes_text(size), ratio_within(1.15)
            for what, figure in zip(("load", "UTF-8 check alone", "line index alone", "load again"), ours, strict=True):
                rows.append(Row(what + of, shown, "sha256", base, figure, target if what == "load" else None))
                sized.setdefault(what + of, []).append((float(size), figure))
            rows.append(Row(f"load .gz{of}", shown, "gunzip + sha256", unpacked, packed))
            sized.setdefault(f"load .gz{of}", []).append((float(size), packed))
    print_table("Loading a file", rows, [growth(f"{what} with bytes", *figures) for what, figures in sized.items()])


if __name__ == "__main__":
    main(scale_of(__doc__))
