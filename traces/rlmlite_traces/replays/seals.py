"""Seals: how a host may have ended a run, and what a replay seals it with.

The outcome of a run is partly the host's to say: it may stop a run that could go on, and then gives a reason. It may
not say that a run went better than it did. So the recorded outcome is computed again where it was possible, and
otherwise replaced with the kernel's own conclusion, which then differs from the record.
"""

from rlmlite_kernel import Entry, State, conclusion, seal
from rlmlite_kernel.records.records import Seal


def compute_seal(state: State, recorded: Seal, halted: bool) -> Entry:
    """The seal that ends the run here. `halted`: its last turn ended early because an input had changed."""
    outcome, reason = recorded.outcome, recorded.reason
    if halted and (outcome, reason) != conclusion(state) and reason not in state.partial:
        # Nothing else ends a run within a turn.
        return seal(state, "partial", "input_changed")
    return seal(state, outcome, reason) if _may_seal_as(state, outcome, reason) else seal(state)


def _may_seal_as(state: State, outcome: str, reason: str) -> bool:
    """Whether a host can have sealed this state so: as the kernel concludes, or differently but not as a success.

    The one success that a host may claim itself is a run with no answer and no limit or fault met: a program that
    only looked.
    """
    if (outcome, reason) == conclusion(state):
        return True
    if outcome == "completed":
        met_nothing = not state.partial and not state.failures
        return state.answer is None and met_nothing and reason == "no_answer"
    return reason != ""
