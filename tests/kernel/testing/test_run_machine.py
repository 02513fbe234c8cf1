"""Runs of the product's own actions keep what the state machine looks for; a run that cannot be repeated is found."""

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from rlmlite_kernel.table import Table
from rlmlite_kernel.testing import RunMachine
from tests.kernel.testing.broken_actions import TABLE
from tests.sizes import scale

RunMachine.TestCase.settings = settings(RunMachine.TestCase.settings, max_examples=scale(15), stateful_step_count=8)
TestOwnRuns = RunMachine.TestCase


class HostRuns(RunMachine):
    """Runs with an action that gives something else each time, and with those that examples are made of."""

    table = Table([TABLE[name] for name in ("count_calls", "write_var", "map", "search", "chunk")])


def test_a_run_that_cannot_be_repeated_is_found() -> None:
    """An action counts its calls."""
    few = settings(RunMachine.TestCase.settings, max_examples=100, phases=[Phase.generate], database=None)

    with pytest.raises(AssertionError, match=r"gave something else|gave other records"):
        run_state_machine_as_test(HostRuns, settings=few)
