"""Verify: is this trace what an honest writer would have written, and is it the one that is meant?

It proves that nothing was changed since the root was known; re-execution (`replay`) proves what the kernel did.
Without a known root, somebody who rewrites a whole trace consistently is not found here, and a trace that was cut
at the end of a record looks OPEN, like one whose run was killed. A seal, or a known root, tells them apart.
"""

from collections.abc import Iterator
from pathlib import Path

from rlmlite_kernel.records.records import AnyRecord, EffectRecord, Genesis, Redact, Ref
from rlmlite_traces.errors import (
    BlobAbsentError,
    BlobUnreferencedError,
    LevelError,
    RootMismatchError,
    TraceBrokenError,
)
from rlmlite_traces.format import referenced
from rlmlite_traces.format.calls import StepCalls
from rlmlite_traces.format.chain import Chain
from rlmlite_traces.format.contents import Contents, Presence
from rlmlite_traces.format.formats import Format, format_of
from rlmlite_traces.format.lines import EFFECTS, RECORDS, split
from rlmlite_traces.format.reader import CheckedTrace, Level, UncheckedTrace


def verify(source: Path | UncheckedTrace, root: str | None = None, at_least: Level = Level.OPEN) -> CheckedTrace:
    """The trace, checked whole.

    Raises:
        TraceBrokenError: a line is not canonical, not in its place, or does not follow from the one before.
        BlobAbsentError, BlobMismatchError, BlobUnreferencedError: content is not what the records refer to.
        UnknownFormatError: another version wrote it.
        RootMismatchError: sound, but not the trace with this `root`.
        LevelError: sound, but not sealed although `at_least` asks for it.
        TraceMissingError: a file is not there.
    """
    trace = UncheckedTrace.read(source) if isinstance(source, Path) else source
    layout = format_of(trace.records)
    chain, records, spans = _read_chain(trace.records, layout)
    if root is not None and chain.root != root:
        raise RootMismatchError(root, chain.root)
    level = Level.SEALED if chain.sealed else Level.OPEN
    if level < at_least:
        raise LevelError(at_least.name, level.name)
    genesis = records[0]
    assert isinstance(genesis, Genesis)
    contents = Contents(trace.blobs, trace.large, layout)
    calls = StepCalls(trace.effects, layout, genesis.run)
    named, ranges = _resolve_blobs(records, calls, contents)
    if calls.remaining:
        raise TraceBrokenError(EFFECTS, calls.next_line, "effects-stray", "no more lines", f"{calls.remaining} lines")
    if chain.sealed:
        _refuse_strays(contents, named)
    return CheckedTrace(chain.root, level, records, (trace.records, spans), calls, ranges, contents)


def blob_refs(record: AnyRecord, calls: list[EffectRecord], contents: Contents) -> Iterator[Ref]:
    """Every blob that a record and its calls name, also through the source of an input."""
    yield from referenced.of_record(record)
    for call in calls:
        yield from referenced.of_effect(call)
    if isinstance(record, Genesis):
        for entry in record.inputs:
            if entry.source is not None and contents.presence(entry.source) is Presence.PRESENT:
                yield from referenced.of_source(contents.read(entry.source))


def _read_chain(data: bytes, layout: Format) -> tuple[Chain, tuple[AnyRecord, ...], list[tuple[int, int]]]:
    chain, spans, records = Chain(), list(split(data, RECORDS)), []
    for start, stop in spans:
        line = data[start:stop]
        record, before = layout.record(line, chain.size)
        chain.check(record, before)
        chain.add(record, line)
        records.append(record)
    if not records:
        raise TraceBrokenError(RECORDS, 0, "genesis", "a genesis record", "nothing")
    return chain, tuple(records), spans


def _resolve_blobs(
    records: tuple[AnyRecord, ...], calls: StepCalls, contents: Contents
) -> tuple[set[Ref], dict[int, tuple[int, int]]]:
    """The blobs that records name, each present or redacted, and which lines are the calls of which record."""
    redacted = {ref for record in records if isinstance(record, Redact) for ref in record.refs}
    named: set[Ref] = set()
    absent: dict[Ref, int] = {}
    ranges = {}
    for seq, record in enumerate(records):
        lines, effects = calls.take(record)
        if effects:
            ranges[seq] = lines
        for ref in blob_refs(record, effects, contents):
            if ref not in named and ref not in redacted and contents.presence(ref) is not Presence.PRESENT:
                absent.setdefault(ref, seq)
            named.add(ref)
    for ref, seq in absent.items():
        raise BlobAbsentError(ref, f"record {seq}", changed=any(ref not in named for ref in contents.places))
    return named, ranges


def _refuse_strays(contents: Contents, named: set[Ref]) -> None:
    for ref in contents.places:
        if ref not in named:
            raise BlobUnreferencedError(ref)
    for ref in contents.strays():
        raise BlobUnreferencedError(ref)
