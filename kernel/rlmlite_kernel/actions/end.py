"""Variables, notes and the end: actions whose effect is on the run itself. The machine carries them out."""

import msgspec

from rlmlite_kernel.evaluation.context import FOREIGN, StepContext, TaintedValue, origin_words
from rlmlite_kernel.faults import Fault


class Ended(msgspec.Struct, frozen=True, eq=False):
    """`final` was reached: the answer, and what the program names as its evidence."""

    value: TaintedValue
    evidence: TaintedValue | None


class Noted(msgspec.Struct, frozen=True):
    """`note`: words of the controller's, kept."""

    text: str


class Forgotten(msgspec.Struct, frozen=True):
    """`forget`: a variable to drop."""

    name: str


def write_var(context: StepContext, name: str, value: TaintedValue) -> TaintedValue:
    """The value itself; the machine writes it to the variable."""
    return value


def note(context: StepContext, text: TaintedValue) -> Noted:
    """A plan in the controller's words: it is kept in every prompt as such, so no data may stand in it."""
    if text.origins & FOREIGN:
        words = " and ".join(origin_words(text.origins & FOREIGN))
        raise Fault("type", f"a note is in your own words, this has content of {words}; keep it in a variable")
    return Noted(context.require_text(text.value, "a note"))


def forget(context: StepContext, name: str) -> Forgotten:
    """Drops a variable and frees its bytes."""
    if name not in context.variables:
        raise Fault("unknown_name", f"there is no variable `{name}` to forget")
    return Forgotten(name)


def final(context: StepContext, value: TaintedValue, evidence: TaintedValue | None) -> Ended:
    """The answer."""
    return Ended(value, evidence)
