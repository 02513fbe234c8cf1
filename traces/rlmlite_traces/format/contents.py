"""Contents: the blobs of a trace by ref, each proved to be what its ref commits to.

A ref is a hash over a salt and the content's SHA-256 (`refs`). A line of `blobs.jsonl` holds the salt and the content,
so its ref is *computed*, not believed: a changed byte gives another ref, which no record names, and the record that
names the old ref finds nothing. Content of more than 64 KiB lies in a file of its own, which its line names.

    ["q83v…","2 errors"]                            at most 64 KiB of text: the ref follows
    {"base64":"/w==","salt":"Ej…"}                  at most 64 KiB that is not UTF-8: the ref follows
    {"ref":"7f02…","salt":"kP…","size":70000}       a file `blobs/7f02…`, compared with that ref

A trace may hold gigabytes, so only the place of each blob is kept in memory; `read` decodes its content when it is
asked for. Large files are hashed once when the trace is opened and again when they are read, since a file can change
in between.
"""

import hashlib
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeAlias

import msgspec

from rlmlite_kernel.records.records import Ref
from rlmlite_kernel.records.refs import SALT_BYTES, commit
from rlmlite_traces.errors import BlobAbsentError, BlobMismatchError, TraceBrokenError, TraceError, TraceMissingError
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format import lines
from rlmlite_traces.format.formats import Format
from rlmlite_traces.format.lines import BLOBS, HEX, LARGE_FOLDER, AnyBlobLine, BlobLine, TextLine, split
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits, check_json

LargeFiles: TypeAlias = Mapping[Ref, Path | bytes]
"""The files in the folder `blobs/`, by name: where they lie, or their bytes."""


class Presence(Enum):
    """Whether the trace holds the content of a ref. A file that was cut short counts as absent.

    There is no third state: content that does not match its ref raises `BlobMismatchError`.
    """

    PRESENT = "present"
    ABSENT = "absent"


class BlobPlace(msgspec.Struct, frozen=True, gc=False):
    """The line of a blob, `start:stop` in bytes of `blobs.jsonl`, and what was computed from it.

    `digest` is the SHA-256 of the content, or empty if the content is absent.
    """

    salt: bytes
    digest: bytes
    start: int
    stop: int
    presence: Presence


class Contents:
    """The blobs of a trace, all checked when it is made.

    Raises `TraceBrokenError` for a line that breaks a rule, `BlobMismatchError` for content that its ref does not fit.
    """

    def __init__(self, data: bytes, large: LargeFiles, layout: Format, limits: ReaderLimits = READER_LIMITS) -> None:
        self._data, self._large, self._layout, self.limits = data, large, layout, limits
        self._large_bytes = 0
        self.places: dict[Ref, BlobPlace] = {}
        limits.check("blobs", data.count(b"\n"), "blobs.jsonl has lines:")
        for position, (start, stop) in enumerate(split(data, BLOBS)):
            line, named = layout.blob(data[start:stop], position)
            # Decoded, hashed and let go: only the place stays in memory.
            ref, place = self._check_line(line, named, start, stop, position)
            if ref in self.places:
                raise TraceBrokenError(BLOBS, position, "twice", "each content once", ref)
            self.places[ref] = place

    def presence(self, ref: Ref) -> Presence:
        """Whether the content of a ref is here."""
        place = self.places.get(ref)
        return Presence.ABSENT if place is None else place.presence

    def read(self, ref: Ref) -> bytes:
        """The content of a ref.

        Raises `BlobAbsentError`, or `BlobMismatchError` for a file that changed since it was checked.
        """
        place = self.places.get(ref)
        if place is None or place.presence is not Presence.PRESENT:
            raise BlobAbsentError(ref, "the reader")
        line, _ = self._layout.blob(self._data[place.start : place.stop], 0)
        if isinstance(line, TextLine) or line.size is None:
            return _inline(line, 0)
        content = b"".join(_chunks(self._large[ref], line.size))
        if hashlib.sha256(content).digest() != place.digest:
            raise BlobMismatchError(ref, "its file changed after it was checked")
        return content

    def large_size(self, ref: Ref) -> int:
        """The bytes of a content that is a file of its own."""
        place = self.places[ref]
        line, _ = self._layout.blob(self._data[place.start : place.stop], 0)
        assert isinstance(line, BlobLine)
        return line.size or 0

    def blocks(self, ref: Ref) -> Iterator[bytes]:
        """A content that is a file of its own, a piece at a time. It is not compared with its ref again."""
        yield from _chunks(self._large[ref], self.large_size(ref))

    def read_json(self, ref: Ref) -> bytes:
        """The content of a ref, to be decoded as JSON: within the reader's bounds for it.

        Raises as `read`, and `OverLimitError`.
        """
        content = self.read(ref)
        check_json(content, self.limits)
        return content

    def salts(self) -> dict[bytes, bytes]:
        """The salt of each content that is present, by its SHA-256."""
        return {place.digest: place.salt for place in self.places.values() if place.digest}

    def strays(self) -> Iterator[Ref]:
        """Names of files in the folder `blobs/` that no line names."""
        for name in self._large:
            place = self.places.get(name)
            line = None if place is None else self._layout.blob(self._data[place.start : place.stop], 0)[0]
            if not isinstance(line, BlobLine) or line.size is None:
                yield name

    def _check_line(self, line: AnyBlobLine, named: Ref, start: int, stop: int, position: int) -> tuple[Ref, BlobPlace]:
        """The ref of a line, computed, and its place. `named` is the ref that the line itself names, or empty."""
        _check_shape(line, position)
        if isinstance(line, TextLine) or line.size is None:
            content = _inline(line, position)
            _require(len(content) <= lines.LARGE, position, "size", f"at most {lines.LARGE}", str(len(content)))
            digest, presence = hashlib.sha256(content).digest(), Presence.PRESENT
        else:
            _require(line.size > lines.LARGE, position, "size", f"more than {lines.LARGE}", str(line.size))
            digest, presence = self._hash_file(line.ref, line.size)
        if presence is Presence.ABSENT:
            # Without the content there is nothing to compute a ref from. The one that the line names must do.
            return named, BlobPlace(line.salt, b"", start, stop, presence)
        ref = commit(line.salt, digest)
        if named and ref != named:
            raise BlobMismatchError(named, f"its SHA-256 is {digest.hex()}")
        return ref, BlobPlace(line.salt, digest, start, stop, presence)

    def _hash_file(self, ref: Ref, size: int) -> tuple[bytes, Presence]:
        """The SHA-256 of a large file, and whether it is whole.

        A shorter file is what a crash or a half-finished copy leaves, so it is absent. No crash makes one longer.
        """
        if ref not in self._large:
            return b"", Presence.ABSENT
        # What the line claims is checked before a byte is read; what the file has, as it is read.
        self.limits.check("content_bytes", size, "a content has")
        self._large_bytes += size
        self.limits.check("large_bytes", self._large_bytes, "the files in blobs/ have")
        digest, actual_size = hashlib.sha256(), 0
        for chunk in _chunks(self._large[ref], size):
            digest.update(chunk)
            actual_size += len(chunk)
        if actual_size > size:
            raise BlobMismatchError(ref, f"its file has more than the {size} bytes that its line says")
        return digest.digest(), Presence.PRESENT if actual_size == size else Presence.ABSENT


def _chunks(source: Path | bytes, size: int) -> Iterator[bytes]:
    """The bytes of a large file, `TRACE/blobs/REF`, one piece at a time. Raises `TraceMissingError`.

    Neither the file nor the folder in the trace may be a link. It ends with the first piece that goes beyond `size`,
    since a file without an end need not be read to the end.
    """
    if isinstance(source, bytes):
        yield source
        return
    read = 0
    try:
        with Folder.open(source.parent.parent) as trace, trace.below(LARGE_FOLDER) as folder:
            for block in folder.blocks(source.name):
                yield block
                read += len(block)
                if read > size:
                    return
    except TraceError:
        raise
    except OSError as error:
        raise TraceMissingError(source, error.strerror or "cannot be opened") from None


def _check_shape(line: AnyBlobLine, position: int) -> None:
    """Raise `TraceBrokenError` unless a line has a whole salt, its content in one way, and a ref if that is a file."""
    _require(len(line.salt) == SALT_BYTES, position, "salt", f"{SALT_BYTES} bytes", f"{len(line.salt)} bytes")
    if isinstance(line, TextLine):
        return
    ways = (line.base64 is not None) + (line.size is not None)
    _require(ways == 1, position, "one-content", "exactly one of base64, size", str(ways))
    sound = line.ref == "" if line.size is None else HEX.fullmatch(line.ref) is not None
    _require(sound, position, "ref", "no ref" if line.size is None else "64 hex digits", line.ref)


def _inline(line: AnyBlobLine, position: int) -> bytes:
    """The content in a line. Base64 of what could be text is refused: each content has one spelling."""
    if isinstance(line, TextLine):
        return line.text.encode()
    content = line.base64 or b""
    try:
        content.decode()
    except UnicodeDecodeError:
        return content
    raise TraceBrokenError(BLOBS, position, "spelling", "text, as it is valid UTF-8", "base64")


def _require(holds: bool, position: int, check: str, expected: str, found: str) -> None:
    if not holds:
        raise TraceBrokenError(BLOBS, position, check, expected, found)
