"""How the calls of a step stand in its record: who was asked what, and what came back.

A prompt is recorded as its recipe: words that the trace holds once, and ranges of contents that it does not hold. So a
fan-out over a large input adds little to the trace, and whoever has the input can render every prompt again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from rlmlite_kernel.effects.calls import CallSet
from rlmlite_kernel.effects.requests import Answered, Part, Result
from rlmlite_kernel.records.call_lines import lines_of, request_id
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import Blob, Child, EffectRecord, Effects, Ref, Span
from rlmlite_kernel.records.refs import Salts, blob, commit_value, commit_value_digest
from rlmlite_kernel.values.blobs import digest_of_name
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.tables.places import forget_places
from rlmlite_kernel.values.values import descriptor_digest


class CallRecorder:
    """Makes the records of one round of a step, numbered from `first` on, and the blobs that they name."""

    def __init__(self, calls: CallSet, key: bytes, salts: Salts, step: int, first: int) -> None:
        self._calls, self._key, self._salts, self._step, self._first = calls, key, salts, step, first
        self._text_refs: dict[str, Ref] = {}
        self._content_refs: dict[str, Ref] = {}
        self.blobs: dict[Ref, Blob] = {}

    def record(self, index: int, result: Result, same_as: str = "") -> EffectRecord:
        """The record of one call; `same_as` is the id of the one whose result it took, if it was not made."""
        calls, usage = self._calls, result.usage
        # An answer and an error exclude each other: a record has a `result`, or an `error` and perhaps a `detail`.
        answer_ref = detail_ref = None
        error, cached = "", False
        # The recipe's texts are held before the answer's: blobs stand in the trace in the order of their first use.
        recipe = tuple(map(self._part, calls.prompts.parts(index)))
        if isinstance(result, Answered):
            answer_ref, cached = self._keep_text(result.text), result.cached
        else:
            error = result.error
            if result.detail:
                detail_ref = self._keep_text(result.detail)
        return EffectRecord(
            step=self._step,
            index=self._first + index,
            first=self._first,
            round=calls.place.round,
            id=request_id(*calls.place, index),
            effect=calls.kind,
            role=calls.role,
            model=calls.model.model,
            max_output_tokens=calls.model.max_output_tokens,
            recipe=recipe,
            rendered=commit_value_digest(self._key, bytes.fromhex(calls.digest(index))),
            prompt_bytes=int(calls.sizes[index]),
            result=answer_ref,
            error=error,
            detail=detail_ref,
            usage=(usage.input_tokens, usage.output_tokens, usage.cost_nano),
            cached=cached,
            inputs=self._nested_inputs(index),
            child=self._with_findings(result),
            sampling=result.sampling,
            same_as=same_as,
        )

    def _with_findings(self, result: Result) -> Child | None:
        """The outcome of a nested run, with the blob of what it has found."""
        if result.child is None or not result.findings:
            return result.child
        return msgspec.structs.replace(result.child, evidence=self._keep_text(result.findings))

    def _nested_inputs(self, index: int) -> dict[str, Ref]:
        """Commitments, under the key of this step, to what a nested run was given."""
        if not self._calls.nested:
            return {}
        from rlmlite_kernel.values.tables.excerpts import Excerpts  # most runs nest none

        refs: dict[str, Ref] = {}
        for name, value in self._calls.nested[index].nested.inputs.items():
            if isinstance(value, Excerpts):
                refs[name] = commit_value(self._key, value.document)
                continue
            # By digest: what the nested run begins with does not depend on where its parent has it from.
            refs[name] = commit_value_digest(self._key, descriptor_digest(forget_places(value)))
        return refs

    def _part(self, part: Part) -> Ref | Span:
        """Words of the program as a text that is held, content as a range of what it is part of."""
        if isinstance(part, str):
            return self._keep_text(part)
        content = part.content
        if isinstance(content, Text):
            return Span(self._commit(content.blob), content.start, content.stop, part.source)
        # A string that the program made is committed to whole; a replay makes it again, so it need not be held.
        raw = content.encode()
        ref = commit_value_digest(self._key, hashlib.sha256(raw).digest())
        return Span(ref, 0, len(raw), part.source)

    def _keep_text(self, text: str) -> Ref:
        """The ref of a text that the trace holds; the same text is held once."""
        if text not in self._text_refs:
            entry = blob(self._salts, text.encode())
            self._text_refs[text] = entry.ref
            self.blobs[entry.ref] = entry
        return self._text_refs[text]

    def _commit(self, name: str) -> Ref:
        """The ref of content that the trace does not hold: an input's. Whoever has the content can check it."""
        if name not in self._content_refs:
            self._content_refs[name] = commit_value_digest(self._key, bytes.fromhex(digest_of_name(name)))
        return self._content_refs[name]


Round: TypeAlias = tuple[CallSet, Sequence[Result | None], Mapping[int, str]]
"""The calls of a round, their results by index, and the ids of those whose results were taken instead of calling."""


def record_calls(
    rounds: Iterable[Round], key: bytes, salts: Salts, step: int
) -> tuple[tuple[EffectRecord, ...], tuple[Blob, ...]]:
    """The records of a step's calls, numbered over all of its rounds, and the blobs that they name."""
    records: list[EffectRecord] = []
    blobs: list[Blob] = []
    first = 0
    for calls, results, same_as in rounds:
        recorder = CallRecorder(calls, key, salts, step, first)
        for index, result in enumerate(results):
            # `None` was never called. Its number stays unused, so that a call's number is its index in its round.
            if result is not None:
                records.append(recorder.record(index, result, same_as.get(index, "")))
        blobs += recorder.blobs.values()
        first += len(results)
    return tuple(records), tuple(blobs)


def sum_up_calls(calls: Sequence[EffectRecord]) -> Effects | None:
    """What the record of a step says of its calls as a whole."""
    if not calls:
        return None
    failed = sum(call.result is None for call in calls)
    rounds = len({call.round for call in calls})
    return Effects(n=len(calls), root=root_of(lines_of(calls)), failed=failed, rounds=rounds)
