"""Decode grammars: every program that a decoder can write parses and checks, and it can write every valid one."""

import json

import pytest

from rlmlite_grammar import decode, parse, show
from rlmlite_grammar.decode import PROGRAM, custom_tool, decode_grammar, function_tool
from rlmlite_kernel import ACTIONS, Parsed
from rlmlite_kernel.program.ast import Call, walk
from rlmlite_kernel.program.binding import FOLDS
from tests.grammar.decode.decoding import accepts, matcher, sample, vocabulary
from tests.grammar.decode.sampling import BEYOND, KNOWN, MISTAKES, draw, in_one_form, problems, refused
from tests.sizes import scale

START = matcher(decode_grammar(vocabulary()))


def sampled(count: int, seed: int, grammar: str | None = None) -> list[str]:
    """Random programs over the vocabulary that most tests use, or of this grammar."""
    start = START if grammar is None else matcher(grammar)
    return draw(lambda drawn: sample(start, drawn), count, seed)


@pytest.mark.parametrize("seed", range(4))
def test_what_a_decoder_writes_parses_and_checks(seed: int) -> None:
    """Random programs, over all actions."""
    count = scale(50, least=20)
    programs = sampled(count, seed)

    assert len(programs) > 0.6 * count
    assert refused(programs) == []


@pytest.mark.slow
def test_ten_thousand_programs_parse_and_check() -> None:
    """Random programs pass, and every action occurs in them."""
    programs = sampled(10_000, 99)
    called = {node.name for text in programs for node in _nodes(text) if isinstance(node, Call)}

    assert refused(programs) == []
    assert len(programs) > 7_000
    assert called == set(ACTIONS) - {"write_var", "tool_call", "tool_over_rows"}


def _nodes(text: str) -> list[object]:
    said = parse(text)
    return list(walk(said.program)) if isinstance(said, Parsed) else []


def test_most_of_the_corpus_calls_actions_that_there_are() -> None:
    """Enough of the corpus checks for the next test to mean something."""
    assert len(KNOWN) > 150


@pytest.mark.parametrize("text", KNOWN)
def test_a_valid_program_can_be_written(text: str) -> None:
    """A decoder can write every valid program in the one form of decode grammars."""
    program, made, words = in_one_form(text)
    written = show(program)
    start = matcher(decode_grammar(words, made))

    assert accepts(start, written) is (text not in BEYOND), written


@pytest.mark.parametrize("text", MISTAKES)
def test_what_does_not_check_cannot_be_written(text: str) -> None:
    """Mistakes of controllers, which a decoder that follows the grammar does not make."""
    assert not accepts(START, text)


def test_only_final_is_left() -> None:
    """When a budget is gone: one statement, and no calls of models in it."""
    start = matcher(decode_grammar(vocabulary(only_final=True)))

    assert accepts(start, "final({n: count(hits), first: hits[0].text}, evidence=hits)")
    for text in ('final(sub_lm("?"))', "show(1)", "t1 = 1\nfinal(t1)", "final(1)\nfinal(2)"):
        assert not accepts(start, text)
    programs = sampled(60, 5, decode_grammar(vocabulary(only_final=True)))
    assert programs
    assert all(text.startswith("final(") and "\nfinal" not in text for text in programs)


def test_only_permitted_actions_can_be_written() -> None:
    """A decoder can name only permitted actions, and only roles that have a model."""
    start = matcher(decode_grammar(vocabulary(permitted=frozenset({"search", "final"}), roles=())))

    assert accepts(start, 'search(logs, "x", limit=3)\nfinal(hits)')
    assert not accepts(start, "final(count(hits))")
    roles = matcher(decode_grammar(vocabulary(roles=("sub", "expert"))))
    assert accepts(roles, 'sub_lm("a", role="expert")')
    assert not accepts(matcher(decode_grammar(vocabulary(roles=()))), 'sub_lm("a")')


def test_what_is_required_by_name_is_given_by_name() -> None:
    """Required arguments stand by position, the others by name, as the table has them."""
    assert accepts(START, 't1 = classify(rows, "spam?", labels=["spam", "ham"], batch=10)')
    assert accepts(START, 't1 = reduce(rows, "Join {items}", fan_in=2)')


def test_only_tools_that_there_are_can_be_called() -> None:
    """A decoder can name existing tools only; without tools there is no `tool_call`."""
    start = matcher(decode_grammar(vocabulary(tools=("kv_get", "page"))))

    assert accepts(start, 't1 = tool_call("page", args={who: "ann"})')
    assert not accepts(start, 't1 = tool_call("nosuch")')
    assert not accepts(START, 't1 = tool_call("page")')


def test_a_nested_run_is_given_an_input() -> None:
    """A nested run needs an input, so a decoder must give it one."""
    assert accepts(START, 't1 = sub_rlm("What of {rows}?", context=logs[0:500], depth=1)')
    assert not accepts(START, 't1 = sub_rlm("What of {rows}?")')


def test_names_that_there_are_are_not_made_again() -> None:
    """A new variable has a name that is free; one that was made before may be written again, an input may not."""
    start = matcher(decode_grammar(vocabulary(("logs", "t1"))))

    assert accepts(start, "t2 = 1\nt1 = t2\nshow(t1)")
    assert not accepts(start, "logs = 1")


@pytest.mark.parametrize("names", [1, 30, 1_000])
def test_a_grammar_is_the_same_each_time(names: int) -> None:
    """The same vocabulary gives the same grammar, and a decoder accepts it for any number of variables."""
    given = vocabulary([f"variable_{n}" for n in range(names)])

    assert decode_grammar(given) == decode_grammar(given)
    matcher(decode_grammar(given))


def test_what_there_is_no_grammar_for() -> None:
    """An impossible vocabulary raises `ValueError`."""
    with pytest.raises(ValueError, match="needs a variable"):
        decode_grammar(vocabulary(()))
    with pytest.raises(ValueError, match="not permitted"):
        decode_grammar(vocabulary(only_final=True, permitted=frozenset({"show"})))


def test_the_terminals_know_every_fold() -> None:
    """Each fold of the kernel can be written in `group`."""
    for fold in FOLDS:
        assert accepts(START, f"group(hits, .line, {{n: {fold}(.n)}})") or fold == "count"


def test_tools_are_plain_json() -> None:
    """The custom tool carries the grammar, the function one string."""
    grammar = decode_grammar(vocabulary())
    custom, function = custom_tool(grammar), function_tool()

    assert json.loads(json.dumps(custom)) == custom
    assert custom["format"] == {"type": "grammar", "syntax": "lark", "definition": grammar}
    assert (custom["name"], function["name"]) == (PROGRAM, PROGRAM)
    assert function["parameters"]["required"] == ["text"]


def test_the_former_name_of_a_program_tool_can_be_imported() -> None:
    """Clients that a host wrote may be typed with it."""
    assert decode.Tool is decode.ProgramTool


def test_arguments_that_may_change_places_are_named() -> None:
    """A list or an object may be the schema or the text of `extract`; the name says which."""
    assert accepts(START, "t1 = extract(schema=17, text={})")
    assert not accepts(START, "t1 = extract(17, {})")
    assert problems("t1 = extract(schema=17, text={})") == []


def test_a_draft_is_a_statement_and_no_end() -> None:
    """The run goes on after it, so others may follow; in the last turn it cannot stand in place of an answer."""
    assert accepts(START, "draft(1)\nfinal(2)")
    assert not accepts(matcher(decode_grammar(vocabulary(only_final=True))), "draft(1)")
