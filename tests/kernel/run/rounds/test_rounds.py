"""Steps of several rounds: rows in batches that are asked for again, trees of merges."""

import json
import re
from typing import Any

import pytest

from rlmlite_kernel import Failed, Limits, Result
from rlmlite_kernel.actions.calls.reduce import calls_to_merge
from rlmlite_kernel.records.records import Step
from tests.kernel.machine import Machine

MAILS = [{"id": n, "text": f"mail {n} {'prize' if n % 3 == 0 else 'lunch'}"} for n in range(10)]
CLASSIFY = 'out = classify(mails, "Spam or ham?", labels=["spam", "ham"], batch=4)'


def rows_of(prompt: str) -> dict[int, str]:
    """The numbered rows of a prompt."""
    return {int(n): text for n, text in re.findall(r"^(\d+): (.*)$", prompt, re.MULTILINE)}


def label(text: str) -> str:
    return "spam" if "prize" in text else "ham"


def answers(rows: dict[int, str]) -> str:
    return json.dumps([{"row": n, "answer": label(text)} for n, text in rows.items()])


def right(prompt: str) -> str:
    return answers(rows_of(prompt))


def machine(**settings: Any) -> Machine:
    return Machine({"mails": MAILS}, **settings)


def last_step(run: Machine) -> Step:
    return run.steps()[-1]


def test_every_row_gets_its_label() -> None:
    """Ten rows, four per call, make three calls; each row comes back with its label."""
    run = machine()
    run.turn(CLASSIFY, right)

    assert [row["label"] for row in run.value("out")] == [label(mail["text"]) for mail in MAILS]  # type: ignore[arg-type]
    assert [row["id"] for row in run.value("out")] == list(range(10))
    assert (run.waves, last_step(run).used["sub_calls"]) == ([3], 3)


def test_missing_answers_are_requested_once_more() -> None:
    """Rows whose answer is missing, doubled, foreign or malformed go out again, and no others."""

    def sloppy(prompt: str) -> str:
        rows = rows_of(prompt)
        if len(rows) == 4:
            found = json.loads(answers(rows))
            first = found[0]
            return json.dumps([first, first, found[1], {"row": 99, "answer": "ham"}])  # one doubled, two missing
        return answers(rows)

    run = machine()
    run.turn(CLASSIFY, sloppy)

    assert [row["label"] for row in run.value("out")] == [label(mail["text"]) for mail in MAILS]  # type: ignore[arg-type]
    assert run.waves == [3, 2, 1] or run.waves == [3, 2]
    assert {n for prompt in run.prompts[3:] for n in rows_of(prompt)} == {1, 3, 4, 5, 7, 8}


def test_rows_without_an_answer_are_null_and_listed() -> None:
    """After three rounds the step is partial, and `.failed` lists the rows."""

    def stubborn(prompt: str) -> str:
        return answers({n: text for n, text in rows_of(prompt).items() if n != 2})

    run = machine()
    seen = run.turn(CLASSIFY + "\nshow(out.failed)", stubborn)

    assert "1 of 10 rows got no answer; see .failed" in seen
    assert run.value("out")[1]["label"] is None
    assert run.state.partial == ("rows_lacking",)
    assert run.waves == [3, 1, 1]


@pytest.mark.parametrize("reply", ["spam", "{}", '[{"row": 1, "answer": "eggs"}]', Failed("timeout")])
def test_without_any_answer_the_step_fails(reply: Result | str) -> None:
    """No answer is made up."""
    run = machine()
    run.turn(CLASSIFY, lambda _: reply)

    assert run.codes() == ["calls_failed"]


def test_the_fields_of_a_schema_become_columns() -> None:
    """`extract_over_rows` with a record; a bare type makes one column."""

    def reply(prompt: str) -> str:
        return json.dumps(
            [{"row": n, "answer": {"n": n, "what": t.split()[-1].strip('"}')}} for n, t in rows_of(prompt).items()]
        )

    run = machine()
    run.turn('out = extract_over_rows(mails, "What?", schema={n: int, what: str})', reply)

    assert run.value("out")[4] == {**MAILS[4], "n": 5, "what": "lunch"}


def test_no_rows_need_no_call() -> None:
    """An empty list makes no call and gives no rows."""
    run = Machine({"mails": []})
    run.turn(CLASSIFY, right)

    assert (run.value("out"), run.waves) == ([], [])


def test_a_tree_of_merges() -> None:
    """20 items, 4 at a time: 5 calls, then 2, then 1; each level is a round."""
    run = Machine({"items": [f"item {n}" for n in range(20)]})
    run.turn('out = reduce(items, "Merge: {items}", fan_in=4)', lambda prompt: f"<{prompt.count('item') or 1}>")

    assert run.waves == [5, 2, 1]
    assert last_step(run).used["sub_calls"] == calls_to_merge(20, 4) == 8
    assert run.tainted("out").origins & 4  # a model's


def test_a_tree_is_refused_before_it_begins() -> None:
    """`reduce` is refused if all of its levels together need more calls than are left."""
    run = Machine({"items": [f"item {n}" for n in range(20)]}, limits=Limits(sub_calls=7))
    seen = run.turn('out = reduce(items, "Merge: {items}", fan_in=4)')

    assert "merging 20 items, 4 at a time, takes 8 calls, 7 sub_calls are left" in seen
    assert run.waves == []


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ('reduce([], "{items}")', "bound"),
        ('reduce(items, "no hole")', "template"),
        ('reduce(items, "{items}", fan_in=1)', "bound"),
        ('classify(items, "?", labels=[])', "type"),
        ('classify(items, "?", labels="spam")', "type"),
        ('classify(items, "?")', "arguments"),
        ('reduce(items, "{items}", role="nobody")', "not_permitted"),
    ],
)
def test_mistakes_are_named(program: str, code: str) -> None:
    """What is wrong with the arguments is reported before any call goes out."""
    run = Machine({"items": ["a", "b"]})
    run.turn(f"out = {program}")

    assert run.codes() == [code]
    assert run.waves == []


def test_a_failed_merge_fails_the_step() -> None:
    """Later merges depend on it; the calls that were made are in the receipt."""
    run = Machine({"items": [f"item {n}" for n in range(9)]})
    run.turn('out = reduce(items, "Merge: {items}", fan_in=3)', lambda p: Failed("timeout") if "item 4" in p else "x")

    assert run.codes() == ["calls_failed"]
    effects = last_step(run).effects
    assert effects is not None
    assert (effects.n, effects.failed) == (3, 1)


def test_a_later_round_that_no_budget_covers_is_not_begun() -> None:
    """The answers so far are kept, and the missing ones are reported."""

    def stubborn(prompt: str) -> str:
        return answers({n: text for n, text in rows_of(prompt).items() if n != 2})

    run = machine(limits=Limits(sub_calls=3))
    run.turn(CLASSIFY, stubborn)

    assert run.codes() == [""]
    assert run.state.partial == ("rows_lacking",)
    assert run.state.used["sub_calls"] == 3
