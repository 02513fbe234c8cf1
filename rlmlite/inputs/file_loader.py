"""One input from one file or stream: a text, or the members of an archive as documents.

The same steps serve three origins, which differ in what is known beforehand:

    a file on disk   hashed before it is read, and checked to be unchanged after it; may be read in place
    a URL            read once, as it arrives; hashed as the blocks pass; the trace names the URL
    a stream         the same, but nobody could find it again: the trace keeps its text

Not here: deciding which of them a path is (`load`).
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from rlmlite.errors import InputError
from rlmlite.errors.unreadable import BrokenArchiveError, UnreadableError
from rlmlite.inputs.folders.listing import IGNORED, is_loss
from rlmlite.inputs.formats.reading import Reading, ReadingLimits
from rlmlite.inputs.formats.recipes import DerivedText, Recipes
from rlmlite.inputs.formats.remote.fetch import fetch, fetch_step
from rlmlite.inputs.formats.remote.urls import file_name, without_secrets
from rlmlite.inputs.formats.streams.blocks import HashingBlocks
from rlmlite.inputs.formats.text_reader import Payload, TextReader
from rlmlite.inputs.user_notes import source_notes
from rlmlite.inputs.values import with_content
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation, Input, Source, SourceFile
from rlmlite_kernel.values.values import Text, documents
from rlmlite_traces import FileBlobs, HashedFile
from rlmlite_traces.files.mapped import check_unchanged


class FileLoader:
    """Loads one input from a single file or stream, which may be an archive. `what` is its name in messages."""

    def __init__(self, what: str, blobs: FileBlobs, reading: Reading) -> None:
        self._what, self._blobs, self._reading = what, blobs, reading
        self._limits = ReadingLimits(what, reading)
        self._texts, self._recipes = TextReader(blobs, reading, self._limits), Recipes()

    def load_file(self, path: str) -> Input:
        """The input from a file on disk."""
        try:
            file = self._texts.hash_file(path, path)
            text = self._texts.read_file(file, path)
            if isinstance(text, Payload):
                archive = self._load_archive(text, path, lambda: file.digest, lambda: file.mark.size)
                # Its members were read after it was hashed; a change in between would tie them to the wrong digest.
                check_unchanged(file)
                return archive
        except (UnreadableError, BrokenArchiveError) as error:
            raise self._input_error(error) from None
        entry = file_entry(path, file, text, self._recipes, self._blobs)
        return text_input(entry, path, self._recipes)

    def load_url(self, url: str) -> Input:
        """The input from a URL."""
        # The step comes first: without the library nothing must be fetched.
        step = fetch_step(url)
        blocks = HashingBlocks(self._limits.blocks(fetch(url, self._reading.max_fetch_seconds), "fetch"))
        return self._load_blocks(blocks, without_secrets(url), (step,))

    def load_stream(self, blocks: Iterator[Content], always_keep: bool = False) -> Input:
        """An input from a stream that has no path: standard input, a pipe, Python bytes.

        The trace keeps its text, since nobody could find it again; above `kept_bytes` only with `always_keep`.
        """
        loaded = self._load_blocks(HashingBlocks(blocks), None, ())
        size = sum(file.size for file in loaded.source.files)
        if always_keep or size <= self._reading.kept_bytes:
            return with_content(loaded, self._blobs)
        return loaded  # `user_notes` tells the user to keep a copy

    def _load_blocks(self, blocks: HashingBlocks, path: str | None, before: tuple[Derivation, ...]) -> Input:
        """The input from blocks that are read once. `before` are the steps that brought them here."""
        name = path or ""
        try:
            payload = self._texts.unwrap(iter(blocks), file_name(name), lambda: blocks.size)
            if payload.is_archive:
                return self._load_archive(payload, path, blocks.digest, lambda: blocks.size, before)
            text = self._texts.read_payload(payload)
        except (UnreadableError, BrokenArchiveError) as error:
            raise self._input_error(error) from None
        # The digest of the blocks is asked for last: asking reads what a decompressor has left unread.
        text = msgspec.structs.replace(text, steps=(*before, *text.steps))
        entry = self._recipes.entry(name, text, blocks.digest())
        return text_input(entry, path, self._recipes)

    def _load_archive(
        self,
        payload: Payload,
        path: str | None,
        digest: Callable[[], str],
        size: Callable[[], int],
        before: tuple[Derivation, ...] = (),
    ) -> Input:
        """The members of an archive as documents.

        `digest` and `size` are functions, because those of a stream are known only after its last member.
        """
        from rlmlite.inputs.formats.archive_files import ArchiveReader

        assert payload.kind is not None
        unpacked = ArchiveReader(self._blobs, self._texts, self._recipes, self._limits, size).read(payload)
        # The archive's own recipe ends in the step that opened it, so that a replay knows how to get at the members.
        number = self._recipes.number((*before, *payload.steps, Derivation(payload.kind.name)))
        archive = SourceFile(path or "", digest(), size(), recipe=number)
        return documents_input(documents_source(path, unpacked.files, unpacked.skipped, self._recipes, archive))

    def _input_error(self, error: UnreadableError | BrokenArchiveError) -> InputError:
        return InputError(f"{self._what} {error}")


def file_entry(path: str, file: HashedFile, text: DerivedText, recipes: Recipes, blobs: FileBlobs) -> SourceFile:
    """The entry of a file on disk in its source. A file that is its own text is registered for reading in place."""
    # A file that changed while it was read has the digest of neither version.
    check_unchanged(file)
    # A plain mail converts to its own bytes: that text is in the store already, and was not checked as the file's.
    if text.digest == file.digest and not text.steps:
        blobs.add_hashed(file)
    return recipes.entry(path, text, file.digest)


def text_input(file: SourceFile, path: str | None, recipes: Recipes) -> Input:
    """A text as an input: all of one file's text."""
    source = Source("text", path, (file,), recipes=recipes.all(), notes=recipes.notes(), incomplete=recipes.incomplete)
    return Input(Text(file.digest, 0, file.size), source)


def documents_source(
    path: str | None,
    files: tuple[SourceFile, ...],
    skipped: Iterable[tuple[str, str]],
    recipes: Recipes,
    archive: SourceFile | None = None,
) -> Source:
    """The source of documents. Whoever opens an archive has numbered its own recipe before."""
    in_order = tuple(sorted(skipped))
    lost = recipes.incomplete or any(is_loss(reason) for _, reason in in_order)
    return Source(
        "documents",
        path,
        files,
        in_order,
        recipes=recipes.all(),
        archive=archive,
        notes=recipes.notes(),
        incomplete=lost,
    )


def documents_input(source: Source) -> Input:
    """Documents as an input. Raises `InputError` if there are none, with the reasons why files were skipped."""
    if source.files:
        value = documents((file.path, file.digest, file.size) for file in source.files)
        return Input(value, source)
    # No documents at all would be a valid value, but never what the user meant.
    what = source.path or "the archive"
    notes = list(source_notes(what, source))
    why = "; ".join(notes) or "it is empty"
    # The one reason that a setting can change.
    any_ignored = any(reason == IGNORED for _, reason in source.skipped)
    remedy = "; --read ignore=false includes what ignore files name" if any_ignored else ""
    raise InputError(f"{what} holds no text file: {why}{remedy}")
