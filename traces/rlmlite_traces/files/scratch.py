"""`Scratch`: content that was file of an input, such as unpacked text, in one unnamed temporary file.

It is mapped when it is read, so memory does not grow with it, and one open file serves any number of contents. The
file has no name: nothing is left of it when the process ends, however it ends. It lies where `TMPDIR` says; a
temporary folder that is itself in memory makes it memory after all.
"""

import hashlib
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterable
from io import FileIO

import msgspec

from rlmlite_kernel.values.blobs import Content
from rlmlite_traces.files.mapped import SMALL


class ScratchExtent(msgspec.Struct, frozen=True, gc=False):
    """Where a content lies in the scratch file: its first byte and its size."""

    start: int
    size: int


class Scratch:
    """Contents one after another in one file, which is file when there is a first one."""

    def __init__(self) -> None:
        self._file: FileIO | None = None
        self._end = 0
        self._adding = False

    def add(self, blocks: Iterable[Content]) -> tuple[str, ScratchExtent]:
        """Write a content and hash it on the way; its SHA-256 and where it lies.

        Raises `OSError` if there is no room, and whatever `blocks` raises; nothing is kept then.
        """
        if self._adding:
            raise RuntimeError("one content is being written already; finish it first")
        file, start, digest = self._open(), self._end, hashlib.sha256()
        self._adding = True
        try:
            file.seek(start)
            for block in blocks:
                digest.update(block)
                rest = memoryview(block)
                while rest:
                    rest = rest[file.write(rest) :]
            self._end = file.tell()
        except BaseException:
            file.truncate(start)
            raise
        finally:
            self._adding = False
        return digest.hexdigest(), ScratchExtent(start, self._end - start)

    def drop_last(self, piece: ScratchExtent) -> None:
        """Take back the content that was added last."""
        if piece.start + piece.size != self._end:
            raise RuntimeError("only the content that was added last can be taken back")
        self._end = piece.start
        self._open().truncate(self._end)

    def content(self, piece: ScratchExtent) -> Content:
        """A content: bytes if it is small, else a map."""
        descriptor = self._open().fileno()
        if piece.size < SMALL:
            return os.pread(descriptor, piece.size, piece.start)
        first = piece.start - piece.start % mmap.ALLOCATIONGRANULARITY
        before = piece.start - first
        whole = memoryview(mmap.mmap(descriptor, before + piece.size, access=mmap.ACCESS_READ, offset=first))
        return whole[before:]

    def _open(self) -> FileIO:
        if self._file is None:
            file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # it lives as long as this object
            assert isinstance(file, FileIO)
            self._file = file
            weakref.finalize(self, file.close)
        return self._file
