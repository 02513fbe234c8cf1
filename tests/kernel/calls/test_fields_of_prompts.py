"""Prompts over rows: the fields that they name are sent and no others; what shows none is given the rows."""

import json
import re

import pytest

from rlmlite_kernel.records.evolution import FIELDS_OF_PROMPTS, FLAGS
from tests.kernel.machine import Machine

MAILS = [
    {"subject": "win", "body": "a secret prize", "from": {"name": "ann"}},
    {"subject": "lunch", "body": "at noon", "from": {"name": "bob"}},
]
LOG = "s1 one\ns2 two\n"
OLD = frozenset(FLAGS) - {FIELDS_OF_PROMPTS}


def yes(prompt: str) -> str:
    numbers = re.findall(r"^(\d+): ", prompt, re.MULTILINE)
    return json.dumps([{"row": int(n), "answer": "yes"} for n in numbers])


@pytest.mark.parametrize(
    ("prompt", "lines"),
    [
        ("Is it spam?", ['{"body":"a secret prize","from":{"name":"ann"},"subject":"win"}']),
        ("Is {subject} spam?", ["win", "lunch"]),
        ("Is {subject} of {from.name} spam?", ['{"from.name":"ann","subject":"win"}']),
        ("Is {{body}} of {subject} spam?", ["win"]),
        ('Answer in the form {\\"of\\": {subject}}.', ["win", "lunch"]),
        ("Is {{subject} spam?", ["win", "lunch"]),
    ],
)
def test_fields_that_a_prompt_names_are_sent_and_no_others(prompt: str, lines: list[str]) -> None:
    """The placeholder stays as it is in the question, and the numbered rows hold what it stands for."""
    run = Machine({"mails": MAILS})
    run.turn(f'r = classify(mails, "{prompt}", labels=["yes", "no"])', yes)

    assert run.codes() == [""]
    (sent,) = run.prompts
    assert all(line in sent for line in lines)
    assert ("secret" in sent) is ("{subject}" not in prompt)
    assert [row["label"] for row in run.value("r")] == ["yes", "yes"]
    assert [row["body"] for row in run.value("r")] == ["a secret prize", "at noon"]


def test_names_of_arguments_and_variables_are_filled_in() -> None:
    """An argument before a field, a field before a variable, as in any prompt over rows."""
    run = Machine({"mails": MAILS, "topic": "prizes", "body": "no field"})
    run.turn('r = classify(mails, "Is {subject} about {topic}, {body}?", labels=["yes", "no"], body="x")', yes)

    assert "prizes" in run.prompts[0]
    assert "secret" not in run.prompts[0]
    assert "no field" not in run.prompts[0]


def test_what_was_not_sent_is_not_read() -> None:
    """Coverage has the texts of the fields that were sent."""
    program = 't = parse_lines(log, "{id} {said}")\nr = classify(t, "Is {id} odd?", labels=["yes", "no"])'
    run = Machine({"log": LOG})
    run.turn(program, yes)

    assert run.state.coverage.report()["log"]["read"] == len("s1s2")


def test_rows_that_lack_an_answer_are_asked_about_in_the_same_form() -> None:
    """The next round shows the same fields."""
    run = Machine({"mails": MAILS})
    run.turn(
        'r = extract_over_rows(mails, "Who wrote {subject}?", schema=str)',
        lambda prompt: '[{"row": 1, "answer": "ann"}]' if "1: win" in prompt else '[{"row": 2, "answer": "bob"}]',
    )

    assert [row["answer"] for row in run.value("r")] == ["ann", "bob"]
    assert all("secret" not in prompt for prompt in run.prompts)


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ('extract_over_chunks(log.lines, "Is it late?")', "Is it late?\n\n"),
        ('extract_over_chunks(log.lines, "Is {what} late?", what="this")', "Is this late?\n\n"),
        ('extract_over_chunks(log.lines, "Is {topic} late?")', "Is buses late?\n\n"),
    ],
)
def test_a_prompt_that_shows_no_row_is_given_them(call: str, shown: str) -> None:
    """At its end, with a note; each call has its own."""
    run = Machine({"log": LOG, "topic": "buses"})
    said = run.turn(f"r = {call}")

    assert run.codes() == [""]
    first, second = run.prompts
    assert re.sub("<.*?>\n?", "", first).startswith(shown) or "buses" in first
    assert "s1 one" in first
    assert "s2 two" in second
    assert "the prompt shows no field of the rows, so {chunk} was put at its end" in said


def test_records_without_a_text_are_given_whole() -> None:
    """As in the batches of `classify`."""
    run = Machine({"mails": MAILS})
    run.turn('r = extract_over_chunks(mails, "Is it spam?")')

    assert '"body":"a secret prize"' in run.prompts[0]


@pytest.mark.parametrize(
    "program",
    [
        'r = extract_over_chunks(log.lines, "Is it late?")',
        'r = extract_over_chunks(log.lines, "Is {what} late?", what="this")',
        'r = extract_over_chunks(log.lines, "Is {topic} late?")',
        'r = classify(log.lines, "Is {text} late?", labels=["yes"])',
    ],
)
def test_an_older_run_refuses_both(program: str) -> None:
    """There a prompt that shows no row was a mistake, and so was the name of a field."""
    run = Machine({"log": LOG, "topic": "buses"}, flags=OLD)
    run.turn(program)

    assert (run.codes(), run.prompts) == (["template"], [])


def test_a_text_of_the_rows_cannot_bring_a_placeholder() -> None:
    """What stands in a field is data, whatever braces it has."""
    run = Machine({"mails": [{"subject": "{body}", "body": "secret"}]})
    run.turn('r = classify(mails, "Is {subject} spam?", labels=["yes", "no"])', yes)

    assert "1: {body}" in run.prompts[0]
    assert "secret" not in run.prompts[0]
