"""Contents on their way into a store: written aside, made durable, and only then given their name.

    open_incoming     incoming/812-9f3a....5b1c   created, empty
    write or copy     incoming/812-9f3a....5b1c   the bytes
    freeze            incoming/812-9f3a....5b1c   read only, on the disk
    (store.py)        objects/3f/0c...            renamed to the digest of what the file holds

The digest is computed from the written file itself, not from the bytes that were meant to be written, so a fault on the
way (a source that changes, a wrong copy) gives another name and never a name with the wrong content.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rlmlite_traces.blobs.directory.layout import Layout
from rlmlite_traces.files.guarded import write_all

_READ_ONLY = 0o400
"""For its user alone: a content may be wider copied than the file that it was copied from."""
_COPY_BLOCK = 64 * 1024 * 1024
_READ_BLOCK = 1024 * 1024


@contextmanager
def open_incoming(layout: Layout, writer: str) -> Iterator[tuple[int, str]]:
    """A new file in `incoming/`: its descriptor and its name. Unless it is renamed, it is removed at the end.

    `writer` is the name of a live lease, by which a collection tells a file that is being written from a leftover.
    """
    name = f"{writer}.{secrets.token_hex(8)}"
    with layout.folder("incoming") as folder:
        descriptor = folder.create(name, flags=os.O_RDWR)
        try:
            yield descriptor, name
        finally:
            os.close(descriptor)
            folder.remove(name)


def write(descriptor: int, pieces: Iterable[bytes | memoryview]) -> None:
    """Write all pieces at the descriptor's position. Raises `OSError`."""
    for piece in pieces:
        write_all(descriptor, piece)


def copy(source: int, target: int, size: int) -> None:
    """Copy `size` bytes from one descriptor to another, or as many as there are.

    Where the file system can, the copy shares its blocks with the original until one of them is changed. It is never
    a hard link: that is the same file, and truncating the original would truncate the copy. Nor is the source mapped:
    truncating a mapped file kills the process that reads it (SIGBUS).
    """
    copied = _copy_in_kernel(source, target, size)
    if copied < size:
        # Not between these file systems, or not on this one, or the call gives nothing, as for files in /proc.
        with open(source, "rb", buffering=0, closefd=False) as file:
            write(target, iter(lambda: file.read(_READ_BLOCK) or b"", b""))


def _copy_in_kernel(source: int, target: int, size: int) -> int:
    """Copy as much as `copy_file_range` will, and return the number of bytes. Both positions are then behind them."""
    copied = 0
    try:
        while copied < size:
            count = os.copy_file_range(source, target, min(size - copied, _COPY_BLOCK))
            if count == 0:
                break
            copied += count
    except (OSError, AttributeError):
        # Some systems lack the call, and a failed one may have moved the positions.
        os.lseek(source, copied, os.SEEK_SET)
        os.lseek(target, copied, os.SEEK_SET)
    return copied


def freeze(descriptor: int) -> None:
    """Make a written file read only and durable."""
    os.fchmod(descriptor, _READ_ONLY)
    os.fsync(descriptor)


def hash_descriptor(descriptor: int) -> str:
    """The SHA-256 of an open file, read from its position; the position is then 0.

    The file is read, not mapped, since it is not ours: truncating a mapped file kills the process that reads it.
    """
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        return digest
