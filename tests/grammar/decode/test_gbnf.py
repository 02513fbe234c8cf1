"""Decode grammars in GBNF: what llama.cpp may write parses and checks, and it may write every program that Lark may."""

import random

import pytest

from rlmlite_grammar import show
from rlmlite_grammar.decode import Vocabulary, decode_grammar
from rlmlite_grammar.decode.gbnf import gbnf
from rlmlite_grammar.decode.notation import read_rule
from rlmlite_kernel import ACTIONS
from tests.grammar.decode.decoding import Form, vocabulary
from tests.grammar.decode.gbnf_machine import Machine
from tests.grammar.decode.test_decode import BEYOND, KNOWN, MISTAKES, free, problems, twice
from tests.grammar.programs import parse_program
from tests.sizes import scale, some_now

START = Machine(gbnf(decode_grammar(vocabulary())))


def sampled(count: int, seed: int, machine: Machine = START) -> list[str]:
    """Random programs, of which those that did not come to an end are left out."""
    drawn = random.Random(seed)
    found = (machine.sample(drawn) for _ in range(count))
    return [text for text in found if text is not None]


@pytest.mark.parametrize("seed", range(4))
def test_what_llama_cpp_may_write_parses_and_checks(seed: int) -> None:
    """Random programs, over all actions."""
    count = scale(25, least=10)
    programs = sampled(count, seed)

    assert len(programs) > 0.5 * count
    assert [(text, problems(text)) for text in programs if [p for p in problems(text) if not twice(p)]] == []


@pytest.mark.slow
def test_two_thousand_programs_parse_and_check() -> None:
    """Random programs pass; those that did not come to an end are not counted."""
    programs = sampled(3_500, 99)
    refused = [(text, problems(text)) for text in programs if [p for p in problems(text) if not twice(p)]]

    assert refused == []
    assert len(programs) >= 2_000


@pytest.mark.parametrize("text", some_now(KNOWN))
def test_a_valid_program_can_be_written(text: str) -> None:
    """llama.cpp may write every program that the Lark grammar has."""
    program = parse_program(text).program
    names = free(program) or ("context",)
    form = Form(names)
    written = show(form.program(program))
    grammar = decode_grammar(Vocabulary(table=ACTIONS, variables=names, tools=("http_get",)), form.made)

    assert Machine(gbnf(grammar)).accepts(written) is (text not in BEYOND), written


@pytest.mark.parametrize("text", MISTAKES)
def test_what_does_not_check_cannot_be_written(text: str) -> None:
    """Mistakes of controllers, which a decoder that follows the grammar does not make."""
    assert not START.accepts(text)


def test_repetitions_have_bounds() -> None:
    """A list may be as long as any that a controller writes, and not without end."""
    assert START.accepts(f"show([{', '.join(['1'] * 41)}])")
    assert not START.accepts(f"show([{', '.join(['1'] * 42)}])")
    assert START.accepts(f't1 = "{"x" * 1_000}"')
    assert not START.accepts(f't1 = "{"x" * 1_001}"')


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
