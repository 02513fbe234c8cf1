"""Bytes on their way from a file to its text, block by block, so that memory does not grow with the file.

Each stage is an iterator of blocks; stages are nested, and pulling a block from the last one pulls through all:

    file_blocks(file) -> HashingBlocks -> BlockStream -> decompress(...) -> BlockStream -> ...

`BlockStream` gives libraries the file object that they want, and lets `kinds` look at the first bytes without consuming
them. `ContentFile` is for formats whose directory is at the end (zip, PDF) and that therefore need to seek.
"""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

from rlmlite_kernel.values.blobs import Content

BLOCK = 1024 * 1024
"""How many bytes are handled at a time."""

HEAD = 8 * 1024
"""How many bytes decide what kind of file it is. A NUL byte among them means that it is not UTF-8 text."""


class BlockStream(io.RawIOBase):
    """Blocks as a file object that is read from beginning to end. `head` is its first 8 KiB, which remain unread."""

    def __init__(self, blocks: Iterator[Content]) -> None:
        super().__init__()
        self._rest = blocks
        # Blocks may be of any size, even empty, so the head is collected from as many as it takes.
        first = bytearray()
        while len(first) < HEAD and (block := next(self._rest, None)) is not None:
            first += block
        self.head = bytes(first[:HEAD])
        self._block = memoryview(bytes(first))

    def blocks(self) -> Iterator[Content]:
        """What has not been read yet."""
        if self._block:
            block, self._block = self._block, memoryview(b"")
            yield block
        yield from self._rest

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`. It may return fewer bytes than requested; 0 is the end."""
        # An empty block is not the end: a decompressor may have consumed input without producing output.
        while not self._block:
            block = next(self._rest, None)
            if block is None:
                return 0
            self._block = memoryview(block)
        size = min(len(buffer), len(self._block))
        memoryview(buffer).cast("B")[:size] = self._block[:size]
        self._block = self._block[size:]
        return size


class ContentFile(io.RawIOBase):
    """A content as a seekable file object, without a copy."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content, self._position = memoryview(content), 0

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.RawIOBase`. Raises `ValueError` for a position before the beginning."""
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._content)}
        position = bases[whence] + offset
        if position < 0:
            raise ValueError(f"a position before the beginning: {position}")
        # Beyond the end is allowed, as for any file: reading there returns nothing.
        self._position = position
        return position

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`."""
        block = self._content[self._position : self._position + len(buffer)]
        memoryview(buffer).cast("B")[: len(block)] = block
        self._position += len(block)
        return len(block)


class HashingBlocks:
    """Blocks that are hashed and counted as they pass. `size` is the number of bytes so far."""

    def __init__(self, blocks: Iterator[Content]) -> None:
        self._blocks, self._digest, self.size = blocks, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[Content]:
        for block in self._blocks:
            self._digest.update(block)
            self.size += len(block)
            yield block

    def digest(self) -> str:
        """SHA-256 of all blocks, in hex. Reads what nobody has read yet, since an archive may end before its file."""
        for _ in self:
            continue
        return self._digest.hexdigest()


def content_blocks(content: Content) -> Iterator[Content]:
    """A content in blocks, not copied."""
    view = memoryview(content)
    for start in range(0, len(view), BLOCK):
        yield view[start : start + BLOCK]


def file_blocks(file: Any) -> Iterator[bytes]:
    """The rest of a file object, in blocks."""
    while block := file.read(BLOCK):
        yield block
