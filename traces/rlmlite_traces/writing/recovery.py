"""Recovery: what of a trace is sound after its writer was killed, or the power failed.

Writers only append, so a crash can cost the ends of files, and of each file by itself: the system may have stored the
end of one and not of another. What is kept is the longest sequence of records that are whole, with all their calls and
blobs; the rest of each file is cut off.

    trace.jsonl     genesis, turn, step 1, step 2, step 3 (torn)
    effects.jsonl   the calls of step 1, half of those of step 2
    kept            genesis, turn, step 1, with its calls and every blob that these name

A crash must not be a way around `verify`, so damage that none can cause is raised instead of repaired:

- a line that cannot be decoded, unless it is the last of its file, or a whole last line that does not follow;
- a large blob that has its line and no file: a log makes the file durable before it writes the line;
- anything missing *before* something that is there: files are written in order, so what follows a loss is lost too.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from rlmlite_kernel.records.records import Addition, AnyRecord, Genesis, Ref, Seal, Step
from rlmlite_traces.errors import BlobAbsentError, TraceBrokenError
from rlmlite_traces.format.chain import Chain
from rlmlite_traces.format.contents import Contents, Presence
from rlmlite_traces.format.formats import CallItem, Format, format_of
from rlmlite_traces.format.lines import BLOBS, EFFECTS, RECORDS
from rlmlite_traces.format.reader import CheckedTrace, UncheckedTrace
from rlmlite_traces.format.verify import blob_refs, verify

T = TypeVar("T")


class Recovered(msgspec.Struct, frozen=True):
    """What recovery found: the sound trace (`None` if not even a genesis is whole), and sizes in bytes by file name.

    `keep` is how much of each file the trace takes up, `dropped` how much follows that is to be cut off.
    """

    trace: CheckedTrace | None
    keep: dict[str, int]
    dropped: dict[str, int]


def recover(trace: UncheckedTrace) -> Recovered:
    """The longest sound prefix. Changes no file. Raises as `verify` does for damage that no crash can cause."""
    layout = format_of(trace.records)
    records = decode_whole_lines(trace.records, RECORDS, layout.record)
    _check_chain(trace.records, records)
    calls = decode_whole_lines(trace.effects, EFFECTS, layout.call_item)
    blobs = decode_whole_lines(trace.blobs, BLOBS, layout.blob)
    contents = Contents(trace.blobs[: _end(blobs)], trace.large, layout)
    prefix = _Prefix([record for (record, _), _ in records], [item for item, _ in calls], contents, layout)
    blob_ends = [contents.places[ref].stop + 1 for ref in prefix.named]
    keep = {
        RECORDS: _end(records[: prefix.records]),
        BLOBS: max(blob_ends, default=0),
        EFFECTS: _end(calls[: prefix.calls]),
    }
    sizes = {RECORDS: len(trace.records), BLOBS: len(trace.blobs), EFFECTS: len(trace.effects)}
    dropped = {name: sizes[name] - keep[name] for name in sizes}
    sound = UncheckedTrace(
        trace.records[: keep[RECORDS]], trace.blobs[: keep[BLOBS]], trace.effects[: keep[EFFECTS]], trace.large
    )
    # Verified whole: whatever this module got wrong about crashes, it does not vouch for a trace that is not sound.
    return Recovered(verify(sound) if prefix.records else None, keep, dropped)


def decode_whole_lines(data: bytes, file: str, decode: Callable[[bytes, int], T]) -> list[tuple[T, int]]:
    """Each line decoded, with the offset after its newline. A torn last line is left out.

    Raises `TraceBrokenError` for any other line that cannot be decoded.
    """
    decoded: list[tuple[T, int]] = []
    start = 0
    while (stop := data.find(b"\n", start) + 1) > 0:
        try:
            decoded.append((decode(data[start : stop - 1], len(decoded)), stop))
        except TraceBrokenError:
            if stop < len(data):
                raise
            # The last line, though it has its newline: disks may store the end of a write and not its beginning.
            break
        start = stop
    return decoded


def _check_chain(data: bytes, records: list[tuple[tuple[AnyRecord, str | None], int]]) -> None:
    """Raise unless every whole record follows the one before, even those that will be cut off for what they lack."""
    chain, start = Chain(), 0
    for (record, before), stop in records:
        chain.check(record, before)
        chain.add(record, data[start : stop - 1])
        start = stop


def _end(lines: list[tuple[T, int]]) -> int:
    """The offset after the last line."""
    return lines[-1][1] if lines else 0


class _Prefix:
    """The longest prefix: how many whole `records` it has, on how many lines their `calls` stand, the refs `named`.

    Raises when it is made if what ends it cannot have been a crash.
    """

    def __init__(self, records: list[AnyRecord], items: list[CallItem], contents: Contents, layout: Format) -> None:
        self.records, self.calls = 0, 0
        self.named: set[Ref] = set()
        for record in records:
            stop = self.calls + layout.line_count(record)
            mine = items[self.calls : stop]
            # The run and the step's number decide only the ids of calls, which are not used here.
            calls = layout.calls(mine, "", record, 0) if isinstance(record, Step) else []
            refs = set(blob_refs(record, calls, contents))
            absent = [ref for ref in refs if contents.presence(ref) is not Presence.PRESENT]
            has_all_calls = stop <= len(items)
            if absent or not has_all_calls:
                # A step also names blobs through its calls, an input through its source. While some of these are
                # lost, a blob that no record seems to name may still be theirs, and proves nothing.
                knows_all_refs = has_all_calls and not isinstance(record, Genesis | Addition)
                unnamed = [ref for ref in contents.places if ref not in self.named and ref not in refs]
                self._require_crash(records, absent, contents, has_stray=knows_all_refs and bool(unnamed))
                return
            self.records += 1
            self.calls = stop
            self.named |= refs

    def _require_crash(self, records: list[AnyRecord], absent: list[Ref], contents: Contents, has_stray: bool) -> None:
        """Raise unless what the next record lacks can have been the end of its file.

        Four facts speak against a crash: the trace is sealed, and a seal is written when all else is durable; a later
        record has blobs of its own; the missing blob has a line; there is a stray, a blob that neither the records so
        far nor this one name. Blobs are written in order, so nothing can follow one that a crash took: what looks
        missing was changed, and so has another ref.
        """
        is_sealed = isinstance(records[-1], Seal)
        if is_sealed and not absent:
            raise TraceBrokenError(EFFECTS, self.calls, "effects-missing", "all calls of a sealed trace", "fewer")
        later = {ref for record in records[self.records + 1 :] for ref in blob_refs(record, [], contents)}
        has_later = any(contents.presence(ref) is Presence.PRESENT for ref in later - self.named)
        for ref in absent:
            if is_sealed or has_later or has_stray or ref in contents.places:
                raise BlobAbsentError(ref, f"record {self.records}")
