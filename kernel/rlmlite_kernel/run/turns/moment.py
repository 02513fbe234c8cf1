"""The moment before a step is recorded: the state, and whatever else its record depends on.

    state before          variables, budgets: the digest in the record before commits to them
    surroundings          which variables earlier steps of its turn have broken
    layout                how many bytes of the turn's observation are its share
    speech, verdict       who speaks, and what speaks against an answer

Whoever wants to execute one step without the others of its turn (`run.snapshots.alone`) has to know all of it, and
learns it by watching. Not here: what is recorded (`run.recorder`).
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from rlmlite_kernel.run.holding.speech import Speech
from rlmlite_kernel.run.holding.verdict import Verdict
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinishedStep
from rlmlite_kernel.run.turns.aftermath import Surroundings

NO_SURROUNDINGS: Final = Surroundings()
"""Those of a first step."""


class Layout(msgspec.Struct, frozen=True):
    """How a step is shown: its `room` in bytes, of those that are `left` to its turn.

    `is_brief`: the program shows its value itself. `tells_failure`: it says that a step which is not shown has failed.
    """

    room: int
    left: int
    is_brief: bool = False
    tells_failure: bool = False


class Moment(msgspec.Struct, frozen=True, eq=False):
    """A step that is about to be recorded: the state before it, and all that its record depends on besides."""

    before: State
    step: FinishedStep
    layout: Layout
    surroundings: Surroundings
    speech: Speech
    text: str
    verdict: Verdict


Watch: TypeAlias = Callable[[Moment], None]
"""Is told of each step before it is recorded. It changes nothing."""
