"""now: the time, as one call to the clock.

The kernel has no clock: a run that looked at one could not be replayed. So the time is asked for like an answer of a
model, recorded in the receipt, and replay gives the recorded one again. Within a run two `now()` are two calls.

Where content is withheld from a controller, the time is that of the minute: two times would tell how long a step has
worked on it.
"""

import datetime
from collections.abc import Sequence

from rlmlite_kernel.effects.calls import Ask, CallSite, calls_outside
from rlmlite_kernel.effects.prompts import Prompts
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import DERIVED, TaintedValue
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import EXPOSURE_BY_INPUT

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
# Milliseconds since 1970. No time from here on can be written as YYYY-MM-DD.
_YEAR_10000 = 253_402_300_800_000


def ask_now(context: StepContext, place: CallSite, inputs: dict[str, TaintedValue]) -> Ask:
    """One call to the clock, which answers in milliseconds since 1970."""
    return Ask(calls_outside("clock", "clock", Prompts([]), place, context), _read_time)


def _read_time(context: StepContext, results: Sequence[Result]) -> TaintedValue:
    """The answer of the clock in ISO 8601, UTC, with milliseconds."""
    (result,) = results
    if not isinstance(result, Answered):
        raise Fault("calls_failed", f"the clock gave no time ({result.error})")
    digits = result.text
    # `isdigit` alone also accepts digits of other scripts and superscripts.
    is_number = digits.isascii() and digits.isdigit()
    if not is_number or int(digits) >= _YEAR_10000:
        raise Fault("calls_failed", "the answer of the clock is not a number of milliseconds since 1970")
    # Not `fromtimestamp`: it goes through a float and the platform's C library.
    time = _EPOCH + datetime.timedelta(milliseconds=int(digits))
    if context.turn.barred and context.follows(EXPOSURE_BY_INPUT):
        # How long a step took may depend on content that is withheld.
        time = time.replace(second=0, microsecond=0)
    text = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    # Neither input nor model: nobody can write an instruction into a time.
    return TaintedValue(text, DERIVED)
