"""Frames: how a worker's answer travels through a pipe, and how far the reader trusts it.

A frame is one byte for its kind, four for the length of its body, and the body:

    b"B" 00 00 00 05 hello      a block of bytes
    b"M" 00 00 00 03 ...        a message: any value in MessagePack
    b"X" ...                    an exception: its class and its words
    b"E" 00 00 00 00            the end. Without it the answer is not whole

The writer is in the worker, which may be in a stranger's hands. So the reader holds one frame at a time, of a bounded
length, and decodes a message only into the type that its caller names.
"""

import os
import struct
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, overload

import msgspec

from rlmlite.guard.worker.limits import WorkerProtocolError

T = TypeVar("T")

MAX_BODY = 4 * 1024 * 1024
"""Bytes in one frame. A writer splits a longer block; a longer message is its fault."""

BLOCK, MESSAGE, EXCEPTION, END = b"B", b"M", b"X", b"E"

_HEAD = struct.Struct("!cI")
_WORDS = 2_000
"""Characters of an exception that travel."""


class Message(msgspec.Struct, frozen=True):
    """A value that a worker sent, still in MessagePack."""

    body: bytes

    @overload
    def decode(self, kind: type[T]) -> T: ...
    @overload
    def decode(self, kind: Any) -> Any: ...
    def decode(self, kind: Any) -> Any:
        """The value, if it is of this type. Raises `WorkerProtocolError`."""
        try:
            return msgspec.msgpack.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise WorkerProtocolError(f"sent a message of another form: {type(error).__name__}") from None


class FrameWriter:
    """Writes frames to a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def block(self, data: bytes | bytearray | memoryview) -> None:
        """A block of bytes, in as many frames as it takes; an empty one in none."""
        view = memoryview(data).cast("B")
        for start in range(0, len(view), MAX_BODY):
            self._write(BLOCK, view[start : start + MAX_BODY])

    def message(self, value: Any) -> None:
        """A value. Raises `ValueError` if it is too long for a frame."""
        body = msgspec.msgpack.encode(value)
        if len(body) > MAX_BODY:
            raise ValueError(f"a message of {len(body):,} bytes; at most {MAX_BODY:,} are allowed: send blocks")
        self._write(MESSAGE, body)

    def exception(self, error: BaseException) -> None:
        """An exception that ends the job."""
        # Of the system's errors not the number and the path, which are of the worker and not of the user's file.
        text = getattr(error, "strerror", None) or str(error)
        words = str(text)[:_WORDS].encode("utf-8", "replace").decode()
        self._write(EXCEPTION, msgspec.msgpack.encode((type(error).__name__, words)))

    def end(self) -> None:
        """The end of the answer."""
        self._write(END, b"")

    def _write(self, kind: bytes, body: bytes | memoryview) -> None:
        view = memoryview(body)
        rest = [memoryview(_HEAD.pack(kind, len(view))), view]
        while rest:
            # A pipe takes what it has room for: perhaps the head and a part of the body.
            written = os.writev(self._descriptor, rest)
            while rest and written >= len(rest[0]):
                written -= len(rest.pop(0))
            if rest:
                rest[0] = rest[0][written:]


class FrameReader:
    """Reads frames. `read_into` fills a buffer with what has come, and returns how many bytes: 0 at the end."""

    def __init__(self, read_into: Callable[[memoryview], int]) -> None:
        self._read_into = read_into

    def frames(self) -> Iterator[tuple[bytes, bytes]]:
        """Kind and body of each frame up to the end of the pipe. Raises `WorkerProtocolError`, `EOFError` in one."""
        head = bytearray(_HEAD.size)
        while self._fill(head):
            kind, size = _HEAD.unpack(head)
            if kind not in (BLOCK, MESSAGE, EXCEPTION, END) or size > MAX_BODY:
                raise WorkerProtocolError("sent something that is not a frame")
            body = bytearray(size)
            if size and not self._fill(body):
                raise EOFError
            yield kind, bytes(body)

    def _fill(self, buffer: bytearray) -> bool:
        """Fill a buffer. False if the pipe ended before its first byte. Raises `EOFError` if it ends later."""
        rest = memoryview(buffer)
        while rest:
            size = self._read_into(rest)
            if not size and len(rest) == len(buffer):
                return False
            if not size:
                raise EOFError
            rest = rest[size:]
        return True


def exception_words(body: bytes) -> tuple[str, str]:
    """Class and words of an exception frame. Raises `WorkerProtocolError`."""
    return Message(body).decode(tuple[str, str])
