"""sub_rlm: a question of its own for a nested run, over parts of what this run has.

    answer = sub_rlm("What failed first?", context=chunks[3], share=0.3)

The nested run has a controller, turns and a trace of its own. It sees the question and its inputs, nothing else of this
run, and lives on an allowance (see `nested_settings`). To this run it is one call: a request with the inputs and the
settings goes out, and the driver comes back with the answer, what was used, and the root of the nested trace, which
stands in this run's record.

The question keeps the label of all that went into it. It is in every prompt of the nested run, so whatever that says or
asks is under the rules of those inputs, as a model's answer is under those of its prompt.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from rlmlite_kernel.actions.calls.nested_settings import NESTED_ROLE, nested_settings, share_budgets
from rlmlite_kernel.effects.calls import Ask, CallSet, CallSite, NestedCall, calls_outside
from rlmlite_kernel.effects.prompts import Prompts, PromptWriter
from rlmlite_kernel.effects.requests import Answered, Nested, Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import CONTROLLER, DERIVED, LM, TaintedValue, input_bits_of, merge_taint, words_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.records.evolution import EVIDENCE_OF_NESTED_RUNS, LABELS_OF_QUESTIONS, NULLS_ARE_SAID
from rlmlite_kernel.records.records import Child
from rlmlite_kernel.records.remarks import CODES, StepRemark
from rlmlite_kernel.records.settings import CONTROLLER_ROLE
from rlmlite_kernel.values.columns import Spans
from rlmlite_kernel.values.values import size_of

ALONE = "context"
"""What the only input of a nested run is called, if it is given none."""


def ask_rlm(
    context: StepContext,
    place: CallSite,
    question: str | TaintedValue,
    depth: int | None,
    share: object,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """One call to a nested run, which the driver begins and drives to its end.

    Raises `Fault("arguments")` without an input, `Fault("budget")` if the share gives no turn or no step, or if nested
    runs may not go deeper.
    """
    # A question out of a variable is data: it goes in as an input with a fence around it.
    if isinstance(question, TaintedValue):
        inputs, question = {**inputs, "question": question}, "{question}"
    prompts = PromptWriter(context, inputs, None).write(question, None)
    # The question stands in the prompt; the rest is what the nested run works on.
    own_inputs = {name: value for name, value in inputs.items() if name != "question"}
    if not own_inputs:
        raise Fault("arguments", f"a nested run needs an input, such as {ALONE}=logs")
    allowance = share_budgets(context, plain_share(share))
    calls = nested_calls(context, place, prompts, [own_inputs], depth, allowance)
    # The answer may rest on everything that the nested run could see.
    origins, _ = merge_taint([*own_inputs.values(), TaintedValue(None, prompts.origins | CONTROLLER)])
    return Ask(calls, partial(read_answer, origins, calls.nested[0]), holds=allowance)


def plain_share(share: object) -> object:
    """The share as a program gives it, or its default."""
    return share.value if isinstance(share, TaintedValue) else share


def nested_calls(
    context: StepContext,
    place: CallSite,
    prompts: Prompts,
    inputs: Sequence[Mapping[str, TaintedValue]],
    depth: int | None,
    allowance: dict[str, int],
) -> CallSet:
    """A call to a nested run for each of the prompts, with the inputs of that index and the same allowance.

    Raises `Fault("budget")` if nested runs may not go deeper, `Fault("egress")` if a question may not be asked.
    """
    from rlmlite_kernel.actions.calls.handing import hand  # most runs nest none

    asked = _question_origins(prompts.origins, context)
    begun: list[NestedCall] = []
    for index, given in enumerate(inputs):
        settings = nested_settings(context, depth, allowance, given, asked, request_id(*place, index))
        controller = settings.roles.get(CONTROLLER_ROLE)
        # Only the question goes to the model now. What the nested run shows of its inputs is checked there, by the
        # same rules (`_nested_policy`). Without a controller in the settings there is no model name to check.
        if controller is not None:
            context.check_egress(prompts.origins, controller.model)
        values = {name: hand(name, value, context) for name, value in given.items()}
        begun.append(NestedCall(Nested(values, settings), given))
    return calls_outside("rlm", NESTED_ROLE, prompts, place, context, begun)


def _question_origins(origins: int, context: StepContext) -> int:
    """Where a question comes from, and with it the whole program of whoever answers it.

    `origins` are those of what fills its placeholders, and of `share` and `depth`, which the nested run can tell from
    its budgets. Its own words are the controller's, and so is the choice of inputs and of their names.
    """
    return origins | context.turn.spoken if context.follows(LABELS_OF_QUESTIONS) else 0


def _repeat_remarks(child: Child, context: StepContext) -> None:
    """Say what the nested run said of its work: by code, as its words stand in its own trace."""
    for remarks, is_note in ((child.warnings, False), (child.notes, True)):
        for each in remarks:
            times = f" ({each.n:,} times)" if each.n > 1 else ""
            what = CODES.get(each.code, each.code)
            message = f"in the nested run: {what}{times}"
            context.remark(StepRemark(message, code=each.code, is_note=is_note, n=each.n))


def read_answer(origins: int, call: NestedCall, context: StepContext, results: Sequence[Result]) -> TaintedValue:
    """The nested run's answer; one that is partial makes this step's partial too."""
    (result,) = results
    child = result.child
    if child is not None:
        _repeat_remarks(child, context)
    if not isinstance(result, Answered):
        why = f"{child.status}: {child.reason}" if child is not None else result.error
        if result.detail and context.follows(NULLS_ARE_SAID):
            context.warn("the nested run could not begin:", result.detail, code="nested_remark")
        raise Fault("calls_failed", f"the nested run gave no answer ({why})")
    if child is not None and child.status != "completed":
        context.mark_partial("nested_partial", f"the nested run ended {child.status} ({child.reason})")
    # The driver hands over the answer as JSON; an answer that is text is a JSON string.
    value = read_json(result.text)
    context.ensure_room(size_of(value))
    # As after a model call: the answer is a model's words, and stays under the rules of the inputs.
    # Its strings may repeat what it was given: a quote among them is sought there first.
    words = words_of(call.given.values(), value)
    return TaintedValue(value, LM | DERIVED | input_bits_of(origins), _sources(result, call, context), words)


def _sources(result: Result, call: NestedCall, context: StepContext) -> tuple[Spans, ...]:
    """What the answer of a nested run rests on: its own evidence, where that lies in the inputs of this run."""
    if not (result.findings and context.follows(EVIDENCE_OF_NESTED_RUNS)):
        return ()
    from rlmlite_kernel.actions.calls.nested_findings import evidence_of  # most runs nest none

    return evidence_of(result, call, context)
