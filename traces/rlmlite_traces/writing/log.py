"""The log: the writing end of a trace on disk, `NAME.rlm/`. One writer at a time.

Order is the rule here, because a process can be killed between any two bytes. Of an entry, first its blobs are
written, then its calls, then its record; so a record that is there has all that it refers to. Of a program, a call is
in the journal as soon as it ends, and the journal is emptied when the program's records are durable.

    call ends           journal.jsonl   id, result                   kill here: the result is in the journal
    step ends           blobs.jsonl     the observation's text       kill here: a blob without a record, dropped
                        effects.jsonl   head, calls                  kill here: calls without a record, dropped
                        trace.jsonl     the step                     kill here: the step is in the trace
    program ends        fsync of the three, then the journal is emptied

An fsync takes as long as thousands of records, so there is none per record. A program without calls is not synced at
all: after a power failure it can be executed again for nothing. A program with calls is synced once, at its end; until
then the journal, which is synced on its own clock, holds what was paid for.
Everything is checked before the first byte is written: nothing is written that `verify` would refuse.
Not here: what a record says (the kernel), what is left after a crash (`recovery`).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import msgspec

from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.call_lines import lines_of
from rlmlite_kernel.records.records import Addition, AnyRecord, Blob, Entry, Genesis, Question, Ref, Seal, Turn
from rlmlite_traces.errors import (
    BlobAbsentError,
    TraceExistsError,
    TraceMissingError,
    TraceSealedError,
    TraceWriteError,
)
from rlmlite_traces.files.append_only import AppendOnlyFile, WriterLock
from rlmlite_traces.files.guarded import Folder, folder_of
from rlmlite_traces.files.new_folders import make_trace_folder
from rlmlite_traces.format import lines, referenced
from rlmlite_traces.format.calls import check_calls
from rlmlite_traces.format.chain import Chain
from rlmlite_traces.format.lines import (
    BLOBS,
    EFFECTS,
    JOURNAL,
    LARGE_FOLDER,
    RECORDS,
    TIMING,
    encode,
    encode_blob,
)
from rlmlite_traces.format.reader import CheckedTrace, open_trace
from rlmlite_traces.writing.journal import Journal
from rlmlite_traces.writing.marks import AdditionPlace, FileEnd, Mark, WrittenRefs, place_in
from rlmlite_traces.writing.past import KEY, Past, delete_secrets, read_past

LOCK = "lock"

_LINES_PER_WRITE = 1_024


class Log:
    """Writes one trace. Use as a context manager, or call `close`; leaving it without a seal leaves it OPEN."""

    def __init__(self, folder: Folder, lock: WriterLock, past: Past) -> None:
        """Not for callers: see `create` and `open`."""
        self.path, self.run_key, self.recovered = folder.path, past.run_key, past.trace
        self.is_resumed = past.resumed is not None
        self._lock = lock
        self._chain = Chain() if past.resumed is None else past.resumed.chain
        self._written_refs = WrittenRefs() if past.resumed is None else past.resumed.refs
        self._additions = [] if past.resumed is None else list(past.resumed.additions)
        self._called = False  # whether calls were written since the last sync
        self._closed = False
        self._writing = False  # stays True after a failed write: what is in the files then is for `open` to find out
        if past.trace is not None and past.resumed is None:
            self._follow(past.trace)
        self._records, self._blobs, self._effects, self._timing = (
            AppendOnlyFile(folder, name) for name in (RECORDS, BLOBS, EFFECTS, TIMING)
        )
        for name, file in self._files().items():
            digest = None if past.resumed is None else past.resumed.digests[name]
            content = past.contents.get(name, b"")
            file.know(hashlib.sha256(content) if digest is None else digest, len(content))
        self._journal = Journal(folder)

    @classmethod
    def create(cls, path: Path, run_key: bytes) -> "Log":
        """A new trace. Raises `TraceExistsError` if anything is at `path`, `OSError` and leaves nothing there."""
        try:
            made = make_trace_folder(path)
        except FileExistsError:
            raise TraceExistsError(path) from None
        with made as folder:
            try:
                log = cls._begin(folder, run_key)
            except (OSError, TraceMissingError):
                _remove_new(folder)
                raise
        with folder_of(path) as above:
            above.sync()
        return log

    @classmethod
    def _begin(cls, folder: Folder, run_key: bytes) -> "Log":
        """The log in a folder that was just made."""
        lock = WriterLock(folder, LOCK)
        try:
            folder.write_new(KEY, run_key.hex().encode())
            log = cls(folder, lock, Past(run_key))
            folder.sync()
        except BaseException:
            lock.release()
            raise
        return log

    @classmethod
    def open(
        cls, path: Path, mark_of: "Callable[[Folder], Mark | None] | None" = None, *, lock_seconds: float = 0
    ) -> "Log":
        """Continue a trace. An end that a crash tore is cut off; `recovered` is the trace that is left.

        `mark_of` gives the mark that the last writer left (`mark`), if that is known to have written it. Where it fits
        the files, these are not verified again: `is_resumed` is true, and `recovered` is the genesis alone.

        Raises:
            TraceMissingError: there is no trace, or its run key is gone.
            TraceLockedError: another process is writing it, after `lock_seconds` still.
            TraceSealedError: its run has ended.
            UnknownFormatError: it has an older format, which can be read and replayed but not continued.
            TraceError: as `verify` raises it, for damage that no crash can cause.
        """
        with open_trace(path) as folder:
            # Before the lock is made: a folder that is no trace stays as it is.
            if not folder.exists(RECORDS):
                raise TraceMissingError(path / RECORDS, "no such file, so this is no trace")
            lock = WriterLock(folder, LOCK, lock_seconds)
            try:
                return cls(folder, lock, read_past(folder, mark_of))
            except BaseException:  # also an interrupt must not leave the trace locked
                lock.release()
                raise

    @property
    def size(self) -> int:
        """The number of records."""
        return self._chain.size

    @property
    def root(self) -> str:
        """The tree head over all records: with it a trace can be checked later (`verify(path, root)`)."""
        return self._chain.root

    def append(self, entry: Entry) -> AnyRecord:
        """Write one entry of a program that goes on, and return its record with its place filled in.

        Durable when this returns is only a seal; for the others see `extend` and `sync`.

        Raises:
            TraceSealedError, TraceBrokenError, BlobAbsentError: the entry cannot follow. Nothing was written.
            RuntimeError: the log is closed, or an earlier write failed.
            TraceWriteError: this write failed. The trace is as it was before it.
            MemoryError: the same, and the entry can be appended again.
        """
        if not isinstance(entry, Entry):
            raise TypeError(f"append takes one entry, not a {type(entry).__name__}; for `turn.entries` use extend")
        if self._closed or self._writing:
            raise RuntimeError("the log is closed, or a write failed: recover the trace with Log.open")
        if self._chain.sealed:
            raise TraceSealedError(self.path)
        record = self._chain.place(entry.record)
        line, effects, blobs = self._prepare(record, entry)
        starts = self._records.size, self._blobs.size
        with self._whole_or_not():
            self._write_blobs(blobs)
            self._write_calls(effects)
            self._records.write(line + b"\n")
        if isinstance(record, Addition):
            self._additions.append(_place_of(line, blobs, *starts))
        self._written_refs.update(blob.ref for blob in blobs)
        self._chain.add(record, line)
        if isinstance(record, Turn | Question | Addition) and self._called:
            self.sync()  # a turn begins, so the program before it is over, even if the host did not use `extend`
        self._called = self._called or bool(effects)
        if isinstance(record, Seal):
            self._finish()
        return record

    def extend(self, entries: Iterable[Entry]) -> None:
        """Write the last entries of a program. If it had calls, everything is durable when this returns."""
        for entry in entries:
            self.append(entry)
        if self._called or self._journal.results:
            self.sync()

    def mark(self) -> Mark | None:
        """Where this writer stands, for the next one; None if a write failed, or its run has ended."""
        ends = {name: file.end() for name, file in self._files().items()}
        known = {name: FileEnd(*end) for name, end in ends.items() if end is not None}
        is_sound = len(known) == len(ends) and not (self._closed or self._writing or self._chain.sealed)
        if not is_sound:
            return None
        return Mark(known, self._chain.end(), self._written_refs.packed, tuple(self._additions))

    def _files(self) -> dict[str, AppendOnlyFile]:
        return {RECORDS: self._records, BLOBS: self._blobs, EFFECTS: self._effects}

    def sync(self) -> None:
        """Make all records durable, and then empty the journal: never the other way round."""
        self._writing = True
        try:
            for file in (self._blobs, self._effects, self._records):
                file.sync()
        except OSError as error:
            # What the system could not store it may forget, and say nothing the next time. So nothing is added to it.
            raise self._write_error(error) from error
        self._writing = False
        self._called = False
        self._journal.clear()

    def journal(self, id_: str, result: Result) -> None:
        """Write a call that has ended, at once. Raises `TraceWriteError`."""
        try:
            self._journal.add(id_, result)
        except OSError as error:
            raise self._write_error(error) from error

    def journal_results(self) -> dict[str, Result]:
        """Results by the id of their call, of steps that are not durable yet. They need not be paid for again."""
        return dict(self._journal.results)

    def intend(self, id_: str) -> None:
        """Write that a call with side effects is about to be made; it is durable when this returns.

        Raises `TraceWriteError`, and then the call must not be made.
        """
        try:
            self._journal.intend(id_)
        except OSError as error:
            raise self._write_error(error) from error

    def intents(self) -> frozenset[str]:
        """The ids of calls with side effects that were about to be made, of steps that are not durable yet."""
        return self._journal.intents

    def timing(self, id_: str, fields: Mapping[str, int | str | None]) -> None:
        """Note how a call went (milliseconds, attempts). Not hashed, and never read by `verify` or `replay`.

        The first half of the id is enough to find the call again.
        """
        try:
            self._timing.write(msgspec.json.encode({"id": id_[: len(id_) // 2], **fields}) + b"\n")
        except OSError as error:
            raise self._write_error(error) from error

    def close(self) -> None:
        """Close the files and release the lock. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self._journal.close()
        finally:
            for file in (self._records, self._blobs, self._effects, self._timing):
                file.close()
            self._lock.release()

    def __enter__(self) -> "Log":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _whole_or_not(self) -> Iterator[None]:
        """Cut the files back to their last whole record if a write in the block fails. Raises `TraceWriteError`.

        Blobs are cut too: one that no record names would be none of this trace's.
        """
        files = (self._records, self._effects, self._blobs)
        sizes = [file.size for file in files]
        self._writing = True
        try:
            yield
        except OSError as error:
            for file, size in zip(files, sizes, strict=True):
                file.cut_back(size)
            raise self._write_error(error) from error
        except MemoryError:
            # The disk is sound. Without this record's lines, it can be written when there is memory again.
            for file, size in zip(files, sizes, strict=True):
                file.rewind(size)
            self._writing = False
            raise
        self._writing = False

    def _write_error(self, error: OSError) -> TraceWriteError:
        return TraceWriteError(self.path, error.strerror or str(error), self._chain.size)

    def _follow(self, trace: CheckedTrace) -> None:
        """Bring the chain to the end of a trace that is continued."""
        for seq, record in enumerate(trace.records):
            self._chain.add(record, trace.line(seq))
            if isinstance(record, Addition):
                self._additions.append(place_in(trace, seq))
        self._written_refs.update(trace.blobs)

    def _prepare(self, record: AnyRecord, entry: Entry) -> tuple[bytes, list[bytes], list[Blob]]:
        """Check an entry, and encode it: the line of its record, those of its calls, and the blobs that are new.

        Writes nothing, so that an entry that is refused leaves no trace.
        """
        self._chain.check(record)
        effects = lines_of(entry.effects)
        check_calls(record, entry.effects, effects)
        new = {blob.ref: blob for blob in entry.blobs if blob.ref not in self._written_refs}
        in_order: dict[Ref, Blob] = {}
        for ref in _named_blobs(record, entry):
            if ref in new:
                in_order[ref] = new[ref]
            elif ref not in self._written_refs:
                raise BlobAbsentError(ref, f"record {record.seq}")
        return encode(record), effects, list((in_order | new).values())

    def _write_calls(self, call_lines: list[bytes]) -> None:
        # In portions: joining a large fan-out whole would hold all its lines twice.
        for first in range(0, len(call_lines), _LINES_PER_WRITE):
            portion = call_lines[first : first + _LINES_PER_WRITE]
            self._effects.write(b"\n".join(portion) + b"\n")

    def _write_blobs(self, blobs: list[Blob]) -> None:
        for blob in blobs:
            if len(blob.content) > lines.LARGE:
                self._write_file(blob)
        if blobs:
            self._blobs.write(b"".join(encode_blob(blob) + b"\n" for blob in blobs))

    def _write_file(self, blob: Blob) -> None:
        """Write a large blob. The file is durable before any line names it, so a line without its file is tampering."""
        with Folder.open(self.path) as folder, folder.make_below(LARGE_FOLDER) as large:
            large.write_new(blob.ref, blob.content)
            large.sync()
            folder.sync()

    def _finish(self) -> None:
        self.sync()
        with Folder.open(self.path) as folder:
            delete_secrets(folder)


def _named_blobs(record: AnyRecord, entry: Entry) -> Iterator[Ref]:
    """The blobs that must be in the trace before the record is, in the order in which the format has them."""
    sources: dict[Ref, bytes] = {}
    if isinstance(record, Genesis | Addition):
        sources = {blob.ref: blob.content for blob in entry.blobs}
    return referenced.in_order(record, entry.effects, sources.get)


def _place_of(line: bytes, blobs: list[Blob], record_start: int, blobs_start: int) -> AdditionPlace:
    """Where an addition lies that was written at these places."""
    spans: list[tuple[int, int]] = []
    for blob in blobs:
        stop = blobs_start + len(encode_blob(blob))
        spans.append((blobs_start, stop))
        blobs_start = stop + 1
    return AdditionPlace((record_start, record_start + len(line)), tuple(spans))


def _remove_new(folder: Folder) -> None:
    """Remove a trace in which nothing is recorded, with its folder: there was no room even for that."""
    for name in (KEY, LOCK, RECORDS, BLOBS, EFFECTS, TIMING, JOURNAL):
        folder.remove(name)
    with folder_of(folder.path) as above:
        above.remove_folder(folder.path.name)
