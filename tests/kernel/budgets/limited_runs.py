"""Runs with limits, and a role with prices."""

import msgspec

from rlmlite_kernel import (
    Limits,
    Role,
)
from rlmlite_kernel.run.steps.state import State
from tests.kernel.machine import Machine

LOG = "one\nERROR two\nthree\n"
EARLIER = 'kept = "kept"'
FAN_OUT = 'seen = extract_over_chunks(["aa", "bbb", "c"], "{value}?")'
PRICED = Role(
    model="scripted:x", max_output_tokens=10, bytes_per_1000_tokens=1_000, input_price=1_000, output_price=1_000
)
"""A token a byte, a nano-dollar a token, ten tokens at most in an answer."""


def run_with_limits(**limits: int) -> Machine:
    """A run with one variable that was there before."""
    machine = Machine({"log": LOG}, limits=Limits(**limits), role=PRICED)
    machine.turn(EARLIER)
    return machine


def is_within_limits(state: State) -> bool:
    """Whether nothing that has a limit is over it."""
    limits = msgspec.structs.asdict(state.settings.limits)
    counted = {**state.used, "variables": len(state.variables)}
    return all(limits[name] is None or counted.get(name, 0) <= limits[name] for name in limits)
