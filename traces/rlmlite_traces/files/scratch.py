"""`Scratch`: derived contents, such as unpacked text, one after another in one temporary file without a name.

A derived content is too large for memory and has no file of its own to map. So it is appended to one scratch file,
and its extent, a first byte and a size, is what a reader maps:

    add("aaaa"), add("bb")     file: aaaabb     extents: (0, 4), (4, 2)
    add("aaaa") again          file: aaaabbaaaa; the caller knows the digest already and drops the last extent

Memory does not grow with the contents, and one descriptor serves any number of them. The file has no name, so nothing
is left of it when the process ends, however it ends. It lies where `TMPDIR` says; if that folder is itself in memory,
so are the contents.
"""

import hashlib
import mmap
import os
import tempfile
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from typing import TYPE_CHECKING

import msgspec

from rlmlite_kernel.values.blobs import Content
from rlmlite_traces.files.mapped import SMALL

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor


class ScratchExtent(msgspec.Struct, frozen=True, gc=False):
    """Where a content lies in the scratch file: its first byte and its size in bytes."""

    start: int
    size: int


class Scratch:
    """Contents one after another in one temporary file, which is created for the first of them."""

    def __init__(self) -> None:
        self._file: FileIO | None = None
        self._end = 0
        self._adding = False

    def add(self, blocks: Iterable[Content]) -> tuple[str, ScratchExtent]:
        """Append a content, and return its SHA-256 (64 hex digits) and its extent.

        Raises `OSError` if there is no space, and whatever `blocks` raises. Nothing of the content is left then.
        """
        # `blocks` may be a generator that itself derives contents; two at a time would interleave in the file.
        if self._adding:
            raise RuntimeError("one content is being written already; finish it first")
        file, start = self._open(), self._end
        self._adding = True
        try:
            file.seek(start)
            digest = write_and_hash(file, blocks)
            self._end = file.tell()
        except BaseException:
            file.truncate(start)
            raise
        finally:
            self._adding = False
        return digest, ScratchExtent(start, self._end - start)

    def drop_last(self, extent: ScratchExtent) -> None:
        """Remove the content that was added last. Raises `RuntimeError` for any other."""
        if extent.start + extent.size != self._end:
            raise RuntimeError("only the content that was added last can be dropped")
        self._end = extent.start
        self._open().truncate(self._end)

    def content(self, extent: ScratchExtent) -> Content:
        """The content of an extent: bytes if it is small, otherwise a map of the file."""
        descriptor = self._open().fileno()
        if extent.size < SMALL:
            return os.pread(descriptor, extent.size, extent.start)
        # A map must begin at a multiple of the page size: map from there, and hide the bytes before the content.
        skipped = extent.start % mmap.ALLOCATIONGRANULARITY
        page_start = extent.start - skipped
        pages = mmap.mmap(descriptor, skipped + extent.size, access=mmap.ACCESS_READ, offset=page_start)
        return memoryview(pages)[skipped:]

    def _open(self) -> FileIO:
        """The scratch file. It is created only when needed: most runs derive nothing."""
        if self._file is None:
            file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # it lives as long as this object
            assert isinstance(file, FileIO)
            self._file = file
            weakref.finalize(self, file.close)
        return self._file


def write_and_hash(file: FileIO, blocks: Iterable[Content]) -> str:
    """Write all blocks at the file's position, and return the SHA-256 of what was written.

    A large content is written and hashed by a thread, while the next blocks are made.
    """
    digest = hashlib.sha256()

    def take(block: Content) -> None:
        digest.update(block)
        rest = memoryview(block)
        while rest:
            # An unbuffered file may write only a part of what it is given.
            rest = rest[file.write(rest) :]

    size, rest = 0, iter(blocks)
    for block in rest:
        take(block)
        size += len(block)
        if size >= _LARGE:
            _take_beside(take, rest)
    return digest.hexdigest()


_LARGE = 4 * 1024 * 1024
"""Bytes of a content that are worth the start of a thread."""

_AHEAD = 8 * 1024 * 1024
"""Bytes that may wait to be taken, and one block."""


def _take_beside(take: Callable[[Content], None], blocks: Iterator[Content]) -> None:
    """Let a thread take the blocks in order. Raises what taking one of them raises, and what making one does.

    Raises `MemoryError` where there is no memory for the stack of a thread.
    """
    # Imported here: it brings `logging`, which takes longer than to write a small content.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as thread:
        waiting: deque[tuple[Future[None], int]] = deque()
        ahead = 0
        for block in blocks:
            waiting.append((_submit(thread, take, block), len(block)))
            ahead += len(block)
            while ahead > _AHEAD:
                taken, size = waiting.popleft()
                taken.result()
                ahead -= size
        for taken, _ in waiting:
            taken.result()


def _submit(thread: "ThreadPoolExecutor", take: Callable[[Content], None], block: Content) -> "Future[None]":
    try:
        return thread.submit(take, block)
    except RuntimeError as error:
        # Python has no error of its own for it.
        raise MemoryError(str(error)) from None
