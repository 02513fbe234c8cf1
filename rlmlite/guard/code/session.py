"""This side of a parsing worker: sends texts, takes answers, and ends the worker when it should not go on.

    session = ParsingSession("python", 28)      a worker starts, with the libraries for Python, for a text of 28 bytes
    session.parse(b"class A: ...", "python")    Definitions(...)
    session.has_time_for(4_000_000)             False: take a new one for that

A worker's limit on time counts for all of its texts. So a session takes a text only while it has the time left that a
text of this size may take: `seconds_for`.
"""

import socket
import time
from collections.abc import Generator
from contextlib import suppress
from typing import TypeVar, cast

from rlmlite.guard.code.grammars import modules_of
from rlmlite.guard.code.service import COLUMNS, READY, REQUEST, serve
from rlmlite.guard.worker.frames import Message
from rlmlite.guard.worker.limits import WAIT_FACTOR, WorkerLimits, WorkerProtocolError
from rlmlite.guard.worker.running import run
from rlmlite_kernel.values.parsers import Definitions

T = TypeVar("T")

SECONDS = 8.0
"""Of processor time that a worker has for all of its texts, at least."""

_SECONDS_FOR_ANY = 3.0
_BYTES_PER_SECOND = 500_000
"""Code is parsed some times faster, C++ too; a text that takes longer is made for that."""

MEMORY = 1024 * 1024 * 1024
"""Bytes: a tree takes up to a hundred times the room of its text."""

_ENTRY = 8
"""Bytes of an integer in a column."""


def seconds_for(size: int) -> float:
    """Of processor time that a text of so many bytes may take."""
    return _SECONDS_FOR_ANY + size / _BYTES_PER_SECOND


class ParsingSession:
    """One worker, from its first text to its last."""

    def __init__(self, language: str, size: int) -> None:
        """Start it, for a text of this size at first. Raises `WorkerError`."""
        seconds = max(SECONDS, seconds_for(size))
        self._left = seconds
        self._requests, theirs = socket.socketpair()
        limits = WorkerLimits(seconds=seconds, memory=MEMORY)
        # A worker that stops reading must not stop this process.
        self._requests.settimeout(seconds * WAIT_FACTOR)
        answers = run(serve, None, limits, files=[theirs.fileno()], preload=modules_of(language))
        # A generator, which kills the worker when it is closed.
        self._answers = cast(Generator[bytes | Message], answers)
        try:
            if self._message(str) != READY:
                raise WorkerProtocolError("it began with another message")
        except BaseException:
            self.close()
            raise
        finally:
            theirs.close()

    def has_time_for(self, size: int) -> bool:
        """Whether a text of this size can be given to it."""
        return self._left >= seconds_for(size)

    def parse(self, source: bytes, language: str) -> Definitions:
        """The definitions in a text. Raises `WorkerError`; after that, or an interrupt, the session is at its end."""
        begun = time.monotonic()
        name = language.encode("ascii")
        # If it does not read any more, why is said where its answer would be.
        with suppress(OSError):
            self._requests.sendall(REQUEST.pack(len(name), len(source)) + name + source)
        definitions = self._answer(len(source))
        # Of waiting, which is at least what the worker used.
        self._left -= time.monotonic() - begun
        return definitions

    def close(self) -> None:
        """End the worker."""
        self._requests.close()
        self._answers.close()

    def _answer(self, size: int) -> Definitions:
        kind_names, count, is_sound = self._message(tuple[list[str], int, bool])
        # A definition takes at least a byte: so an answer takes no more memory than its text allows.
        if not 0 <= count <= size:
            raise WorkerProtocolError("it found more definitions than the text has bytes")
        entries = self._integers(COLUMNS * count)
        kinds, starts, stops, name_starts, name_stops = (
            entries[column * count : (column + 1) * count] for column in range(COLUMNS)
        )
        return Definitions(kind_names, kinds, starts, stops, name_starts, name_stops, is_sound)

    def _integers(self, count: int) -> "memoryview[int]":
        data = bytearray()
        while len(data) < count * _ENTRY:
            block = next(self._answers, None)
            if not isinstance(block, bytes):
                raise WorkerProtocolError("it sent no columns")
            data += block
        if len(data) > count * _ENTRY:
            raise WorkerProtocolError("it sent longer columns than it said")
        return memoryview(data).cast("q")

    def _message(self, kind: type[T]) -> T:
        message = next(self._answers, None)
        if not isinstance(message, Message):
            raise WorkerProtocolError("it sent no message")
        return message.decode(kind)
