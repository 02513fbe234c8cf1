"""The files of an archive as the files of an input. Of equal names the last counts, as if it were unpacked."""

from collections.abc import Callable, Iterator

import msgspec

from rlmlite.inputs.formats.archives import Member, of_tar, of_zip
from rlmlite.inputs.formats.reading import Allowance, Meter
from rlmlite.inputs.formats.streams import Hashed
from rlmlite.inputs.formats.texts import Made, Opened, Texts
from rlmlite.inputs.formats.unfit import UnfitError
from rlmlite_kernel.values.inputs import Derivation, SourceFile
from rlmlite_traces import FileBlobs

REPEATED = "replaced by a later member of its name"


class Recipes:
    """Recipes, each with its number, from 1."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Derivation, ...], int] = {(): 0}

    def number(self, steps: tuple[Derivation, ...]) -> int:
        """The number of a recipe; 0 is that of no steps."""
        return self._numbers.setdefault(steps, len(self._numbers))

    def all(self) -> tuple[tuple[Derivation, ...], ...]:
        """All of them, in the order of their numbers."""
        return tuple(self._numbers)[1:]

    def file(self, path: str, made: Made, original: str) -> SourceFile:
        """A file of an input that was made of one with the digest `original`."""
        was = "" if made.digest == original else original
        return SourceFile(path, made.digest, made.size, made.replaced, was, self.number(made.steps))


class Unpacked(msgspec.Struct, frozen=True):
    """The files of an archive in the order of their paths, and what was left out."""

    files: tuple[SourceFile, ...]
    skipped: tuple[tuple[str, str], ...]


def members_of(opened: Opened, blobs: FileBlobs) -> Iterator[Member]:
    """The members of an opened archive. Raises `BrokenError`."""
    assert opened.kind is not None
    if opened.kind.name == "tar":
        return of_tar(opened.stream)
    whole = opened.whole
    return of_zip(whole if whole is not None else blobs.read(blobs.derive(opened.stream.blocks()).digest))


def unpack(
    members: Iterator[Member], packed: Callable[[], int], texts: Texts, recipes: Recipes, allowance: Allowance
) -> Unpacked:
    """Every member's text; `packed` says how large the archive is, or how much of it was read.

    Raises `BrokenError`, `TooLargeError`.
    """
    files: dict[str, SourceFile] = {}
    skipped: set[tuple[str, str]] = set()
    meter = Meter(allowance, "members", packed)
    for member in members:
        allowance.member()
        if member.reason:
            skipped.add((member.path, member.reason))
            continue
        try:
            file = _file(member, Hashed(meter.blocks(member.blocks())), texts, recipes)
        except UnfitError as error:
            skipped.add((member.path, error.brief))
            continue
        if member.path in files:
            skipped.add((member.path, REPEATED))
        files[member.path] = file
    return Unpacked(tuple(files[path] for path in sorted(files)), tuple(sorted(skipped)))


def _file(member: Member, blocks: Hashed, texts: Texts, recipes: Recipes) -> SourceFile:
    opened = texts.opened(iter(blocks), member.path.rpartition("/")[2], lambda: blocks.size)
    made = texts.text(opened)
    return recipes.file(member.path, made, blocks.digest())
