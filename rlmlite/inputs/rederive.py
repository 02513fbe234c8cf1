"""Texts derived again for a replay, by the steps that the trace recorded.

A trace holds digests of texts, not the texts. For a text that was unpacked, decoded or converted, a replay has only
the file on disk, so it takes the recorded steps again and checks that the digest of the result is the recorded one.
Nothing is detected anew, and nothing that the trace does not name is derived: of an archive, only recorded members.

`Reading` bounds what is unpacked here as well: a trace may come from a stranger, with a decompression bomb beside it.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from rlmlite.errors import InputError
from rlmlite.errors.unreadable import BrokenArchiveError, UnreadableError
from rlmlite.guard.terminal import harmless
from rlmlite.inputs.formats.reading import READING, Meter, Reading, ReadingLimits
from rlmlite.inputs.formats.remote.urls import file_name
from rlmlite.inputs.formats.streams.blocks import content_blocks
from rlmlite.inputs.formats.text_reader import Payload, TextReader
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation, Source, SourceFile
from rlmlite_traces import READER_LIMITS, Derive, FileBlobs, HashedFile, ReaderLimits
from rlmlite_traces.files.mapped import open_content

if TYPE_CHECKING:
    from rlmlite.inputs.parsers.archives import Member

_BY_A_RECIPE = (LookupError, ValueError, ArithmeticError, RecursionError, EOFError)
"""What steps raise that a stranger wrote by hand: an unknown codec, a number that is none, a recipe that is not there.

Such an error may carry the stranger's words, with escapes in them.
"""


class DerivedBytes:
    """What one replay has derived so far. Inputs that are each within `Reading` may be too much together."""

    def __init__(self, limits: ReaderLimits) -> None:
        self._limits, self._bytes = limits, 0

    def add(self, size: int) -> None:
        """Count bytes before they are kept. Raises `OverLimitError`."""
        self._bytes += size
        self._limits.check("derived_bytes", self._bytes, "the texts that are derived again have")


class _CountedLimits(ReadingLimits):
    """The limits of one input, which count for the whole replay as well."""

    def __init__(self, what: str, reading: Reading, derived: DerivedBytes) -> None:
        super().__init__(what, reading)
        self._derived = derived

    def blocks(self, blocks: Iterator[Content], way: str) -> Iterator[Content]:
        """See `ReadingLimits.blocks`. Raises `OverLimitError` too."""
        for block in super().blocks(blocks, way):
            self._derived.add(len(block))
            yield block


def deriving(reading: Reading = READING, reader: ReaderLimits = READER_LIMITS) -> Derive:
    """The function that `rlmlite_traces.replay` calls for texts that were derived from files (see `Derive`).

    It is for one replay: all that it derives counts together.
    """
    derived = DerivedBytes(reader)
    limits_by_source: dict[int, tuple[Source, ReadingLimits]] = {}  # with the source, so that its id stays its own

    def derive(file: HashedFile, source: Source, files: Sequence[SourceFile], store: FileBlobs) -> str:
        # An error is returned, not raised: the replay then reports this input as missing, and goes on with the others.
        if source.kind == "table":
            from rlmlite.inputs.tables import derive_table  # with the readers of all kinds of tables

            reason = derive_table(file, source, files, store, reading)
            derived.add(sum(store.size(entry.digest) or 0 for entry in files))
            return harmless(reason)
        # One for all files of an input, as when it was loaded: a folder of bombs is no more than one.
        _, limits = limits_by_source.setdefault(
            id(source), (source, _CountedLimits(str(source.path or file.path), reading, derived))
        )
        deriver = _TextDeriver(file, store, limits, reading)
        try:
            if source.archive is None:
                for entry in files:
                    deriver.derive_text(source, entry)
            else:
                deriver.derive_members(source, files)
        except OSError as error:
            return harmless(f"{file.path} cannot be read: {error.strerror or error}")
        except (UnreadableError, BrokenArchiveError, InputError, *_BY_A_RECIPE) as error:
            return harmless(f"{file.path} {error}")
        return ""

    return derive


class _TextDeriver(msgspec.Struct, frozen=True):
    """Derives texts from one file on disk into a store."""

    file: HashedFile
    store: FileBlobs
    limits: ReadingLimits
    reading: Reading

    def derive_text(self, source: Source, entry: SourceFile) -> None:
        """The text of an entry that is this file. Raises as `TextReader.read_file`."""
        steps = source.recipe(entry)
        # A copy of what was fetched, given by the user: it is the text already, and needs no further step.
        only_fetched = all(step.by == "fetch" for step in steps)
        if only_fetched and entry.digest == self.file.digest:
            self.store.derive(content_blocks(open_content(self.file)))
            return
        reader = TextReader(self.store, self.reading, self.limits, steps)
        # The name as recorded, not that of the file on disk: the suffix decides what some files are.
        reader.read_file(self.file, file_name(entry.path))

    def derive_members(self, source: Source, entries: Sequence[SourceFile]) -> None:
        """The texts of entries that are members of this archive. Raises `UnreadableError`, `BrokenArchiveError`."""
        from rlmlite.inputs.formats.members import open_members

        name = self.file.path.name if source.path is None else file_name(source.path)
        # No recorded steps: the layers of compression around an archive are seen from its bytes.
        payload = self._texts.read_file(self.file, name)
        if not isinstance(payload, Payload):
            raise UnreadableError("not an archive")
        wanted = _wanted(source, entries)
        members = open_members(payload, self.store, self.limits, wanted.paths())
        self._derive_wanted(members, wanted, Meter(self.limits, "members", self._file_size))

    def _derive_wanted(self, members: Iterator["Member"], wanted: "_Wanted", meter: Meter) -> None:
        """Those of the members that are wanted, and those of the archives within. Raises as `derive_members`."""
        paths = wanted.paths()
        missing = set(paths)
        try:
            for member in members:
                self.limits.count_member()
                # Members that were skipped then are skipped again, and cost no decompression.
                if not member.skip_reason and member.path in paths:
                    self._derive_member(member, wanted, meter)
                    missing.discard(member.path)
        except BrokenArchiveError:
            # It was damaged then, too, behind the members that were read.
            if missing:
                raise

    def _derive_member(self, member: "Member", wanted: "_Wanted", meter: Meter) -> None:
        from rlmlite.inputs.formats.members import member_name, open_stored

        within = wanted.archives.get(member.path)
        reader = self._texts.with_recorded(wanted.texts.get(member.path, ()))
        payload = reader.unwrap(meter.blocks(member.blocks()), member_name(member.path), self._file_size)
        if within is None:
            reader.read_payload(payload)
        # Of too many of one name, those that were not opened then are not now.
        elif payload.kind is not None and payload.is_archive and self.limits.count_archive():
            stored = self.store.derive(payload.stream.blocks())
            members = open_stored(payload.kind.name, stored.digest, self.store, self.limits, within.paths())
            self._derive_wanted(members, within, meter)

    @property
    def _texts(self) -> TextReader:
        return TextReader(self.store, self.reading, self.limits, ())

    def _file_size(self) -> int:
        return self.file.mark.size


class _Wanted(msgspec.Struct, frozen=True):
    """The members of an archive that a trace names: texts with their steps, and archives with what is wanted of them.

    in.zip/x.gz   zip in.zip, gzip     ->     archives {"in.zip": texts {"x.gz": gzip}}
    """

    texts: dict[str, tuple[Derivation, ...]] = {}
    archives: dict[str, "_Wanted"] = {}

    def paths(self) -> set[str]:
        """The paths of the members, in this archive."""
        return {*self.texts, *self.archives}


def _wanted(source: Source, entries: Sequence[SourceFile]) -> _Wanted:
    """The members that entries name. Raises `UnreadableError` for archives that are nested deeper than any is read."""
    from rlmlite.inputs.formats.archive_files import DEPTH, opens_archive

    wanted = _Wanted()
    for entry in entries:
        archive, path, steps = wanted, entry.path, source.recipe(entry)
        openings = [place for place, step in enumerate(steps) if opens_archive(step)]
        if len(openings) > DEPTH:
            raise UnreadableError("an archive too deep", f"within {len(openings)} others")
        for place in openings:
            archive = archive.archives.setdefault(steps[place].how, _Wanted())
            path = path.removeprefix(f"{steps[place].how}/")
        archive.texts[path] = steps[openings[-1] + 1 :] if openings else steps
    return wanted
