"""The testing kit: properties that actions, stores and whole runs have to keep, tried with generated examples.

    from rlmlite_kernel.testing import check_action

    def test_reverse_keeps_the_laws():
        check_action(TABLE, "reverse")

Start at `check_action`. It needs the extra `testing` (Hypothesis). Nothing in the kernel imports this room, so no run
pays for it. Not here: laws of model clients and tools, whose protocols are `rlmlite`'s (`rlmlite.testing`).
"""

from typing import TYPE_CHECKING

from rlmlite_kernel import lazy_names

if TYPE_CHECKING:
    from rlmlite_kernel.testing.check import check_action
    from rlmlite_kernel.testing.examples.effects import INPUTS, SCHEDULES, TOOL_VALUES, TURNOUTS, USAGES, Turnout
    from rlmlite_kernel.testing.examples.programs import programs
    from rlmlite_kernel.testing.examples.trials import Trial, draw_trials, trials_of
    from rlmlite_kernel.testing.examples.values import DOCUMENTS, LISTS, NUMBERS, SCALARS, TEXTS, VALUES, tables
    from rlmlite_kernel.testing.laws import LAWS, LawBrokenError
    from rlmlite_kernel.testing.machine import RunMachine
    from rlmlite_kernel.testing.play.simulator import Simulator
    from rlmlite_kernel.testing.play.turns import Played, make_input, play_turn, start_run
    from rlmlite_kernel.testing.stores import check_blobs

__all__ = [
    "DOCUMENTS",
    "INPUTS",
    "LAWS",
    "LISTS",
    "NUMBERS",
    "SCALARS",
    "SCHEDULES",
    "TEXTS",
    "TOOL_VALUES",
    "TURNOUTS",
    "USAGES",
    "VALUES",
    "LawBrokenError",
    "Played",
    "RunMachine",
    "Simulator",
    "Trial",
    "Turnout",
    "check_action",
    "check_blobs",
    "draw_trials",
    "make_input",
    "play_turn",
    "programs",
    "start_run",
    "tables",
    "trials_of",
]

_HOMES = {
    "DOCUMENTS": "rlmlite_kernel.testing.examples.values",
    "INPUTS": "rlmlite_kernel.testing.examples.effects",
    "LAWS": "rlmlite_kernel.testing.laws",
    "LISTS": "rlmlite_kernel.testing.examples.values",
    "LawBrokenError": "rlmlite_kernel.testing.laws",
    "NUMBERS": "rlmlite_kernel.testing.examples.values",
    "Played": "rlmlite_kernel.testing.play.turns",
    "RunMachine": "rlmlite_kernel.testing.machine",
    "SCALARS": "rlmlite_kernel.testing.examples.values",
    "SCHEDULES": "rlmlite_kernel.testing.examples.effects",
    "Simulator": "rlmlite_kernel.testing.play.simulator",
    "TEXTS": "rlmlite_kernel.testing.examples.values",
    "TOOL_VALUES": "rlmlite_kernel.testing.examples.effects",
    "TURNOUTS": "rlmlite_kernel.testing.examples.effects",
    "Trial": "rlmlite_kernel.testing.examples.trials",
    "Turnout": "rlmlite_kernel.testing.examples.effects",
    "USAGES": "rlmlite_kernel.testing.examples.effects",
    "VALUES": "rlmlite_kernel.testing.examples.values",
    "check_action": "rlmlite_kernel.testing.check",
    "check_blobs": "rlmlite_kernel.testing.stores",
    "draw_trials": "rlmlite_kernel.testing.examples.trials",
    "make_input": "rlmlite_kernel.testing.play.turns",
    "play_turn": "rlmlite_kernel.testing.play.turns",
    "programs": "rlmlite_kernel.testing.examples.programs",
    "start_run": "rlmlite_kernel.testing.play.turns",
    "tables": "rlmlite_kernel.testing.examples.values",
    "trials_of": "rlmlite_kernel.testing.examples.trials",
}
"""The module of each name, imported when the name is first used: Hypothesis takes a quarter of a second."""

if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
