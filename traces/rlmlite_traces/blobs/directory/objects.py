"""Contents on their way into a store: written aside, durable, and only then under their name.

What is named is the digest of what was written, read back from the file itself, not of what it was made from.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rlmlite_traces.blobs.directory.layout import Layout

_READ_ONLY = 0o444
_COPY_BLOCK = 64 * 1024 * 1024


@contextmanager
def open_incoming(layout: Layout, writer: str) -> Iterator[tuple[int, Path]]:
    """A new file to be written, and its path. Unless it is renamed, nothing is left of it.

    `writer` is the name of a live lease: with it a collection knows whose leftovers may go.
    """
    path = layout.incoming / f"{writer}.{secrets.token_hex(8)}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor, path
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)


def write(descriptor: int, pieces: Iterable[bytes | memoryview]) -> None:
    """Write all of it."""
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def copy(source: int, target: int, size: int) -> None:
    """Copy `size` bytes of a file, or as many as there are, without mapping it.

    Where the file system can, the copy shares its blocks with the original until one of them is changed. Never a
    hard link: that is the same file, and who cuts the original would cut the copy.
    """
    done = 0
    try:
        while done < size and (count := os.copy_file_range(source, target, min(size - done, _COPY_BLOCK))):
            done += count
    except (OSError, AttributeError):  # not between these file systems, or not on this one
        os.lseek(source, done, os.SEEK_SET)
        os.lseek(target, done, os.SEEK_SET)
    if done < size:  # also where the call gives nothing, as for files in /proc
        with open(source, "rb", buffering=0, closefd=False) as file:
            write(target, iter(lambda: file.read(1024 * 1024) or b"", b""))


def freeze(descriptor: int) -> None:
    """Make a written file durable, and take back the right to write it."""
    os.fchmod(descriptor, _READ_ONLY)
    os.fsync(descriptor)


def hash_descriptor(descriptor: int) -> str:
    """The SHA-256 of a file that others may cut: it is read, not mapped."""
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        return found
