"""The formats of a trace that can be read, each behind the same few questions.

The first line of a trace says which format it has. Readers get today's records from any of them: an older line is
decoded in its own shape, checked against its own rules, and then turned into a record of today. Only the newest format
is written.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from rlmlite_kernel.records.call_lines import CallLine, CallsHead, calls_of
from rlmlite_kernel.records.evolution import FORMAT
from rlmlite_kernel.records.records import AnyRecord, EffectRecord, Genesis, Ref, Step
from rlmlite_traces.errors import UnknownFormatError
from rlmlite_traces.format import format_one, lines
from rlmlite_traces.format.format_one import OldEffect
from rlmlite_traces.format.lines import AnyBlobLine, BlobLine

CallItem: TypeAlias = CallsHead | CallLine | OldEffect
"""A decoded line of `effects.jsonl`."""


class Format(Protocol):
    """How one format lays out records, calls and blobs in lines. `position` is a line's number, for errors."""

    def record(self, line: bytes, position: int) -> tuple[AnyRecord, str | None]:
        """A record, and the state before it if the format writes that down. Raises `TraceBrokenError`."""
        ...

    def call_item(self, line: bytes, position: int) -> CallItem:
        """A line of `effects.jsonl`. Raises `TraceBrokenError`."""
        ...

    def blob(self, line: bytes, position: int) -> tuple[AnyBlobLine, Ref]:
        """A line of `blobs.jsonl`, and the ref that it names; empty if it names none. Raises `TraceBrokenError`."""
        ...

    def line_count(self, record: AnyRecord) -> int:
        """How many lines of `effects.jsonl` belong to a record."""
        ...

    def calls(self, items: Sequence[CallItem], run: str, step: Step, place: int) -> list[EffectRecord]:
        """The calls of a step from its lines. `place` is the step's number in its turn, from 0."""
        ...


class FormatTwo:
    """The format that is written today: see `records` and `call_lines` in the kernel."""

    def record(self, line: bytes, position: int) -> tuple[AnyRecord, str | None]:
        """See `Format.record`. The state before is in the record before, and not written again."""
        return lines.decode_record(line, position), None

    def call_item(self, line: bytes, position: int) -> CallItem:
        """See `Format.call_item`."""
        return lines.decode_call_line(line, position)

    def blob(self, line: bytes, position: int) -> tuple[AnyBlobLine, Ref]:
        """See `Format.blob`. Only the line of a content that is a file of its own names a ref."""
        blob_line = lines.decode_blob(line, position)
        return blob_line, blob_line.ref if isinstance(blob_line, BlobLine) else ""

    def line_count(self, record: AnyRecord) -> int:
        """See `Format.line_count`: one for each call, and one for the head of each round."""
        if not isinstance(record, Step) or record.effects is None:
            return 0
        return record.effects.n + record.effects.rounds

    def calls(self, items: Sequence[CallItem], run: str, step: Step, place: int) -> list[EffectRecord]:
        """See `Format.calls`."""
        heads_and_lines = (item for item in items if not isinstance(item, OldEffect))
        return list(calls_of(heads_and_lines, run, step.turn, place))


class FormatOne:
    """The first format, of version 0.1: see `format_one`."""

    def record(self, line: bytes, position: int) -> tuple[AnyRecord, str | None]:
        """See `Format.record`."""
        return format_one.decode_record(line, position)

    def call_item(self, line: bytes, position: int) -> CallItem:
        """See `Format.call_item`."""
        return format_one.decode_effect(line, position)

    def blob(self, line: bytes, position: int) -> tuple[AnyBlobLine, Ref]:
        """See `Format.blob`. Every line names its ref."""
        return format_one.decode_blob(line, position)

    def line_count(self, record: AnyRecord) -> int:
        """See `Format.line_count`."""
        return 0 if not isinstance(record, Step) or record.effects is None else record.effects.n

    def calls(self, items: Sequence[CallItem], run: str, step: Step, place: int) -> list[EffectRecord]:
        """See `Format.calls`."""
        return [format_one.convert_call(item) for item in items if isinstance(item, OldEffect)]


FORMATS: Mapping[int, Format] = {1: FormatOne(), FORMAT: FormatTwo()}
"""The formats that can be read, by the number in the genesis record (`v`)."""


class _Version(msgspec.Struct, frozen=True):
    v: int = FORMAT


def format_of(data: bytes) -> Format:
    """The format of `trace.jsonl`, by its first line. Raises `UnknownFormatError`.

    A first line that cannot be decoded counts as the newest format, whose decoder then says what is wrong with it.
    """
    return FORMATS[number_of(data)]


def number_of(data: bytes) -> int:
    """The number of the format, as `format_of` determines it. Raises `UnknownFormatError`."""
    line, _, _ = data.partition(b"\n")
    try:
        number = msgspec.json.decode(line, type=_Version).v
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return FORMAT
    if number not in FORMATS:
        raise UnknownFormatError("format", FORMAT, number)
    return number


def is_current(genesis: Genesis) -> bool:
    """Whether a trace has the format that is written, so that it can be continued."""
    return genesis.v == FORMAT
