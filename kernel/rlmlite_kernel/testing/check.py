"""`check_action`: hold an action to the laws, over trials that Hypothesis draws from its row of the table.

    check_action(ACTIONS, "count_by")
    check_action(TABLE, "discount", arguments={"price": st.integers(0, 10**6)}, examples=1_000)

A trial that breaks a law is made as small as it can be, and is shown with what was seen.
"""

from collections.abc import Collection, Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.program.action_table import Action, Table
from rlmlite_kernel.testing.examples.trials import Trial, trials_of
from rlmlite_kernel.testing.laws import ELSEWHERE, IN_PROCESS, LAWS, Case, LawBrokenError
from rlmlite_kernel.testing.laws.elsewhere import check_elsewhere

MOST_ELSEWHERE = 100
"""Trials that are played in another process, at the most: the last ones."""

PHASES = [phase for phase in Phase if phase is not Phase.explain]
"""All but explaining, which takes as long as everything else and names lines of the kernel."""


def check_action(
    table: Table,
    name: str,
    *,
    arguments: "Mapping[str, st.SearchStrategy[Any]] | None" = None,
    examples: int = 100,
    laws: Collection[str] = LAWS,
) -> None:
    """Hold an action of a table to its laws. Raises `LawBrokenError` with the smallest trial that breaks one.

    `arguments`: strategies for some of its parameters, of plain data (which become inputs) or of program nodes; the
    others are drawn by their kinds. `examples` is how many trials there are; `laws` are by name.

    Raises `ValueError` for a name of an action, a parameter or a law that there is not.
    """
    unknown = sorted(set(laws) - set(LAWS))
    if unknown:
        raise ValueError(f"there is no law `{unknown[0]}`; the laws are {', '.join(LAWS)}")
    trials: list[Trial] = []
    left = [law for law in IN_PROCESS if law in laws]

    @settings(
        max_examples=examples,
        deadline=None,
        # Hypothesis would keep the failures of all actions under one name, and try those of others first.
        database=None,
        phases=PHASES,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(trials_of(_row(table, name), arguments))
    def hold(trial: Trial) -> None:
        trials.append(trial)
        case = Case(table, name, trial)
        for law in left:
            try:
                IN_PROCESS[law](case)
            except LawBrokenError as error:
                # While the trial is made smaller, the other laws are no matter.
                left[:] = [error.law]
                raise

    hold()
    if ELSEWHERE in laws:
        check_elsewhere(table, trials[-MOST_ELSEWHERE:])


def _row(table: Table, name: str) -> Action:
    if name not in table:
        raise ValueError(f"the table has no action `{name}`; it has {', '.join(table)}")
    return table[name]
