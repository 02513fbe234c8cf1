"""`check_action`: hold an action to the laws, over trials that Hypothesis draws from its row of the table."""

from collections.abc import Collection, Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.testing.laws import LAWS, Case
from rlmlite_kernel.testing.trials import Trial, drawn_from, trials_of


def check_action(
    table: Table,
    name: str,
    *,
    arguments: "Mapping[str, st.SearchStrategy[Any]] | None" = None,
    examples: int = 100,
    laws: Collection[str] = tuple(LAWS),
) -> None:
    """Hold an action of a table to its laws. Raises `LawBrokenError` with the smallest trial that breaks one.

    `arguments`: strategies for some of its parameters, of plain data (which become inputs) or of program nodes; the
    others are drawn by their kinds. `examples` is how many trials there are.
    """

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(trials_of(drawn_from(table, name), arguments))
    def hold(trial: Trial) -> None:
        case = Case(table, trial)
        for law in laws:
            LAWS[law](case)

    hold()
