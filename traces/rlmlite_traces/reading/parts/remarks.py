"""Remarks and faults of a trace, with what their codes mean: records hold codes, and no sentences."""

from collections.abc import Iterable

from rlmlite_kernel.records.reasons import REASONS
from rlmlite_kernel.records.records import Remark
from rlmlite_kernel.records.remarks import CODES
from rlmlite_traces.reading.parts.chapters import RemarkStory
from rlmlite_traces.reading.parts.passages import Passages


def meaning_of(code: str) -> str:
    """What a code of a remark says; empty for one that this version does not know."""
    reason = REASONS.get(code)
    return reason.message if reason is not None else CODES.get(code, "")


def tell_remark(remark: Remark, passages: Passages, *, is_note: bool = False) -> RemarkStory:
    """One remark."""
    return RemarkStory(
        code=remark.code,
        meaning=meaning_of(remark.code),
        n=remark.n,
        example=passages.read_if(remark.example),
        input=remark.input,
        line=remark.line,
        is_note=is_note,
    )


def tell_remarks(warnings: Iterable[Remark], notes: Iterable[Remark], passages: Passages) -> tuple[RemarkStory, ...]:
    """The warnings of a record, then its notes."""
    told = [tell_remark(each, passages) for each in warnings]
    return (*told, *(tell_remark(each, passages, is_note=True) for each in notes))
