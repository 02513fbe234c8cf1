"""The table of forgeries is complete, explained, and what forging finds."""

import json

import pytest

from docs.forgeries import FILE, REASONS
from docs.records import MEANINGS
from tests.traces.forge.table import RUNS, Table, make_table
from tests.traces.forge.verdicts import REPRODUCED

PLACE = {"seq", "prev", "kind"}
NOT_ALONE = {
    "CallsHead.n": "it is counted from the lines below it",
    "CallLine.spans": "a run may have no spans of its own",
    "CallLine.rare": "its fields have rows",
    "Step.observation": "its fields have rows",
    "Question.writes": "its fields have rows",
}


def table() -> Table:
    """The table as it is committed."""
    return dict(json.loads(FILE.read_text("utf-8")))


def test_every_field_has_a_row() -> None:
    """Whoever adds a field to a record forges it: `python -m tests.traces.forge.table`."""
    fields = {f"{kind.__name__}.{name}" for kind, names in MEANINGS.items() for name in names if name not in PLACE}

    assert fields - table().keys() - NOT_ALONE.keys() == set()


def test_what_can_be_reproduced_is_explained() -> None:
    """Each field that can be changed unnoticed has its reason, and no reason is left over."""
    reproduced = {field for field, verdicts in table().items() if REPRODUCED in verdicts}

    assert reproduced == REASONS.keys()


QUICK = "faults"


@pytest.mark.parametrize(
    "run", [QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in RUNS if name != QUICK)]
)
def test_the_table_is_what_forging_finds(run: str) -> None:
    """No forgery of this run does better than the table says."""
    written = table()
    found = make_table((run,))

    better = {field: set(verdicts) - set(written.get(field, ())) for field, verdicts in found.items()}
    assert {field: verdicts for field, verdicts in better.items() if verdicts} == {}
