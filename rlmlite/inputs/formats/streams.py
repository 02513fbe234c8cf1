"""Bytes on their way: `Stream`, a file-like reader of blocks whose head can be looked at, and `of_content`.

Everything that is unpacked goes through these block by block, so that memory does not grow with it.
"""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

from rlmlite_kernel.values.blobs import Content

BLOCK = 1024 * 1024
"""How many bytes are handled at a time."""

HEAD = 8 * 1024
"""How many bytes say of what kind a content is. A NUL among them means: this is no text."""


class Stream(io.RawIOBase):
    """Blocks as a file that is read from its beginning to its end. `head` is its first 8 KiB, which stay unread."""

    def __init__(self, blocks: Iterator[Content]) -> None:
        super().__init__()
        self._rest = blocks
        first = bytearray()
        while len(first) < HEAD and (block := next(self._rest, None)) is not None:
            first += block
        self.head = bytes(first[:HEAD])
        self._block = memoryview(bytes(first))

    def blocks(self) -> Iterator[Content]:
        """What was not read yet."""
        if self._block:
            block, self._block = self._block, memoryview(b"")
            yield block
        yield from self._rest

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`: fewer bytes than asked for are no end, none are."""
        while not self._block:
            block = next(self._rest, None)
            if block is None:
                return 0
            self._block = memoryview(block)
        taken = min(len(buffer), len(self._block))
        memoryview(buffer).cast("B")[:taken] = self._block[:taken]
        self._block = self._block[taken:]
        return taken


class ContentFile(io.RawIOBase):
    """A content as a file that can be searched through, without a copy."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content, self._at = memoryview(content), 0

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def seekable(self) -> bool:
        """Any place can be read."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._content)}[whence]
        if base + offset < 0:
            raise ValueError(f"a place before the beginning: {base + offset}")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`."""
        block = self._content[self._at : self._at + len(buffer)]
        memoryview(buffer).cast("B")[: len(block)] = block
        self._at += len(block)
        return len(block)


class Hashed:
    """Blocks that are hashed as they go by."""

    def __init__(self, blocks: Iterator[Content]) -> None:
        self._blocks, self._digest, self.size = blocks, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[Content]:
        for block in self._blocks:
            self._digest.update(block)
            self.size += len(block)
            yield block

    def digest(self) -> str:
        """SHA-256 of all that went by, in hex. What nobody has read yet is read first."""
        for _ in self:
            continue
        return self._digest.hexdigest()


def of_content(content: Content) -> Iterator[Content]:
    """A content in blocks, not copied."""
    view = memoryview(content)
    for start in range(0, len(view), BLOCK):
        yield view[start : start + BLOCK]


def of_file(file: Any) -> Iterator[bytes]:
    """What a file-like reader still holds, in blocks."""
    while block := file.read(BLOCK):
        yield block
