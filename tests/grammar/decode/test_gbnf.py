"""Decode grammars in GBNF: what llama.cpp may write parses and checks, and it may write every program that Lark may."""

import functools

import pytest

from rlmlite_grammar import show
from rlmlite_grammar.decode import decode_grammar
from rlmlite_grammar.decode.gbnf import gbnf
from rlmlite_grammar.decode.notation import read_rule
from tests.grammar.decode.decoding import vocabulary
from tests.grammar.decode.gbnf_machine import Machine
from tests.grammar.decode.sampling import BEYOND, KNOWN, MISTAKES, draw, in_one_form, refused
from tests.sizes import scale, some_now


@functools.cache
def start() -> Machine:
    """A decoder over the vocabulary that most tests use."""
    return Machine(gbnf(decode_grammar(vocabulary())))


def sampled(count: int, seed: int) -> list[str]:
    """Random programs that llama.cpp may write."""
    return draw(start().sample, count, seed)


@pytest.mark.parametrize("seed", range(4))
def test_what_llama_cpp_may_write_parses_and_checks(seed: int) -> None:
    """Random programs, over all actions."""
    count = scale(25, least=10)
    programs = sampled(count, seed)

    assert len(programs) > 0.5 * count
    assert refused(programs) == []


@pytest.mark.slow
def test_two_thousand_programs_parse_and_check() -> None:
    """Random programs pass; those that did not come to an end are not counted."""
    programs = sampled(3_500, 99)

    assert refused(programs) == []
    assert len(programs) >= 2_000


@pytest.mark.parametrize("text", some_now(KNOWN))
def test_a_valid_program_can_be_written(text: str) -> None:
    """llama.cpp may write every program that the Lark grammar has."""
    program, made, words = in_one_form(text)
    written = show(program)
    grammar = decode_grammar(words, made)

    assert Machine(gbnf(grammar)).accepts(written) is (text not in BEYOND), written


@pytest.mark.parametrize("text", MISTAKES)
def test_what_does_not_check_cannot_be_written(text: str) -> None:
    """Mistakes of controllers, which a decoder that follows the grammar does not make."""
    assert not start().accepts(text)


def test_repetitions_have_bounds() -> None:
    """A list may be as long as any that a controller writes, and not without end."""
    assert start().accepts(f"show([{', '.join(['1'] * 41)}])")
    assert not start().accepts(f"show([{', '.join(['1'] * 42)}])")
    assert start().accepts(f't1 = "{"x" * 1_000}"')
    assert not start().accepts(f't1 = "{"x" * 1_001}"')


def test_names_are_those_that_llama_cpp_reads() -> None:
    """Rules have no underscore, variables keep theirs."""
    printed = gbnf(decode_grammar(vocabulary(("logs", "first_error"))))

    assert 'name0 ::= "logs" | "first_error"\n' in printed
    assert all("_" not in line.partition(" ::= ")[0] for line in printed.splitlines())


def test_a_grammar_is_printed_the_same_each_time() -> None:
    """The same rules give the same bytes."""
    grammar = decode_grammar(vocabulary(only_final=True))

    assert gbnf(grammar) == gbnf(grammar)
    assert gbnf(grammar).startswith("root ::= end0\n")


@pytest.mark.parametrize("rule", ['"x', "/[^/", "(b", "b)", r"/\p/", "b ~3"])
def test_what_the_notation_does_not_have_is_refused(rule: str) -> None:
    """A rule that could be read as something else than it spells is a mistake in the rules."""
    with pytest.raises(ValueError, match=r"expected|escape"):
        read_rule(rule)
