"""Acceptance: a function of the host that sees each answer of a controller, and may say what is wrong with it.

    def needs_the_ledger(answer):
        if not answer.calls.get("look_up"):
            return "look the amount up in the ledger first"

    rlmlite.run(question, mail, tools=[look_up], accept=needs_the_ledger, ...)

What it returns is told to the controller, which goes on; variables stay. Nothing (`None`, an empty text or list)
accepts the answer. What it says is on record, so that a replay needs no such function.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from rlmlite.errors import AcceptError
from rlmlite_kernel.observation.evidence import Evidence
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.steps.state import State


class ProposedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer before it is taken, and what the run did for it.

    `calls` counts the calls that succeeded, by the name of a tool or a role. `warnings` are sentences, `failures` the
    codes of steps that failed since the question. The rest is as in an `Outcome`.
    """

    question: str
    value: Any
    evidence: tuple[Evidence, ...]
    evidence_total: int
    basis: str
    coverage: Mapping[str, Mapping[str, int]]
    calls: Mapping[str, int]
    warnings: tuple[str, ...]
    failures: tuple[str, ...]


Accept: TypeAlias = Callable[[ProposedAnswer], str | Iterable[str] | None]
"""Gives the reasons against an answer; none accept it."""


def proposed_answer(state: State, question: str, calls: Mapping[str, int]) -> ProposedAnswer:
    """The answer of a state, as the host sees it."""
    answer = state.answer
    assert answer is not None
    return ProposedAnswer(
        question=question,
        value=answer.value,
        evidence=answer.evidence,
        evidence_total=answer.evidence_total,
        basis=answer.basis,
        coverage=state.coverage_report(),
        calls=dict(calls),
        warnings=tuple(_sentence(remark) for remark in state.remarks if not remark.is_note),
        failures=(*state.earlier_failures, *state.failures),
    )


def _sentence(remark: StepRemark) -> str:
    return f"{remark.message}: {remark.quoted}" if remark.quoted else remark.message


def refusal_of(accept: Accept, answer: ProposedAnswer) -> str:
    """What the host has against an answer, one reason per line; empty if nothing. Raises `AcceptError`."""
    try:
        said = accept(answer)
        reasons = [said] if isinstance(said, str) else [] if said is None else list(said)
    except Exception as error:
        # The host's own fault, with whatever words: a model must not see them.
        raise AcceptError(f"accept raised {type(error).__name__}: {error}") from error
    for reason in reasons:
        if not isinstance(reason, str):
            raise AcceptError(f"accept returns texts, one for each reason, or None; this is {type(reason).__name__}")
    text = "\n".join(reason.strip() for reason in reasons if reason.strip())
    return text.encode("utf-8", "backslashreplace").decode()
