"""Verify: is this trace what an honest writer would have written, and is it the one that is meant?

Four passes, each of which may rely on the ones before it:

1. The chain: every line of `trace.jsonl` is canonical, in its place, and follows from the one before. That gives the
   root, which is compared with the one that is asked for, before anything costly is read.
2. Contents: the ref of every blob is computed from its salt and content.
3. References, record by record: its calls are taken from `effects.jsonl` and compared with the root in the record;
   every blob that it or its calls name must be there, or be redacted.
4. Leftovers: no line of calls that no step counts, and in a sealed trace no blob that nothing names. An open trace
   may have such blobs: a writer stores them before the record that names them.

It proves that nothing was changed since the root was known; re-execution (`replay`) proves what the kernel did.
Without a known root, a whole trace that was rewritten consistently is not detected here, and one that was cut off
after a record looks like one whose run was killed: OPEN. A seal, or a known root, tells them apart.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from rlmlite_kernel.records.records import Addition, AnyRecord, EffectRecord, Genesis, Redact, Ref
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
from rlmlite_traces.format.formats import Format, format_of, is_current
from rlmlite_traces.format.lines import BLOBS, EFFECTS, RECORDS, split
from rlmlite_traces.format.reader import CheckedTrace, Level, SignatureCheck, SignedRecords, UncheckedTrace
from rlmlite_traces.format.redactions import check_redacted, read_redactions
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits


def verify(
    source: Path | UncheckedTrace,
    root: str | None = None,
    at_least: Level = Level.OPEN,
    limits: ReaderLimits = READER_LIMITS,
    key: SignatureCheck | Sequence[SignatureCheck] = (),
) -> CheckedTrace:
    """The trace, checked whole, within the reader's `limits`; with a `key`, or several, signed by each of them.

    Raises:
        OverLimitError: the trace is larger than this reader allows.
        TraceBrokenError: a line is not canonical, not in its place, or does not follow from the one before.
        BlobAbsentError, BlobMismatchError, BlobUnreferencedError: content is not what the records refer to.
        UnknownFormatError: another version wrote it.
        RootMismatchError: sound, but not the trace with this `root`.
        LevelError: sound, but not sealed although `at_least` or a `key` asks for it.
        SignatureError: sound, but not signed by a `key`.
        TraceMissingError: a file is not there.
    """
    trace = UncheckedTrace.read(source, limits) if isinstance(source, Path) else source
    layout = format_of(trace.records)
    chain, records, spans = _read_chain(trace.records, layout, limits)
    if root is not None and chain.root != root:
        raise RootMismatchError(root, chain.root)
    genesis = records[0]
    assert isinstance(genesis, Genesis)  # the chain allows no other first record
    level = Level.SEALED if chain.sealed else Level.OPEN
    least = Level.SEALED if key else at_least  # with a key, the next lines say what is missing
    if level < least:
        raise LevelError(least.name, level.name)
    if key:
        _check_signatures(key, SignedRecords(trace.records, chain.root, chain.size, genesis.run, genesis.v), trace)
        level = Level.SIGNED
    redactions = read_redactions(trace.redactions, chain, records, limits)
    contents = Contents(trace.blobs, trace.large, layout, limits)
    count = sum(len(record.inputs) for record in records if isinstance(record, Genesis | Addition))
    limits.check("inputs", count, "the trace names inputs:")
    calls = StepCalls(trace.effects, layout, genesis.run, limits)
    named, call_ranges = _resolve_references(records, calls, contents, redactions)
    if is_current(genesis):
        _check_order(contents, named)
    if calls.remaining:
        found = f"{calls.remaining} lines"
        raise TraceBrokenError(EFFECTS, calls.next_line, "effects-stray", "no more lines", found)
    if chain.sealed:
        _refuse_unnamed(contents, named)
    lines, beside = (trace.records, spans), (trace.extra, trace.inputs, trace.signatures, redactions)
    path = source if isinstance(source, Path) else None
    return CheckedTrace(chain.root, level, records, lines, calls, call_ranges, contents, *beside, path)


def _check_signatures(
    key: SignatureCheck | Sequence[SignatureCheck], signed: SignedRecords, trace: UncheckedTrace
) -> None:
    for each in key if isinstance(key, Sequence) else (key,):
        each.check(signed, trace.signatures)


def blob_refs(record: AnyRecord, calls: list[EffectRecord], contents: Contents) -> Iterator[Ref]:
    """Every blob that a record and its calls name, also indirectly through the source of an input, as it is written."""
    seen: set[Ref] = set()

    def source(ref: Ref) -> bytes | None:
        # Each once: ten thousand inputs may name one source of megabytes.
        if ref in seen or contents.presence(ref) is not Presence.PRESENT:
            return None
        seen.add(ref)
        return contents.read_json(ref)

    yield from referenced.in_order(record, calls, source)


def _read_chain(
    data: bytes, layout: Format, limits: ReaderLimits
) -> tuple[Chain, tuple[AnyRecord, ...], list[tuple[int, int]]]:
    """Pass 1: the chain at its end, the records, and where the line of each begins and ends."""
    limits.check("records", data.count(b"\n"), "trace.jsonl has lines:")
    chain, spans, records = Chain(), list(split(data, RECORDS)), []
    for start, stop in spans:
        limits.check("line_bytes", stop - start, "a record has")
        line = data[start:stop]
        record, before = layout.record(line, chain.size)
        chain.check(record, before)
        chain.add(record, line)
        records.append(record)
    if not records:
        raise TraceBrokenError(RECORDS, 0, "genesis", "a genesis record", "an empty file")
    return chain, tuple(records), spans


def _resolve_references(
    records: tuple[AnyRecord, ...], calls: StepCalls, contents: Contents, redactions: tuple[Redact, ...]
) -> tuple[dict[Ref, None], dict[int, tuple[int, int]]]:
    """Pass 3: all refs of blobs that records name, as they are first named, and of records with calls their lines."""
    during = (record for record in records if isinstance(record, Redact))
    redacted = {ref for redaction in (*during, *redactions) for ref in redaction.refs}
    named: dict[Ref, None] = {}
    absent: dict[Ref, int] = {}
    call_ranges = {}
    for seq, record in enumerate(records):
        line_range, effects = calls.take(record)
        if effects:
            call_ranges[seq] = line_range
        for ref in blob_refs(record, effects, contents):
            is_new = ref not in named and ref not in redacted
            if is_new and contents.presence(ref) is not Presence.PRESENT:
                absent.setdefault(ref, seq)
            named[ref] = None
    for seq, record in enumerate(records):
        for ref in record.refs if isinstance(record, Redact) else ():
            if ref not in named or contents.presence(ref) is Presence.PRESENT:
                raise TraceBrokenError(RECORDS, seq, "redact", "a blob that a record names, and that is gone", ref)
    check_redacted(redactions, records, named, contents)
    if absent:
        # Raised only now, when every name is known: a blob that nothing names beside one that is missing means that
        # the content was changed, which gave it another ref.
        ref, seq = next(iter(absent.items()))
        has_unnamed = any(stored not in named for stored in contents.places)
        raise BlobAbsentError(ref, f"record {seq}", changed=has_unnamed)
    return named, call_ranges


def _check_order(contents: Contents, named: dict[Ref, None]) -> None:
    """Raise `TraceBrokenError` unless lines of blobs stand in the order in which records first name them."""
    stored = [(position, ref) for position, ref in enumerate(contents.places) if ref in named]
    expected = [ref for ref in named if ref in contents.places]
    for (position, found), ref in zip(stored, expected, strict=True):
        if found != ref:
            raise TraceBrokenError(BLOBS, position, "order", f"{ref[:12]}, as the records name them", found[:12])


def _refuse_unnamed(contents: Contents, named: Collection[Ref]) -> None:
    """Pass 4: raise `BlobUnreferencedError` for content that no record names, which could smuggle data along."""
    for ref in contents.places:
        if ref not in named:
            raise BlobUnreferencedError(ref)
    for ref in contents.strays():
        raise BlobUnreferencedError(ref)
