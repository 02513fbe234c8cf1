"""What a run leaves for its caller, and what it used: from the last state to an `Outcome`.

a call of 40 tokens, and one that reports nothing, for which 1,100 were reserved
report()      {"calls": 2, "input_tokens": 37, "output_tokens": 3, "cost_nano": None}
known()       {"calls": 2, "input_tokens": 1, "output_tokens": 1, "cost_nano": 0}
budget_of()   {"tokens": {"used": 40, "reserved": 1_100, "limit": None}, ...}
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import msgspec

from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.observation.evidence import Evidence
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.records import EffectRecord, Entry, Spoken, Turn
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.records.settings import Limits
from rlmlite_kernel.records.usage import AMOUNTS, CONTROLLER, KINDS, CallCounts
from rlmlite_kernel.run.holding.standing import gates_of, remarks_at_end, standing
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.values.inputs import Input

if TYPE_CHECKING:
    from rlmlite.runs.explain import SupportingStep
    from rlmlite_traces.format.showing.notebook import Facts


class Notice(msgspec.Struct, frozen=True):
    """A warning or a note: what is said, how often it applied, and an example with its place, as far as known.

    `code` is its kind (`docs/reference/warnings.md`), `line` counts from 1, 0 is unknown.
    """

    code: str
    message: str
    n: int = 1
    example: str = ""
    input: str = ""
    line: int = 0


class HeldBack(msgspec.Struct, frozen=True):
    """An answer that was not taken in the turn that gave it: the value, and the reasons."""

    turn: int
    value: Any
    reasons: tuple[Notice, ...]


Status: TypeAlias = Literal["completed", "partial", "refused", "failed"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a run.

    `value` is JSON. `reason` says why a run is not completed. `evidence` are the places that support the answer,
    `evidence_total` how many there are in all, `basis` whether the program named them (`given`), they follow from
    what the value was made of (`derived`) or there are none.
    `coverage` is bytes of each input: in all, shown to the controller, read by a model, scanned, unseen.
    `usage` is what calls used, as reported: how many there were, and the sums as far as they are known (`None` if
    nothing is, never 0). `known` says of how many calls of models each sum is known, `calls` how many of each kind
    there were; nested runs are counted in all three.
    `budget` is, for each limit, what was used of it, what is reserved because nobody reported it, and the limit.
    `trace` and `root` name the receipts; both are `None` for a run without a trace.
    `warnings` say that a value may be wrong, `notes` what was read or limited as requested; both are those of all steps
    since the question, each once.
    `problems` are those of a program that was refused, `failures` the codes of
    steps that failed, at all turns of the question.
    `unshown` lists the variables behind the answer that no observation had shown.
    `held` are the answers to the question that were held back, `gates` what an answer had to pass.
    """

    value: Any = None
    status: Status
    reason: str
    evidence: tuple[Evidence, ...] = ()
    evidence_total: int = 0
    basis: str = "none"
    coverage: dict[str, dict[str, int]]
    usage: dict[str, int | None]
    known: dict[str, int]
    calls: dict[str, int]
    budget: dict[str, dict[str, int | None]]
    trace: Path | None
    root: str | None
    run: str
    observation: str
    warnings: tuple[Notice, ...] = ()
    notes: tuple[Notice, ...] = ()
    problems: tuple[Problem, ...] = ()
    failures: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    held: tuple[HeldBack, ...] = ()
    gates: tuple[str, ...] = ()

    def explain(self) -> "tuple[SupportingStep, ...]":
        """The steps that the answer rests on, from the trace; none for a run without one."""
        from rlmlite.runs.explain import explain

        return () if self.trace is None else explain(self.trace, self.root)

    def __repr__(self) -> str:
        from rlmlite_traces.format.showing.notebook import line  # most outcomes are shown to nobody

        return line(self.facts())

    def _repr_html_(self) -> str:
        from rlmlite_traces.format.showing.notebook import table

        return table(self.facts())

    def facts(self, kind: str = "Outcome") -> "Facts":
        """What is shown of it in one line, or in a notebook."""
        from rlmlite_traces.format.showing.notebook import Facts

        named = {"evidence": self.evidence_total, "warnings": len(self.warnings), "failures": len(self.failures)}
        return Facts(
            kind=kind,
            status=self.status,
            reason=self.reason,
            answer=self.value,
            counts={name: count for name, count in named.items() if count},
            evidence=self.evidence,
            evidence_total=self.evidence_total,
            coverage=self.coverage,
            usage=self.usage,
            root=self.root,
            trace=self.trace,
        )


_EACH = ("call_prompt_bytes", "observation_bytes")
"""Bounds on each prompt and each turn, which have no sum."""

_REPORTED = {"tokens": "tokens", "output_tokens": "answer_tokens", "cost_nano": "cost_nano"}
"""Limits that are charged before calls go out, each with the count of what was then reported."""


class ModelUsage:
    """What the calls of the whole turns of a run used."""

    def __init__(self) -> None:
        self._counts = CallCounts()
        self.succeeded: Counter[str] = Counter()

    @classmethod
    def of(cls, counts: Mapping[str, int], succeeded: Mapping[str, int]) -> "ModelUsage":
        """What was used by these counts, the second by the name of a tool or a role."""
        usage = cls()
        usage._counts.counts.update(counts)
        usage.succeeded.update(succeeded)
        return usage

    def add_entries(self, entries: Iterable[Entry]) -> None:
        """Count the calls in the records of a turn."""
        for entry in entries:
            if isinstance(entry.record, Turn) and entry.record.call is not None:
                self.add_reply(entry.record.call)
            self.add(entry.effects)

    def add(self, calls: Iterable[EffectRecord]) -> None:
        """Count the calls of a step."""
        for call in calls:
            self._counts.add_call(call)
            if call.result is not None:
                self.succeeded[call.role] += 1

    def add_results(self, kinds: Iterable[str], results: Iterable[Result]) -> None:
        """Count calls that are in no record, since the turn that made them has halted."""
        for kind, result in zip(kinds, results, strict=True):
            usage = result.usage
            amounts = (usage.input_tokens, usage.output_tokens, usage.cost_nano)
            is_cached = isinstance(result, Answered) and result.cached
            self._counts.add(kind, amounts, cached=is_cached, child=result.child)

    def add_reply(self, call: Spoken) -> None:
        """Count a controller's call."""
        self._counts.add_controller(call)

    def report(self) -> dict[str, int | None]:
        """Calls, and the tokens and nano-dollars that are known of them; `None` if nothing is."""
        amounts = {name: self._counts.amount(name) for name in AMOUNTS}
        return {"calls": sum(self.calls().values()), **amounts}

    def known(self) -> dict[str, int]:
        """The calls of models, and of how many of them each amount is known."""
        return {"calls": self._counts.models, **{name: self._counts.known(name) for name in AMOUNTS}}

    def calls(self) -> dict[str, int]:
        """The calls by kind, those of nested runs included."""
        return {kind: self._counts.counts[kind] for kind in (CONTROLLER, *KINDS.values())}

    @property
    def counts(self) -> CallCounts:
        """The counts themselves."""
        return self._counts

    def reported(self, limit: str) -> int | None:
        """The part of what a limit was charged that was reported; `None` if nobody can say."""
        if limit == "cost_nano" and self._counts.amount(limit) is None:
            return None
        return self._counts.counts[_REPORTED[limit]]


def budget_of(state: State, usage: ModelUsage) -> dict[str, dict[str, int | None]]:
    """For each limit what was used of it, what is reserved, and the limit; `None` is unknown, no sum, or no limit.

    What is reserved is charged too: it is the most that calls may have used whose provider did not say.
    """
    limits = state.settings.limits
    charged: dict[str, int | None] = {name: state.used.get(name, 0) for name in Limits.__struct_fields__}
    charged |= dict.fromkeys(_EACH)
    # Variables can be written again, so they are counted as they stand, and not added up step by step.
    charged["variables"] = len(state.variables)
    budget: dict[str, dict[str, int | None]] = {}
    for name, amount in charged.items():
        used, reserved = amount, 0
        if name in _REPORTED and amount is not None:
            used = usage.reported(name)
            reserved = max(0, amount - (used or 0))
        budget[name] = {"used": used, "reserved": reserved, "limit": getattr(limits, name)}
    return budget


class TraceRoot(msgspec.Struct, frozen=True):
    """Where a run's trace is, if it has one, and its root."""

    trace: Path | None = None
    root: str | None = None


def outcome_of(
    state: State,
    end: tuple[str, str],
    usage: ModelUsage,
    receipts: TraceRoot,
    observation: str,
    problems: tuple[Problem, ...] = (),
    of_inputs: tuple[Notice, ...] = (),
    refusal: str = "",
) -> Outcome:
    """The outcome of a run, or of a question in a session; `end` is the status and its reason.

    `of_inputs` is what was left out of inputs, or altered, `refusal` what the host has against the answer.
    """
    status, reason = end
    stands = standing(state)
    answer = {} if stands is None else msgspec.structs.asdict(stands.answer)
    remarks = remarks_at_end(state, refusal)
    return Outcome(
        **answer,
        status=cast(Status, status),
        reason=reason,
        coverage=state.coverage_report(),
        usage=usage.report(),
        known=usage.known(),
        calls=usage.calls(),
        budget=budget_of(state, usage),
        trace=receipts.trace,
        root=receipts.root,
        run=state.run.id,
        observation=observation,
        warnings=tuple(_notice(remark) for remark in remarks if not remark.is_note),
        notes=(*of_inputs, *(_notice(remark) for remark in remarks if remark.is_note)),
        problems=problems,
        failures=(*state.earlier_failures, *state.failures),
        held=tuple(HeldBack(each.turn, each.answer.value, tuple(map(_notice, each.reasons))) for each in state.held),
        gates=gates_of(state),
    )


def notices_of(inputs: Mapping[str, Input]) -> tuple[Notice, ...]:
    """What was left out of inputs or altered when they were read, as notes on them."""
    from rlmlite.inputs.user_notes import notes  # inputs were loaded by it, or there is none

    return tuple(Notice("input", note, input=name) for name, loaded in inputs.items() for note in notes(name, loaded))


def _notice(remark: StepRemark) -> Notice:
    return Notice(remark.code, remark.message, remark.n, remark.quoted, remark.input, remark.line)
