"""Memory does not grow with what is unpacked, decoded, fetched or piped in: it lies in a file that is mapped."""

import gzip
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rlmlite.inputs.input_files import tar_of

MB = 1_000_000
PROGRAM = """
import sys
from rlmlite.inputs import READING, deriving, from_path, new_store
import rlmlite.inputs.formats.encodings, bz2, charset_normalizer, gzip, lzma, tarfile, zipfile

def anonymous():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024

blobs, before = new_store(READING), anonymous()
found = from_path(sys.argv[1], blobs)
print(sum(file.size for file in found.source.files), anonymous() - before)
"""


def log(size: int, encoding: str = "utf-8") -> bytes:
    """A log of about so many bytes that packs as logs do."""
    draw = random.Random(1)
    lines = "".join(f"2024-01-01 {draw.random()} INFO Größe {draw.randrange(10**9)} ist schön\n" for _ in range(20_000))
    text = lines.encode(encoding)
    return text * (size // len(text) + 1)


KINDS: dict[str, Callable[[Path, int], object]] = {
    "a.gz": lambda path, size: path.write_bytes(gzip.compress(log(size), 1)),
    "a.tgz": lambda path, size: tar_of(path, {"a.log": log(size // 2), "b.log": log(size // 2)}, "gz"),
    "latin.log": lambda path, size: path.write_bytes(log(size, "latin-1")),
    "-": lambda path, size: path.write_bytes(log(size)),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [40 * MB, pytest.param(300 * MB, marks=pytest.mark.slow)])
def test_memory_stays_small(tmp_path: Path, kind: str, size: int) -> None:
    """Less than 30 MB more for 40 MB and for 300 MB of text, in a process of its own."""
    path = tmp_path / kind
    KINDS[kind](path, size)

    with path.open("rb") as piped:
        command = [sys.executable, "-c", PROGRAM, kind if kind == "-" else str(path)]
        done = subprocess.run(command, stdin=piped, capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr
    taken, grown = map(int, done.stdout.split())
    assert taken >= size
    assert grown < 30 * MB
