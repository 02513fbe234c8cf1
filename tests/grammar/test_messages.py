"""Messages about mistakes: the place, what was expected, and the sentence that helps."""

import pytest

from rlmlite_grammar.diagnosis.hints import MISTAKES
from rlmlite_grammar.diagnosis.scan import open_bracket
from rlmlite_kernel.program.ast import Parsed
from tests.grammar.programs import message, parse_program, refusal_of

EXAMPLES = [(example, mistake.hint) for mistake in MISTAKES for example in mistake.examples]


@pytest.mark.parametrize(("program", "hint"), EXAMPLES)
def test_each_mistake_gets_its_sentence(program: str, hint: str) -> None:
    """Every example of the table is refused, and its first problem carries the sentence it stands under."""

    assert refusal_of(program).problems[0].hint == hint


def test_a_message_shows_the_place() -> None:
    """Line, column, what was expected and found, the line itself and a caret under the place."""

    assert message("hits = search(logs, limit=5 /timeout/)") == (
        "line 1 col 29: expected ',' or ')' before /timeout/; missing comma before the regex?\n"
        "    hits = search(logs, limit=5 /timeout/)\n"
        "                                ^"
    )


def test_an_open_bracket_is_named() -> None:
    """At the end, or where the next statement begins, the message says which bracket is open, and where it is."""

    assert "the '(' at line 1 col 14 is not closed" in message("hits = search(logs, [1]")
    assert "the '(' at line 1 col 6 is not closed" in message("x = f(a\ny = 1")
    assert "the '[' at line 1 col 6 is not closed" in message("x = f[a)")
    assert "line 2 col 9" in message("x = 1\ny = f(a,\n")


def test_an_unclosed_text_is_shown_where_it_opens() -> None:
    """A text or a regex without its end is reported at its beginning."""

    assert refusal_of('x = "a').problems[0].offset == 4
    assert refusal_of('f("""a').problems[0].offset == 2
    assert refusal_of('f(a, r"""a').problems[0].offset == 6
    assert refusal_of("x = /a").problems[0].offset == 4


@pytest.mark.parametrize(
    ("text", "offset", "advice"),
    [
        ("x = a\n[b]", 6, "show([b])"),
        ("x = a\n(b)", 6, "show(b)"),
        ("r = where(rows .n > 1)", 15, "missing comma?"),
        ("x = y\n-1", 6, "put the whole expression in ( )"),
        ("x = f(a [0])", 8, "missing comma?"),
        ("x = a\n.b", 6, "for a field write a.b"),
        ("final (a)", 6, "write `final(` without a space"),
        ("x = . b", 6, "write `.b`"),
        ("x = y # why\nnot in z", 12, "end the previous line with `not`"),
        ("x = 5m = 1", 5, "write numbers as"),
        ("x = f(a)y = 1", 8, "a newline or `;`"),
    ],
)
def test_silent_misreadings_are_refused(text: str, offset: int, advice: str) -> None:
    """A text that would not be read as it looks is refused where it begins, with what to write instead."""
    problem = refusal_of(text).problems[0]

    assert (problem.code, problem.offset) == ("layout", offset)
    assert advice in problem.message + problem.hint


def test_what_looks_the_same_inside_brackets_is_fine() -> None:
    """An operator may begin a line inside brackets, a sign may begin a value, lists may follow commas."""

    assert isinstance(parse_program("x = (a\n  - b)\ny = f(a,\n  -1, [b])\nz =\n  -1"), Parsed)


def test_several_mistakes_are_told_at_once() -> None:
    """Reading goes on at the next statement, up to five problems; offsets are those of the whole text."""
    text = "x = a / b\ny = 1\nr = where(y, .a = 1)\nz = {a: 1, a: 2}"
    result = refusal_of(text)

    assert [problem.offset for problem in result.problems] == [6, 32, 48]
    assert [text[at : at + 3] for at in (6, 32, 48)] == ["/ b", "= 1", "a: "]
    assert len(refusal_of("x = =\n" * 9).problems) == 5


def test_one_mistake_is_told_once() -> None:
    """The consequences of a mistake are not reported: the rest of an open bracket, lines inside a text."""

    assert len(refusal_of("x = f(a,\ny = 1,\nz = 2 3,\nw = 3)\n").problems) == 1
    assert len(refusal_of('x = f(a b, """\ny = = 3\n""")\nz = 1').problems) == 1
    assert len(refusal_of('x = """a\ny = 1\nz = = 2').problems) == 1


def test_a_foreign_statement_is_told_once() -> None:
    """Reading on inside a statement that was refused for its first word does not refuse it again."""

    assert len(refusal_of("x = f(a, b\nfor =?c)").problems) == 1


def test_brackets_in_regexes_and_texts_are_no_brackets() -> None:
    """After an operator a `/` begins a regex; a closing bracket that closes nothing is passed over."""

    assert "the '(' at line 1 col 10" in message('r = where(l, .a matches /[(]/ and .b == "(" #(')
    assert open_bracket("a) f([", 6) is not None
    assert open_bracket("f(a] b)", 7) is None
