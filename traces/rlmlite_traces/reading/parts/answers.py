"""The ending of a story: the outcome, the answer, and the evidence with its places written out.

blob     {"basis": "given", "evidence": [{"how": "verbatim", "input": "log", "spans": [[6, 11, 1, 1, "ERROR"]]}], ...}
story    EvidenceStory(how="verbatim", input="log", start=6, stop=11, line=1, times=1, text="ERROR")
"""

from collections.abc import Iterator

import msgspec

from rlmlite_kernel.records.records import Ref, Seal
from rlmlite_traces.reading.parts.chapters import AnswerStory, Ending, EvidenceStory
from rlmlite_traces.reading.parts.passages import Passages
from rlmlite_traces.reading.parts.remarks import tell_remarks


class _Group(msgspec.Struct, frozen=True):
    """Pieces of evidence in one document, found in one way; in format 1, one piece with its fields."""

    how: str
    spans: tuple[tuple[int, int, int, int, str], ...] = ()
    input: str = ""
    path: str = ""
    start: int = 0
    stop: int = 0
    line: int = 0
    times: int = 1
    text: str = ""


class _AnswerBlob(msgspec.Struct, frozen=True):
    """The blob of an answer (`Answer.recorded` in the kernel)."""

    value: msgspec.Raw
    basis: str = "none"
    evidence: tuple[_Group, ...] = ()
    evidence_total: int = 0
    unshown: tuple[str, ...] = ()


_decoder = msgspec.json.Decoder(_AnswerBlob)


def tell_ending(seal: Seal, passages: Passages) -> Ending:
    """The end of a run, from its seal."""
    return Ending(
        seq=seal.seq,
        outcome=seal.outcome,
        reason=seal.reason,
        steps=seal.steps,
        answer=None if seal.result is None else tell_answer(seal.result, passages),
        remarks=tell_remarks(seal.warnings, seal.notes, passages),
    )


def tell_answer(ref: Ref, passages: Passages) -> AnswerStory:
    """The answer that a seal names. Raises `OverLimitError`."""
    answer, absence = passages.decode(ref, _decode)
    return answer if answer is not None else AnswerStory(absence=absence)


def _decode(content: bytes) -> AnswerStory:
    blob = _decoder.decode(content)
    return AnswerStory(
        value=msgspec.json.decode(blob.value),
        basis=blob.basis,
        evidence=tuple(_spread(blob.evidence)),
        evidence_total=blob.evidence_total,
        unshown=blob.unshown,
    )


def _spread(groups: tuple[_Group, ...]) -> Iterator[EvidenceStory]:
    for group in groups:
        of_format_one = ((group.start, group.stop, group.line, group.times, group.text),)
        for start, stop, line, times, text in group.spans or of_format_one:
            yield EvidenceStory(
                how=group.how,
                input=group.input,
                path=group.path,
                start=start,
                stop=stop,
                line=line,
                times=times,
                text=text,
            )
