"""Contents: the blobs of a trace by ref, each proved to be what its ref commits to.

Only where a blob stands is kept in memory; its content is decoded when it is asked for.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeAlias

import msgspec

from rlmlite_kernel.records.records import Ref
from rlmlite_kernel.records.refs import SALT_BYTES, commit
from rlmlite_traces.errors import BlobAbsentError, BlobMismatchError, TraceBrokenError, TraceMissingError
from rlmlite_traces.format import lines
from rlmlite_traces.format.lines import BLOBS, HEX, BlobLine, decode_blob, split

LargeFiles: TypeAlias = Mapping[Ref, Path | bytes]
"""What lies in the folder `blobs/`, by name."""

_CHUNK = 1024 * 1024


class Presence(Enum):
    """Whether the trace holds the content of a ref. A file that was cut short is absent.

    There is no third: content that does not match its ref is an error.
    """

    PRESENT = "present"
    ABSENT = "absent"


class Kept(msgspec.Struct, frozen=True, gc=False):
    """Where a blob stands: the bytes `start:stop` of `blobs.jsonl`; `digest` is empty unless it is present."""

    salt: bytes
    digest: bytes
    start: int
    stop: int
    presence: Presence


class Contents:
    """The blobs of a trace. Raises `TraceBrokenError` or `BlobMismatchError` for a line that is not sound."""

    def __init__(self, data: bytes, large: LargeFiles) -> None:
        self._data, self._large = data, large
        self.kept: dict[Ref, Kept] = {}
        for position, (start, stop) in enumerate(split(data, BLOBS)):
            line = decode_blob(data[start:stop], position)
            if line.ref in self.kept:
                raise TraceBrokenError(BLOBS, position, "twice", "each ref once", line.ref)
            self.kept[line.ref] = self._checked(line, start, stop, position)

    def presence(self, ref: Ref) -> Presence:
        """Whether the content of a ref is here."""
        kept = self.kept.get(ref)
        return Presence.ABSENT if kept is None else kept.presence

    def read(self, ref: Ref) -> bytes:
        """The content of a ref. Raises `BlobAbsentError`, or `BlobMismatchError` for a file that changed since."""
        kept = self.kept.get(ref)
        if kept is None or kept.presence is not Presence.PRESENT:
            raise BlobAbsentError(ref, "the reader")
        line = decode_blob(self._data[kept.start : kept.stop], 0)
        if line.size is None:
            return _inline(line, 0)
        content = b"".join(_chunks(self._large[ref]))
        if hashlib.sha256(content).digest() != kept.digest:
            raise BlobMismatchError(ref, "its file changed after it was checked")
        return content

    def salts(self) -> dict[bytes, bytes]:
        """The salt of each content that is here, by its SHA-256."""
        return {kept.digest: kept.salt for kept in self.kept.values() if kept.digest}

    def strays(self) -> Iterator[Ref]:
        """Files in the folder that no line names."""
        for name in self._large:
            kept = self.kept.get(name)
            if kept is None or decode_blob(self._data[kept.start : kept.stop], 0).size is None:
                yield name

    def _checked(self, line: BlobLine, start: int, stop: int, position: int) -> Kept:
        salt = _salt(line, position)
        if line.size is None:
            content = _inline(line, position)
            _holds(len(content) <= lines.LARGE, position, "size", f"at most {lines.LARGE}", str(len(content)))
            digest, presence = hashlib.sha256(content).digest(), Presence.PRESENT
        else:
            _holds(line.size > lines.LARGE, position, "size", f"more than {lines.LARGE}", str(line.size))
            digest, presence = self._large_digest(line.ref, line.size)
        if presence is Presence.PRESENT and commit(salt, digest) != line.ref:
            raise BlobMismatchError(line.ref, f"its SHA-256 is {digest.hex()}")
        return Kept(salt, digest if presence is Presence.PRESENT else b"", start, stop, presence)

    def _large_digest(self, ref: Ref, size: int) -> tuple[bytes, Presence]:
        if ref not in self._large:
            return b"", Presence.ABSENT
        digest, found = hashlib.sha256(), 0
        for chunk in _chunks(self._large[ref]):
            digest.update(chunk)
            found += len(chunk)
        if found > size:
            raise BlobMismatchError(ref, f"{found} bytes instead of {size}")
        return digest.digest(), Presence.PRESENT if found == size else Presence.ABSENT


def open_plain(path: Path) -> int:
    """A descriptor of a plain file; links, pipes and devices are refused without waiting for them."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise TraceMissingError(path, error.strerror or "cannot be opened") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise TraceMissingError(path, "not a plain file")
    return descriptor


def read_plain(path: Path) -> bytes:
    """The content of a plain file. Raises `TraceMissingError`."""
    with open(open_plain(path), "rb", buffering=0) as file:
        return file.readall()


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with open(open_plain(source), "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _salt(line: BlobLine, position: int) -> bytes:
    ways = sum(way is not None for way in (line.text, line.base64, line.size))
    _holds(ways == 1, position, "one-content", "exactly one of text, base64, size", str(ways))
    _holds(HEX.fullmatch(line.ref) is not None, position, "ref", "64 hex digits", line.ref)
    try:
        salt = bytes.fromhex(line.salt)
    except ValueError:
        salt = b""
    sound = len(salt) == SALT_BYTES and salt.hex() == line.salt
    _holds(sound, position, "salt", f"{SALT_BYTES} bytes in hex", line.salt)
    return salt


def _inline(line: BlobLine, position: int) -> bytes:
    if line.text is not None:
        return line.text.encode()
    content = line.base64 or b""
    try:
        content.decode()
    except UnicodeDecodeError:
        return content
    raise TraceBrokenError(BLOBS, position, "spelling", "text, as it is valid UTF-8", "base64")


def _holds(holds: bool, position: int, check: str, expected: str, found: str) -> None:
    if not holds:
        raise TraceBrokenError(BLOBS, position, check, expected, found)
