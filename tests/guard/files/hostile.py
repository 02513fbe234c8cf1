"""What the tests of hostile files share: a load that must end well or in a fault of its input, and bytes changed."""

import random
from collections.abc import Iterator
from pathlib import Path

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, from_path
from rlmlite_traces import FileBlobs

CANARY = b"canary-" + bytes(range(97, 123)) * 4
"""In this process's memory while a hostile file is read; it must be in no value."""

SOON = Reading(max_seconds=5, max_worker_bytes=256 * 1024**2, max_bytes=64 * 1024**2)
"""Limits under which no test takes long."""


def outcome(path: Path | str, reading: Reading = SOON) -> bytes | str:
    """The content that an input has in the end, or the message of its fault. Nothing else may come of a file."""
    blobs = FileBlobs()
    try:
        loaded = from_path(str(path), blobs, reading)
    except InputError as error:
        return str(error)
    content = b"".join(bytes(blobs.read(file.digest)) for file in loaded.source.files)
    assert CANARY not in content
    return content


def patched(content: bytes, place: int, new: bytes) -> bytes:
    """The content with other bytes at a place."""
    return content[:place] + new + content[place + len(new) :]


def flipped(content: bytes, seeds: range, flips: int = 3, start: int = 0) -> Iterator[bytes]:
    """For each seed the content with a few bits flipped, at or after `start`."""
    for seed in seeds:
        chance = random.Random(seed)
        changed = bytearray(content)
        for _ in range(flips):
            changed[chance.randrange(start, len(changed))] ^= 1 << chance.randrange(8)
        yield bytes(changed)
