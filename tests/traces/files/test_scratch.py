"""What is derived, written and hashed: a large content by a thread, in the order of its blocks."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest

from rlmlite_traces.files import scratch
from rlmlite_traces.files.scratch import write_and_hash


def _blocks(sizes: list[int]) -> list[bytes]:
    return [bytes([number % 256]) * size for number, size in enumerate(sizes)]


@pytest.mark.parametrize("sizes", [[], [0], [3, 0, 5], [1 << 20] * 40, [7] * 3_000, [9 << 20, 1, 9 << 20, 0, 2]])
def test_what_is_written_is_what_is_hashed(sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the blocks are, and whether a thread takes them."""
    monkeypatch.setattr(scratch, "_LARGE", 1_000)
    blocks = _blocks(sizes)
    with tempfile.TemporaryFile(buffering=0) as file:
        assert isinstance(file, FileIO)
        digest = write_and_hash(file, iter(blocks))
        file.seek(0)

        assert file.read() == b"".join(blocks)
    assert digest == hashlib.sha256(b"".join(blocks)).hexdigest()


def test_an_error_of_the_file_ends_the_writing(tmp_path: Path) -> None:
    """Also where the thread meets it, long after the block was made."""
    descriptor = os.open(tmp_path / "full", os.O_CREAT | os.O_WRONLY)
    made = 0

    def blocks() -> Iterator[bytes]:
        nonlocal made
        for made in range(1, 1_001):  # counted for the assertion
            yield bytes(1 << 20)
            if made == 5:
                os.close(descriptor)

    file = FileIO(descriptor, "w", closefd=False)
    with pytest.raises(OSError, match="Bad file descriptor"):
        write_and_hash(file, blocks())

    assert made < 20


def test_an_error_of_the_blocks_is_raised() -> None:
    """What was made before has been written."""

    def blocks() -> Iterator[bytes]:
        yield from _blocks([1 << 20] * 6)
        raise ValueError("no more")

    with tempfile.TemporaryFile(buffering=0) as file:
        assert isinstance(file, FileIO)
        with pytest.raises(ValueError, match="no more"):
            write_and_hash(file, blocks())

        assert file.tell() == 6 << 20
