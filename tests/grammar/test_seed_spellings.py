"""Spellings of actions in the documents that this language comes from: each is taken, and means the same here."""

import pytest

from rlmlite_grammar import parse, reread, show
from rlmlite_kernel import ACTIONS
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.checker import Scope, check
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.settings import Policy

NAMES = frozenset({"context", "logs", "x", "a", "b", "question", "parts"})

SPELLINGS = {
    "preview(x, 0:100)": "preview(x[0:100])",
    "preview(context, :100)": "preview(context[:100])",
    "load(x, 0:100)": "load(x[0:100])",
    "load(logs, 200:)": "load(logs[200:])",
    "part = load(logs, a.start:a.start + 500)": "part = load(logs[a.start:a.start + 500])",
    "show(x, 0:10, a, 5:9)": "show(x[0:10], a[5:9])",
    'y = sub_lm("Compare.", a, b)': 'y = sub_lm("Compare.\\n\\n{a}\\n\\n{b}")',
    'y = sub_lm("Is {a} so?", a)': 'y = sub_lm("Is {a} so?")',
    'y = sub_lm("Why?", logs[0:500])': 'y = sub_lm("Why?\\n\\n{input_1}", input_1=logs[0:500])',
    "y = sub_lm(question, logs)": 'y = sub_lm("{question}\\n\\n{logs}")',
    'y = sub_lm("Why? " + question, logs)': 'y = sub_lm("{instruction}\\n\\n{logs}", instruction="Why? " + question)',
    'y = sub_llm("Read it.", x)': 'y = sub_lm("Read it.\\n\\n{x}")',
    'y = llm_query(f"Analyze: {x}")': 'y = sub_lm("Analyze: {x}")',
    'write_var("y", x)': 'write_var("y", x)',
    "y = chunk(logs, 4000)": "y = chunk(logs, 4000)",
    'y = search(logs, "error")': 'y = search(logs, "error")',
    'y = extract_over_chunks(parts, "Read {chunk}", role="sub")': (
        'y = extract_over_chunks(parts, "Read {chunk}", role="sub")'
    ),
    'y = extract_over_chunks(parts, "Read it")': 'y = extract_over_chunks(parts, "Read it")',
    "y = extract({city: str}, x)": "y = extract({city: str}, x)",
    "y = extract(x, {city: str})": "y = extract(x, {city: str})",
    "y = json_parse(x)": "y = json_parse(x)",
    "FINAL_VAR(x)": "final(x)",
}


def problems(parsed: Parsed) -> list[Problem]:
    found = check(parsed, Scope(NAMES, frozenset(), ACTIONS, Policy()))
    return [problem for each in found.values() for problem in each]


@pytest.mark.parametrize(("written", "read"), SPELLINGS.items())
def test_a_spelling_of_the_seed_is_taken(written: str, read: str) -> None:
    """As the program that it means here, which checks; a note says so where it is another one."""
    parsed = parse(written)
    assert isinstance(parsed, Parsed)
    said = reread(parsed, ACTIONS, NAMES)

    right = parse(read)
    assert isinstance(right, Parsed)
    assert said.program == right.program
    assert problems(said) == []
    assert bool(said.notes) is (written != read)


@pytest.mark.parametrize(
    "text", ["load(0:100)", "y = search(logs, limit=0:9)", "y = x(:)", "y = [0:9]", "load(x, (0:9))"]
)
def test_a_range_without_its_value_is_refused(text: str) -> None:
    """With what to write."""
    parsed = parse(text)
    if isinstance(parsed, Parsed):
        (problem, *_) = problems(reread(parsed, ACTIONS, NAMES))
        assert problem.code in ("syntax", "unknown_action")
    else:
        assert parsed.problems[0].code == "syntax"


@pytest.mark.parametrize("text", ["load(x, 0:9)", "show(x, :9, a, 2:)", "f(a, 1:2)"])
def test_a_range_is_printed_as_it_was_written(text: str) -> None:
    """And read back, it is the same program."""
    parsed = parse(text)
    assert isinstance(parsed, Parsed)

    assert show(parsed.program) == text
