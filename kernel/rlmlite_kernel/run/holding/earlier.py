"""Earlier answers: what was answered is a variable of the next question, and of the host's next program.

    final(count(hits))                turn 3 answers the first question: 5
    ask("and how many of these …?")   its record writes `question`, and `answer_1` with the value 5
    final(answer_1 - count(old))      turn 4

It is the value itself, not its text: rows stay rows, and the labels, the provenance and the doubts of what `final` was
given go on with it, so that nothing gets rid of them by being answered. It is charged like any variable. Where there
is no room for it, that is said, and the question is asked without it.
Only what goes on needs it, so the record that goes on writes it. A run that ends with its answer does not pay for it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import msgspec

from rlmlite_kernel.records.canonical import NotCanonicalError
from rlmlite_kernel.records.evolution import EARLIER_ANSWERS
from rlmlite_kernel.records.records import Written
from rlmlite_kernel.records.refs import commit_value_digest
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.holding.lineage import lineage_of
from rlmlite_kernel.run.holding.standing import standing
from rlmlite_kernel.run.steps.answers import Answer, Lineage, Offer
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinalAnswer, FinishedStep
from rlmlite_kernel.run.steps.variables import Change, Variable
from rlmlite_kernel.values.memory import charged_size, string_size
from rlmlite_kernel.values.values import Rows, Value, descriptor_digest, kind_of, size_of

NAME = "answer_"
"""With a number behind it: the name of an earlier answer."""


class Earlier(msgspec.Struct, frozen=True, eq=False):
    """A state with an earlier answer among its variables: what its record writes of it, and what is to be said."""

    state: State
    writes: Written | None = None
    remarks: tuple[StepRemark, ...] = ()


def offers_after(step: FinishedStep, answer: Answer | None, state: State) -> tuple[Offer, ...]:
    """The last answer and the last draft as values, after a step that gives `answer`; `state` is that before it."""
    final = step.outcome.effect
    if answer is None or not isinstance(final, FinalAnswer) or EARLIER_ANSWERS not in state.run.flags:
        return state.offers
    lost: Iterable[str] = (code for name in sorted(step.planned.reads) for code in state.lossy.get(name, ()))
    own = step.outcome.context.partial
    losses = tuple(dict.fromkeys((*lost, *own)))
    offer = Offer(_digest(answer), final.is_draft, final.data, lineage_of(step, state), losses)
    return (*(each for each in state.offers if each.is_draft is not final.is_draft), offer)


def _digest(answer: Answer) -> str:
    return hashlib.sha256(answer.recorded()).hexdigest()


def _standing_offer(state: State) -> Offer | None:
    """The answer that stands, as a value. What a host has refused does not, nor what gave way to another answer."""
    stands = standing(state)
    if stands is None:
        return None
    digest = _digest(stands.answer)
    return next((offer for offer in state.offers if offer.of == digest), None)


def write_earlier(state: State, key: bytes) -> Earlier:
    """The state with the answer that stands in it as one more variable. Its digest is left as it is.

    `key` is the salt under which the record commits to the value.
    """
    offer = _standing_offer(state) if state.offers else None
    if offer is None:
        return Earlier(state)
    number = next(n for n in count(state.answers + 1) if not _is_taken(f"{NAME}{n}", state))
    name = f"{NAME}{number}"
    after = msgspec.structs.replace(state, answers=number, offers=())
    variable = _variable(offer, key, state)
    limits = state.settings.limits
    if variable is None or state.variables.room_fault(name, variable.size, limits, 0) is not None:
        said = f"the answer before has no room as a variable, so there is no `{name}`"
        return Earlier(after, None, (StepRemark(said, code="answer_unkept"),))
    variables = state.variables.apply(Change(name, variable))
    after = msgspec.structs.replace(
        after,
        variables=variables,
        used={**state.used, "value_bytes": variables.size_bytes},
        **_burdens(name, offer, state),
    )
    return Earlier(after, Written(name, variable.kind, variable.size, variable.ref))


def _is_taken(name: str, state: State) -> bool:
    return name in state.variables or name in state.run.inputs


def _variable(offer: Offer, key: bytes, state: State) -> Variable | None:
    value = offer.data.value
    size = _charged(value, state.settings.limits.value_bytes)
    try:
        ref = commit_value_digest(key, descriptor_digest(value))
    except NotCanonicalError:  # nested too deep
        return None
    return Variable(offer.data, kind_of(value), ref, size, state.turn)


def _charged(value: Value, limit: int) -> int:
    """What a step would be charged for the value."""
    if isinstance(value, str):
        return string_size(value)
    return charged_size(value, limit, True).charged if isinstance(value, list | dict | Rows) else size_of(value)


def _burdens(name: str, offer: Offer, state: State) -> Mapping[str, Any]:
    """The fields of a state that say what speaks against a variable, and what it has lost."""
    lineage = state.lineage if offer.lineage == Lineage() else {**state.lineage, name: offer.lineage}
    lossy = {**state.lossy, name: offer.lost} if offer.lost else state.lossy
    return {"lineage": lineage, "lossy": lossy}
