"""How single pieces of the language are read: literals, references, operators, names and their limits."""

import pytest

from rlmlite_grammar import grammar_digest, grammar_text, parse, show
from rlmlite_kernel.program.ast import Alt, Binary, Call, Expr, Index, Lit, Obj, Pair, Parsed, Rx, Unary, Var
from rlmlite_kernel.program.problems import Unparsed
from tests.grammar.programs import message, parse_program, refusal_of


def value(text: str) -> Expr:
    """The value of the statement `x = text`."""
    return parse_program(f"x = {text}").program.body[0].value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (".5", 0.5),
        ("1e-3", 0.001),
        ("-7", -7),
        ("True", True),
        ("None", None),
        (r'"a\n\x41\u00e9\ud83d\ude00\d\/"', "a\nAé😀\\d/"),
        (r'r"\d\n"', r"\d\n"),
        ("'it\\'s'", "it's"),
        ('"""a\n"b" c"""', 'a\n"b" c'),
        ('"a\\\nb"', "ab"),
    ],
)
def test_a_literal_has_its_value(text: str, meant: object) -> None:
    """Numbers, constants and texts mean what they mean in Python and JSON."""
    read = value(text)

    assert isinstance(read, Lit)
    assert (read.v, type(read.v)) == (meant, type(meant))


def test_integers_are_exact_up_to_a_thousand_digits() -> None:
    """A thousand digits are read exactly, one more is refused, and so is a decimal beyond binary64."""

    assert value("9" * 1000) == Lit(10**1000 - 1)
    assert refusal_of("x = " + "9" * 1001).problems[0].code == "number"
    assert refusal_of("x = 1e999").problems[0].code == "number"


def test_a_regex_keeps_its_pattern() -> None:
    r"""Flags are sorted and unique, `\/` is a slash, a slash in a class needs no escape, named groups stay."""

    assert value(r"/a\/b\\[/]/sim") == Rx(r"a/b\\[/]", "ims")
    assert value(r"/(?<user>\d+)/ii") == Rx(r"(?<user>\d+)", "i")
    assert "no flag `g`" in message("x = /a/g")


def test_operators_bind_as_the_table_says() -> None:
    """`*` before `+` before comparisons before `not` before `and` before `or`; `|` is loosest; minus groups left."""

    assert show(parse_program("x = ((a) or (b and (not (c == ((d + (e * -f)))))))").program) == (
        "x = a or b and not c == d + e * -f"
    )
    assert show(parse_program("x = (a - b) - (c - d)").program) == "x = a - b - (c - d)"
    assert value("a or b | c") == Alt((Binary("or", Var("a"), Var("b")), Var("c")))


def test_minus_before_digits_is_a_number() -> None:
    """`-1` is one literal, `-(1)` and `--1` are not."""

    assert value("- 1") == Lit(-1)
    assert value("-(1)") == Unary("-", Lit(1))
    assert value("--1") == Unary("-", Lit(-1))
    assert value("(-1)[0]") == Index(Lit(-1), Lit(0))


def test_words_with_two_operators() -> None:
    """`not in` is one operator; `not x in y` stays a negation."""

    assert value("a not  in b") == Binary("not in", Var("a"), Var("b"))
    assert value("not a in b") == Unary("not", Binary("in", Var("a"), Var("b")))


def test_a_schema_is_an_object_with_optional_pairs() -> None:
    """`?` marks a pair as optional, `|` gives alternatives."""

    assert value('{a?: "s" | "h"}') == Obj((Pair("a", Alt((Lit("s"), Lit("h"))), True),))


def test_aliases_become_one_name() -> None:
    """`len` is read as `count` and `text` as `render`, also by the printer; a variable keeps its name."""

    assert value("len(text)") == Call("count", (Var("text"),))
    assert value("text(a)") == Call("render", (Var("a"),))
    assert show(parse_program("len(a)").program) == "count(a)"


def test_reserved_words_name_fields_and_keys_only() -> None:
    """A row may have a field `matches`; a variable, an action or an argument may not."""

    assert show(parse_program("x = {in: .matches, not: a.contains}").program) == "x = {in: .matches, not: a.contains}"
    assert {refusal_of(text).problems[0].code for text in ("in = 1", "x = and", "or(a)", "f(in=1)")} == {"reserved"}


def test_texts_are_printed_readably() -> None:
    """Several lines are printed as such where nothing needs an escape, and escaped where something does."""

    assert show(parse_program(r'x = "a\nb"').program) == 'x = """a\nb"""'
    assert show(parse_program(r'x = "a\nb\\"').program) == r'x = "a\nb\\"'
    assert show(parse_program(r'x = "a\nb\""').program) == r'x = "a\nb\""'


@pytest.mark.parametrize(
    ("deepest", "too_deep"),
    [
        ("x = " + "(" * 64 + "1" + ")" * 64, "x = " + "(" * 65 + "1" + ")" * 65),
        ("x = " + "1 + " * 63 + "1", "x = " + "1 + " * 64 + "1"),
        ("x = " + "not " * 63 + "a", "x = " + "not " * 64 + "a"),
        ("x = a" + ".b" * 63, "x = a" + ".b" * 64),
        ("x = " + "[" * 64 + "]" * 64, "x = " + "[" * 20_000 + "]" * 20_000),
    ],
)
def test_depth_has_a_limit(deepest: str, too_deep: str) -> None:
    """64 levels are read and shown; one more is refused, and so are twenty thousand."""

    assert parse_program(show(parse_program(deepest).program)).at
    assert [problem.code for problem in refusal_of(too_deep).problems] == ["depth"]


def test_size_has_a_limit() -> None:
    """A program has at most a million bytes of UTF-8, counted without reading it."""

    assert parse_program('x = "' + "a" * 999_994 + '"').at
    assert refusal_of('x = "' + "a" * 999_995 + '"').problems[0].code == "size"
    assert refusal_of('x = "' + "é" * 500_000 + '"').problems[0].code == "size"
    assert refusal_of("(" * 999_999).problems[0].code == "syntax"


def test_a_text_is_made_of_characters() -> None:
    """Lone halves of surrogate pairs are refused, written out or escaped; control characters in texts are fine."""

    assert refusal_of('x = "\ud800"').problems[0].offset == 5
    assert refusal_of(r'x = "\ud800"').problems[0].code == "escape"
    assert value('"\0\x85\u2028"') == Lit("\0\x85\u2028")


def test_names_have_a_limit() -> None:
    """Names and fields have at most 64 characters, texts as keys any number."""

    assert refusal_of("x = " + "a" * 65).problems[0].code == "name"
    assert refusal_of("x = ." + "a" * 65).problems[0].code == "name"
    assert parse_program('x = {"' + "a" * 65 + '": ' + "a" * 64 + "}").at


def test_the_grammar_is_named_by_its_digest() -> None:
    """The digest is the SHA-256 of the grammar's text, which is the file beside the code."""

    assert "start: (statement" in grammar_text()
    assert len(bytes.fromhex(grammar_digest())) == 32


def test_a_program_has_at_most_a_thousand_statements() -> None:
    """Each would leave a receipt, so a reply of a megabyte of them would leave a trace of many."""
    assert isinstance(parse("x = 1\n" * 1_000), Parsed)
    found = parse("x = 1\n" * 1_001)

    assert isinstance(found, Unparsed)
    assert [problem.code for problem in found.problems] == ["size"]
    assert "at most 1,000 statements; this one has 1,001" in found.problems[0].message
