"""extract: a model reads the values of a schema, and the answer rests on the places where its words stand."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel import Failed
from rlmlite_kernel.actions.calls.extract import place_of
from rlmlite_kernel.run.steps.price import price
from tests.kernel.machine import Machine, parse_program

MAIL = "From: Ann Bell\nSubject: order\n\nPlease send 3 pieces to annual hall, ann.\n"
SCHEMA = '{who: str, n: int, kind: "order" | "bill"}'
ANSWER = {"who": "Ann Bell", "n": 3, "kind": "order"}


def quotes(run: Machine, name: str) -> list[str]:
    """The texts that a variable rests on."""
    spans = [spans for spans in run.tainted(name).sources for _ in range(len(spans))]
    return [cell.string(run.blobs) for each in dict.fromkeys(spans) for cell in each.cells(run.blobs)]


@pytest.mark.parametrize("call", [f"extract({SCHEMA}, mail)", f"extract(mail, {SCHEMA})"])
def test_a_text_is_one_call_and_gives_a_record(call: str) -> None:
    """The schema and the text may stand in either order; the record of the step has them in one."""
    run = Machine({"mail": MAIL})
    run.turn(f"m = {call}", lambda prompt: json.dumps(ANSWER))

    assert (run.value("m"), run.waves) == (ANSWER, [1])
    assert "Please send 3 pieces" in run.prompts[0]
    assert '"who": <text>' in run.prompts[0]


def test_the_answer_rests_on_the_places_of_its_words() -> None:
    """Not on the whole text: an alternative that the schema spells quotes nothing, though it stands there too."""
    run = Machine({"mail": MAIL})
    run.turn(f"m = extract({SCHEMA}, mail)", lambda prompt: json.dumps(ANSWER))

    assert quotes(run, "m") == ["Ann Bell"]


def test_words_that_stand_nowhere_are_said_and_are_no_evidence() -> None:
    """The model has made them up, or has spelled them otherwise."""
    run = Machine({"mail": MAIL})
    shown = run.turn(f"m = extract({SCHEMA}, mail)", lambda prompt: json.dumps({**ANSWER, "who": "A. Bell"}))

    assert quotes(run, "m") == []
    assert "1 of 1 texts of the answer do not stand in the text word for word" in shown


def test_what_is_too_much_to_look_up_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer then rests on what the text itself rests on: one of an input on nothing."""
    monkeypatch.setattr("rlmlite_kernel.actions.calls.extract._MOST_BYTES", len(MAIL) - 1)
    run = Machine({"mail": MAIL})
    shown = run.turn(f"m = extract({SCHEMA}, mail)", lambda prompt: json.dumps(ANSWER))

    assert quotes(run, "m") == []
    assert "1 texts of the answer were not looked up" in shown


def test_rows_are_read_in_batches_and_keep_their_fields() -> None:
    """Each row comes back with the fields of the schema, and rests on its own span."""
    run = Machine({"mail": MAIL})
    found = [{"row": n, "answer": {"who": f"w{n}"}} for n in (1, 2)]
    run.turn("m = extract({who: str}, mail.lines[1:3])", lambda prompt: json.dumps(found))

    assert [(row["line"], row["who"]) for row in run.value("m")] == [(1, "w1"), (2, "w2")]
    assert (run.waves, quotes(run, "m")) == ([1], ["From: Ann Bell", "Subject: order"])


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ('m = extract({a: str}, "")', "bound"),
        ("m = extract({a: str}, 3)", "type"),
        ("m = extract({a: str}, null)", "type"),
        ("m = extract({a: strr}, mail)", "schema"),
        ("m = extract(mail, mail)", "schema"),
        ("m = extend(mail.lines, extract({a: str}, .text))", "type"),
        ('m = extract({a: str}, mail, "about {nobody}")', "template"),
    ],
)
def test_what_cannot_be_read_is_refused_before_a_call(program: str, code: str) -> None:
    """Nothing is sent: a model that is shown nothing makes something up."""
    run = Machine({"mail": MAIL})
    run.turn(program)

    assert (run.codes(), run.waves) == ([code], [])


def test_for_each_row_there_is_a_way_and_the_message_says_it() -> None:
    """Inside of a row expression no call can be made."""
    shown = Machine({"mail": MAIL}).turn("m = map(mail.lines, extract({a: str}, .text))")

    assert "use extract(schema, rows)" in shown


def test_a_prompt_of_ones_own_and_a_record() -> None:
    """The text goes where the prompt says; what is read may be a record as well, and then rests on what that does."""
    run = Machine({"rows": [{"name": "Ann", "n": 3}]})
    program = 'r = rows[0]\nm = extract({who: str}, r, "Who is {text} to {firm}?", firm="us")'
    run.turn(program, lambda prompt: '{"who": "Ann"}')

    assert run.value("m") == {"who": "Ann"}
    assert '{"n":3,"name":"Ann"}' in run.prompts[0]
    assert " to us?" in run.prompts[0]


def test_a_failed_call_fails_the_step() -> None:
    """There is one call, so there is nothing to answer without it."""
    run = Machine({"mail": MAIL})
    run.turn("m = extract({a: str}, mail)", lambda prompt: Failed("timeout"))

    assert run.codes() == ["calls_failed"]


@pytest.mark.parametrize(("target", "fewest"), [("mail", 1), ("mail.lines", 0), ("chunk(mail, size=20)", 1)])
def test_its_price_holds(target: str, fewest: int) -> None:
    """At least one call for each batch, which are known before it runs."""
    run = Machine({"mail": MAIL})
    found = price(run.state, parse_program(f"m = extract({{a: str}}, {target})"))

    assert found.total["sub_calls"].low == fewest


@given(st.text("ab é\n", min_size=1, max_size=6), st.text("ab é\n", max_size=30))
def test_words_stand_where_no_longer_words_do(words: str, content: str) -> None:
    """Compared with a look at every place: the neighbours of a word's ends are no letters of ASCII."""
    found = place_of(words.encode(), content.encode())

    assert found == _first_place(words.encode(), content.encode())


def _first_place(words: bytes, content: bytes) -> int:
    for at in range(len(content) - len(words) + 1):
        sides = [(content[at - 1 : at], words[:1]), (words[-1:], content[at + len(words) : at + len(words) + 1])]
        joins = any(left.isalnum() and right.isalnum() for left, right in sides)
        if content.startswith(words, at) and not joins:
            return at
    return -1


def test_an_answer_of_lists_rests_on_each_of_its_words_once() -> None:
    """Places are in order and come once, whatever the answer's order."""
    run = Machine({"mail": MAIL})
    answer: Any = [{"w": "order"}, {"w": "Ann Bell"}, {"w": "order"}, {"w": None}]
    run.turn("m = extract([{w: str | null}], mail)", lambda prompt: json.dumps(answer))

    assert quotes(run, "m") == ["Ann Bell", "order"]
