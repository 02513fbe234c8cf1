"""What a step shows the controller, and whether that exposes the controller to untrusted content.

The last step of a statement shows its value: whole, if its action is there to show it, or as a summary. Content that
came from inputs, tools or models stands between fences, so that it is read as data. A failed step says why, a step with
mistakes explains them. What the policy keeps from the controller is not shown in any of these ways.

Not here: how values are worded (`observation.observations`); how much room a turn has for all of its steps
(`run.recorder`).
"""

from rlmlite_kernel.actions.end import Forgotten, Noted
from rlmlite_kernel.evaluation.context import DERIVED, FOREIGN, TaintedValue
from rlmlite_kernel.observation.observations import Observation, ObservationWriter, fit_text
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.program.problems import explain
from rlmlite_kernel.run.state import State
from rlmlite_kernel.run.step import Concluded, Outcome
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.fences import fenced


def show_step(planned: PlannedStep, outcome: Outcome, blobs: Blobs, text: str, room: int, state: State) -> Observation:
    """What a step shows in `room` bytes. `text` is the program, which explanations of mistakes quote.

    Raises `InputChangedError` if a file has changed that would be shown.
    """
    if planned.problems:
        return Observation(explain(planned.problems, text))
    label = planned.target or planned.op
    barred = _barred(planned, outcome, state)
    if barred:
        return Observation(f"{label}: {outcome.status}{barred}")
    if outcome.status != "ok":
        seen = Observation(f"{label}: {outcome.status} ({outcome.code}): {outcome.message}")
    else:
        seen = _said(planned, outcome, blobs, room, state) if planned.last else Observation("")
    text, cut = fit_text(seen.text, room)
    for warning in outcome.context.warnings:
        left = room - len(text.encode()) - bool(text)
        note, lost = _note(warning.message, warning.quoted, left)
        text, cut = text + ("\n" if text and note else "") + note, cut + lost
    return Observation(text, seen.spans, seen.cut + cut)


def _barred(planned: PlannedStep, outcome: Outcome, state: State) -> str:
    """What stands in place of what a step would show, if the policy keeps an input from a controller.

    Nothing of it is told then, not how many rows there are nor why it failed: all of that comes from the content.
    """
    if not state.run.barred or isinstance(outcome.effect, Noted | Forgotten):
        return ""
    origins = 0 if outcome.data is None else outcome.data.origins
    if isinstance(outcome.effect, Concluded):
        origins |= state.run.barred  # its quotes were looked up in every input
    for name in planned.reads:
        if name in state.variables:
            origins |= state.variables[name].data.origins
    names = state.run.egress.input_names(origins & state.run.barred)
    if not names:
        return ""
    code = f" ({outcome.code})" if outcome.code else ""
    words = ", ".join(f"`{name}`" for name in names)
    return f"{code}; not shown: the policy keeps {words} from the controller"


def _said(planned: PlannedStep, outcome: Outcome, blobs: Blobs, room: int, state: State) -> Observation:
    effect = outcome.effect
    if isinstance(effect, Concluded):
        return Observation(f"final: answered, {effect.evidence.total:,} pieces of evidence ({effect.evidence.basis})")
    if isinstance(effect, Noted):
        return Observation("noted")
    if isinstance(effect, Forgotten):
        return Observation(f"{effect.name}: forgotten")
    held = outcome.data or TaintedValue(None)
    show = ObservationWriter(blobs, room, _source(planned, held), bool(held.origins & FOREIGN))
    if state.run.table[planned.op].shows:
        return show.whole(planned.target or planned.op, held.value)
    return show.summary(planned.target or planned.op, held.value)


def _note(message: str, quoted: str, room: int) -> tuple[str, int]:
    """A warning within some room, and the bytes that had to go; what it quotes of data is fenced, or left out."""
    whole = f"! {message}" + (f"\n{fenced(quoted.encode(), 'quoted').decode()}" if quoted else "")
    if len(whole.encode()) <= room:
        return whole, 0
    note, cut = fit_text(f"! {message}", max(0, room))
    return note, cut + len(quoted.encode())


def _source(planned: PlannedStep, held: TaintedValue) -> str:
    """What a fence names as the source of its content: the variable, or the variables that were read."""
    return planned.target or ",".join(sorted(planned.reads)) or planned.op


def exposes(planned: PlannedStep, outcome: Outcome, state: State) -> bool:
    """Whether what a step shows has content of inputs, tools or models in it; why it failed may quote them."""
    if _barred(planned, outcome, state):
        return False
    if outcome.status == "ok" or any(warning.quoted for warning in outcome.context.warnings):
        return bool(origins_of(outcome) & FOREIGN) or any(warning.quoted for warning in outcome.context.warnings)
    return any(state.variables[name].data.origins & FOREIGN for name in planned.reads if name in state.variables)


def origins_of(outcome: Outcome) -> int:
    """Where what a step made comes from, as bits; what makes no value counts as derived."""
    return DERIVED if outcome.data is None else outcome.data.origins
