"""The conformance corpus: what is valid round-trips with positions, what is invalid is refused at a place."""

import pytest

from rlmlite_grammar import show
from rlmlite_kernel.program import ast
from tests.grammar.programs import corpus, encode_program, parse_program, refusal_of

VALID = corpus("valid")
INVALID = corpus("invalid")
HABITS = corpus("habits")


def test_the_corpus_is_large() -> None:
    """What is valid and what is not are well over a hundred programs each."""

    assert len(VALID) > 200
    assert len([*INVALID, *HABITS]) > 120


@pytest.mark.parametrize("text", VALID)
def test_a_valid_program_is_shown_and_read_back(text: str) -> None:
    """`parse(show(program))` is the same program, and showing it again gives the same text."""
    program = parse_program(text).program
    again = parse_program(show(program)).program

    assert encode_program(again) == encode_program(program)
    assert show(again) == show(program)


@pytest.mark.parametrize("text", VALID)
def test_every_node_has_a_position(text: str) -> None:
    """`at` has one offset for each node of `walk`, and each points at what the node begins with."""
    result = parse_program(text)
    nodes = list(ast.walk(result.program))

    assert len(nodes) == len(result.at)
    assert all(_begins(node, text[at:]) for node, at in zip(nodes, result.at, strict=True))


def _begins(node: ast.Statement | ast.Expr, text: str) -> bool:
    """Whether a text begins as this node does."""
    match node:
        case ast.Var(name=name):
            return text.startswith(name)
        case ast.Field():
            return text.startswith(".")
        case ast.Rx():
            return text.startswith("/")
        case ast.ListOf():
            return text.startswith("[")
        case ast.Obj():
            return text.startswith("{")
        case ast.Call(name=name):
            return text.startswith((name, "len", "text"))
        case ast.Unary(op=op):
            return text.startswith(op)
        case ast.Statement(target=target) if target is not None:
            return text.startswith(target)
        case _:
            return not text[0].isspace() and text[0] not in ")]},;=#"


@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_program_is_refused_at_a_place(text: str) -> None:
    """There are one to five problems, each with a message, a code and an offset inside the text."""
    result = refusal_of(text)

    assert result.text == text
    assert 1 <= len(result.problems) <= 5
    assert all(problem.message and problem.code for problem in result.problems)
    assert all(0 <= problem.offset <= len(text) for problem in result.problems if problem.offset is not None)


@pytest.mark.parametrize("text", HABITS)
def test_a_habit_of_other_languages_is_no_program_of_the_grammar_s_own(text: str) -> None:
    """It is read with a note that says as what, or holds a method or f-string, which needs the action table."""
    result = parse_program(text)
    foreign = [node.name for node in ast.walk(result.program) if isinstance(node, ast.Call) and node.name[0] in ".f="]

    assert result.text == text
    assert result.notes or foreign
