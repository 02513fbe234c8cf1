"""The members of an archive, as a worker unpacks them (`rlmlite.inputs.parsers.archives`).

They come one by one, while the archive streams by: nothing is unpacked to disk, and a tar is never held whole.
Not here: what becomes of them (`archive_files`).
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeAlias

from rlmlite.errors.unreadable import BrokenArchiveError, ParserError, StoppedArchiveError, UnreadableError
from rlmlite.inputs.formats.parsing import open_copy, open_file, parse, parser_fault
from rlmlite.inputs.formats.reading import ReadingLimits
from rlmlite.inputs.formats.streams.blocks import content_blocks
from rlmlite.inputs.formats.text_reader import Payload
from rlmlite.inputs.parsers.archives import MAX_PATH, Broken, End, Head, Member, unpack_members
from rlmlite_kernel.values.blobs import Content
from rlmlite_traces import FileBlobs

_MOST_WANTED = 10_000
"""Above so many members that are wanted, all are unpacked: their paths would be more than the worker is asked with."""


Said: TypeAlias = bytes | Head | End | Broken
"""What a worker says of an archive."""


def open_members(
    payload: Payload, blobs: FileBlobs, limits: ReadingLimits, wanted: Collection[str] | None = None
) -> Iterator[Member]:
    """The members of an archive, those with a `wanted` path, or all. Raises `BrokenArchiveError`, `TooLargeError`."""
    assert payload.kind is not None
    kind = payload.kind.name
    if kind == "tar":
        return _unpack_tar(payload.stream.blocks(), limits, wanted)
    if payload.file is not None:
        return _unpack_zip(open_file(payload.file), payload.file.mark.size, limits, wanted)
    # One that is itself compressed, or comes as a stream, is stored first: the directory of a zip is at its end.
    return open_stored(kind, blobs.derive(payload.stream.blocks()).digest, blobs, limits, wanted)


def open_stored(
    kind: str, digest: str, blobs: FileBlobs, limits: ReadingLimits, wanted: Collection[str] | None = None
) -> Iterator[Member]:
    """The members of an archive that the store has under its digest. Raises as `open_members`."""
    content = blobs.read(digest)
    if kind == "tar":
        return _unpack_tar(content_blocks(content), limits, wanted)
    return _unpack_zip(open_copy(content), len(content), limits, wanted)


def _unpack_tar(blocks: Iterator[Content], limits: ReadingLimits, wanted: Collection[str] | None) -> Iterator[Member]:
    yield from _members(_unpack("tar", limits, wanted)(size=None, feed=blocks), "tar")


def _unpack_zip(
    opened: AbstractContextManager[int], size: int, limits: ReadingLimits, wanted: Collection[str] | None
) -> Iterator[Member]:
    with opened as file:
        yield from _members(_unpack("zip", limits, wanted)(size=size, files=[file]), "zip")


def _unpack(kind: str, limits: ReadingLimits, wanted: Collection[str] | None) -> Callable[..., Iterator[Said]]:
    # A long list of paths would cost more than it saves.
    listed = None if wanted is None or len(wanted) > _MOST_WANTED else sorted(wanted)
    return partial(parse, unpack_members, (kind, listed), limits, messages=Head | End | Broken, format=kind)


def _members(items: Iterator[Said], kind: str) -> Iterator[Member]:
    """The members that a worker tells of. Raises `BrokenArchiveError`, also for what it must not say."""
    unpacking = _Unpacking(items, kind)
    while (head := unpacking.next_head()) is not None:
        yield Member(head.path, head.skip_reason, unpacking.blocks)


class _Unpacking:
    """What a worker says of an archive, taken apart: heads, and the blocks of each member up to its end."""

    def __init__(self, items: Iterator[Said], kind: str) -> None:
        self._items, self._kind = items, kind
        self._inside = False

    def next_head(self) -> Head | None:
        """The next member, or None after the last. What has not been read of the one before is passed over."""
        # A member whose text was refused was not read to its end; one that is damaged says so only there.
        while self._inside:
            self._next_block()
        said = self._next_item()
        match said:
            case None:
                return None
            case Head(path=path, skip_reason=reason) if len(path.encode()) <= MAX_PATH and len(reason) <= MAX_PATH:
                self._inside = not reason
                return said
            case Broken(fault=fault):
                raise BrokenArchiveError(fault)
        raise self._out_of_order()

    def blocks(self) -> Iterator[bytes]:
        """The blocks of the member whose head came last. Raises `UnreadableError` if it is damaged."""
        while self._inside:
            said = self._next_block()
            if isinstance(said, bytes):
                yield said
            elif said.reason:
                raise UnreadableError(said.reason, said.detail)

    def _next_block(self) -> bytes | End:
        said = self._next_item()
        match said:
            case bytes():
                return said
            case End():
                self._inside = False
                return said
            case Broken(fault=fault):
                raise BrokenArchiveError(fault)
        raise self._out_of_order()

    def _next_item(self) -> Said | None:
        """What comes next. A parser that was stopped ends the archive, and so does damage of the layer around it."""
        try:
            return next(self._items, None)
        except ParserError as error:
            raise StoppedArchiveError(str(error)) from None
        except UnreadableError as error:
            # Raised by what feeds the worker: the compression around a tar, which says so in its detail.
            raise BrokenArchiveError(error.detail) from None

    def _out_of_order(self) -> StoppedArchiveError:
        return StoppedArchiveError(str(parser_fault(self._kind, "sent its answer in no order")))


def member_name(path: str) -> str:
    """The last part of a member's path, by whose suffix its kind may be known."""
    return path.rpartition("/")[2]
