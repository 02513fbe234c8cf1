"""Decode grammars: every program that a decoder can write parses and checks, and it can write every valid one."""

import json
import random

import pytest

from rlmlite_grammar import decode, parse, show
from rlmlite_grammar.decode import PROGRAM, Vocabulary, custom_tool, decode_grammar, function_tool
from rlmlite_kernel import ACTIONS, Parsed, Scope, all_problems, check
from rlmlite_kernel.program.ast import Call, Program, walk
from rlmlite_kernel.program.binding import FOLDS
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.program.schemas import BASICS
from rlmlite_kernel.records.settings import Policy
from tests.grammar.decode.decoding import INPUTS, MADE, Form, accepts, matcher, sample, vocabulary
from tests.grammar.programs import corpus, parse_program
from tests.sizes import scale

START = matcher(decode_grammar(vocabulary()))
LONG = 20  # temporaries, for the longest program of the corpus

BEYOND = {
    "x = 1.foo": "a number's part reads as a decimal's point",
    "x = -1[0]": "as above",
    "turns = range(a.first, a.last + 1)\npreview(turns)\nfinal(turns, evidence=part)": "no sums in place of numbers",
}
"""Valid programs that no decoder writes, and why."""


MISTAKES = [
    "x = count(logs)",
    "logs = 1",
    "t1 = nosuch",
    "t2 = 1",
    "show(t1)\nt1 = 1",
    "final(1)\nt1 = 2",
    "t1 = final(1)",
    "show(count(note))",
    "t1 = .line",
    "t1 = /a/",
    "preview(logs, head=-1)",
    "chunk(logs, size=0)",
    'chunk(logs, by="words")',
    'search(logs, "")',
    "search(logs)",
    'search(logs, "a", template="b")',
    "search(logs, /a**/)",
    "search(logs, /(?=a)/)",
    "search(logs, /a{1000}{1000}/)",
    'sub_lm("{nosuch}")',
    'extract_over_chunks(rows, "no placeholder")',
    'sub_lm("a", role="nobody")',
    'reduce(rows, "{items}", fan_in=1)',
    'classify(rows, "spam?")',
    "forget(logs)",
    "show(1 == 2 == 3)",
    "for x in rows",
    "show(logs)  # a comment",
    "",
]
"""What no decoder writes, in a run with the variables of `vocabulary`."""


def problems(text: str, names: tuple[str, ...] = (*INPUTS, *MADE)) -> list[Problem]:
    """The problems that the parser or the checker finds in a program."""
    said = parse(text)
    if not isinstance(said, Parsed):
        return list(said.problems)
    return all_problems(check(said, Scope(frozenset(names), frozenset(INPUTS), ACTIONS, Policy())))


def sampled(count: int, seed: int, grammar: str | None = None) -> list[str]:
    drawn = random.Random(seed)
    start = START if grammar is None else matcher(grammar)
    found = (sample(start, drawn) for _ in range(count))
    return [text for text in found if text is not None]


def twice(problem: Problem) -> bool:
    """A name that is given twice, which no context-free grammar can refuse."""
    return problem.code == "duplicate" or "two groups have the name" in problem.message


@pytest.mark.parametrize("seed", range(4))
def test_what_a_decoder_writes_parses_and_checks(seed: int) -> None:
    """Random programs, over all actions."""
    count = scale(50, least=20)
    programs = sampled(count, seed)

    assert len(programs) > 0.6 * count
    assert [(text, problems(text)) for text in programs if [p for p in problems(text) if not twice(p)]] == []


@pytest.mark.slow
def test_ten_thousand_programs_parse_and_check() -> None:
    """Random programs pass, and every action occurs in them."""
    programs = sampled(10_000, 99)
    refused = [(text, problems(text)) for text in programs if [p for p in problems(text) if not twice(p)]]
    called = {node.name for text in programs for node in _nodes(text) if isinstance(node, Call)}

    assert refused == []
    assert len(programs) > 7_000
    assert called == set(ACTIONS) - {"write_var", "tool_call", "tool_over_rows"}


def _nodes(text: str) -> list[object]:
    said = parse(text)
    return list(walk(said.program)) if isinstance(said, Parsed) else []


def free(program: Program) -> tuple[str, ...]:
    """The names that a program reads or writes, which may all be variables."""
    from rlmlite_kernel.program.ast import Lit, Var
    from rlmlite_kernel.program.templates import holes

    found: set[str] = set()
    for node in walk(program):
        if isinstance(node, Var):
            found.add(node.name)
        elif isinstance(node, Lit) and isinstance(node.v, str):
            found |= {hole.name for hole in holes(node.v)}
    return tuple(sorted(found - set(BASICS) - {f"t{n}" for n in range(LONG)}))


def known(text: str) -> bool:
    """Whether a program of the corpus checks when its variables exist: whether it calls existing actions only."""
    program = parse_program(text).program
    scope = Scope(frozenset(free(program)), frozenset(), ACTIONS, Policy())
    return not check(parse_program(text), scope)


KNOWN = [text for text in corpus("valid") if known(text)]


def test_most_of_the_corpus_calls_actions_that_there_are() -> None:
    """Enough of the corpus checks for the next test to mean something."""
    assert len(KNOWN) > 150


@pytest.mark.parametrize("text", KNOWN)
def test_a_valid_program_can_be_written(text: str) -> None:
    """A decoder can write every valid program in the one form of decode grammars."""
    program = parse_program(text).program
    names = free(program) or ("context",)
    form = Form(names)
    written = show(form.program(program))
    start = matcher(decode_grammar(Vocabulary(table=ACTIONS, variables=names, tools=("http_get",)), form.made))

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
