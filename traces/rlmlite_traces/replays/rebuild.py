"""Rebuild: the inputs of a recorded run, from the trace and from the files that it names.

The trace says of each input where it came from (its source) and what its content hashed to. A content is looked for
in this order, and counts only if it has the recorded digest:

1. in the trace itself, if the input came from memory, or if its file came along with the trace (`inputs/HEX`) and the
   caller does not say where the input is now;
2. in the store, unless the caller says where the input is now: what a store holds cannot change under the replay;
3. at the place that the caller gives, or else, if the caller says that the recorded paths are its own, where the file
   was: under the recorded folder, at the recorded path, at the file's own name;
4. for text that was derived from a file (unpacked, decoded, converted): the file is looked for as in 2 and 3, and
   `Derive` derives the text from it again. This layer knows no formats.

An input whose files are missing is still an input: its value only refers to content by digest, so steps that never
read it can be executed. Only a table has no value without its content.
A converter of another version may give another text. Then the text is missing; that is no proof of forgery.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.records import InputEntry, Ref
from rlmlite_kernel.values.blobs import BlobMissingError, InputChangedError
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.inputs import Derivation, Input, Source, SourceFile
from rlmlite_kernel.values.values import Value, documents
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.errors import TraceError, words_of
from rlmlite_traces.files.mapped import HashedFile
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits, check_items
from rlmlite_traces.replays.incomplete import stand_in
from rlmlite_traces.replays.places import Search, candidates
from rlmlite_traces.replays.verdicts import MissingFile

Derive: TypeAlias = Callable[[HashedFile, Source, Sequence[SourceFile], FileBlobs], str]
"""`derive(file, source, files, store)` derives texts from a file again, by the recipes of their source.

The `file` has been found to have its recorded content; `files` are the texts that are wanted. It puts them in the
`store`, and returns why one could not be derived, or an empty string. It need not be trusted: what it puts in the store
is looked up by digest.
"""


_KINDS = ("text", "documents", "table", "json", "excerpts")
"""What an input can be."""


class InputMissingError(TraceError):
    """An input has no value without its content, and the content is not available."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"input {name}: {reason}")
        self.name, self.reason = name, reason


class InputContradictionError(TraceError):
    """A source says something of an input that its content contradicts: what, as recorded, and what it is."""

    def __init__(self, name: str, recorded: str, computed: str) -> None:
        super().__init__(f"input {name}: recorded {recorded}, found {computed}")
        self.name, self.recorded, self.computed = name, recorded, computed


def _name_files(entry: InputEntry, source: Source, absent: Mapping[str, str]) -> Iterator[MissingFile]:
    for file in source.files:
        if file.digest in absent:
            path = file.path or source.path or ""
            reason, original = absent[file.digest], source.original(file)
            yield MissingFile(entry.name, source.kind, path, file.size, file.digest, reason, original)


class Rebuilder:
    """Rebuilds the inputs of a trace; `places` says where an input's file or folder is now.

    `inputs` are those so far, `absent` the contents that were not found: by digest, the input's name and the reason.
    `seq` is the record that named the last ones, `valueless` are inputs that have no value without their content.
    Paths in the trace are looked at only with `recorded_paths`: a stranger's trace may name any file of this machine.
    """

    def __init__(
        self,
        trace: CheckedTrace,
        store: FileBlobs,
        places: Mapping[str, Path],
        derive: Derive | None = None,
        recorded_paths: bool = False,
        limits: ReaderLimits = READER_LIMITS,
    ) -> None:
        self._trace, self._store, self._places, self._derive = trace, store, places, derive
        self._recorded_paths, self._limits = recorded_paths, limits
        self.inputs: dict[str, Input] = {}
        self.absent: dict[str, tuple[str, str]] = {}
        self.valueless: dict[str, InputEntry] = {}
        self.missing_files: list[MissingFile] = []
        self.seq = 0
        # What the reader's limits bound is counted over all inputs, those that are added later too.
        self._search = Search(limits, trace.inputs)
        self._files = 0

    def rebuild(self, seq: int, entries: Iterable[InputEntry]) -> dict[str, Input]:
        """The inputs that the record `seq` names.

        Raises `InputMissingError`, `InputContradictionError`, `OverLimitError`.
        """
        self.seq = seq
        rebuilt = {entry.name: self._rebuild(entry) for entry in entries}
        self.inputs.update(rebuilt)
        return rebuilt

    def changed(self) -> dict[str, str]:
        """The inputs whose files are not what they were, each with why."""
        reasons: dict[str, str] = {}
        for name, input_ in self.inputs.items():
            try:
                self._store.confirm(frozenset(file.digest for file in input_.source.files))
            except InputChangedError as error:
                reasons[name] = str(error)
        return reasons

    def _rebuild(self, entry: InputEntry) -> Input:
        source = _read_source(self._trace, entry)
        self._files += len(source.files)
        self._limits.check("input_files", self._files, "the inputs name files:")
        if source.content is None:
            place = self._places.get(entry.name)
            finder = _ContentFinder(source, place, self._store, self._derive, self._recorded_paths, self._search)
            found = dict(finder.find())
            self.absent.update((digest, (entry.name, reason)) for digest, reason in found.items())
            self.missing_files += _name_files(entry, source, found)
            if source.kind == "table" and source.files and source.files[0].digest in found:
                self.valueless[entry.name] = entry
                recorded = None if entry.source is None else self._trace.content(entry.source)
                return msgspec.structs.replace(stand_in(source), recorded=recorded)
        input_ = build_input(self._trace.content, self._store, entry.name, source, self.absent, self._limits)
        _check_source(entry.name, source, self._store)
        # The source as it was written goes back into the record: encoded today, its bytes might differ.
        recorded_source = None if entry.source is None else self._trace.content(entry.source)
        return msgspec.structs.replace(input_, recorded=recorded_source)


def _check_source(name: str, source: Source, store: FileBlobs) -> None:
    """Raise `InputContradictionError` for a source that its contents contradict, as far as these are here.

    A size is what coverage counts by, and a part is what programs see: smaller ones would hide the rest of a file.
    """
    if source.kind not in _KINDS:
        raise InputContradictionError(name, f"kind {source.kind}", f"one of {', '.join(_KINDS)}")
    is_in_memory = source.content is not None
    for file in source.files:
        size = store.size(file.digest)
        if size is None and is_in_memory:
            raise InputContradictionError(name, f"a file with digest {file.digest[:12]}", "other content in the trace")
        if size is not None and size != file.size:
            raise InputContradictionError(name, f"{file.size:,} bytes", f"{size:,} bytes")
    if source.part is None:
        return
    start, stop = source.part
    size = source.files[0].size if len(source.files) == 1 else 0
    if is_in_memory or source.kind != "text" or not 0 <= start <= stop <= size:
        raise InputContradictionError(name, f"bytes {start:,} to {stop:,}", f"a text of {size:,} bytes")


def build_input(
    content_of: Callable[[Ref], bytes],
    store: FileBlobs,
    name: str,
    source: Source,
    missing: Mapping[str, tuple[str, str]],
    limits: ReaderLimits,
) -> Input:
    """An input from its source; `content_of` gives what it was in memory. Raises `InputMissingError`."""
    if source.content is not None:
        content = content_of(source.content)
        if source.kind not in ("text", "table"):
            check_items(content, limits)
        without_content = msgspec.structs.replace(source, content=None)  # `begin` fills it in, as it did at first
        if source.kind == "excerpts":
            return _build_excerpts(name, without_content, content, store)
        return Input(_build_from_memory(name, source, content, store), without_content, content)
    if source.kind == "documents":
        return Input(_build_documents(source), source)
    if source.kind not in ("text", "table") or len(source.files) != 1:
        raise InputMissingError(name, "the trace names no single file as its source")
    file = source.files[0]
    if source.kind == "table":
        return Input(_build_table(name, file.digest, store, missing), source)
    start, stop = source.part or (0, file.size)
    return Input(Text(file.digest, start, stop), source)


def _read_source(trace: CheckedTrace, entry: InputEntry) -> Source:
    if entry.source is None:
        raise InputMissingError(entry.name, "the trace does not record its source")
    try:
        source = msgspec.json.decode(trace.contents.read_json(entry.source), type=Source)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InputMissingError(entry.name, "its recorded source cannot be read") from None
    if any(not 0 <= file.recipe <= len(source.recipes) for file in source.files):
        raise InputMissingError(entry.name, "its recorded source names a recipe that it does not contain")
    return source


def _build_documents(source: Source) -> Value:
    return documents((file.path, file.digest, file.size) for file in source.files)


def _build_table(name: str, digest: str, store: FileBlobs, missing: Mapping[str, tuple[str, str]]) -> Value:
    """The rows of a table, which are found by reading its content. Raises `InputMissingError` without it."""
    from rlmlite_kernel.values.tables.records import TableBrokenError, checked_records  # most runs have no table

    try:
        return checked_records(digest, store)
    except BlobMissingError:
        raise InputMissingError(name, missing.get(digest, (name, "its content is missing"))[1]) from None
    except TableBrokenError:
        raise InputMissingError(name, "its content is not a table") from None


def _build_excerpts(name: str, source: Source, content: bytes, store: FileBlobs) -> Input:
    """Rows or a record that a nested run was handed, with the places of their texts."""
    from rlmlite_kernel.values.tables.excerpts import read_excerpts  # most runs have none

    try:
        excerpts = read_excerpts(read_json(content.decode()))
    except (Fault, ValueError):
        raise InputMissingError(name, "its content is no excerpts") from None
    store.put(excerpts.texts)
    return Input(excerpts.value, source, content, texts=excerpts.content, sources=excerpts.sources)


def _build_from_memory(name: str, source: Source, content: bytes, store: FileBlobs) -> Value:
    """The value of an input whose content is in the trace."""
    if source.kind == "text":
        return Text(store.put(content), 0, len(content))
    if source.kind == "table":
        from rlmlite_kernel.values.tables.records import text_behind  # most runs have no table

        # A table from memory was never a text: whoever wrote so wants another content to be read.
        if text_behind(content):
            raise InputMissingError(name, "its content is not a table")
        return _build_table(name, store.put(content), store, {})
    try:
        value: Value = read_json(content.decode())
    except (Fault, UnicodeError):
        raise InputMissingError(name, "its content is not JSON") from None
    if source.kind != "documents":
        return value
    for text in value.values() if isinstance(value, dict) else ():
        store.put(str(text).encode())
    return _build_documents(source)


class _ContentFinder:
    """Finds the contents of one input, in the store or in files, and registers those in the store."""

    def __init__(
        self,
        source: Source,
        place: Path | None,
        store: FileBlobs,
        derive: Derive | None,
        recorded_paths: bool,
        search: Search,
    ) -> None:
        self._source, self._place, self._store, self._derive = source, place, store, derive
        self._recorded_paths, self._search = recorded_paths, search

    def find(self) -> Iterator[tuple[str, str]]:
        """Register every content that can be found. Yields the digest of each other one, and why it is missing."""
        source = self._source
        if source.archive is not None:
            # All files were unpacked from one: either all are in the store, or that one is needed.
            if not self._are_stored([file.digest for file in source.files]):
                yield from self._derive_again(source.archive, source.archive.digest, source.files)
            return
        for file in source.files:
            if self._are_stored([file.digest]) and self._has_text_of_table(file.digest):
                continue
            if file.recipe:
                yield from self._derive_again(file, file.original or file.digest, [file])
                # The columns of a table may be stored, and the text that its rows are records of be gone.
                text = self._text_of_table(file.digest)
                if text and not self._are_stored([text]):
                    yield text, f"{file.path}: the text of its rows is missing"
                continue
            reason = self._add_file(file)
            if reason:
                yield file.digest, reason

    def _has_text_of_table(self, digest: str) -> bool:
        """Whether the text is there too that the rows of a table are records of; anything else needs none."""
        text = self._text_of_table(digest)
        return not text or self._are_stored([text])

    def _text_of_table(self, digest: str) -> str:
        """The digest of that text, if the columns are here and have one."""
        if self._source.kind != "table" or not self._store.has(digest):
            return ""
        from rlmlite_kernel.values.tables.records import text_behind  # most runs have no table

        return text_behind(self._store.read(digest))

    def _are_stored(self, digests: Sequence[str]) -> bool:
        if all(self._store.has(digest) for digest in digests):
            return True  # a nested run reads what its parent has registered
        return self._place is None and all(self._store.find(digest) is not None for digest in digests)

    def _add_file(self, file: SourceFile) -> str:
        """Register the file with the recorded content. Returns why there is none, or an empty string."""

        def register(found: HashedFile) -> None:
            self._store.add_hashed(self._store.adopt(found), file.path)

        return self._try_candidates(file, file.original or file.digest, register, text=True)

    def _derive_again(self, at: SourceFile, original: str, files: Sequence[SourceFile]) -> Iterator[tuple[str, str]]:
        """Derive texts from the file `at`, whose digest was `original`. Yields what is missing, as `find` does."""
        found = self._find_original(at, original)
        reason = found if isinstance(found, str) else self._derive_from(found, files)
        for file in files:
            if not self._store.has(file.digest):
                versions = _name_versions(self._source.recipe(file))
                yield file.digest, reason or f"{file.path or at.path}: {versions} gives a different text here"

    def _find_original(self, at: SourceFile, original: str) -> HashedFile | str:
        """The file that texts were derived from, or why it is missing."""
        stored = self._store.find(original) if self._place is None else None
        if stored is not None:
            return stored
        seen: list[HashedFile] = []
        reason = self._try_candidates(at, original, lambda found: seen.append(self._store.adopt(found)), text=False)
        return reason or seen[0]

    def _derive_from(self, original: HashedFile, files: Sequence[SourceFile]) -> str:
        """Derive the texts of `files`. Returns why one could not be derived, or an empty string."""
        if self._derive is None:
            steps = dict.fromkeys(step.by for file in files for step in self._source.recipe(file))
            return f"its text was derived ({', '.join(steps)}), and this replay was given nothing to derive it with"
        return self._derive(original, self._source, files, self._store)

    def _try_candidates(self, at: SourceFile, expected: str, use: Callable[[HashedFile], None], text: bool) -> str:
        """Look for the content `expected` in each place where it can be. Returns why it is in none, or an empty string.

        `use` gets the first file that has it. Until then a file is only hashed: what has another content is no input,
        and is neither copied nor kept.
        """
        along = self._search.hash_along(expected, text, self._store.scratch_folder) if self._place is None else None
        if along is not None:
            use(along)
            return ""
        if self._place is None and not self._recorded_paths:
            return "where it was recorded is not looked at, since this trace was not begun here"
        reason = "no such file"
        for place in candidates(at.path, self._place, self._source.path):
            try:
                found = self._search.hash(place, text)
                if found is None:
                    continue
                if found.digest == expected:
                    use(found)
                    return ""
            except (OSError, InputChangedError) as error:
                reason = words_of(error)
                continue
            reason = f"{place} has other content: expected {expected[:12]}, found {found.digest[:12]}"
        return reason


def _name_versions(recipe: Sequence[Derivation]) -> str:
    """The converters of a recipe with their versions; a file that was only unpacked has none."""
    return ", ".join(f"{step.by} {step.version}".strip() for step in recipe) or "the archive reader"
