"""How a run stands: the one rule of its status, the table of what makes an answer partial, the record that ends a run.

An answer is `partial` exactly if, at any turn of its question, a limit of the run or of its host was met, a call
failed, or an input could not be read as a whole. Each such loss has a code in `LOSSES`, and `State.partial` collects
the codes:

    turn 1   labels = extract_over_chunks(…)     1 of 3 calls fails        partial: calls_failed
    turn 2   x = range(10_000_000)               refused, `too_large`      partial: calls_failed, too_large
    turn 3   final(count(labels))                                          the answer is partial (calls_failed)

What a program asks for itself (`limit=`), what it gets wrong, and files that are ignored lose nothing. Nor does what a
policy refuses: that is a rule and no limit, and an attack that met it has not spoilt the answer. All of it is said.
A later turn does not make up for a loss: that the same was then done otherwise is for the reader to judge, who sees
the codes in `Outcome.failures`. Repetitions inside of one step, or of one client, are another matter: a row whose
second call is answered has not lost anything.

A question begins anew (`begin_question`), and so does a program of the host after an answer. Values live longer, so
losses travel with them: a variable remembers what it lost, and whoever reads it has lost that too.

Not here: how a host ends a run without an answer (`rlmlite.runs.program`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rlmlite_kernel.effects.requests import DEADLINE, Failed
from rlmlite_kernel.faults import ABANDONED, ACTION_RAISED, ARGUMENT_CHANGED, CRASHED, NO_VALUE, OUT_OF_MEMORY
from rlmlite_kernel.records.evolution import LOSSES_ARE_PARTIAL, PROMPTS_FIT
from rlmlite_kernel.records.records import Entry, Seal, Spoken
from rlmlite_kernel.records.refs import blob
from rlmlite_kernel.run.holding.standing import findings, remarks_at_end, standing
from rlmlite_kernel.run.steps.remarks import record_remarks
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinishedStep, StepOutcome

INPUT_CHANGED: Final = "input_changed"
"""The code of the only reason for which a turn halts."""

INPUT_INCOMPLETE: Final = "input_incomplete"
CALLS_FAILED: Final = "calls_failed"
TIMEOUT: Final = "timeout"

LOSSES: Final[Mapping[str, str]] = {
    "budget": "a budget of the run was used up, or something would have exceeded it",
    "too_large": "a value did not fit into the memory of the run",
    "search_work": "a search ended early, because its work was used up",
    "patterns": "a text had more kinds of lines than are told apart",
    "join": "a join had more pairs than are made",
    "too_long": "a prompt was longer than a call may be",
    CALLS_FAILED: "a call failed: of a model, a tool, a nested run, or of the controller itself",
    TIMEOUT: "the time of the run was over before all calls had ended",
    "rows_lacking": "some rows got no answer",
    "nested_partial": "a nested run ended without being completed",
    "not_installed": "an action needed an extra that is not installed",
    ACTION_RAISED: "an action of the host raised an error",
    NO_VALUE: "an action of the host returned no value",
    ARGUMENT_CHANGED: "an action of the host changed its arguments",
    OUT_OF_MEMORY: "memory ran out",
    CRASHED: "a library did not survive a text",
    ABANDONED: "a turn was given up",
    INPUT_CHANGED: "a file changed while it was read",
    INPUT_INCOMPLETE: "an input could not be read as a whole",
}
"""What makes an answer partial, by code. A step that fails with any other code made a mistake, and lost nothing."""

_SETTLED: Final = ("cost_nano", "tokens")
"""Budgets that a provider can pass by charging more than was reserved. Whoever set them must be told."""


def conclusion(state: State) -> tuple[str, str]:
    """How a run stands: `completed`, `partial` or `failed`, and the code of the reason."""
    if state.answer is None:
        stands = standing(state)
        if stands is not None:
            return "partial", first_loss((*state.partial, stands.reason))
        reason = state.failures[0] if state.failures else "no_answer"
        return "failed", reason
    if _is_over_limit(state):
        return "partial", "budget"
    if state.partial:
        return "partial", first_loss(state.partial)
    return "completed", ""


def first_loss(codes: Iterable[str]) -> str:
    """The code that a seal names: that of the first loss of the work itself, else that of the inputs."""
    first = INPUT_INCOMPLETE
    for code in codes:
        if code != INPUT_INCOMPLETE:
            return code
    return first


def _is_over_limit(state: State) -> bool:
    limits = state.settings.limits
    for name in _SETTLED if LOSSES_ARE_PARTIAL in state.run.flags else ("cost_nano",):
        limit: int | None = getattr(limits, name)
        if limit is not None and state.used.get(name, 0) > limit:
            return True
    return False


def begin_question(state: State) -> dict[str, Any]:
    """The fields of a state in which a new question begins: nothing is lost yet but what the inputs lack."""
    if LOSSES_ARE_PARTIAL not in state.run.flags:
        return {}
    return dict(partial=losses_of_inputs(state.run.is_incomplete), earlier_failures=(), held=(), draft=None)


LOST_REPLIES = frozenset({"schema", "too_long", "filtered", "refused"})
"""Errors of a controller's call of which a reply came, but nothing of use: without content, cut off, filtered."""


def is_lost_reply(call: Spoken | None) -> bool:
    """Whether a controller replied, but with nothing of use.

    What was refused before any work (a prompt that was too long, or filtered) is no reply: it would be refused again.
    """
    is_paid = call is not None and call.usage[:2] != (0, 0)
    return call is not None and is_paid and call.error in LOST_REPLIES


def begin_turn(state: State, origin: str, call: Spoken | None) -> dict[str, Any]:
    """The fields of a state in which a turn begins, of what the turns before have lost. `call` is the controller's."""
    # An answer and failures are those of the last turn: a run that goes on has not ended.
    fields: dict[str, Any] = {"answer": None, "failures": ()}
    if LOSSES_ARE_PARTIAL not in state.run.flags:
        return fields
    # A controller that goes on after an answer answers the same question: its answer did not match the type.
    is_of_host = origin == "host"
    if is_of_host and state.answer is not None:
        return fields | begin_question(state)
    # A program of the host's is told of its own failures only.
    fields["earlier_failures"] = () if is_of_host else (*state.earlier_failures, *state.failures)
    if call is not None and call.error:
        code = TIMEOUT if call.error == DEADLINE else CALLS_FAILED
        fields["failures"] = (code,)
        # A reply of no use costs its turn, as a program with a mistake does; nothing of the inputs is lost by it.
        if not (is_lost_reply(call) and PROMPTS_FIT in state.run.flags):
            fields["partial"] = _merge(state.partial, (code,))
    return fields


def losses_of_inputs(is_incomplete: bool) -> tuple[str, ...]:
    """The loss with which a run begins whose inputs could not be read as a whole."""
    return (INPUT_INCOMPLETE,) if is_incomplete else ()


def note_losses(state: State, step: FinishedStep) -> dict[str, Any]:
    """The fields of the state after a step: what has been lost so far, and which variables have lost what."""
    outcome, planned = step.outcome, step.planned
    if LOSSES_ARE_PARTIAL not in state.run.flags:
        return {"partial": _merge(state.partial, outcome.context.partial)}
    # First, since it is why the calls of the step have failed.
    own = [TIMEOUT] if _met_deadline(outcome) else []
    own += outcome.context.partial
    if outcome.status == "failed" and outcome.code in LOSSES:
        own.append(outcome.code)
    read = [code for name in sorted(planned.reads) for code in state.lossy.get(name, ())]
    codes = _merge(read, own)
    fields = {"partial": _merge(state.partial, codes)}
    change = step.change
    touched = {change.name, *change.dropped}
    if codes or not touched.isdisjoint(state.lossy):
        lossy = {name: lost for name, lost in state.lossy.items() if name not in touched}
        if change.variable is not None and codes:
            lossy[change.name] = codes
        fields["lossy"] = lossy  # type: ignore[assignment]  # fields of several types, by name
    return fields


def _met_deadline(outcome: StepOutcome) -> bool:
    """Whether the time of the run ended calls of a step, or of a run nested in it, or did not let them begin."""
    results = [result for each in outcome.calls for result in each.results if result is not None]
    is_cut = any(isinstance(result, Failed) and result.error == DEADLINE for result in results)
    return is_cut or any(result.child is not None and result.child.reason == TIMEOUT for result in results)


def _merge(known: Iterable[str], new: Iterable[str]) -> tuple[str, ...]:
    """Each code once, in the order of their first occurrence: the first one is the reason that the seal names."""
    return tuple(dict.fromkeys((*known, *new)))


def write_seal(state: State, outcome: str | None, reason: str, refusal: str) -> Entry:
    """The record that ends a run. See `machine.seal`."""
    stands = standing(state)
    result = None if stands is None else blob(state.run.salts, stands.answer.recorded())
    if outcome is None:
        outcome, reason = conclusion(state)
    warnings, notes, examples = record_remarks(remarks_at_end(state, refusal), state)
    found = findings(state)
    of_nested = blob(state.run.salts, found.encode()) if found else None
    record = Seal(
        steps=state.step,
        outcome=outcome,
        reason=reason,
        result=None if result is None else result.ref,
        state=state.digest,
        warnings=warnings,
        notes=notes,
        findings=None if of_nested is None else of_nested.ref,
    )
    return Entry(record, tuple(each for each in (result, of_nested, *examples) if each is not None))
