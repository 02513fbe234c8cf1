"""What the tests of hostile files share: a load that must end well or in a fault of its input, and bytes changed."""

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, from_path
from rlmlite.inputs.tables import derive_table
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation, Source, SourceFile
from rlmlite_traces import FileBlobs
from rlmlite_traces.blobs.stores import DerivedContent

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


def sheet_outcome(path: Path, reading: Reading = SOON) -> bytes | str:
    """As `outcome`, of a table that a trace of an older version names: it is read into a sheet again."""
    blobs = FileBlobs()
    made: list[str] = []

    def keep(blocks: Iterable[Content]) -> DerivedContent:
        derived = FileBlobs.derive(blobs, blocks)
        made.append(derived.digest)
        return derived

    blobs.derive = keep  # type: ignore[method-assign]
    entry = SourceFile(str(path), "0" * 64, 0, recipe=1)
    source = Source("table", str(path), (entry,), recipes=((Derivation(path.suffix.removeprefix(".")),),))
    said = derive_table(blobs.look(path), source, (entry,), blobs, reading)
    return said or bytes(blobs.read(made[0]))


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
