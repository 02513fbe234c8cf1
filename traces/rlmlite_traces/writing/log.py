"""The log: one writer's end of a trace on disk, `NAME.rlm/`.

Order is the rule here. Of an entry: blobs first, then its calls, then the record, so that a record that is there has
all that it refers to. Of a program: a call is in the journal as soon as it ends; when the program's records are
durable, the journal is emptied. Nothing is written that `verify` would refuse.
Not here: what a record says (the kernel), what is left after a crash (`recovery`).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

import msgspec

from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.call_lines import lines_of
from rlmlite_kernel.records.evolution import FORMAT
from rlmlite_kernel.records.records import AnyRecord, Blob, Entry, Genesis, Question, Ref, Seal, Turn
from rlmlite_traces.errors import (
    BlobAbsentError,
    TraceExistsError,
    TraceMissingError,
    TraceSealedError,
    UnknownFormatError,
)
from rlmlite_traces.files.append_only import AppendOnlyFile, WriterLock, sync_path, write_new
from rlmlite_traces.format import lines, referenced
from rlmlite_traces.format.calls import check_calls
from rlmlite_traces.format.chain import Chain
from rlmlite_traces.format.formats import is_current
from rlmlite_traces.format.lines import (
    BLOBS,
    EFFECTS,
    JOURNAL,
    LARGE_FOLDER,
    RECORDS,
    STORE,
    TIMING,
    encode,
    encode_blob,
)
from rlmlite_traces.format.reader import CheckedTrace, Level, UncheckedTrace, large_files
from rlmlite_traces.writing.journal import Journal
from rlmlite_traces.writing.recovery import Recovered, recover

KEY = "run.key"
LOCK = "lock"


class Log:
    """Writes one trace. Use as a context manager, or call `close`; leaving it without a seal leaves it OPEN."""

    def __init__(self, path: Path, run_key: bytes, lock: WriterLock, recovered: CheckedTrace | None) -> None:
        """Not for callers: see `create` and `open`."""
        self.path, self.run_key, self.recovered = path, run_key, recovered
        self._lock = lock
        self._chain = Chain()
        self._written_refs: set[Ref] = set()
        self._called = False
        self._closed = False
        self._writing = False
        if recovered is not None:
            self._follow(recovered)
        self._records, self._blobs, self._effects, self._timing = (
            AppendOnlyFile(path / name) for name in (RECORDS, BLOBS, EFFECTS, TIMING)
        )
        self._journal = Journal(path / JOURNAL)

    @classmethod
    def create(cls, path: Path, run_key: bytes) -> "Log":
        """A new trace. Raises `TraceExistsError` if anything is at `path`."""
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise TraceExistsError(path) from None
        lock = WriterLock(path / LOCK)
        write_new(path / KEY, run_key.hex().encode(), 0o600)
        log = cls(path, run_key, lock, None)
        for place in (path / KEY, path, path.parent):
            sync_path(place)
        return log

    @classmethod
    def open(cls, path: Path) -> "Log":
        """Go on with a trace: the end that a crash tore is cut off (`recovered` is what is left).

        Raises:
            TraceMissingError: no trace is there, or its run key is gone.
            TraceLockedError: somebody else writes it.
            TraceSealedError: its run has ended.
            UnknownFormatError: it is of an older format, which can be read and replayed, and not written on.
            TraceError: what `verify` raises, for damage that no crash does.
        """
        if not path.is_dir():
            raise TraceMissingError(path, "no such folder")
        lock = WriterLock(path / LOCK)
        try:
            found = recover(UncheckedTrace.read(path))
            _cut(path, found)
            if found.trace is not None and found.trace.level is Level.SEALED:
                _forget_key(path)
                raise TraceSealedError(path)
            if found.trace is not None and not is_current(found.trace.genesis):
                raise UnknownFormatError("format", FORMAT, found.trace.genesis.v)
            return cls(path, _run_key(path), lock, found.trace)
        except BaseException:
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

        A seal is durable when this returns.

        Raises `TraceSealedError`, `TraceBrokenError` or `BlobAbsentError` for an entry that cannot follow, and then
        has written nothing.
        """
        if self._closed or self._writing:
            raise RuntimeError("the log is closed, or a write failed: open it again to recover")
        if self._chain.sealed:
            raise TraceSealedError(self.path)
        record = self._chain.place(entry.record)
        line, effects, blobs = self._prepare(record, entry)
        self._writing = True
        self._write_blobs(blobs)
        if effects:
            for first in range(0, len(effects), 1_024):
                self._effects.write(b"\n".join(effects[first : first + 1_024]) + b"\n")
        self._records.write(line + b"\n")
        self._chain.add(record, line)
        self._writing = False
        if isinstance(record, Turn | Question) and self._called:
            self.sync()  # the program before this turn is over, though nobody said so with `extend`
        self._called = self._called or bool(effects)
        if isinstance(record, Seal):
            self._finish()
        return record

    def extend(self, entries: Iterable[Entry]) -> None:
        """Write the entries that end a program; if it had calls, all is durable when this returns."""
        for entry in entries:
            self.append(entry)
        if self._called or self._journal.results:
            self.sync()

    def sync(self) -> None:
        """Make all records durable, and then empty the journal."""
        for file in (self._blobs, self._effects, self._records):
            file.sync()
        self._called = False
        self._journal.clear()

    def journal(self, id_: str, result: Result) -> None:
        """Write a call that has ended, at once."""
        self._journal.add(id_, result)

    def journal_results(self) -> dict[str, Result]:
        """Calls that have ended, of steps that are not durable yet: not to be paid for again."""
        return dict(self._journal.results)

    def intend(self, id_: str) -> None:
        """Write that a call with side effects is about to be made; it is durable when this returns."""
        self._journal.intend(id_)

    def intents(self) -> frozenset[str]:
        """The calls that were about to be made, by id, of steps that are not durable yet."""
        return self._journal.intents

    def timing(self, id_: str, fields: Mapping[str, int | str | None]) -> None:
        """Note how a call went (milliseconds, attempts). Not hashed, and never read by `verify` or `replay`.

        The first half of the id is enough to find the call again.
        """
        self._timing.write(msgspec.json.encode({"id": id_[: len(id_) // 2], **fields}) + b"\n")

    def close(self) -> None:
        """Let go of the files and of the lock."""
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

    def _follow(self, trace: CheckedTrace) -> None:
        for seq, record in enumerate(trace.records):
            self._chain.add(record, trace.line(seq))
        self._written_refs.update(trace.blobs)

    def _prepare(self, record: AnyRecord, entry: Entry) -> tuple[bytes, list[bytes], list[Blob]]:
        """The lines and new blobs of an entry, of which nothing is written yet."""
        self._chain.check(record)
        effects = lines_of(entry.effects)
        check_calls(record, entry.effects, effects)
        new = {blob.ref: blob for blob in entry.blobs if blob.ref not in self._written_refs}
        named = [*referenced.of_record(record)]
        for call in entry.effects:
            named.extend(referenced.of_effect(call))
        if isinstance(record, Genesis):
            sources = {item.source for item in record.inputs}
            named.extend(
                ref for blob in entry.blobs if blob.ref in sources for ref in referenced.of_source(blob.content)
            )
        for ref in named:
            if ref not in new and ref not in self._written_refs:
                raise BlobAbsentError(ref, f"record {record.seq}")
        return encode(record), effects, list(new.values())

    def _write_blobs(self, blobs: list[Blob]) -> None:
        for blob in blobs:
            if len(blob.content) > lines.LARGE:
                folder = self.path / LARGE_FOLDER
                folder.mkdir(exist_ok=True)
                write_new(folder / blob.ref, blob.content)
                for place in (folder / blob.ref, folder, self.path):  # durable before a line says that it is there
                    sync_path(place)
        if blobs:
            self._blobs.write(b"".join(encode_blob(blob) + b"\n" for blob in blobs))
            self._written_refs.update(blob.ref for blob in blobs)

    def _finish(self) -> None:
        self.sync()
        _forget_key(self.path)


def _cut(path: Path, found: Recovered) -> None:
    """Cut off what recovery left out."""
    for name, size in found.keep.items():
        if found.dropped[name]:
            with open(path / name, "r+b") as file:
                file.truncate(size)
            sync_path(path / name)
    kept = found.trace.blobs if found.trace is not None else {}
    for ref, place in large_files(path / LARGE_FOLDER).items():
        if ref not in kept:
            place.unlink()


def _run_key(path: Path) -> bytes:
    try:
        return bytes.fromhex((path / KEY).read_text("ascii"))
    except (OSError, ValueError):
        raise TraceMissingError(path / KEY, "the run's key is gone, so nothing can be added") from None


def _forget_key(path: Path) -> None:
    """After the seal nobody needs the key, and dropped content must not be guessed back with it."""
    (path / KEY).unlink(missing_ok=True)
    (path / JOURNAL).unlink(missing_ok=True)
    (path / STORE).unlink(missing_ok=True)  # a place on this machine; only going on needs it
    sync_path(path)
