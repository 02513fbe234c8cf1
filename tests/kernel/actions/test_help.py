"""What controllers read in help lines and hints: the calls in them are programs, the actions in them exist."""

import re
from collections.abc import Iterator

import pytest

from rlmlite_grammar import parse
from rlmlite_grammar.diagnosis.hints import MISTAKES
from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import did_you_mean

CALL = re.compile(r"\b([a-z_]+)\(")
PLACEHOLDERS = {"action", "name", "f"}
"""Names that stand for any action."""


def calls(text: str) -> Iterator[str]:
    """The calls that a text writes out in full, without `...` in them."""
    for found in CALL.finditer(text):
        depth = 0
        for end, sign in enumerate(text[found.start() :], found.start() + 1):
            depth += (sign == "(") - (sign == ")")
            if sign == ")" and depth == 0:
                if "..." not in text[found.start() : end]:
                    yield text[found.start() : end]
                break


EXAMPLES = [call for action in ACTIONS.values() for call in calls(action.help)]


def test_help_has_examples() -> None:
    """Enough of them for the next test to mean something."""
    assert len(EXAMPLES) > 10


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_call_in_a_help_line_is_a_program(example: str) -> None:
    """It parses as it stands: a weak model copies it."""
    assert isinstance(parse(example), Parsed)


@pytest.mark.parametrize("hint", [mistake.hint for mistake in MISTAKES])
def test_a_hint_names_actions_that_exist(hint: str) -> None:
    """A hint that sends a model to an action that is not there costs another turn."""
    unknown = set(CALL.findall(hint)) - set(ACTIONS) - PLACEHOLDERS

    assert not unknown, did_you_mean(min(unknown), ACTIONS)
