"""The one spelling of a packed trace: a zip file whose every byte follows from the names and contents in it.

A zip says everything twice (before each content, and in the directory at its end) and readers differ in which they
believe; it may have gaps, comments, contents that overlap, sizes that lie. So nothing here is *interpreted*: what the
directory says is spelled again as we would write it, and must be the bytes that are there.

    PK34 blobs.jsonl 812 B      content      offset 0: the first one begins the file, and each begins where the one
    PK34 trace.jsonl 3,100 B    content                before it ends, so none overlap and nothing lies between them
    PK12 blobs.jsonl …          names ascend, so none is there twice
    PK12 trace.jsonl …
    PK56 2 entries              ends the file: no comment, nothing behind it

Contents are stored, not deflated. What deflate gives depends on the library and its version, so the same trace would
not always be the same file; and a stored content cannot be a bomb, since it takes what it has. Any unzip reads it.
No time, owner or machine is in it: the time is 1980-01-01, the mode 0600. From 4 GiB or 65,535 entries on, zip64
fields are used, there and nowhere else.
Not here: which names a trace has (`format`), and whether contents are what records say (`verify`).
"""

import os
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final

import msgspec

from rlmlite_traces.errors import PackBrokenError

MOST_ENTRIES: Final = 1_000_000
"""Each takes 150 bytes of its archive or more, so the memory for the names is a few times the file's size at most."""

_LONGEST_NAME: Final = 500
_SHORT: Final = 0xFFFF
_LONG: Final = 0xFFFFFFFF
"""What stands in a field of 16 and of 32 bits whose number is in a zip64 field."""

_MOST_SHORT, _MOST_LONG = _SHORT - 1, _LONG - 1
"""The largest numbers that stand in these fields themselves."""

_DAY: Final = 0x21  # 1980-01-01, the first day that a zip can name
_MODE: Final = 0o100600 << 16
_UNIX: Final = 3 << 8
_STORED, _WITH_ZIP64 = 10, 45
_ASCII_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,40}")

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_LONGEST_ENTRY = _CENTRAL.size + _LONGEST_NAME + 28
_END64_BYTES = _END64.size + _LOCATOR.size
_BLOCK = 1024 * 1024


class Member(msgspec.Struct, frozen=True, gc=False):
    """A content in an archive: its size in bytes, its CRC-32, and the offset of its local header."""

    name: str
    size: int
    crc: int
    header: int

    @property
    def start(self) -> int:
        """The offset of the content."""
        return self.header + len(local_header(self))

    @property
    def stop(self) -> int:
        """The offset behind the content."""
        return self.start + self.size


def local_header(member: Member) -> bytes:
    """What stands before a content."""
    is_long = member.size > _MOST_LONG
    extra = struct.pack("<2H2Q", 1, 16, member.size, member.size) if is_long else b""
    size = _LONG if is_long else member.size
    version = _WITH_ZIP64 if is_long else _STORED
    name = member.name.encode()
    head = _LOCAL.pack(b"PK\3\4", version, 0, 0, 0, _DAY, member.crc, size, size, len(name), len(extra))
    return head + name + extra


def central_header(member: Member) -> bytes:
    """What the directory at the end says of a content."""
    size = header = _LONG
    long: list[int] = []
    if member.size > _MOST_LONG:
        long += [member.size, member.size]
    else:
        size = member.size
    if member.header > _MOST_LONG:
        long.append(member.header)
    else:
        header = member.header
    extra = struct.pack(f"<2H{len(long)}Q", 1, 8 * len(long), *long) if long else b""
    version = _WITH_ZIP64 if long else _STORED
    name = member.name.encode()
    fields = (_UNIX | version, version, 0, 0, 0, _DAY, member.crc, size, size, len(name), len(extra))
    return _CENTRAL.pack(b"PK\1\2", *fields, 0, 0, 0, _MODE, header) + name + extra


def end_record(count: int, size: int, offset: int) -> bytes:
    """The end of an archive whose directory has `count` entries and `size` bytes from `offset` on."""
    counts = _SHORT if count > _MOST_SHORT else count
    sizes, offsets = (_LONG if number > _MOST_LONG else number for number in (size, offset))
    end = b""
    if _has_zip64(counts, sizes, offsets):
        version = (_UNIX | _WITH_ZIP64, _WITH_ZIP64)
        end = _END64.pack(b"PK\6\6", _END64.size - 12, *version, 0, 0, count, count, size, offset)
        end += _LOCATOR.pack(b"PK\6\7", 0, offset + size, 1)
    return end + _END.pack(b"PK\5\6", 0, 0, counts, counts, sizes, offsets, 0)


def _has_zip64(count: int, size: int, offset: int) -> bool:
    return count == _SHORT or _LONG in (size, offset)


def read_archive(descriptor: int, shown: str) -> Mapping[str, Member]:
    """The members of an open archive by name, if every byte of it but the contents is as it should be.

    Raises `PackBrokenError`; `shown` is the file's name in it. Time and memory are in proportion to the file.
    """
    length = os.fstat(descriptor).st_size
    count, size, offset = _find_directory(descriptor, length, shown)
    members: dict[str, Member] = {}
    at = header = 0
    window, begin = b"", 0
    for number in range(count):
        # A block at a time: a directory is as long as its writer says, and costs nothing in a sparse file.
        if at - begin + _LONGEST_ENTRY > len(window):
            window, begin = os.pread(descriptor, min(_BLOCK, size - at), offset + at), at
        member = _read_entry(window[at - begin : at - begin + _LONGEST_ENTRY], header, number, shown)
        local = local_header(member)
        _require(os.pread(descriptor, len(local), header) == local, shown, f"entry {number}", "its header as written")
        # Names ascend, so that an archive has one order, and no name twice.
        is_next = not members or next(reversed(members)) < member.name
        _require(is_next, shown, f"entry {number}", f"a name after the one before it, not {member.name!r}")
        above = {folder for folder in accumulate(member.name.split("/"), "{}/{}".format) if folder in members}
        _require(not above, shown, f"entry {number}", f"no file {member.name!r} below a file")
        members[member.name] = member
        at, header = at + len(central_header(member)), header + len(local) + member.size
    _require(at == size, shown, "the directory", f"{size:,} bytes in {count:,} entries, not {at:,}")
    _require(header == offset, shown, "the directory", f"at byte {header:,}, behind the last content")
    return members


def read_blocks(descriptor: int, member: Member, shown: str) -> Iterator[bytes]:
    """The content of a member, a piece at a time. Raises `PackBrokenError` at its end if its CRC-32 is another one."""
    crc, at = 0, member.start
    while at < member.stop and (block := os.pread(descriptor, min(_BLOCK, member.stop - at), at)):
        crc, at = zlib.crc32(block, crc), at + len(block)
        yield block
    _require(at == member.stop and crc == member.crc, shown, member.name, "content with the CRC-32 of its header")


def _find_directory(descriptor: int, length: int, shown: str) -> tuple[int, int, int]:
    """The directory's number of entries, its size and its offset, by the end of the file."""
    tail = os.pread(descriptor, _END64_BYTES + _END.size, max(0, length - _END64_BYTES - _END.size))
    _require(tail[-_END.size :][:4] == b"PK\5\6", shown, "its end", "the end of a zip file without a comment")
    *_, count, size, offset, _ = _END.unpack(tail[-_END.size :])
    if _has_zip64(count, size, offset) and len(tail) == _END64_BYTES + _END.size:
        *_, count, size, offset = _END64.unpack(tail[: _END64.size])
    _require(count <= MOST_ENTRIES, shown, "the directory", f"at most {MOST_ENTRIES:,} entries, not {count:,}")
    end = end_record(count, size, offset)
    # Each entry takes its bytes, so a small file cannot claim many, nor a directory outside of itself.
    _require(size <= count * _LONGEST_ENTRY, shown, "the directory", "bytes for its entries only")
    _require(tail.endswith(end) and offset + size + len(end) == length, shown, "its end", "the one of its directory")
    return count, size, offset


def _read_entry(entry: bytes, header: int, number: int, shown: str) -> Member:
    """The entry of the directory that `entry` begins with, whose content has to have its header at `header`."""
    what = f"entry {number}"
    _require(len(entry) >= _CENTRAL.size, shown, what, "an entry of the directory")
    fields = _CENTRAL.unpack_from(entry)
    crc, size, name_bytes, extra_bytes = fields[7], fields[8], fields[10], fields[11]
    name = entry[_CENTRAL.size : _CENTRAL.size + name_bytes].decode("latin-1")
    is_name = len(name) <= _LONGEST_NAME and _ASCII_NAME.fullmatch(name) is not None
    _require(is_name and not {".", ".."} & set(name.split("/")), shown, what, f"a relative path, not {name[:80]!r}")
    extra = entry[_CENTRAL.size + name_bytes : _CENTRAL.size + name_bytes + extra_bytes]
    if size == _LONG and len(extra) >= 12:
        size = int.from_bytes(extra[4:12], "little")
    member = Member(name, size, crc, header)
    _require(entry.startswith(central_header(member)), shown, what, "an entry as we write it: stored, plain, dense")
    return member


def _require(holds: bool, shown: str, where: str, expected: str) -> None:
    if not holds:
        raise PackBrokenError(shown, where, expected)
