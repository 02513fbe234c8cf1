"""The members of an archive as the files of an input.

The archive is unpacked in a worker (`rlmlite.inputs.parsers.archives`), and each member is read here like a file of a
folder, while the archive streams by: nothing is unpacked to disk, and a tar is never held whole. Of members with equal
names the last counts, as if the archive had been unpacked over itself.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

import msgspec

from rlmlite.errors.unreadable import BrokenArchiveError, ParserError, StoppedArchiveError, UnreadableError
from rlmlite.inputs.folders.listing import REPLACED
from rlmlite.inputs.formats.parsing import open_copy, open_file, parse, parser_fault
from rlmlite.inputs.formats.reading import Meter, ReadingLimits
from rlmlite.inputs.formats.recipes import Recipes
from rlmlite.inputs.formats.streams.blocks import HashingBlocks
from rlmlite.inputs.formats.text_reader import Payload, TextReader
from rlmlite.inputs.parsers.archives import MAX_PATH, Broken, End, Head, Member, unpack_members
from rlmlite_kernel.values.inputs import SourceFile
from rlmlite_traces import FileBlobs

THE_REST = "(the rest)"
"""Stands for the members behind the place where an archive is damaged: their paths are not known."""

_MOST_WANTED = 10_000
"""Above so many members that are wanted, all are unpacked: their paths would be more than the worker is asked with."""


class ArchiveFiles(msgspec.Struct, frozen=True):
    """The files of an archive in the order of their paths, and (path, reason) of the members that were skipped."""

    files: tuple[SourceFile, ...]
    skipped: tuple[tuple[str, str], ...]


def open_members(
    payload: Payload, blobs: FileBlobs, limits: ReadingLimits, wanted: Collection[str] | None = None
) -> Iterator[Member]:
    """The members of an archive, those with a `wanted` path, or all. Raises `BrokenArchiveError`, `TooLargeError`."""
    assert payload.kind is not None
    kind = payload.kind.name
    # A long list of paths would cost more than it saves.
    listed = None if wanted is None or len(wanted) > _MOST_WANTED else sorted(wanted)
    unpack = partial(parse, unpack_members, (kind, listed), limits, messages=Head | End | Broken, format=kind)
    if kind == "tar":
        yield from _members(unpack(size=None, feed=payload.stream.blocks()), kind)
        return
    with _open_zip(payload, blobs) as (file, size):
        yield from _members(unpack(size=size, files=[file]), kind)


@contextmanager
def _open_zip(payload: Payload, blobs: FileBlobs) -> Iterator[tuple[int, int]]:
    """The descriptor and the size of a zip, whose directory is at its end."""
    if payload.file is not None:
        with open_file(payload.file) as file:
            yield file, payload.file.mark.size
        return
    # One that is itself compressed, or comes as a stream, is stored first.
    stored = blobs.derive(payload.stream.blocks())
    with open_copy(blobs.read(stored.digest)) as file:
        yield file, stored.size


def _members(items: "Iterator[Said]", kind: str) -> Iterator[Member]:
    """The members that a worker tells of. Raises `BrokenArchiveError`, also for what it must not say."""
    unpacking = _Unpacking(items, kind)
    while (head := unpacking.next_head()) is not None:
        yield Member(head.path, head.skip_reason, unpacking.blocks)


Said: TypeAlias = bytes | Head | End | Broken
"""What a worker says of an archive."""


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


def read_members(
    members: Iterator[Member], packed: Callable[[], int], texts: TextReader, recipes: Recipes, limits: ReadingLimits
) -> ArchiveFiles:
    """The text of every member. `packed` returns the size of the archive, or of what was read of it so far.

    Of an archive that is damaged, the members before that place. Raises `BrokenArchiveError` if there are none, and
    `TooLargeError`.
    """
    files: dict[str, SourceFile] = {}
    skipped: set[tuple[str, str]] = set()
    # One meter for all members: a bomb may be spread over many.
    meter = Meter(limits, "members", packed)
    try:
        for member in members:
            limits.count_member()
            if member.skip_reason:
                skipped.add((member.path, member.skip_reason))
                continue
            # A member that is not text costs its own skipping only.
            blocks = HashingBlocks(meter.blocks(member.blocks()))
            try:
                file = _read_member(member, blocks, texts, recipes)
            except UnreadableError as error:
                skipped.add((member.path, error.brief))
                continue
            # Only one that could be read replaces an earlier one; so the replaced member is noted after the reading.
            if member.path in files:
                skipped.add((member.path, REPLACED))
            files[member.path] = file
    except BrokenArchiveError as error:
        # What came before the damage is sound. Without anything before it there is nothing to read.
        if not files:
            raise
        skipped.add((THE_REST, f"damaged: {error.fault}"))
    # By path, not by their place in the archive: the same files packed in another order are the same documents.
    in_order = tuple(files[path] for path in sorted(files))
    return ArchiveFiles(in_order, tuple(sorted(skipped)))


def member_name(path: str) -> str:
    """The last part of a member's path, by whose suffix its kind may be known."""
    return path.rpartition("/")[2]


def _read_member(member: Member, blocks: HashingBlocks, texts: TextReader, recipes: Recipes) -> SourceFile:
    name = member_name(member.path)
    payload = texts.unwrap(iter(blocks), name, lambda: blocks.size)
    text = texts.read_payload(payload)
    # After the text has been read, so that only what a decompressor left is still to be hashed.
    return recipes.entry(member.path, text, blocks.digest())
