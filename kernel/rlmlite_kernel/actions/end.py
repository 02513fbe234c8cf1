"""write_var, note, forget, require, draft and final: actions whose effect is on the run itself.

An action cannot change the run: it is handed values and returns one. These return a record of what is to happen
(`Noted`, `Forgotten`, `Ended`), and the machine carries it out when the step is committed, so that a step which fails,
or never commits, changes nothing.
"""

import msgspec

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import FOREIGN, TaintedValue, origin_words
from rlmlite_kernel.faults import REQUIRED, Fault
from rlmlite_kernel.values.values import kind_of


class Ended(msgspec.Struct, frozen=True, eq=False):
    """`final` or `draft` was reached: the answer, and what the program names as its evidence."""

    value: TaintedValue
    evidence: TaintedValue | None
    is_draft: bool = False


class Noted(msgspec.Struct, frozen=True):
    """`note`: a text of the controller that every later prompt shows."""

    text: str


class Forgotten(msgspec.Struct, frozen=True):
    """`forget`: a variable to drop."""

    name: str


def write_var(context: StepContext, name: str, value: TaintedValue) -> TaintedValue:
    """The value itself; the machine binds it to the name, and `name = value` is lowered to this."""
    return value


def note(context: StepContext, text: TaintedValue) -> Noted:
    """A plan in the controller's own words.

    Every later prompt shows it outside of any fence, as the controller's. So content of inputs, tools or models is
    refused: a note would turn it into something that reads like an instruction. Raises `Fault("type")`.
    """
    foreign = text.origins & FOREIGN
    if foreign:
        words = " and ".join(origin_words(foreign))
        raise Fault(
            "type", f"a note must be in your own words; this one has content of {words}: keep that in a variable"
        )
    return Noted(context.require_text(text.value, "a note"))


def forget(context: StepContext, name: str) -> Forgotten:
    """Drop a variable and free its bytes. Raises `Fault("unknown_name")`."""
    # A fault even though the result would be the same: a name that is not there is most likely misspelled, and the
    # variable that was meant goes on taking room.
    if name not in context.variables:
        raise Fault("unknown_name", f"there is no variable `{name}` to forget")
    return Forgotten(name)


def require(context: StepContext, cond: TaintedValue, why: TaintedValue) -> TaintedValue:
    """True, if the condition holds; else a fault with the author's words. Null does not hold: nothing is known.

    The words stand in observations as the controller's own, so none of them may come from anywhere else.
    """
    foreign = why.origins & FOREIGN
    if foreign:
        words = " and ".join(origin_words(foreign))
        raise Fault("type", f"the reason of a requirement must be in your own words; this one has content of {words}")
    reason = context.require_text(why.value, "the reason of a requirement")
    if cond.value is not None and not isinstance(cond.value, bool):
        raise Fault("type", f"what is required must be true or false, not {kind_of(cond.value)}")
    if cond.value is not True:
        raise Fault(REQUIRED, f"not so: {reason}")
    return cond.derive(True)


def final(context: StepContext, value: TaintedValue, evidence: TaintedValue | None) -> Ended:
    """The answer, with what the program names as its evidence."""
    # Evidence is looked up by `run.steps.step`, which knows the documents that spans lie in; an action does not.
    return Ended(value, evidence)


def draft(context: StepContext, value: TaintedValue, evidence: TaintedValue | None) -> Ended:
    """An answer for the case that the run ends before there is a better one."""
    return Ended(value, evidence, is_draft=True)
