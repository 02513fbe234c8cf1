"""Seals: how a host may have ended a run, and what a replay seals it with.

The kernel concludes how a run stands (`conclusion`). A host may say something else where it knows more: that no budget
covers another call, that the controller made no progress, that it was stopped. Each such reason has a condition on the
state, so that nobody can put one into a trace that it does not fit:

    state: an answer, nothing cut short       completed, and nothing else
    state: no answer, 12 of 30 turns used     failed (no_answer); partial (stuck); not partial (budget)
    state: no answer, 30 of 30 turns used     also partial (budget)

A reason of the host's own begins with `host.` (`host.stopped`), and can end only a run without an answer.
The recorded outcome is computed again where it fits, and otherwise replaced with the kernel's own conclusion, which
then differs from the record.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from rlmlite_kernel import Entry, Parsed, State, Unparsed, conclusion, seal
from rlmlite_kernel.records.reasons import NOT_ACCEPTED
from rlmlite_kernel.records.records import Seal, Turn
from rlmlite_kernel.records.settings import ACCEPT
from rlmlite_kernel.run.holding.standing import is_held, standing

OWN_REASON: Final = "host."
"""How a reason begins that only this host knows."""

_BOUNDS: Final = ("budget", "too_large")
"""Codes of steps that failed because a bound would have been passed."""

_STEPS_OF_AN_ANSWER: Final = 3
"""With fewer steps left, a controller is asked for an answer only."""


class Ending(msgspec.Struct, frozen=True):
    """What a run ended with: the state, its last turn and how that was read, and whether a changed input ended it.

    `asked`: a question was put to a controller. `typed`: its answer had to be of a type, which a replay does not know.
    """

    state: State
    turn: Turn | None = None
    said: Parsed | Unparsed | None = None
    halted: bool = False
    typed: bool = False
    asked: bool = True


def compute_seal(ending: Ending, recorded: Seal, refusal: str = "") -> Entry:
    """The seal that ends the run here: as recorded, if a host can have said so. `refusal` is the host's own words."""
    state, outcome, reason = ending.state, recorded.outcome, recorded.reason
    if ending.halted and (outcome, reason) != conclusion(state) and reason not in state.partial:
        # Nothing else ends a run within a turn.
        return seal(state, "partial", "input_changed")
    if reason != NOT_ACCEPTED:
        refusal = ""
    return seal(state, outcome, reason, refusal) if _may_say(ending, outcome, reason) else seal(state)


def _may_say(ending: Ending, outcome: str, reason: str) -> bool:
    """Whether a host can have ended the run so."""
    state = ending.state
    if (outcome, reason) == conclusion(state):
        return True
    match outcome:
        case "completed":
            # The one success that a host may claim itself: a program that only looked, and met no limit and no fault.
            # So has a session whose last question nobody answered: its host ends it, and blames no step.
            met_nothing = not state.partial and not state.failures
            return state.answer is None and met_nothing and reason == "no_answer"
        case "refused":
            refusal = ending.said.problems[:1] if isinstance(ending.said, Unparsed) else ()
            return any(problem.code == reason for problem in refusal)
        case "failed":
            return state.answer is None and (_is_silent(ending) if reason == "controller" else _is_own(reason))
    if reason in _PARTIAL:
        return _PARTIAL[reason](ending)
    if is_held(state):
        # It ends a run only in its last turn.
        return reason == state.held[-1].code and _has_controller(ending) and _covers_one_turn_at_most(state)
    return state.answer is None and (_is_own(reason) or reason in state.partial)


def _is_own(reason: str) -> bool:
    return reason.startswith(OWN_REASON)


def _is_silent(ending: Ending) -> bool:
    """The last turn was a controller's that gave no reply."""
    return ending.turn is not None and ending.turn.call is not None and ending.turn.reply is None


def _has_controller(ending: Ending) -> bool:
    return ending.asked and ending.turn is not None and ending.turn.call is not None


def _is_short(ending: Ending) -> bool:
    """A bound was met, or a budget may not have covered another turn."""
    state = ending.state
    limits = state.settings.limits
    if state.answer is not None and not ending.typed:
        # An answer that fits ends the run, so nothing was to be paid for any more; only the cost may be passed.
        return limits.cost_nano is not None and state.used.get("cost_nano", 0) > limits.cost_nano
    return _has_met(state, *_BOUNDS) or _covers_one_turn_at_most(state) or _is_full(state)


def _has_met(state: State, *codes: str) -> bool:
    """Whether a step failed with one of these codes, or a result lacks something for it."""
    return any(code in codes for code in (*state.failures, *state.partial))


def _covers_one_turn_at_most(state: State) -> bool:
    """Whether the next turn could be the last that the budgets cover, or is not covered."""
    limits = state.settings.limits
    if state.left("turns") <= 1 or state.left("steps") < _STEPS_OF_AN_ANSWER:
        return True
    # How long the prompt would have been is not known here; no prompt is longer than its limit.
    longest = limits.call_prompt_bytes
    for role in state.settings.roles.values():
        needs = {"tokens": role.reserved_tokens(longest), "cost_nano": role.reserved_cost(longest) or 0}
        if any(getattr(limits, name) is not None and state.left(name) < 2 * need for name, need in needs.items()):
            return True
    return False


def _is_full(state: State) -> bool:
    """Whether there was perhaps no room for a question: a variable, and at most as many bytes as one may have."""
    no_variable = len(state.variables) >= state.settings.limits.variables
    return no_variable or state.left("value_bytes") < _QUESTION_BYTES


_QUESTION_BYTES = 8_000


def _is_late_answer(ending: Ending) -> bool:
    """An answer that the budgets gave no other turn for: taken back by one turn, they cover one at most."""
    return ending.state.answer is not None and _has_controller(ending) and _covers_one_turn_at_most(ending.state)


def _is_judged(ending: Ending) -> bool:
    """A controller's answer, and a host that judges those: at any time a session may end, or a budget."""
    gates = ending.state.settings.gates
    return ACCEPT in gates and ending.state.answer is not None and _has_controller(ending)


def _has_fallback(ending: Ending) -> bool:
    """An answer that was not taken stands."""
    return ending.state.answer is None and standing(ending.state) is not None


_PARTIAL: Final[Mapping[str, Callable[[Ending], bool]]] = {
    "budget": _is_short,
    "too_large": lambda ending: ending.state.answer is None and _has_met(ending.state, "too_large"),
    "last_answer": _is_late_answer,
    "answer_type": lambda ending: ending.typed and _has_controller(ending) and ending.state.answer is not None,
    "stuck": lambda ending: _has_controller(ending) and (ending.typed or ending.state.answer is None),
    "too_long": lambda ending: ending.asked and (ending.state.answer is None or ending.typed),
    "controller": lambda ending: _is_silent(ending) and _has_fallback(ending),
    NOT_ACCEPTED: _is_judged,
    "input_changed": lambda ending: ending.halted,
}
"""When a run can have ended as partial, by the reason."""
