"""What a run leaves for its caller, and what its models used: from the last state to an `Outcome`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import msgspec

from rlmlite.runs.usage import ModelUsage, budget_of
from rlmlite_kernel.observation.evidence import Evidence
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.values.inputs import Input

if TYPE_CHECKING:
    from rlmlite.runs.explain import SupportingStep


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

    def explain(self) -> "tuple[SupportingStep, ...]":
        """The steps that the answer rests on, from the trace; none for a run without one."""
        from rlmlite.runs.explain import explain

        return () if self.trace is None else explain(self.trace, self.root)


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
) -> Outcome:
    """The outcome of a run, or of a question in a session; `end` is the status and its reason.

    `of_inputs` is what was left out of inputs, or altered.
    """
    status, reason = end
    answer = {} if state.answer is None else msgspec.structs.asdict(state.answer)
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
        warnings=tuple(_notice(remark) for remark in state.remarks if not remark.is_note),
        notes=(*of_inputs, *(_notice(remark) for remark in state.remarks if remark.is_note)),
        problems=problems,
        failures=(*state.earlier_failures, *state.failures),
    )


def notices_of(inputs: Mapping[str, Input]) -> tuple[Notice, ...]:
    """What was left out of inputs or altered when they were read, as notes on them."""
    from rlmlite.inputs.user_notes import notes  # inputs were loaded by it, or there is none

    return tuple(Notice("input", note, input=name) for name, loaded in inputs.items() for note in notes(name, loaded))


def _notice(remark: StepRemark) -> Notice:
    return Notice(remark.code, remark.message, remark.n, remark.quoted, remark.input, remark.line)
