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
    from rlmlite_kernel.testing.examples.trials import Trial, trials_of
    from rlmlite_kernel.testing.laws import LAWS, LawBrokenError

__all__ = ["LAWS", "LawBrokenError", "Trial", "check_action", "trials_of"]

_HOMES = {
    "LAWS": "rlmlite_kernel.testing.laws",
    "LawBrokenError": "rlmlite_kernel.testing.laws",
    "Trial": "rlmlite_kernel.testing.examples.trials",
    "check_action": "rlmlite_kernel.testing.check",
    "trials_of": "rlmlite_kernel.testing.examples.trials",
}
"""The module of each name, imported when the name is first used: Hypothesis takes a quarter of a second."""

if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
