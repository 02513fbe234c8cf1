"""The generated parts of the documents are what the code says today. `make docs` renews them."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from typer.main import get_command

from docs import actions, checks, codes, command_line, inputs, limits, policy, records, states
from rlmlite.cli.app import app
from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.faults import FAULTS
from rlmlite_kernel.records.settings import Limits

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("actions.md", actions.entries),
        ("faults.md", codes.faults),
        ("faults.md", codes.unreadable),
        ("faults.md", codes.calls),
        ("faults.md", codes.ends),
        ("inputs.md", inputs.kinds),
        ("inputs.md", inputs.settings),
        ("limits.md", limits.limits),
        ("limits.md", limits.role),
        ("command-line.md", command_line.exit_codes),
        ("policy.md", policy.whole),
        ("policy.md", policy.tool),
        ("checks.md", checks.checks),
        ("checks.md", checks.errors),
        ("checks.md", checks.differences),
        ("checks.md", checks.verdicts),
        ("records.md", records.every),
        ("records.md", records.numbers),
        *(
            ("../explanation/how-the-kernel-works.md", part)
            for part in (states.turn_drawing, states.turn_states, states.step_drawing, states.step_states)
        ),
        *(("records.md", partial(records.record, kind)) for kind in records.MEANINGS),
    ],
)
def test_a_generated_part_is_fresh(name: str, part: Callable[[], str]) -> None:
    """The page holds the part as the code gives it now."""
    assert part() in page(name)


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_has_an_entry(name: str) -> None:
    """A heading of its own, so that other pages can link to it."""
    assert f"\n### {name}\n" in page("actions.md")


def test_every_code_has_a_row() -> None:
    """Codes of steps, of texts that are no program, and of bounds that bit."""
    kernel = "".join(path.read_text("utf-8") for path in (ROOT / "kernel" / "rlmlite_kernel").rglob("*.py"))
    raised = set(re.findall(r'Fault\(\s*"([a-z_]+)"', kernel))
    partial = set(re.findall(r'mark_partial\(\s*"([a-z_]+)"', kernel))

    assert raised <= FAULTS.keys()
    assert partial <= codes.ENDS.keys()
    assert codes.grammar_codes() == codes.UNREADABLE.keys()
    assert limits.LIMITS.keys() == set(Limits.__struct_fields__)


def test_every_command_has_its_help() -> None:
    """The page's commands are the application's. The help itself is run with the page."""
    group = get_command(app)
    names = set()
    for name, command in group.commands.items():  # type: ignore[attr-defined]  # typer's groups are click's
        names |= {name, *(f"{name} {below}" for below in getattr(command, "commands", ()))}

    assert names == set(command_line.COMMANDS)
