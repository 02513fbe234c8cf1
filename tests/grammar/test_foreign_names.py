"""Names that other languages have: each gets its sentence, and what the sentence shows can be written."""

import re

import pytest

from rlmlite_grammar import parse, reread
from rlmlite_grammar.mistakes.functions import FUNCTIONS
from rlmlite_grammar.mistakes.methods import METHODS
from rlmlite_grammar.mistakes.mistake import ForeignName
from rlmlite_grammar.mistakes.parameters import PARAMETERS
from rlmlite_kernel import ACTIONS
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.checker import Scope, all_problems, check
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.settings import Policy

NAMES = frozenset(("x", "xs", "rows", "hits", "docs", "a", "b", "sep"))
TABLES = {"functions": FUNCTIONS, "methods": METHODS, "parameters": PARAMETERS}
ENTRIES = [entry for table in TABLES.values() for entry in table]


def problems(text: str) -> list[Problem]:
    """What is wrong with a program, as its writer is told."""
    parsed = parse(text)
    if not isinstance(parsed, Parsed):
        return list(parsed.problems)
    scope = Scope(NAMES, frozenset(), ACTIONS, Policy())
    return all_problems(check(reread(parsed, ACTIONS, NAMES), scope))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.names[0])
def test_each_name_gets_its_sentence(entry: ForeignName) -> None:
    """The example is refused with the sentence, once."""
    assert [problem.hint for problem in problems(entry.example)] == [entry.hint]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.names[0])
def test_what_a_sentence_shows_can_be_written(entry: ForeignName) -> None:
    """Code in backticks is a statement, a value or a row expression that the checker has nothing against."""
    for code in re.findall(r"`([^`]+)`", entry.hint):
        if re.fullmatch(r"\.?\w+=?|\(\?.*|/.*/i?|\[.*\]|\.\w+\[0\]", code):
            continue  # a name, a field, a part of a regex or of an argument
        forms = (code, f"y = {code}", f"y = map(rows, {code})")
        assert any(not problems(form) for form in forms), code


@pytest.mark.parametrize("table", TABLES)
def test_every_name_has_one_sentence(table: str) -> None:
    """No name stands in two entries of one table, or the second would never be said."""
    names = [name for entry in TABLES[table] for name in entry.names]
    if table != "parameters":  # `limit` of a search is another thing than of a fold: the first that fits is said
        assert len(names) == len(set(names))
    # An action that comes later is never refused for its name; an entry of actions alone would be dead.
    assert not [entry.names for entry in FUNCTIONS if ACTIONS.keys() >= set(entry.names)]
