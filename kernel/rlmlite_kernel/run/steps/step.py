"""Running one step: an action with its arguments becomes a `StepOutcome`, or an `Ask` for calls.

Program faults (`Fault`) end here: they become outcomes with a code. Host faults, such as a missing blob or a file that
has changed (`InputChangedError`), pass through: before an outcome is accepted, every file that was read for it is
confirmed not to have changed.

Not here: whether a step may run and what it may spend (`run.turns`), or what is shown of it (`run.show`).
"""

from collections.abc import Container, Mapping, Sequence, Set
from typing import Any

import msgspec

from rlmlite_kernel.actions.end import Ended, Forgotten, Noted
from rlmlite_kernel.effects.calls import Ask, CallSite
from rlmlite_kernel.effects.flow import BUDGET_CODES, misfit_doubt
from rlmlite_kernel.effects.requests import Failed, Result
from rlmlite_kernel.effects.second_tries import second_try
from rlmlite_kernel.evaluation.arguments import Arguments
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import DERIVED, INPUT, NarrowedResult, TaintedValue, words_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.observation.evidence import DocumentNames, EvidenceList, resolve_evidence
from rlmlite_kernel.program.ast import Lit
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.records.canonical import NotCanonicalError, value_bytes
from rlmlite_kernel.records.evolution import EXPOSURE_BY_INPUT, LABELS_OF_QUESTIONS, LOSSES_ARE_PARTIAL
from rlmlite_kernel.records.records import Blob, Step
from rlmlite_kernel.records.refs import commit_value_digest
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.steps.remarks import say_misses
from rlmlite_kernel.run.steps.state import RunConstants, State
from rlmlite_kernel.run.steps.variables import UNKNOWN, Change, Variable, Variables
from rlmlite_kernel.values.values import Rows, descriptor_digest, json_size, kind_of, to_json


class FinalAnswer(msgspec.Struct, frozen=True, eq=False):
    """What `final` or `draft` answers: the value as JSON and its evidence, and both as the program gave them."""

    value: Any
    evidence: EvidenceList
    data: TaintedValue
    given: TaintedValue | None
    is_draft: bool = False


class StepOutcome(msgspec.Struct, frozen=True, eq=False):
    """What became of a step. `context` holds what it used, and its remarks.

    `status` is `ok`, `failed` or `skipped`, with a fault's code and message. `data` is the value that it made, `digest`
    the SHA-256 of that value's descriptor, to which its receipt commits. `calls` are its rounds of calls. `record` is
    the record that it was taken from, if it was not executed (`run.turns.taken`).
    """

    context: StepContext
    status: str = "ok"
    code: str = ""
    message: str = ""
    data: TaintedValue | None = None
    effect: FinalAnswer | Noted | Forgotten | None = None
    calls: "tuple[FinishedRound, ...]" = ()
    digest: bytes = b""
    record: Step | None = None


class FinishedRound(msgspec.Struct, frozen=True, eq=False):
    """The calls of a round that is over: what was asked, and each result by index; `None` was never called.

    `same_as` are, by index, the ids of the calls whose results were taken instead of calling.
    """

    ask: Ask
    results: tuple[Result | None, ...]
    same_as: Mapping[int, str] = {}


class FinishedStep(msgspec.Struct, frozen=True, eq=False):
    """A step with its outcome: all that is left to do is to record it.

    `ast` is the blob of the step as the record holds it, `change` what the step does to the variables.
    """

    planned: PlannedStep
    outcome: StepOutcome
    ast: Blob
    change: Change


def run_action(
    planned: PlannedStep, context: StepContext, constants: RunConstants, place: CallSite
) -> StepOutcome | Ask:
    """Run a step's action as far as it goes without calls. Raises only host faults."""
    action = constants.table[planned.op]
    try:
        arguments = Arguments(planned, action, context)
        if action.ask is not None:
            if context.follows(LABELS_OF_QUESTIONS):
                # All of them shape the call: the role chooses who is asked, a size how much each prompt holds.
                context.argument_origins = arguments.given_origins
            # Nothing is confirmed yet: that is done when the calls are back (`settle_calls`).
            # A tool's arguments are named by its host, `inputs` too; then the tool's own is meant.
            ask: Ask = action.ask(context, place, **{"inputs": arguments.extra, **arguments.given})
            return ask
        assert action.run is not None
        context.is_alone = action.in_rows
        result = action.run(context, *arguments.rest, **arguments.given)
        _refuse_literals(planned, result, context)
        outcome = _with_digest(_outcome_of(result, arguments, context, constants))
    except (Fault, NotCanonicalError) as fault:
        outcome = failure_of(context, fault)
    say_misses(context, constants.document_names)
    # After failures as well: a fault may come from content that changed while it was read.
    context.blobs.confirm(frozenset(context.blobs.digests_read))
    return outcome


def _refuse_literals(planned: PlannedStep, result: Any, context: StepContext) -> None:
    """Raise `Fault("type")` for a literal that has no result: `int("3,5")` is a mistake of whoever wrote it."""
    nodes = (*planned.bound.given.values(), *planned.bound.rest)
    is_of_literals = context.is_alone and result is None and all(isinstance(node, Lit) for node in nodes)
    if is_of_literals and context.misses.open and context.misses.open[0].code not in _NULL_OF_LITERALS:
        first = context.misses.open[0]
        context.misses.open.clear()
        raise Fault("type", f"{first.one}: {first.example}")


_NULL_OF_LITERALS = ("by_zero", "too_large", "not_dates")
"""Misses that are no slip of the pen: null is what a reader expects of these."""


def settle_calls(
    rounds: tuple[FinishedRound, ...], too_long: frozenset[int], context: StepContext, documents: DocumentNames
) -> StepOutcome | Ask:
    """A step's value from its last round's results, or the next round. Raises only host faults."""
    *_, last = rounds
    results: list[Result] = []
    for index, result in enumerate(last.results):
        if result is None:
            # Was never made: its prompt is too long, or tokens or cost ran out.
            result = Failed("too_long" if index in too_long else "budget")
        results.append(result)
    # The prompts were read while the calls were out.
    context.blobs.confirm(frozenset(context.blobs.digests_read))
    if last.ask.calls.kind == "lm" and context.follows(LOSSES_ARE_PARTIAL):
        _quote_providers(last.ask, results, context)
    try:
        again = second_try(last.ask, last.results, results, context)
        settled = last.ask.settle(context, results) if again is None else again
        if isinstance(settled, Ask):
            return settled
        outcome = _with_digest(StepOutcome(context, data=settled, calls=rounds))
    except (Fault, NotCanonicalError) as fault:
        outcome = msgspec.structs.replace(failure_of(context, fault), calls=rounds)
    say_misses(context, documents)
    return outcome


def _quote_providers(ask: Ask, results: Sequence[Result], context: StepContext) -> None:
    """Warn of calls that failed, once for each reason, with what was said of the first of them."""
    failed: dict[str, list[str]] = {}
    for result in results:
        if isinstance(result, Failed) and result.detail:
            failed.setdefault(result.error, []).append(result.detail)
    # A provider may repeat what it was sent, and a controller must not learn of what is withheld from it.
    is_withheld = bool(ask.calls.prompts.origins & context.turn.barred)
    for error, details in sorted(failed.items()):
        message = f"calls failed: {error}" if is_withheld else f"calls failed: {error}; the first because"
        quoted = "" if is_withheld else details[0]
        context.remark(StepRemark(message, quoted, code="provider_said", n=len(details)))


def _with_digest(outcome: StepOutcome) -> StepOutcome:
    """The outcome with its value's digest. Raises `NotCanonicalError` for a value nested so deep that it has none."""
    data, context = outcome.data, outcome.context
    if data is None:
        return outcome
    # Before the digest, which goes over the whole value: lists of lists of one list are far larger than what they take.
    context.ensure_value_fits(data.value)
    if fits_no_budget(outcome) and context.follows(EXPOSURE_BY_INPUT):
        # Where it was cut says how much was left, and any input may have had a part in what was used.
        data = data.taint(INPUT | context.egress.input_bits)
    return msgspec.structs.replace(outcome, data=data, digest=descriptor_digest(data.value))


def fits_no_budget(outcome: StepOutcome) -> bool:
    """Whether a step was refused by a budget, or its result was cut short by one."""
    return outcome.code in BUDGET_CODES or not BUDGET_CODES.isdisjoint(outcome.context.partial)


def failure_of(context: StepContext, fault: Fault | NotCanonicalError) -> StepOutcome:
    """The outcome of a fault."""
    code = fault.code if isinstance(fault, Fault) else "type"
    return StepOutcome(context, "failed", code, str(fault))


def _outcome_of(result: Any, arguments: Arguments, context: StepContext, constants: RunConstants) -> StepOutcome:
    if isinstance(result, Ended):
        return StepOutcome(context, effect=_final_answer(result, context, constants))
    if isinstance(result, Noted | Forgotten):
        return StepOutcome(context, effect=result)
    if isinstance(result, TaintedValue):
        return StepOutcome(context, data=result)
    # Taint is never narrowed: whatever an action made of its arguments may carry what any of them said.
    origins = arguments.origins | DERIVED
    if isinstance(result, NarrowedResult):
        words = words_of(arguments.parts, result.value)
        return StepOutcome(context, data=TaintedValue(result.value, origins, (result.spans,), words))
    # Rows that are places in a text say themselves what they rest on; any other result rests on the arguments.
    own_spans = result.spans if isinstance(result, Rows) else None
    sources = arguments.sources if own_spans is None else (own_spans,)
    return StepOutcome(context, data=TaintedValue(result, origins, sources, words_of(arguments.parts, result)))


def _final_answer(ended: Ended, context: StepContext, constants: RunConstants) -> FinalAnswer:
    evidence = resolve_evidence(ended.value, ended.evidence, constants.document_names, context)
    # Its size is known without building it. Spans of a large input would become text here for the first time.
    context.ensure_room(json_size(ended.value.value, context.blobs))
    value = to_json(ended.value.value, context.blobs)
    # An answer that the seal could not hold is refused here, where the program can still be corrected.
    value_bytes([value])
    return FinalAnswer(value, evidence, ended.value, ended.evidence, ended.is_draft)


def refusal_of(planned: PlannedStep, context: StepContext, broken: Set[str], over: str) -> StepOutcome | None:
    """Why a step does not run at all; it costs no step then.

    `broken` are the variables that an earlier step of the turn did not write. `over` is why nothing more of it may run.
    """
    if planned.problems:
        # No message: the observation explains every problem with its place in the text.
        return StepOutcome(context, "failed", planned.problems[0].code, "")
    # Skipped even if an older value of the variable exists: the program means the one that this turn should make.
    needed = sorted(planned.reads & broken)
    if needed:
        words = ", ".join(f"`{name}`" for name in needed)
        return StepOutcome(context, "skipped", "depends", f"it needs {words}, which has no value")
    if over:
        return StepOutcome(context, "skipped", "depends", over)
    limit = context.settings.limits.steps
    if limit <= context.ledger.get("steps", 0):
        return StepOutcome(context, "failed", "budget", f"the {limit:,} steps of this run are used up")
    return None


def check_room(
    planned: PlannedStep, outcome: StepOutcome, variables: Variables, before: State, held_bytes: int
) -> StepOutcome:
    """The outcome, or a failure if there is no room for the variable that it writes.

    `held_bytes` are promised to nested runs under way.
    """
    if planned.target is None or outcome.data is None or outcome.status != "ok":
        return outcome
    size = outcome.context.size_of(outcome.data.value)
    fault = variables.room_fault(planned.target, size, before.settings.limits, held_bytes)
    if fault is None:
        return outcome
    return msgspec.structs.replace(outcome, status="failed", code=fault.code, message=fault.message)


def change_of(
    planned: PlannedStep, outcome: StepOutcome, key: bytes, before: State, temporaries: tuple[str, ...], doubt: int
) -> Change:
    """What a finished step does to the variables. The last step of a statement drops its temporaries.

    `key` is the salt of the step's record, under which the value is committed to, `before` the state before the turn.
    `doubt` are the origins of what decided whether it writes its variable, if it does not.
    """
    data, effect = outcome.data, outcome.effect
    forgotten = (effect.name,) if isinstance(effect, Forgotten) else ()
    dropped = (*forgotten, *temporaries)
    if planned.target is None or data is None or outcome.status != "ok":
        return _change_of_failure(planned, outcome, key, before, dropped, doubt)
    ref = commit_value_digest(key, outcome.digest)
    size = outcome.context.size_of(data.value)
    variable = Variable(data, kind_of(data.value), ref, size, before.turn)
    return Change(planned.target, variable, dropped)


def _change_of_failure(
    planned: PlannedStep, outcome: StepOutcome, key: bytes, before: State, dropped: tuple[str, ...], doubt: int
) -> Change:
    """What a step does to the variables that makes no value. See `effects.flow` for why it may write one."""
    name, run = planned.target or "", before.run
    if name and doubt & run.barred:
        # Charged no bytes: there may be no room for any.
        null = TaintedValue(None, doubt | DERIVED)
        ref = commit_value_digest(key, descriptor_digest(None))
        return Change(name, Variable(null, UNKNOWN, ref, 0, before.turn), dropped)
    if EXPOSURE_BY_INPUT in run.flags:
        doubt |= misfit_doubt(outcome.code, outcome.message, run.egress)
    return Change(name, dropped=dropped, doubt=doubt)


def temporaries_of(steps: Sequence[PlannedStep], last: int, variables: Container[str]) -> tuple[str, ...]:
    """The temporaries that earlier steps have written of the statement that the step `last` ends."""
    names: list[str] = []
    statement = steps[last].statement
    # Backwards from the statement's last step: its other steps stand directly before it.
    for planned in reversed(steps[:last]):
        if planned.statement != statement:
            break
        # A step that failed has written none.
        if planned.target is not None and planned.target in variables:
            names.append(planned.target)
    return tuple(names)
