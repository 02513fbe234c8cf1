"""Templates: what is a placeholder and what is text, and what a prompt is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel.program.templates import Hole, holes, pieces
from tests.kernel.machine import Machine

LOG = "one\nERROR {log} two\nthree\n"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", ["plain"]),
        ("", []),
        ("{a}", [Hole("a")]),
        ("{a.b.c}!", [Hole("a", ("b", "c")), "!"]),
        ("x{a}{b}y", ["x", Hole("a"), Hole("b"), "y"]),
        ("{{a}}", ["{a}"]),
        ("{{a.b}} {c}", ["{a.b} ", Hole("c")]),
        ("{{{a}}}", ["{", "{a}", "}"]),
        ('{"a": 1, "b": {"c": [{}]}}', ['{"a": 1, "b": {"c": [{}]}}']),
        ('{"a": "{a}"}', ['{"a": "', Hole("a"), '"}']),
        ("{ a }", ["{ a }"]),
        ("{a b}", ["{a b}"]),
        ("{}", ["{}"]),
        ("{1}", ["{1}"]),
        ("{a", ["{a"]),
        ("a}", ["a}"]),
        ("{a!r}", ["{a!r}"]),
        ("{a:>10}", ["{a:>10}"]),
        ("{a[0]}", ["{a[0]}"]),
        ("{a.}", ["{a.}"]),
        ("{.a}", ["{.a}"]),
        ("{é}", ["{é}"]),
        ("{__class__}", [Hole("__class__")]),
        ("{" + ".".join("abcdefghi") + "}", ["{a.b.c.d.e.f.g.h.i}"]),
    ],
)
def test_what_is_a_placeholder(template: str, expected: list[str | Hole]) -> None:
    """`{name}` and `{name.field}`; every other brace is text, `{{name}}` is the text `{name}`."""
    assert list(pieces(template)) == _joined(expected)


def _joined(parts: list[str | Hole]) -> list[str | Hole]:
    """Neighbouring texts as one."""
    whole: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and whole and isinstance(whole[-1], str):
            whole[-1] += part
        else:
            whole.append(part)
    return whole


@given(st.text(st.sampled_from("{}ab. \"'1é\n"), max_size=20))
def test_nothing_of_a_template_is_lost(template: str) -> None:
    """Written out again, with doubled braces undone, the pieces are the template."""
    written = "".join("{" + str(piece) + "}" if isinstance(piece, Hole) else piece for piece in pieces(template))

    assert written.replace("{", "").replace("}", "") == template.replace("{", "").replace("}", "")
    assert len(holes(template)) <= template.count("{")


@pytest.mark.parametrize(
    ("program", "prompt"),
    [
        ('x = sub_lm("{n} and {{n}} {n}")', "5 and {n} 5"),
        ('x = sub_lm("{r.a.b} {r.nope}|{r.a.nope.deeper}|")', "1 ||"),
        ('x = sub_lm("{words}")', "a\nb"),
        ('x = sub_lm("{words} {n}", n=7)', "a\nb 7"),
        ('x = sub_lm("JSON like {\\"label\\": \\"x\\"}: {n}")', 'JSON like {"label": "x"}: 5'),
        ('x = sub_lm("{flag} {nothing}|")', "true |"),
    ],
)
def test_placeholders_are_filled(program: str, prompt: str) -> None:
    """Values come from variables and keyword arguments; a missing field is empty, a list is joined by newlines."""
    machine = Machine({"r": {"a": {"b": 1}}})
    machine.turn('n = 5\nwords = ["a", "b"]\nflag = true\nnothing = null')
    machine.turn(program)

    assert machine.prompts == [prompt]


def test_names_resolve_as_keyword_then_field_then_variable() -> None:
    """The first of the three that exists is used."""
    machine = Machine({})
    machine.turn('a = "var"\nb = "var"\nc = "var"')
    machine.turn('x = extract_over_chunks([{a: "field", b: "field"}], "{a} {b} {c}", a="given")')

    assert machine.prompts == ["given field var"]


def test_the_chunk_has_several_names() -> None:
    """`chunk`, `text` and `value` are the text of a chunk; its other columns can be named too."""
    machine = Machine({"log": "abc"})
    machine.turn('x = extract_over_chunks(chunk(log), "{chunk}{text}{value} {index} {start} {end} {line}")')
    (prompt,) = machine.prompts

    assert prompt.count("abc") == 3
    assert prompt.endswith(" 0 0 3 1")


def test_content_is_never_scanned_for_placeholders() -> None:
    """What replaces a placeholder stays as it is, whoever wrote it."""
    machine = Machine({"log": LOG})
    machine.turn('own = "{n}"\nn = 5')
    machine.turn('x = sub_lm("{log} {own} {given}", given="{n}")')
    (prompt,) = machine.prompts

    assert "ERROR {log} two" in prompt
    assert prompt.endswith(" {n} {n}")


def test_a_prompt_in_a_variable_is_not_a_template() -> None:
    """Only literals of the program are templates."""
    machine = Machine({"log": LOG})
    machine.turn('question = "Is {log} bad?"')
    machine.turn("x = sub_lm(question)")

    assert machine.prompts == ["Is {log} bad?"]


@pytest.mark.parametrize("hole", ["log.__class__", "log.nope", "n.real"])
def test_no_attribute_of_the_implementation_is_reached(hole: str) -> None:
    """A path follows fields of records, and nothing else."""
    machine = Machine({"log": LOG})
    machine.turn("n = 5")
    machine.turn(f'x = sub_lm("{{{hole}}}")')

    assert machine.codes() == ["type"]
    assert machine.prompts == []


def test_render_fills_a_line_for_each_row() -> None:
    """Placeholders are fields of the row, then variables; the lines are joined by `sep`."""
    machine = Machine({"rows": [{"a": 1, "b": {"c": "x"}}, {"a": 2.0}]})
    machine.turn('who = "me"')

    assert machine.of('render(rows, "{a}-{b.c}-{{a}}-{who}", sep="; ")') == "1-x-{a}-me; 2--{a}-me"


def test_an_answer_is_asked_for_in_the_form_of_the_schema() -> None:
    """The form is at the end of the prompt, as JSON."""
    machine = Machine({})
    replies = iter(['{"label": "ham", "tags": [], "when": "2024-01-01", "odd key": 1}'])
    machine.turn(
        'x = sub_lm("q", schema={label: "spam" | "ham", n?: int, tags: [str], when: date, "odd key": any})',
        lambda prompt: next(replies),
    )

    assert machine.prompts == [
        'q\n\nAnswer with JSON only, of this form: {"label": "spam" | "ham", "n": <whole number> (optional), '
        '"tags": [<text>, ...], "when": <date as YYYY-MM-DD>, "odd key": <anything>}'
    ]
