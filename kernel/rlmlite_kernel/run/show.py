"""What a step shows the controller, and whether that exposes the controller to untrusted content.

The last step of a statement shows its value: whole, if that is what its action is for (`preview`), else as a summary.
A failed step says why; a step with mistakes explains them. Content that came from inputs, tools or models stands
between fences, so that it is read as data. What the policy keeps from the controller is shown in none of these ways.

    hits: 2 hits, the first ...               a summary
    n: failed (budget): 12 chunks x 1 call > 5 sub_calls left; use larger chunks, top(...) or where(...)
    x: not shown: the policy keeps `secret` from the controller

Not here: how values are worded (`observation.observations`); how much room a turn has for all of its steps
(`run.recorder`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rlmlite_kernel.actions.end import Forgotten, Noted
from rlmlite_kernel.effects.requests import EffectKind
from rlmlite_kernel.evaluation.taint import CONTROLLER, DERIVED, FOREIGN, INPUT, LM, TOOL, TaintedValue
from rlmlite_kernel.observation.evidence import GIVEN
from rlmlite_kernel.observation.layout.pieces import share
from rlmlite_kernel.observation.layout.spelling import root_of
from rlmlite_kernel.observation.observations import SLACK, Observation, ObservationWriter, fit_text
from rlmlite_kernel.program.ast import Expr, Var
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.program.problems import explain
from rlmlite_kernel.records.evolution import EXPOSURE_BY_INPUT
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinalAnswer, FinishedStep, StepOutcome, fits_no_budget
from rlmlite_kernel.run.turns.outages import UNSHOWN
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.fences import fenced
from rlmlite_kernel.values.values import Value

UNSEEN_FAILURE = "! of the steps that are not shown, at least one has failed"
"""Stands below a program. Which of them it was would be one bit for each of a thousand steps."""

_FIGURE = re.compile(r"\d[\d,.]*")

_ANSWERED_BY: Mapping[EffectKind, int] = {"lm": LM, "rlm": LM, "tool": TOOL}
"""The origin of what a call gives, by its kind. An approver and a clock are trusted."""


def show_step(
    step: FinishedStep,
    state: State,
    blobs: Blobs,
    program_text: str,
    room: int,
    *,
    is_brief: bool = False,
    against: Sequence[StepRemark] = (),
) -> Observation:
    """What a step shows in `room` bytes. `state` is that before the step commits.

    `is_brief`: the program shows its value itself, so its own line is enough.
    `against` are the reasons for which the answer that it gives is held back.

    Raises `InputChangedError` if a file has changed that would be shown.
    """
    planned, outcome = step.planned, step.outcome
    if planned.problems:
        return Observation(explain(planned.problems, program_text))
    withheld = _withheld_notice(planned, outcome, state)
    if withheld:
        # A temporary is a step of the kernel's making: its statement's last step says what there is to say.
        is_told = planned.last or EXPOSURE_BY_INPUT not in state.run.flags
        return Observation(f"{_label(planned)}: {withheld}" if is_told else "")
    if outcome.status != "ok":
        message = _hide_figures(outcome.message) if _hides_budgets(outcome, state) else outcome.message
        shown = Observation(f"{_label(planned)}: {outcome.status} ({outcome.code}): {message}")
    elif against:
        shown = _show_held(planned, outcome, blobs, room, state)
    elif planned.last:
        shown = _show_result(planned, outcome, blobs, max(0, room - _room_for_remarks(outcome, room)), state, is_brief)
    else:
        shown = Observation("")  # a temporary: the statement's last step says what became of it
    said = {remark.code for remark in outcome.context.remarks}
    remarks = (*outcome.context.remarks, *(reason for reason in against if reason.code not in said))
    return _add_remarks(shown, remarks, room, hides_figures=_hides_budgets(outcome, state))


def _show_held(planned: PlannedStep, outcome: StepOutcome, blobs: Blobs, room: int, state: State) -> Observation:
    """An answer that is held back: its controller has to see it before it can insist."""
    final = outcome.effect
    assert isinstance(final, FinalAnswer)
    name = _label(planned)
    line = f"{name}: held back; if it is right all the same, write the same {name}(...) again in the next turn\n"
    writer = ObservationWriter(blobs, state.run.document_names, "answer", bool(final.data.origins & FOREIGN))
    shown = writer.summary("answer", final.data.value, max(0, room - len(line)))
    return Observation(line + shown.text, shown.spans, shown.cut)


def is_withheld(step: FinishedStep, state: State) -> bool:
    """Whether the policy keeps from the controller what a step would show."""
    return bool(_withheld_notice(step.planned, step.outcome, state))


def show_nothing(step: FinishedStep, state: State) -> Observation:
    """What stands in place of a value that memory ran out for while it was shown."""
    if _withheld_notice(step.planned, step.outcome, state):
        return Observation("")
    return Observation(f"{_label(step.planned)}: {UNSHOWN}")


def _label(planned: PlannedStep) -> str:
    return planned.target or planned.op


def _show_result(
    planned: PlannedStep, outcome: StepOutcome, blobs: Blobs, room: int, state: State, is_brief: bool
) -> Observation:
    """What a step that went well shows of its value, or of its effect on the run."""
    effect = outcome.effect
    if isinstance(effect, FinalAnswer):
        done = "kept" if effect.is_draft else "answered"
        pieces = f"{effect.evidence.total:,} pieces of evidence ({effect.evidence.basis})"
        return Observation(f"{_label(planned)}: {done}, {pieces}")
    if isinstance(effect, Noted):
        return Observation("noted")
    if isinstance(effect, Forgotten):
        return Observation(f"{effect.name}: forgotten")
    data = outcome.data or TaintedValue(None)
    is_foreign = bool(data.origins & FOREIGN)

    def writer(source: str = "") -> ObservationWriter:
        return ObservationWriter(blobs, state.run.document_names, source or _fence_source(planned), is_foreign)

    if not state.run.table[planned.op].shows:
        return writer().summary(_label(planned), data.value, room, is_brief=is_brief)
    looks = _looks(planned, data.value, is_of_arguments=state.run.table[planned.op].shows_arguments)
    if len(looks) == 1:
        return writer().whole(*looks[0], room)
    return share_room([partial(writer(root_of(label)).whole, label, value) for label, value in looks], room)


def share_room(looks: Sequence[Callable[[int], Observation]], room: int) -> Observation:
    """Several observations in the room of one: what is small is whole, the others have equal parts of what is left."""
    newlines = len(looks) - 1
    shown = [look(room) for look in looks]
    level = share([need_of(each) for each in shown], max(0, room - newlines))
    shown = [each if need_of(each) <= level else look(level) for each, look in zip(shown, looks, strict=True)]
    return Observation(
        "\n".join(each.text for each in shown),
        tuple(span for each in shown for span in each.spans),
        sum(each.cut for each in shown),
    )


def need_of(shown: Observation) -> int:
    """The room in which an observation is what it is in the whole room of a turn."""
    return len(shown.text.encode()) + SLACK


def _looks(planned: PlannedStep, value: Value, *, is_of_arguments: bool) -> list[tuple[Expr, Value]]:
    """What a step shows: each value with the expression that it is of. `show(a, b)` is `show(a)` and `show(b)`."""
    written = planned.written
    assert written is not None
    if planned.target is not None:
        return [(Var(planned.target), value)]
    if not is_of_arguments or written.named or not written.args:
        return [(written, value)]
    if len(written.args) == 1:
        return [(written.args[0], value)]
    assert isinstance(value, list)
    return list(zip(written.args, value, strict=True))


def _room_for_remarks(outcome: StepOutcome, room: int) -> int:
    """Bytes that the value of a step leaves to its warnings and notes: a quarter at most."""
    needed = sum(len(remark.message) + 3 * len(remark.quoted) + 80 for remark in outcome.context.remarks)
    return min(needed, room // 4)


def _fence_source(planned: PlannedStep) -> str:
    """What a fence names as the source of its content: the variable, or the variables that were read."""
    return planned.target or ",".join(sorted(planned.reads)) or planned.op


def _add_remarks(shown: Observation, remarks: Sequence[StepRemark], room: int, *, hides_figures: bool) -> Observation:
    """What is shown, then warnings and notes, as far as there is room."""
    text, cut = fit_text(shown.text, room)
    for remark in remarks:
        separator = "\n" if text else ""
        left = room - len(text.encode()) - len(separator)
        message = _hide_figures(remark.message) if hides_figures else remark.message
        sentence, lost = _remark_text(message, remark.quoted, left)
        if sentence:
            text += separator + sentence
        cut += lost
    return Observation(text, shown.spans, shown.cut + cut)


def _remark_text(message: str, quoted: str, room: int) -> tuple[str, int]:
    """A remark within some room, and the bytes left out. What it quotes of data is fenced, and shown whole or not."""
    block = f"\n{fenced(quoted.encode(), 'quoted').decode()}" if quoted else ""
    whole = f"! {message}{block}"
    if len(whole.encode()) <= room:
        return whole, 0
    # Half of a quote would need a fence of its own, so it goes first, and the sentence is cut only if it must be.
    sentence, cut = fit_text(f"! {message}", max(0, room))
    return sentence, cut + len(quoted.encode())


def _hides_budgets(outcome: StepOutcome, state: State) -> bool:
    """Whether a step's sentences tell of budgets that withheld content may have had a part in."""
    return state.hides_budgets and fits_no_budget(outcome)


def _hide_figures(message: str) -> str:
    """A sentence without its numbers: `12 calls > 5 sub_calls left` becomes `... calls > ... sub_calls left`."""
    return _FIGURE.sub("...", message)


def _withheld_notice(planned: PlannedStep, outcome: StepOutcome, state: State) -> str:
    """What stands in place of what a step would show, if the policy keeps an input from a controller; else nothing.

    Neither how many rows there are nor why the step failed is said then: all of that comes from the content.
    """
    barred = state.run.barred
    # Most runs bar nothing. What a note or `forget` shows is fixed, or the controller's own words.
    if not barred or isinstance(outcome.effect, Noted | Forgotten):
        return ""
    # What was read counts too, not only what was made: a fault's message may quote it.
    origins = _read_origins(planned, state)
    if outcome.data is not None:
        origins |= outcome.data.origins
    if isinstance(outcome.effect, FinalAnswer):
        # Its quotes were looked up in every input, and whether they were found says something of each.
        origins |= barred
    names = state.run.egress.input_names(origins & barred)
    if not names:
        return ""
    words = ", ".join(f"`{name}`" for name in names)
    notice = f"not shown: the policy keeps {words} from the controller"
    if EXPOSURE_BY_INPUT in state.run.flags:
        return notice
    code = f" ({outcome.code})" if outcome.code else ""
    return f"{outcome.status}{code}; {notice}"


def fails_unseen(step: FinishedStep, state: State) -> bool:
    """Whether a step has not gone well, and is not shown for what it read."""
    if EXPOSURE_BY_INPUT not in state.run.flags or step.outcome.status == "ok":
        return False
    return bool(_withheld_notice(step.planned, step.outcome, state))


def exposure_of(step: FinishedStep, state: State, *, is_shown: bool) -> int:
    """The origins of what the controller learns of by a step. `is_shown`: the step has an observation.

    All that a step read counts, whether or not it is shown: that the step went well, what it used of the budgets, and
    whether a variable is there later depend on it. Content that is withheld counts for the same reason.

        n = int(str(vault))       `vault` is withheld; "failed" says that it is no number      input, and `vault`
        x = sub_lm("Say a")       fails; whoever answers may choose to                          lm
        y = 1 + 1                 nothing                                                       0
    """
    planned, outcome = step.planned, step.outcome
    if EXPOSURE_BY_INPUT not in state.run.flags:
        return LM if is_shown and _exposes(step, state) else 0
    origins = _read_origins(planned, state) | origins_of(outcome)
    for each in outcome.calls:
        calls = each.ask.calls
        # Whoever is called may answer, or fail to.
        origins |= calls.prompts.origins | _ANSWERED_BY.get(calls.kind, 0)
    if any(remark.quoted for remark in outcome.context.remarks):
        origins |= LM
    if isinstance(outcome.effect, FinalAnswer) and outcome.effect.evidence.basis == GIVEN:
        # Its quotes were looked up in every input.
        origins |= INPUT | state.run.egress.input_bits
    return origins & ~(CONTROLLER | DERIVED)


def _exposes(step: FinishedStep, state: State) -> bool:
    """Whether a step shows content of inputs, tools or models: exposure as it was before it was tracked by input."""
    planned, outcome = step.planned, step.outcome
    # A notice names inputs, and has no content of them.
    if _withheld_notice(planned, outcome, state):
        return False
    if any(remark.quoted for remark in outcome.context.remarks):
        return True
    if outcome.status == "ok":
        return bool(origins_of(outcome) & FOREIGN)
    # A message may quote what the step read: a word of a text that is not valid JSON, say.
    return bool(_read_origins(planned, state) & FOREIGN)


def origins_of(outcome: StepOutcome) -> int:
    """Where the value that a step made comes from, as bits; what makes no value counts as derived."""
    return DERIVED if outcome.data is None else outcome.data.origins


def _read_origins(planned: PlannedStep, state: State) -> int:
    """Where what a step reads comes from, as bits."""
    origins = 0
    # `reads` is what a step may read: of its names some may be fields of rows, and no variables.
    for name in planned.reads:
        if name in state.variables:
            origins |= state.variables[name].data.origins
    return origins
