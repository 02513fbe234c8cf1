"""Replies with mistakes: a mistake costs its statement, prose costs nothing, and both are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_grammar import parse, read_reply, show
from rlmlite_grammar.diagnosis.recovery import MOST_PROBLEMS
from rlmlite_kernel.program.ast import Parsed, Unread
from rlmlite_kernel.program.problems import Unparsed

SOUND = [
    "x = f(a)",
    'y = g(x,\n  "b c",\n  limit=3)',
    'z = """one two three\nfour = five(\n"""',
    "final([x, y]) # the answer to it all",
]
BROKEN = [
    "h = search(logs /E/)",
    "n = 1 2",
    "for c in chunks:\n    print(c)",
    "v == 1",
    "w = {a: 1 b: 2}",
    "hits[0] text",
    "x = a / b",
]
OPEN = ["h = search(logs,", "v = [1, 2", 'w = "abc', "final(n"]
PROSE = ["I will look for errors first.", "Sure!", "Let's see:", "- count what is there", "Now the answer (a number):"]


def parsed_reply(reply: str) -> Parsed:
    """The program in a reply; fails the test if there is none."""
    result = read_reply(reply)
    assert isinstance(result, Parsed)
    return result


def is_told_whole(parts: list[str]) -> bool:
    """Whether there is a statement, and no more mistakes than one message names: what is behind them is not read."""
    return any(part in SOUND for part in parts) and sum(part in BROKEN for part in parts) <= MOST_PROBLEMS - 1


@given(st.lists(st.sampled_from([*SOUND, *BROKEN, *PROSE]), max_size=6).filter(is_told_whole))
def test_what_is_sound_is_read_whatever_stands_beside_it(parts: list[str]) -> None:
    """Of statements, mistakes and prose in any order, the sound statements are read as they are without the rest."""
    body = parsed_reply("\n".join(parts)).program.body
    expected = parse("\n".join(part for part in parts if part in SOUND))

    assert isinstance(expected, Parsed)
    assert tuple(statement for statement in body if not isinstance(statement.value, Unread)) == expected.program.body


@given(st.lists(st.sampled_from([*SOUND, *BROKEN, *PROSE, *OPEN]), max_size=8).map("\n".join))
def test_places_are_those_of_the_reply(reply: str) -> None:
    """Whatever a reply holds, it is read or refused, and each offset of a program lies at its node in the reply."""
    result = read_reply(reply)

    if isinstance(result, Parsed):
        # A problem may lie at the end, where something is missing.
        nodes = [at for at in result.at if at < len(reply)]
        assert result.text == reply
        assert all(reply[at].strip() for at in nodes)
        assert all(reply[note.offset or 0 :].startswith(tuple(PROSE)) for note in result.notes)
    else:
        assert result.problems


def test_a_mistake_costs_its_statement() -> None:
    """It stands in the program with its variable, so that those that need it are not run; the others are."""
    body = parsed_reply("n = count(logs)\nh = search(logs /E/)\nfinal(h)").program.body

    assert [type(statement.value).__name__ for statement in body] == ["Call", "Unread", "Call"]
    assert body[1].target == "h"


@pytest.mark.parametrize("opened", OPEN)
def test_nothing_is_read_after_what_stays_open(opened: str) -> None:
    """Lines after an open bracket or text may be parts of it: they are no statements, and the reply says so."""
    body = parsed_reply(f"a = 1\n{opened}\nb = 2\nc = 3").program.body

    assert [statement.target for statement in body if not isinstance(statement.value, Unread)] == ["a"]
    assert any("were not run" in s.value.hint for s in body if isinstance(s.value, Unread))


@pytest.mark.parametrize("prose", PROSE)
def test_prose_beside_statements_is_skipped_and_said(prose: str) -> None:
    """A line of words is no mistake: the statements around it are read, and a note says where it stood."""
    result = parsed_reply(f"x = f(a)\n{prose}\nfinal(x)")

    assert show(result.program) == "x = f(a)\nfinal(x)"
    assert [(note.code, note.offset) for note in result.notes] == [("prose", 9)]


@pytest.mark.parametrize(
    "line", ["if x then y now", "count of x = 3", "hits", "a, b", "hits.line = 2", "search(x, y) is fine"]
)
def test_what_may_be_a_statement_is_no_prose(line: str) -> None:
    """A keyword, a call, an assignment or a bare value is a mistake, never skipped."""
    result = parsed_reply(f"x = f(a)\n{line}")

    assert result.notes == ()
    assert isinstance(result.program.body[-1].value, Unread)


def test_words_inside_a_text_are_no_prose() -> None:
    """A prompt of several lines stays whole beside a mistake elsewhere."""
    reply = 'p = """\nRead the chunk below and answer.\n"""\nx = = 1'
    result = parsed_reply(reply)

    assert show(result.program).startswith('p = """\nRead the chunk below and answer.\n"""')
    assert result.notes == ()


def test_a_host_s_program_is_still_whole_or_nothing() -> None:
    """`parse`, which reads programs of hosts, refuses a text with any mistake, and names all of them."""
    result = parse("x = 1\ny = = 2\nSure, I can do that.")

    assert isinstance(result, Unparsed)
    assert len(result.problems) == 1
