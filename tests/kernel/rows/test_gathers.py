"""collect and concat: the values of a key together, with their places where they have some."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Limits
from rlmlite_kernel.values.columns import Text
from tests.kernel.machine import Machine
from tests.sizes import scale

TALK = "s1 ann hello\ns1 bob hi\ns2 cid late\ns1 ann bye\n"
PARTS = 't = parse_lines(talk, "{s} {u} {said}")\n'


@settings(max_examples=scale(40), deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.text("xé\n ", max_size=3)), max_size=8))
def test_a_key_has_all_its_values_in_order(pairs: list[tuple[str, str | None]]) -> None:
    """As Python's own lists and `join`; `collect` keeps null, `concat` leaves it out; alone as in `group`."""
    run = Machine({"rows": [{"k": key, "v": value} for key, value in pairs]})
    run.turn('g = group(rows, k, {all: collect(.v), text: concat(.v, "+")})\nc = collect(rows.v)\nt = concat(rows.v)')

    of_key = {key: [value for other, value in pairs if other == key] for key, _ in pairs}
    expected = [
        {"key": key, "all": values, "text": "+".join(value for value in values if value is not None)}
        for key, values in of_key.items()
    ]
    assert run.value("g") == expected
    assert run.value("c") == [value for _, value in pairs]
    assert run.value("t") == "\n".join(value for _, value in pairs if value is not None)


def test_texts_that_follow_one_another_stay_a_place() -> None:
    """Their text is that range of the input; of others it is a string that was made of them."""
    run = Machine({"talk": TALK})
    run.turn(PARTS + 'near = concat(t[0:2].text)\nfar = concat(t[2:4].text, " ")\none = concat(t[3:4].text)')

    near, far, one = (run.tainted(name) for name in ("near", "far", "one"))
    assert (near.value.start, near.value.stop) == (0, TALK.index("s2") - 1)
    assert isinstance(one.value, Text)
    assert far.value == "s2 cid late s1 ann bye"
    assert len(far.words) > 0


def test_a_key_that_is_a_place_is_cited_by_it() -> None:
    """The evidence of an answer made of it is the whole range, not the first of its lines."""
    run = Machine({"talk": TALK})
    run.turn(PARTS + "g = group(t[0:2], s, {all: concat(.text)})\nfinal(g[0].all, evidence=g[0].all)")

    assert run.state.answer is not None
    assert [(each.start, each.stop) for each in run.state.answer.evidence] == [(0, TALK.index("s2") - 1)]


def test_collected_texts_are_places_too() -> None:
    """A list of references, each of which can be cited."""
    run = Machine({"talk": TALK})
    run.turn(PARTS + "g = group(t, s, {all: collect(.text)})\nfinal(1, evidence=g[0].all)")

    assert all(isinstance(each, Text) for each in run.tainted("g").value.columns["all"].values[0])
    assert run.state.answer is not None
    assert [each.line for each in run.state.answer.evidence] == [1, 2, 4]


def test_what_is_sent_of_a_text_that_was_joined_is_covered() -> None:
    """Each of its lines counts as read, and no others."""
    run = Machine({"talk": TALK})
    run.turn(PARTS + 'g = group(t, s, {all: concat(.text)})\na = g[0].all\nx = sub_lm("{a}?")')

    assert run.state.coverage.report()["talk"]["read"] >= len("s1 ann hellos1 bob his1 ann bye")
    assert run.state.coverage.report()["talk"]["read"] < len(TALK) - len("s2 cid late")


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ('x = concat("a", "b")', "type"),
        ("x = concat(t)", "type"),
        ("x = collect(t)", "type"),
        ("x = collect(3)", "type"),
        ("x = concat(t.text, 3)", "type"),
        ("x = group(t, s, {a: collect()})", "arguments"),
        ("x = group(t, s, {a: concat(.text, 3)})", "type"),
        ('x = group(t, s, {a: concat(.text, " ", 3)})', "arguments"),
    ],
)
def test_what_is_no_list_of_values_is_refused(program: str, code: str) -> None:
    """With what to write instead."""
    run = Machine({"talk": TALK})
    run.turn(PARTS + program)

    assert code in run.codes()


def test_a_text_is_charged_before_it_is_made() -> None:
    """What would not fit the values of the run is refused; what fits is made."""
    rows: list[Any] = [{"k": 1, "v": "x" * 1_000} for _ in range(40)]
    for limit, code in ((100_000, "too_large"), (400_000, "")):
        run = Machine({"rows": rows}, limits=Limits(value_bytes=limit))
        run.turn("g = group(rows, k, {a: concat(.v), b: concat(.v), c: concat(.v)})")

        assert run.codes() == [code]


def test_an_older_run_has_neither() -> None:
    """Where it called them, it met an unknown action."""
    for program in ("x = collect(rows.v)", "x = group(rows, k, {a: concat(.v)})"):
        run = Machine({"rows": [{"k": 1, "v": "a"}]}, flags=range(1, 18))
        run.turn(program)

        assert run.codes() == ["unknown_action"]
