"""The members of an archive as the files of an input.

Each member is read like a file of a folder, while the archive streams by: nothing is unpacked to disk, and a tar is
never held whole. Of members with equal names the last counts, as if the archive had been unpacked over itself.
"""

from collections.abc import Callable, Iterator

import msgspec

from rlmlite.inputs.formats.archives import Member, tar_members, zip_members
from rlmlite.inputs.formats.reading import Meter, ReadingLimits
from rlmlite.inputs.formats.recipes import Recipes
from rlmlite.inputs.formats.streams import HashingBlocks
from rlmlite.inputs.formats.text_reader import Payload, TextReader
from rlmlite.inputs.formats.unreadable import UnreadableError
from rlmlite_kernel.values.inputs import SourceFile
from rlmlite_traces import FileBlobs

REPLACED = "replaced by a later member of its name"


class ArchiveFiles(msgspec.Struct, frozen=True):
    """The files of an archive in the order of their paths, and (path, reason) of the members that were skipped."""

    files: tuple[SourceFile, ...]
    skipped: tuple[tuple[str, str], ...]


def open_members(payload: Payload, blobs: FileBlobs) -> Iterator[Member]:
    """The members of an archive. Raises `BrokenArchiveError`."""
    assert payload.kind is not None
    if payload.kind.name == "tar":
        return tar_members(payload.stream)
    # A zip's directory is at its end, so a zip that is itself compressed is stored first.
    content = payload.content
    if content is None:
        stored = blobs.derive(payload.stream.blocks())
        content = blobs.read(stored.digest)
    return zip_members(content)


def read_members(
    members: Iterator[Member], packed: Callable[[], int], texts: TextReader, recipes: Recipes, limits: ReadingLimits
) -> ArchiveFiles:
    """The text of every member. `packed` returns the size of the archive, or of what was read of it so far.

    Raises `BrokenArchiveError`, `TooLargeError`.
    """
    files: dict[str, SourceFile] = {}
    skipped: set[tuple[str, str]] = set()
    # One meter for all members: a bomb may be spread over many.
    meter = Meter(limits, "members", packed)
    for member in members:
        limits.count_member()
        if member.skip_reason:
            skipped.add((member.path, member.skip_reason))
            continue
        # A member that is not text costs its own skipping only. `BrokenArchiveError` goes through: it is of the whole.
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
