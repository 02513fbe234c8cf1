"""Which answer a run ends with: the one that was taken, or else the best that is there.

    taken                        it
    held back in the last turn   it: there was no turn to give it again in
    drafted                      the last draft
    held back earlier            the last one

All but the first are partial, whatever ended the run.
"""

import msgspec

from rlmlite_kernel.records.evolution import ANSWERS_ARE_HELD, EVIDENCE_OF_NESTED_RUNS
from rlmlite_kernel.records.reasons import NOT_ACCEPTED, REASONS
from rlmlite_kernel.records.remarks import StepRemark, merge_remarks
from rlmlite_kernel.records.settings import ACCEPT
from rlmlite_kernel.run.steps.answers import Answer, HeldAnswer
from rlmlite_kernel.run.steps.state import State

HELD_ANSWERS = "held_answers"
"""The gate that every run has: an answer is taken when it has been seen, or nothing speaks against it."""

DRAFT = "draft"
"""The reason of a run that ends with a draft, if nothing else is one."""


class Standing(msgspec.Struct, frozen=True):
    """The answer that a run ends with, the warnings that go with it, and why it is partial; empty if it was taken."""

    answer: Answer
    warnings: tuple[StepRemark, ...] = ()
    reason: str = ""


def is_held(state: State) -> bool:
    """Whether the answer of the last turn is held back."""
    return bool(state.held) and state.held[-1].turn == state.turn and state.held[-1].code != NOT_ACCEPTED


def refuse_answer(state: State, refusal: str) -> HeldAnswer | None:
    """The answer of a state as one that its host has refused; None if there is none, or nobody may refuse it."""
    if not refusal or state.answer is None or ACCEPT not in state.settings.gates:
        return None
    reason = StepRemark(REASONS[NOT_ACCEPTED].message, refusal, code=NOT_ACCEPTED)
    return HeldAnswer(state.turn, state.answer, (reason,))


def standing(state: State) -> Standing | None:
    """The answer with which a run in this state ends, if there is one."""
    if state.answer is not None:
        return Standing(state.answer)
    # What the host has refused never stands.
    held = [each for each in state.held if each.code != NOT_ACCEPTED]
    last = held[-1] if held else None
    if last is not None and (is_held(state) or state.draft is None):
        return Standing(last.answer, last.reasons, last.code)
    return None if state.draft is None else Standing(state.draft, (), DRAFT)


def remarks_at_end(state: State, refusal: str = "") -> tuple[StepRemark, ...]:
    """All that is said of a run that ends here, with what speaks against its answer.

    `refusal` is what the host has against it, where there was no turn to give another one in.
    """
    stands, refused = standing(state), refuse_answer(state, refusal)
    against = (*(() if stands is None else stands.warnings), *(() if refused is None else refused.reasons))
    return merge_remarks((*state.remarks, *against)) if against else state.remarks


def gates_of(state: State) -> tuple[str, ...]:
    """What an answer of this run has to pass, by name."""
    own = (HELD_ANSWERS,) if ANSWERS_ARE_HELD in state.run.flags else ()
    return (*own, *state.settings.gates)


def findings(state: State) -> str:
    """What a nested run has for its parent beside its answer (`records.findings`); empty if it is none."""
    if state.settings.parent is None or EVIDENCE_OF_NESTED_RUNS not in state.run.flags:
        return ""
    from rlmlite_kernel.records.findings import write_findings  # most runs are not nested
    from rlmlite_kernel.run.holding.findings import findings_of

    return write_findings(findings_of(state))
