"""`ArchiveWriter`: writes an archive in its one spelling (`files.archive`), one content at a time.

A header holds the CRC-32 of the content behind it, which is known only when the content has been written. So the
header is written twice: once to make room, and once more when the content is done.
"""

import os
import zlib
from collections.abc import Iterable

import msgspec

from rlmlite_traces.errors import PackChangedError
from rlmlite_traces.files.archive import MOST_ENTRIES, Member, central_header, end_record, local_header
from rlmlite_traces.files.guarded import write_all


class ArchiveWriter:
    """Writes into a new, empty file that is open. `add` contents by ascending names, then `finish`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._at = descriptor, 0
        self._members: list[Member] = []

    def add(self, name: str, size: int, blocks: Iterable[bytes]) -> None:
        """Write a content of `size` bytes. Raises `PackChangedError` if there are more or fewer, and `OSError`."""
        if self._members and self._members[-1].name >= name:
            raise ValueError(f"{name} comes before {self._members[-1].name}")
        if len(self._members) == MOST_ENTRIES:
            raise ValueError(f"an archive has at most {MOST_ENTRIES:,} entries")
        member, written, crc = Member(name, size, 0, self._at), 0, 0
        write_all(self._descriptor, local_header(member))
        for block in blocks:
            write_all(self._descriptor, block)
            written, crc = written + len(block), zlib.crc32(block, crc)
        if written != size:
            raise PackChangedError(name, f"{size:,} bytes", f"{written:,} bytes")
        member = msgspec.structs.replace(member, crc=crc)
        os.pwrite(self._descriptor, local_header(member), member.header)
        self._members.append(member)
        self._at = member.stop

    def finish(self) -> int:
        """Write the directory, durably. Returns the size of the archive in bytes."""
        directory = b"".join(map(central_header, self._members))
        end = end_record(len(self._members), len(directory), self._at)
        write_all(self._descriptor, directory + end)
        os.fsync(self._descriptor)
        return self._at + len(directory) + len(end)
