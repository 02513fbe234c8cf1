"""The worker's side of parsing: one text after another, each with its answer.

A fork for each text would take longer than most texts do, and a folder has thousands. So a worker stays for the next
text, until it has worked for a while or one of them ends it.

    request      two lengths, a language, a text               through a socket, its only open file
    answer       a message: names of kinds, how many definitions, whether all could be parsed
                 then blocks: `COLUMNS` columns of 64-bit integers, one after another

Nothing but integers and a few words comes back, so a text that takes the worker over has little to say: which the
kernel checks besides (`values.parsers`).
"""

import os
import struct
from array import array
from collections.abc import Iterator
from typing import Any

from rlmlite.guard.code.grammars import find_definitions
from rlmlite.guard.worker.child import Assignment

REQUEST = struct.Struct("!HI")
"""Before each text: the length of the language's name, and of the text, in bytes."""

READY = "ready"
"""The first message: the worker has given up its rights, and reads."""

COLUMNS = 5
"""Kinds, starts, stops, and the starts and stops of names."""


def serve(assignment: Assignment) -> Iterator[Any]:
    """The job: answer requests until there are no more."""
    (requests,) = assignment.files
    yield READY
    while head := _read(requests, REQUEST.size):
        name_size, size = REQUEST.unpack(head)
        language = _read(requests, name_size).decode("ascii")
        found = find_definitions(_read(requests, size), language)
        yield found.kind_names, len(found.starts), found.is_sound
        columns = (found.kinds, found.starts, found.stops, found.name_starts, found.name_stops)
        # One block, as each takes a turn of both processes.
        yield b"".join(array("q", column).tobytes() for column in columns)


def _read(descriptor: int, size: int) -> bytes:
    """So many bytes; none at the end. Raises `EOFError` if the end comes in between."""
    parts = bytearray()
    while len(parts) < size:
        part = os.read(descriptor, size - len(parts))
        if not part:
            if parts:
                raise EOFError
            return b""
        parts += part
    return bytes(parts)
