"""Redact: remove contents from a finished trace and from the nested runs below it; all proofs hold.

    A.rlm    record 5, step 2, names 7f02…          its line in blobs.jsonl goes; redactions.jsonl says so
             root 8c0…, signature, trace.jsonl      as they were
             replay                                 steps that need 7f02… are unverifiable

A nested run holds its own copy of what it was asked and of what it answered, so the same selection is applied to it.
Its root stays the one that its parent recorded.
What a trace says in its records (names of variables, inputs and tools, sizes, digests) cannot be removed: it is what
the root proves. `remains` says where a text was found there.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from rlmlite_kernel.records.records import Addition, Genesis, Question, Ref, Step, Turn
from rlmlite_traces.errors import LevelError, TraceMissingError, TraceOpenError
from rlmlite_traces.files.append_only import WriterLock
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import EFFECTS, RECORDS, REDACTIONS, TIMING
from rlmlite_traces.format.reader import CheckedTrace, Level, UncheckedTrace, missing_error, open_trace
from rlmlite_traces.format.verify import blob_refs, verify
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.reading.nested.walk import is_there, nested_place
from rlmlite_traces.sharing.redacting.removal import refs_here, settle, with_line, without, write
from rlmlite_traces.sharing.redacting.selection import Finder, Selection, files_along, select, strings_of

_LOCK: Final = "lock"
_DIGEST: Final = re.compile("[0-9a-f]{16,}")


class Removal(msgspec.Struct, frozen=True):
    """A content that goes: its ref, its size in bytes, and the places of the records that name it."""

    ref: Ref
    size: int
    records: tuple[int, ...]


class Redaction(msgspec.Struct, frozen=True):
    """What becomes of one trace.

    `pending` are contents that an earlier redaction names and that are still here, after a crash. `inputs` are files
    of inputs, by SHA-256. `steps` are the numbers of steps that nobody can execute again. `remains` are files of the
    trace in which a text was found that cannot be removed from them.
    """

    place: Path
    root: str
    removals: tuple[Removal, ...] = ()
    pending: tuple[Ref, ...] = ()
    inputs: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()
    remains: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to do."""
        return not (self.removals or self.pending or self.inputs)


class _Work(msgspec.Struct, frozen=True):
    """A trace on the way: its files as they are, without what is pending, and as they are to be."""

    redaction: Redaction
    before: UncheckedTrace
    after: UncheckedTrace


def plan_redaction(path: Path, selection: Selection, limits: ReaderLimits = READER_LIMITS) -> list[Redaction]:
    """What `redact` would do to a trace and to those below it. Nothing is changed. Raises as `redact`."""
    with open_trace(path) as folder:
        _refuse_packed(folder)
    return [work.redaction for work in _plan(path, selection, "plan", "", limits)]


def redact(
    path: Path, selection: Selection, reason: str, who: str = "", limits: ReaderLimits = READER_LIMITS
) -> list[Redaction]:
    """Remove what is selected from a sealed trace and from the nested runs below it, the outermost first.

    It finishes what an earlier call left undone; with an empty selection it does only that.

    Raises:
        TraceOpenError: its run has not ended.
        TraceLockedError: another process is changing it.
        TraceMissingError: it is packed, or cannot be written.
        PatternRefusedError: RE2 refuses a pattern.
        TraceError: as `verify`; a nested run that is not the recorded one is refused, too.
    """
    with open_trace(path) as folder:
        _refuse_packed(folder)
        lock = WriterLock(folder, _LOCK)
        try:
            works = list(_plan(path, selection, reason, who, limits))  # all are verified before one is changed
            for work in works:
                with Folder.open(work.redaction.place) as each:
                    write(each, work.before, work.after, work.redaction.inputs)
        except OSError as error:
            raise missing_error(path, error) from None
        finally:
            lock.release()
    return [work.redaction for work in works]


def _refuse_packed(folder: Folder) -> None:
    if folder.is_packed:
        raise TraceMissingError(folder.path, "a packed trace is only read: unpack it, redact the folder, pack that")


def _plan(
    path: Path, selection: Selection, reason: str, who: str, limits: ReaderLimits, root: str | None = None
) -> Iterator[_Work]:
    """The work on a trace, and on those below it."""
    before = UncheckedTrace.read(path, limits)
    settled = settle(before, limits)
    try:
        checked = verify(settled, root, Level.SEALED, limits)
    except LevelError:
        raise TraceOpenError(path) from None
    finder = Finder(selection)
    refs = select(checked, selection, finder)
    after = settled
    if refs:
        line = with_line(settled, checked, refs, reason, who)
        after = msgspec.structs.replace(without(settled, refs, limits), redactions=line)
        verify(after, checked.root, Level.SEALED, limits)
    along = files_along(checked, selection, finder)
    redaction = _describe(path, before, checked, refs, along, finder, limits)
    yield _Work(redaction, before, after)
    for id_, child_root in _nested_of(checked).items():
        place = nested_place(path, id_)
        if is_there(path, place):
            yield from _plan(place, selection, reason, who, limits, child_root)


def _nested_of(trace: CheckedTrace) -> dict[str, str]:
    """The roots of the nested runs that a trace recorded, by the id of their call."""
    calls = (call for seq in range(trace.size) for call in trace.effects(seq))
    return {call.id: call.child.root for call in calls if call.child is not None and call.child.root}


def _describe(
    path: Path,
    before: UncheckedTrace,
    checked: CheckedTrace,
    refs: set[Ref],
    along: set[str],
    finder: Finder,
    limits: ReaderLimits,
) -> Redaction:
    naming: dict[Ref, list[int]] = {ref: [] for ref in refs}
    for seq, record in enumerate(checked.records):
        for ref in dict.fromkeys(blob_refs(record, checked.effects(seq), checked.contents)):
            if ref in naming:
                naming[ref].append(seq)
    removals = tuple(Removal(ref, len(checked.content(ref)), tuple(naming[ref])) for ref in sorted(refs))
    pending = tuple(sorted(refs_here(before, checked.redacted.keys(), limits)))
    steps = tuple(_unverifiable(checked, {seq for places in naming.values() for seq in places}))
    return Redaction(path, checked.root, removals, pending, tuple(sorted(along)), steps, _remains(path, before, finder))


def _unverifiable(trace: CheckedTrace, touched: set[int]) -> Iterator[int]:
    """The numbers of steps that lose something they rest on: what they name, their program, or what they read."""
    names: set[str] = set()
    is_program_gone = False
    for seq, record in enumerate(trace.records):
        match record:
            case Genesis() | Addition():
                names |= {entry.name for entry in record.inputs} if seq in touched else set()
            case Question():
                names |= {record.writes.name} if seq in touched else set()
            case Turn():
                is_program_gone = seq in touched
            case Step():
                written = {each.name for each in record.writes}
                if seq in touched or is_program_gone or names & set(record.reads):
                    names |= written
                    yield record.step
                else:
                    names -= written
            case _:
                pass


def _remains(path: Path, before: UncheckedTrace, finder: Finder) -> tuple[str, ...]:
    """The files besides contents in which a text is found. Digests are left out: a pattern may fit one by chance."""
    files = {RECORDS: before.records, EFFECTS: before.effects, REDACTIONS: before.redactions}
    with Folder.open(path) as folder:
        if folder.is_plain(TIMING):
            files[TIMING] = folder.read(TIMING)
    return tuple(name for name, data in files.items() if any(map(finder.is_in, _words_in(data))))


def _words_in(data: bytes) -> Iterator[bytes]:
    words = {word for line in data.splitlines() for word in strings_of(line)}
    yield from (word.encode() for word in words if _DIGEST.fullmatch(word) is None)
