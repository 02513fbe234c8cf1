"""The verdict on an answer: taken, or held back for a turn, and what becomes of the state.

                          nothing speaks against it     something does
    controller            taken                         held back; the same answer again is taken
    whoever has no next   taken                         taken as partial, with the reasons as warnings
    turn, or must not
    learn of it

A host's program has no next turn. A controller from whom the policy keeps what the answer was made of must not learn,
by being asked once more, what speaks against it.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from rlmlite_kernel.program.checker import is_temporary
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.evolution import ANSWERS_ARE_HELD
from rlmlite_kernel.records.reasons import NO_EVIDENCE, NOT_ACCEPTED
from rlmlite_kernel.records.remarks import StepRemark, merge_remarks
from rlmlite_kernel.run.holding.objections import reasons_of
from rlmlite_kernel.run.holding.speech import Speech
from rlmlite_kernel.run.steps.answers import Answer, HeldAnswer
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinalAnswer, FinishedStep
from rlmlite_kernel.values.blobs import Blobs


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of an answer: the reasons against it, whether it is held back, and what of them makes it partial."""

    reasons: tuple[StepRemark, ...] = ()
    is_held: bool = False
    losses: tuple[str, ...] = ()

    def beside(self, said: Iterable[StepRemark]) -> tuple[StepRemark, ...]:
        """The reasons that are not among what the step has said of itself."""
        codes = {remark.code for remark in said}
        return tuple(reason for reason in self.reasons if reason.code not in codes)

    @property
    def code(self) -> str:
        """The code of the first reason, if it is held back."""
        return self.reasons[0].code if self.is_held else ""


TAKEN = Verdict()
"""Nothing speaks against it; so it is with every step that gives no answer."""


def answer_of(planned: PlannedStep, final: object, state: State) -> Answer | None:
    """The answer, and the variables behind it that no observation has shown: those that this turn has written."""
    if not isinstance(final, FinalAnswer):
        return None
    unshown: list[str] = []
    for name in sorted(planned.reads):
        # A temporary has no name that a controller could be told.
        if is_temporary(name) or name not in state.variables:
            continue
        # The observation of a turn reaches the controller when the turn is over: too late for this answer.
        if state.variables[name].turn == state.turn:
            unshown.append(name)
    evidence = final.evidence
    return Answer(final.value, evidence.items, evidence.total, evidence.basis, tuple(unshown))


def judge_step(
    step: FinishedStep, answer: Answer | None, state: State, speech: Speech, blobs: Blobs, *, is_withheld: bool
) -> Verdict:
    """The verdict on what a step answers, if it answers. `state` is that before the step commits.

    `is_withheld`: the policy keeps from the controller what the step would show.
    """
    final = step.outcome.effect
    if (
        answer is None
        or not isinstance(final, FinalAnswer)
        or final.is_draft
        or ANSWERS_ARE_HELD not in state.run.flags
    ):
        return TAKEN
    reasons = tuple(reasons_of(step, final, state, speech, blobs))
    codes = tuple(reason.code for reason in reasons)
    if not reasons:
        return TAKEN
    if not speech.is_controller or is_withheld:
        return Verdict(reasons, losses=codes)
    if any(each.code != NOT_ACCEPTED and _is_same(each.answer, answer) for each in state.held):
        # Its controller was told, and insists. What the host requires, it requires still.
        return Verdict(reasons, losses=(NO_EVIDENCE,) if NO_EVIDENCE in codes else ())
    return Verdict(reasons, is_held=True)


def _is_same(one: Answer, other: Answer) -> bool:
    # By their bytes: in Python 1, 1.0 and true are equal.
    return one.evidence == other.evidence and value_bytes([one.value]) == value_bytes([other.value])


def fields_after(answer: Answer, verdict: Verdict, state: State, *, is_draft: bool) -> dict[str, Any]:
    """The fields of the state after an answer on which there is a verdict, or after a draft."""
    if is_draft:
        return {"draft": answer}
    if verdict.is_held:
        return {"held": (*state.held, HeldAnswer(state.turn, answer, verdict.reasons))}
    fields: dict[str, Any] = {"answer": answer}
    if verdict.reasons:
        fields["remarks"] = merge_remarks((*state.remarks, *verdict.beside(state.remarks)))
    if verdict.losses:
        fields["partial"] = tuple(dict.fromkeys((*state.partial, *verdict.losses)))
    return fields
