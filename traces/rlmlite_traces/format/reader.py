"""Traces as types that say what is known of them.

`UncheckedTrace` is bytes from anywhere. `verify` turns it into a `CheckedTrace`, which nothing else makes: whoever
holds one need not check it again.
"""

import os
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path

import msgspec

from rlmlite_kernel.records.records import AnyRecord, EffectRecord, Genesis, Ref, Step
from rlmlite_traces.errors import TraceMissingError
from rlmlite_traces.format.calls import StepCalls
from rlmlite_traces.format.contents import Contents, LargeFiles, Presence, read_plain
from rlmlite_traces.format.lines import BLOBS, EFFECTS, HEX, LARGE_FOLDER, RECORDS


class Level(IntEnum):
    """What a trace proves. An OPEN one may lack its end; a SEALED one is whole."""

    OPEN = 1
    SEALED = 2


class UncheckedTrace(msgspec.Struct, frozen=True):
    """The files of a trace, of which nothing is known yet."""

    records: bytes
    blobs: bytes
    effects: bytes
    large: LargeFiles = {}

    @classmethod
    def read(cls, path: Path) -> "UncheckedTrace":
        """The files of `NAME.rlm/`. Raises `TraceMissingError`."""
        if not path.is_dir():
            raise TraceMissingError(path, "no such folder")
        records, blobs, effects = (read_plain(path / name) for name in (RECORDS, BLOBS, EFFECTS))
        return cls(records, blobs, effects, large_files(path / LARGE_FOLDER))


class CheckedTrace(msgspec.Struct, frozen=True):
    """A trace that was verified. Made by `verify` only.

    `records` are typed; the methods give what belongs to the record of a number (`seq`).
    """

    root: str
    level: Level
    records: tuple[AnyRecord, ...]
    lines: tuple[bytes, list[tuple[int, int]]]
    calls: StepCalls
    call_ranges: dict[int, tuple[int, int]]
    contents: Contents

    @property
    def size(self) -> int:
        """The number of records."""
        return len(self.records)

    @property
    def genesis(self) -> Genesis:
        """The first record."""
        first = self.records[0]
        assert isinstance(first, Genesis)
        return first

    @property
    def blobs(self) -> Mapping[Ref, Presence]:
        """Each ref that has a line, and whether its content is here."""
        return {ref: place.presence for ref, place in self.contents.places.items()}

    def line(self, seq: int) -> bytes:
        """The line of a record, without its newline."""
        data, spans = self.lines
        start, stop = spans[seq]
        return data[start:stop]

    def effects(self, seq: int) -> list[EffectRecord]:
        """The calls of the record `seq`, by index."""
        record = self.records[seq]
        return (
            self.calls.reread(self.call_ranges[seq], record)
            if isinstance(record, Step) and seq in self.call_ranges
            else []
        )

    def effect_lines(self, seq: int) -> list[bytes]:
        """The lines of the calls of the record `seq`."""
        return self.calls.lines(self.call_ranges.get(seq, (0, 0)))

    def content(self, ref: Ref) -> bytes:
        """The content of a blob. Raises `BlobAbsentError`."""
        return self.contents.read(ref)

    def salts(self) -> Mapping[bytes, bytes]:
        """The salts of the contents by their SHA-256, for `rlmlite_kernel.refs.KnownSalts`."""
        return self.contents.salts()


def large_files(folder: Path) -> dict[Ref, Path]:
    """What lies in `blobs/` under a name of 64 hex digits; nothing else is looked at."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return {}
    except NotADirectoryError:
        raise TraceMissingError(folder, "not a folder") from None
    return {name: folder / name for name in names if HEX.fullmatch(name)}
