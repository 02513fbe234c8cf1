"""Is the controller stuck? A pure function of the turns since the question, so a reopened run judges the same.

Three signs, from the cheapest to see to the slowest:

    repetition   it writes a program that it wrote before, and sees the same as before
    failure      nothing in its last `patience` programs succeeded
    idleness     its last 2 x `patience` programs made no new value and showed no new part of an input

The first time it is told why. If it shows a sign again, the next controller takes over, with a clean window; after the
last controller the run ends. A controller that does not answer at all is replaced at once; one whose reply was empty,
cut off or filtered has failed like one whose program did.

    patience = 2:  fails, fails -> told "your last 2 programs failed"; fails -> controller_2; fails, fails -> told; ...
"""

from collections.abc import Iterator, Sequence

import msgspec

from rlmlite.runs.history import HOST, Exchange, StepSummary
from rlmlite.runs.settings import PATIENCE


class ControllerStanding(msgspec.Struct, frozen=True):
    """Which controller's turn it is (its index), the sign to tell it about, and whether the last reply was missing."""

    place: int = 0
    signal: str = ""
    silent: bool = False


def controller_standing(
    exchanges: Sequence[Exchange], patience: int = PATIENCE, *, bears_lost: bool = True
) -> ControllerStanding:
    """How things stand after these turns. `bears_lost`: a reply of no use is no silence, as in older runs it was."""
    # Computed from the first turn on at each turn, and kept nowhere: a reopened run has only its history.
    place, signal, silent = 0, "", False
    window: list[Exchange] = []  # turns of the present controller
    for exchange in exchanges:
        if exchange.addition is not None:
            place, signal, silent, window = 0, "", False, []  # with what is new, one that was stuck may do well
            continue
        # A session's host may run programs between turns. They say nothing about the controller.
        if exchange.origin == HOST:
            continue
        window.append(exchange)
        sign = _sign(window, patience)
        silent = exchange.silent and not (bears_lost and exchange.lost)
        # Told once is a chance to recover. A second sign in a row means that words do not help.
        was_told = bool(signal)
        if silent or (sign and was_told):
            place, signal, window = place + 1, "", []
        else:
            signal = sign
    return ControllerStanding(place, signal, silent)


def _sign(window: Sequence[Exchange], patience: int) -> str:
    """Why the controller of these turns is stuck, in words for it; empty if it is not."""
    last, earlier = window[-1], window[:-1]
    is_repetition = any(_repeats(last, other) for other in earlier)
    if is_repetition:
        return "you wrote this program before and saw the same. Try something else, or answer with what you have."

    recent = window[-patience:]
    has_failed = len(recent) == patience and all(exchange.fruitless for exchange in recent)
    if has_failed:
        return f"your last {patience} programs failed as a whole. Write one simple statement and look at its result."

    # Twice as patient as with failures: to look around for a while is how most questions are answered.
    idle = 2 * patience
    if len(window) < idle:
        return ""
    before, after = window[:-idle], window[-idle:]
    is_idle = not any(_progress(before, after))
    if is_idle:
        return f"your last {idle} programs brought nothing new. Try something else, or answer with what you have."
    return ""


def _repeats(one: Exchange, other: Exchange) -> bool:
    # The same program may well be right twice: after another one has changed a variable, it sees something else.
    # A reply of no use is no program, and two of them are no repetition.
    return one.program == other.program and one.observation == other.observation and not one.lost


def _progress(before: Sequence[Exchange], after: Sequence[Exchange]) -> Iterator[bool]:
    """For each turn `after`, whether it made a value or saw a part of an input that there was not before.

    A note is no progress: a controller that only takes notes is idle.
    """
    earlier_steps = [step for exchange in before for step in exchange.steps]
    made = {_result(step) for step in earlier_steps}
    seen = {exchange.seen for exchange in before if exchange.seen}
    for exchange in after:
        succeeded = [step for step in exchange.steps if step.status == "ok" and step.op != "note"]
        new = {_result(step) for step in succeeded} - made
        # The totals of the first turn are what others are compared with, so they are not more than anything.
        sees_more = bool(exchange.seen) and bool(seen) and exchange.seen not in seen
        yield bool(new) or sees_more
        made |= new
        seen.add(exchange.seen)


def _result(step: StepSummary) -> tuple[str, str, str]:
    """What identifies the result of a step. Not its variable's name: the same value under a new name is nothing new."""
    return step.op, step.ref, step.text
