"""`ArchiveReader`: the members of an archive as the files of one input, with those of the archives within it.

Each member is read like a file of a folder, while the archive streams by. Of members with equal names the last counts,
as if the archive had been unpacked over itself. A member that is an archive is opened like a folder, and the recipe of
a file in it begins with the steps that opened the archives around it, each with its path in the one before:

    logs.tar                                  path of the file                  recipe
        app.log                               app.log
        mon.zip    a/b.log.gz                 mon.zip/a/b.log.gz                zip mon.zip, gzip
        old.tgz    2024/web.zip    c.log      old.tgz/2024/web.zip/c.log        gzip, tar old.tgz, zip 2024/web.zip

Archives may hold themselves, so their depth and number are bounded; what they unpack to is measured against the
outermost. Not here: how members come out of an archive (`members`), how a replay finds them again (`rederive`).
"""

from collections.abc import Callable, Iterator

import msgspec

from rlmlite.errors.unreadable import BrokenArchiveError, UnreadableError
from rlmlite.inputs.folders.listing import REPLACED
from rlmlite.inputs.formats.members import member_name, open_members, open_stored
from rlmlite.inputs.formats.reading import MOST_ARCHIVES, Meter, ReadingLimits
from rlmlite.inputs.formats.recipes import Recipes
from rlmlite.inputs.formats.streams.blocks import HashingBlocks
from rlmlite.inputs.formats.text_reader import Payload, TextReader
from rlmlite.inputs.parsers.archives import Member
from rlmlite_kernel.values.inputs import Derivation, SourceFile
from rlmlite_traces import FileBlobs

THE_REST = "(the rest)"
"""Stands for the members behind the place where an archive is damaged: their paths are not known."""

DEPTH = 3
"""How many archives may lie around a file, besides the outermost."""


def opens_archive(step: Derivation) -> bool:
    """Whether a step of a file's recipe opened an archive within the outermost."""
    return step.by in ("zip", "tar") and step.how != ""


class ArchiveFiles(msgspec.Struct, frozen=True):
    """The files of an archive in the order of their paths, and (path, reason) of the members that were skipped."""

    files: tuple[SourceFile, ...]
    skipped: tuple[tuple[str, str], ...]


class _Place(msgspec.Struct, frozen=True):
    """An archive: what the paths of its files begin with, the steps that opened it, and how many are around it."""

    prefix: str = ""
    steps: tuple[Derivation, ...] = ()
    depth: int = 0

    def within(self, path: str, payload: Payload) -> "_Place":
        """The place of an archive that is a member of this one."""
        assert payload.kind is not None
        opened = Derivation(payload.kind.name, how=path)
        return _Place(f"{self.prefix}{path}/", (*self.steps, *payload.steps, opened), self.depth + 1)


class ArchiveReader:
    """Reads the files of one archive. `packed` returns its size, or how much of it was read so far."""

    def __init__(
        self, blobs: FileBlobs, texts: TextReader, recipes: Recipes, limits: ReadingLimits, packed: Callable[[], int]
    ) -> None:
        self._blobs, self._texts, self._recipes, self._limits = blobs, texts, recipes, limits
        # One meter for all members: a bomb may be spread over many, and over the archives within.
        self._meter = Meter(limits, "members", packed)

    def read(self, payload: Payload) -> ArchiveFiles:
        """The text of every member.

        Of an archive that is damaged, the members before that place. Raises `BrokenArchiveError` if there are none, and
        `TooLargeError`.
        """
        return self._read(open_members(payload, self._blobs, self._limits), _Place())

    def _read(self, members: Iterator[Member], place: _Place) -> ArchiveFiles:
        # By the path of the member: one file, or those of the archive that it is.
        files: dict[str, tuple[SourceFile, ...]] = {}
        skipped: set[tuple[str, str]] = set()
        try:
            for member in members:
                self._limits.count_member()
                path = place.prefix + member.path
                if member.skip_reason:
                    skipped.add((path, member.skip_reason))
                    continue
                # A member that is not text costs its own skipping only.
                try:
                    unpacked = self._read_member(member, place)
                except UnreadableError as error:
                    skipped.add((path, error.brief))
                    continue
                # Only one that could be read replaces an earlier one; so that is noted after the reading.
                if member.path in files:
                    skipped.add((path, REPLACED))
                files[member.path] = unpacked.files
                skipped.update(unpacked.skipped)
        except BrokenArchiveError as error:
            # What came before the damage is sound. Without anything before it there is nothing to read.
            if not any(files.values()):
                raise
            skipped.add((place.prefix + THE_REST, f"damaged: {error.fault}"))
        return _in_order(files, skipped)

    def _read_member(self, member: Member, place: _Place) -> ArchiveFiles:
        blocks = HashingBlocks(self._meter.blocks(member.blocks()))
        payload = self._texts.unwrap(iter(blocks), member_name(member.path), lambda: blocks.size)
        if payload.is_archive:
            return self._read_archive(member.path, payload, place)
        text = self._texts.read_payload(payload)
        text = msgspec.structs.replace(text, steps=(*place.steps, *text.steps))
        # After the text has been read, so that only what a decompressor left is still to be hashed.
        entry = self._recipes.entry(place.prefix + member.path, text, blocks.digest())
        return ArchiveFiles((entry,), ())

    def _read_archive(self, path: str, payload: Payload, place: _Place) -> ArchiveFiles:
        """The files of an archive that is a member. Raises `UnreadableError` if there is nothing to read in it."""
        if place.depth == DEPTH:
            raise UnreadableError("an archive too deep", f"within {DEPTH + 1} others")
        if not self._limits.count_archive():
            raise UnreadableError("an archive too many", f"after {MOST_ARCHIVES:,} others")
        # Stored before it is opened: damage of the archive around it shows here, damage of its own below.
        stored = self._blobs.derive(payload.stream.blocks())
        assert payload.kind is not None
        members = open_stored(payload.kind.name, stored.digest, self._blobs, self._limits)
        try:
            return self._read(members, place.within(path, payload))
        except BrokenArchiveError as error:
            raise UnreadableError("damaged", error.fault) from None


def _in_order(files: dict[str, tuple[SourceFile, ...]], skipped: set[tuple[str, str]]) -> ArchiveFiles:
    """By path, not by their place in the archive: the same files packed in another order are the same documents."""
    by_path: dict[str, SourceFile] = {}
    # In the order of the archive: a member `in.zip/x` and the file `x` of a member `in.zip` have the same path.
    for file in (file for several in files.values() for file in several):
        if file.path in by_path:
            skipped.add((file.path, REPLACED))
        by_path[file.path] = file
    return ArchiveFiles(tuple(by_path[path] for path in sorted(by_path)), tuple(sorted(skipped)))
