"""Recovery: what of a trace is sound after its writer was killed, or the power failed.

Writers only append, so a crash can cost the ends of files, each by itself. What is kept is the longest sequence of
records whose lines, calls and blobs are whole. Only a file's *last* line may be torn; damage before it is no crash
but tampering, and is raised. So is a whole last line that does not follow from the one before, and a large blob
whose line is there and whose file is not: a log writes the line when the file is durable.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from rlmlite_kernel.records.records import AnyRecord, Genesis, Ref, Seal, Step
from rlmlite_traces.errors import BlobAbsentError, TraceBrokenError
from rlmlite_traces.format.chain import Chain
from rlmlite_traces.format.contents import Contents, Presence
from rlmlite_traces.format.formats import CallItem, Format, format_of
from rlmlite_traces.format.lines import BLOBS, EFFECTS, RECORDS
from rlmlite_traces.format.reader import CheckedTrace, UncheckedTrace
from rlmlite_traces.format.verify import blob_refs, verify

T = TypeVar("T")


class Recovered(msgspec.Struct, frozen=True):
    """A sound trace (`None`: not even a genesis), how many bytes of each file it is, and what was left out."""

    trace: CheckedTrace | None
    keep: dict[str, int]
    dropped: dict[str, int]


def recover(trace: UncheckedTrace) -> Recovered:
    """The longest sound prefix. Raises what `verify` raises for damage that no crash does. Changes no file."""
    layout = format_of(trace.records)
    records = decode_whole_lines(trace.records, RECORDS, layout.record)
    _check_chain(trace.records, records)
    effects = decode_whole_lines(trace.effects, EFFECTS, layout.call_item)
    blobs = decode_whole_lines(trace.blobs, BLOBS, layout.blob)
    contents = Contents(trace.blobs[: _end(blobs)], trace.large, layout)
    kept = _Prefix([record for (record, _), _ in records], [item for item, _ in effects], contents, layout)
    keep = {
        RECORDS: _end(records[: kept.records]),
        BLOBS: max((contents.places[ref].stop + 1 for ref in kept.named), default=0),
        EFFECTS: _end(effects[: kept.calls]),
    }
    found = {RECORDS: len(trace.records), BLOBS: len(trace.blobs), EFFECTS: len(trace.effects)}
    sound = UncheckedTrace(
        trace.records[: keep[RECORDS]], trace.blobs[: keep[BLOBS]], trace.effects[: keep[EFFECTS]], trace.large
    )
    dropped = {name: found[name] - keep[name] for name in found}
    return Recovered(verify(sound) if kept.records else None, keep, dropped)


def decode_whole_lines(data: bytes, file: str, decode: Callable[[bytes, int], T]) -> list[tuple[T, int]]:
    """Each line decoded, with where it ends, without a torn last one. Raises `TraceBrokenError` for an earlier one."""
    found: list[tuple[T, int]] = []
    start = 0
    while (stop := data.find(b"\n", start) + 1) > 0:
        try:
            found.append((decode(data[start : stop - 1], len(found)), stop))
        except TraceBrokenError:
            if stop < len(data):
                raise
            break
        start = stop
    return found


def _check_chain(data: bytes, records: list[tuple[tuple[AnyRecord, str | None], int]]) -> None:
    """Raise unless every whole record follows, also those that will be cut off for what they lack."""
    chain, start = Chain(), 0
    for (record, before), stop in records:
        chain.check(record, before)
        chain.add(record, data[start : stop - 1])
        start = stop


def _end(lines: list[tuple[T, int]]) -> int:
    return lines[-1][1] if lines else 0


class _Prefix:
    """How many records are whole with their calls and blobs, and what they name."""

    def __init__(self, records: list[AnyRecord], items: list[CallItem], contents: Contents, layout: Format) -> None:
        self.records, self.calls = 0, 0
        self.named: set[Ref] = set()
        for record in records:
            last = self.calls + layout.line_count(record)
            calls = layout.calls(items[self.calls : last], "", record, 0) if isinstance(record, Step) else []
            refs = set(blob_refs(record, calls, contents))
            absent = [ref for ref in refs if contents.presence(ref) is not Presence.PRESENT]
            if absent or last > len(items):
                # What a genesis or a step names is known only as far as its sources and its calls are there.
                all_known = last <= len(items) and not isinstance(record, Genesis)
                strays = [ref for ref in contents.places if ref not in self.named and ref not in refs]
                self._require_crash(records, absent, contents, stray=all_known and bool(strays))
                return
            self.records, self.calls = self.records + 1, last
            self.named |= refs

    def _require_crash(self, records: list[AnyRecord], absent: list[Ref], contents: Contents, stray: bool) -> None:
        """Raise unless what is missing can have been the end of its file.

        `stray`: there is a blob that neither the records so far nor this one name. Blobs are written in order, so
        nothing can follow one that a crash cost: what looks missing was changed.
        """
        sealed = isinstance(records[-1], Seal)
        if sealed and not absent:
            raise TraceBrokenError(EFFECTS, self.calls, "effects-missing", "the calls of a sealed trace", "fewer")
        later = {ref for record in records[self.records + 1 :] for ref in blob_refs(record, [], contents)}
        held = any(contents.presence(ref) is Presence.PRESENT for ref in later - self.named)
        for ref in absent:
            if sealed or held or stray or ref in contents.places:
                raise BlobAbsentError(ref, f"record {self.records}")
