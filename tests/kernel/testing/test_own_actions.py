"""The product's own actions keep the laws that hosts hold theirs to; none is left out."""

import pytest

from rlmlite_kernel import ACTIONS
from rlmlite_kernel.testing import LAWS, check_action
from rlmlite_kernel.testing.examples.trials import Trial, draw_trials
from rlmlite_kernel.testing.laws import ELSEWHERE
from rlmlite_kernel.testing.laws.elsewhere import check_elsewhere
from tests.sizes import scale


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_keeps_the_laws(name: str) -> None:
    """All of them but one, which needs a process of its own."""
    check_action(ACTIONS, name, examples=scale(6), laws=[law for law in LAWS if law != ELSEWHERE])


def test_actions_give_the_same_elsewhere() -> None:
    """In another process, with another hash seed and number of threads: one process for the whole table."""
    trials: list[Trial] = []
    for name in ACTIONS:
        trials += draw_trials(ACTIONS[name], scale(4))

    check_elsewhere(ACTIONS, trials)
