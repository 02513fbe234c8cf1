"""Mistakes found before anything runs: all of them at once, each at its place with what to do."""

import pytest

from rlmlite_kernel import ACTIONS, Answered, Failed, Parsed, Policy, Program, Scope, all_problems, check, explain
from rlmlite_kernel.faults import FAULTS
from rlmlite_kernel.program.ast import Call, Field, Lit, Rx, Statement, Unary, Var
from tests.kernel.machine import Machine, parse_program

LOG = "one\nERROR two\nthree\n"
SCOPE = Scope(frozenset({"log", "hits", "n", "rows"}), frozenset({"log"}), ACTIONS, Policy())

MISTAKES = {
    # names
    "x = nope": ("unknown_name", "no variable `nope`"),
    "x = hist": ("unknown_name", "did you mean `hits`?"),
    "x = _1": ("unknown_name", "no variable `_1`"),
    "x = where(rows, .n == nope)": ("unknown_name", "no variable `nope`"),
    "x = where(rows, n2 == 1)": ("unknown_name", "`.n2`"),
    "serach(log)": ("unknown_action", "did you mean `search`?"),
    "print(log)": ("unknown_action", "actions: preview, load, show"),
    "x = map(rows, lowr(.a))": ("unknown_action", "did you mean `lower`?"),
    "x = chunk(log, sise=3)": ("unknown_name", "did you mean `size`?"),
    "sort(rows, key=.n)": ("unknown_name", "has no parameter `key`"),
    # arguments
    "x = count()": ("arguments", "`count` also needs `value`"),
    "x = count(log, 2)": ("arguments", "at most 1 arguments by position"),
    "x = sort(rows, .n, true)": ("arguments", "at most 2 arguments by position"),
    "x = where(rows, .n > 1, cond=.n > 2)": ("arguments", "`cond` of `where` is given twice"),
    "x = search(log)": ("arguments", "`search` takes either a query or template="),
    'x = search(log, "a", template="b")': ("arguments", "takes either"),
    # kinds
    "x = .n": ("type", "inside a row action"),
    "x = rows[.n]": ("type", "inside a row action"),
    "x = sort([.n])": ("type", "inside a row action"),
    "x = /a/": ("type", "a /regex/ is not allowed here"),
    "x = [1, /b/]": ("type", "a /regex/ is not allowed here"),
    "x = where(rows, .a == /b/)": ("type", "a /regex/ is not allowed here"),
    "x = where(rows, [.a, /b/] == 1)": ("type", "a /regex/ is not allowed here"),
    'x = "a" | "b"': ("type", "only in a schema"),
    'x = {a: "b" | "c"}': ("type", "only in a schema"),
    "x = where(rows, search(.text, /a/))": ("type", "row by row"),
    "x = map(rows, count(where(.c, 1)))": ("type", "row by row"),
    "x = chunk(log, by=3)": ("type", "`by` of `chunk` must be one of"),
    "x = chunk(log, by=null)": ("type", "`by` of `chunk` must be one of"),
    "x = around(log, by=pages)": ("type", "`by` of `around` must be one of"),
    'x = extract_over_chunks(rows, "{chunk}", on_error="skip")': ("type", "`on_error`"),
    "x = chunk(log, size=1.5)": ("type", "a whole number"),
    'x = chunk(log, size="5")': ("type", "a whole number"),
    "x = chunk(log, size=true)": ("type", "a whole number"),
    'write_var("two words", 1)': ("type", "the name of a variable is one word"),
    "write_var(hits.a, 1)": ("type", "the name of a variable is one word"),
    # bounds
    "x = chunk(log, size=0)": ("bound", "at least 1, not 0"),
    "x = chunk(log, overlap=-1)": ("bound", "at least 0, not -1"),
    "x = top(rows, -1)": ("bound", "at least 0, not -1"),
    "x = search(log, /a/, limit=0)": ("bound", "at least 1, not 0"),
    # queries
    'x = search(log, "")': ("query", "empty"),
    "x = search(log, /a(?=b)/)": ("query", ""),
    "x = search(log, /(a)\\1/)": ("query", ""),
    "x = search(log, /(a/)": ("query", ""),
    'x = search(log, ["a", ""])': ("query", "empty"),
    "x = where(rows, .a matches /(?!x)/)": ("query", ""),
    "x = chunk(log, by=/(?<=a)b/)": ("query", ""),
    'x = replace("a", /(/, "b")': ("query", ""),
    # templates and schemas
    'x = sub_lm("{nope}?")': ("template", "{nope} is neither a variable"),
    'x = sub_lm("{hist}?")': ("template", "did you mean `hits`?"),
    'x = sub_lm("{__class__}")': ("template", "{__class__} is neither a variable"),
    "x = extract_over_chunks(rows, hits)": ("template", "must be a string literal"),
    'x = sub_lm("q", schema={a: strng})': ("schema", "did you mean `str`?"),
    'x = sub_lm("q", schema={})': ("schema", "a schema is"),
    'x = sub_lm("q", schema=[str, int])': ("schema", "a schema is"),
    "x = {a?: 1}": ("schema", "`a?` is meaningful only in a schema"),
    # what may not be
    "log = 1": ("read_only", "`log` is an input"),
    'write_var("log", 1)': ("read_only", "`log` is an input"),
    'forget("log")': ("read_only", "`log` is an input"),
    "_1 = 1": ("read_only", "is a reserved name"),
    'write_var("_12", 1)': ("read_only", "is a reserved name"),
    "final(1)\nx = 1": ("unreachable", "nothing runs after final"),
    "final(1)\nfinal(2)": ("unreachable", "put final last"),
}
"""Program: the code of its one problem, and a part of the message."""


def problems(program: str, scope: Scope = SCOPE) -> list[tuple[str, str]]:
    """The code and the whole message of every problem."""
    said = parse_program(program)
    return [(problem.code, explain([problem], said.text)) for problem in all_problems(check(said, scope))]


@pytest.mark.parametrize("program", MISTAKES)
def test_a_mistake_has_one_problem(program: str) -> None:
    """It has its code, its place, and what to do."""
    code, part = MISTAKES[program]
    found = problems(program)

    assert [each for each, _ in found] == [code]
    assert part in found[0][1]
    assert found[0][1].startswith("line ")
    assert found[0][1].splitlines()[-1].strip() == "^"


RIGHT = [
    "x = where(rows, .n == n)",
    "x = sort(rows, by=-.n)",
    "x = sort(rows, by=[.a, -b])",
    'x = count_by(rows, "a")',
    "x = count_by(rows, nope)",
    "x = where(rows, .a matches /b/)",
    "x = where(rows, n matches /b/)",
    'x = search(log, ["a", /b/])',
    'x = replace(log, [["a", "b"], [/c/, "d"]])',
    "x = chunk(log, by=lines)",
    "x = chunk(log, by=/^#/)",
    "x = chunk(log, size=n)",
    'x = extract_over_chunks(rows, "{chunk}", schema={a: "x" | "y", b?: [int], c: {d: bool}})',
    'x = extract_over_chunks(rows, "{text} and {line}")',
    'x = sub_lm("{{nope}} { not: a hole }")',
    "x = sub_lm(hits)",
    "x = group(rows, .a, {n: count(), most: max(.b)})",
    "x = map(rows, {a: lower(.a), b: pick(.b > 1, 1, 2)})",
    "x = map(rows, sum(.a))",
    "x = map(rows, count(search(log, /a/)))",
    "final(1)",
    'forget("hits")',
    'write_var("y", 1)\nx = y',
    "write_var(y, 1)\nx = y",
    "x = top(rows)",
]


@pytest.mark.parametrize("program", RIGHT)
def test_a_correct_program_has_no_problem(program: str) -> None:
    """Nothing is reported where nothing is wrong."""
    assert problems(program) == []


def test_all_problems_come_at_once() -> None:
    """Several problems in one statement and in several statements are reported in their order."""
    program = "a = nope + nada\nb = count()\nc = n\nd = chunk(log, size=0, by=3)\nlog = serach(a)"

    assert [code for code, _ in problems(program)] == [
        "unknown_name",
        "unknown_name",
        "arguments",
        "bound",
        "type",
        "read_only",
        "unknown_action",
    ]


def test_a_message_shows_line_column_and_caret() -> None:
    """The caret is under the place, in the line as it was written."""
    found = problems("a = 1\n  bb = [n,\n        nope]")

    assert found == [
        (
            "unknown_name",
            "line 3 col 9: no variable `nope`; known: a, hits, log, n, rows\n            nope]\n            ^",
        )
    ]


def test_a_caret_counts_characters() -> None:
    """Not bytes: letters of several bytes before the place do not move it."""
    (_, message), *_ = problems('x = ["Zoë 😀", nope]')

    assert message.startswith("line 1 col 15:")
    assert message.splitlines()[1].index("nope") == message.splitlines()[2].index("^")


def test_a_long_line_is_shown_around_the_place() -> None:
    """The excerpt is bounded and the caret still stands under the place."""
    (_, message), *_ = problems(f'x = ["{"a" * 500}", nope, "{"b" * 500}"]')
    _, line, caret = message.splitlines()

    assert len(line) < 120
    assert line[caret.index("^") :].startswith("nope")


def test_a_statement_with_a_mistake_makes_its_name_known() -> None:
    """A statement that depends on it is skipped, and has no mistake of its own."""
    assert [code for code, _ in problems("a = nope\nb = a")] == ["unknown_name"]


def test_a_name_is_known_only_from_its_statement_on() -> None:
    """Reading a variable above the statement that writes it is a mistake."""
    assert [code for code, _ in problems("a = b\nb = 1")] == ["unknown_name"]


def test_an_action_that_is_not_permitted_is_refused() -> None:
    """The message lists what the policy permits; permitted actions run."""
    machine = Machine({"log": LOG}, actions=("count", "write_var"))
    seen = machine.turn('a = search(log, "o")\nb = count(log)\nc = 1\nd = count(sort([1]))')

    assert machine.codes() == ["not_permitted", "", "", "not_permitted"]
    assert "this run does not permit `search`; permitted: count, write_var" in seen


def test_an_expression_may_be_100_deep() -> None:
    """A deeper one is refused; it does not end in a recursion error."""

    def deep(levels: int) -> Parsed:
        node: Lit | Unary = Lit(1)
        for _ in range(levels - 1):
            node = Unary("-", node)
        return Parsed(Program((Statement(node, "x"),)))

    assert check(deep(100), SCOPE) == {}
    assert [problem.code for problem in all_problems(check(deep(101), SCOPE))] == ["bound"]
    assert [problem.code for problem in all_problems(check(deep(50_000), SCOPE))] == ["bound"]


def test_a_program_without_text_is_checked_alike() -> None:
    """Its messages have no line, column or caret."""
    program = Program((Statement(Var("nope"), "x"), Statement(Call("show", (Field("n"), Rx("a"))))))
    found = all_problems(check(Parsed(program), SCOPE))

    assert [problem.offset for problem in found] == [None] * len(found)
    assert [problem.code for problem in found] == ["unknown_name", "type", "type"]


RUNNING = {
    "x = json_parse(log)": "json",
    "x = log.nope": "type",
    "x = hits.nope": "unknown_name",
    "x = chunk(log, size=n - 2)": "bound",
    "x = chunk(log, size=log)": "type",
    "x = chunk(log, size=2, overlap=2)": "bound",
    "x = search(log, empty)": "query",
    "x = search(log, n)": "query",
    "x = search(n, /a/)": "type",
    "x = where(n, .a)": "type",
    'x = render([1], "{nope}")': "template",
    'x = extract_over_chunks([{a: 1}], "{value} {nope}")': "template",
    'x = extract_over_chunks([1], "Is {n} more than {nothing}?")': "template",
    'x = extract_over_chunks([1], "{value}", role="judge")': "not_permitted",
    'x = sub_lm("q", schema={a: int})': "calls_failed",
    'x = extract_over_chunks(["a"], "{value}", on_error="fail")': "calls_failed",
    "x = log.lines[0]": "bound",
    "x = log.lines[0:2]": "bound",
    "x = parse_lines(log, /\\w+/)": "query",
    "x = sort(rows, desc=n)": "type",
    "x = 1" + "0" * 999 + " * 10": "too_large",
}
"""Program: the code of its one fault while it runs."""


@pytest.mark.parametrize("program", RUNNING)
def test_a_fault_while_running_has_its_code(program: str) -> None:
    """It is in the record and in the observation, and the run goes on."""
    machine = Machine({"log": LOG, "rows": [{"a": 1}]})
    machine.turn('hits = search(log, "o")\nn = 2\nempty = ""')
    seen = machine.turn(program, lambda prompt: Failed("refused") if "schema" not in program else Answered("no"))
    code = RUNNING[program]

    assert machine.codes() == [code]
    assert f"x: failed ({code}): " in seen


def test_every_code_of_a_record_is_declared() -> None:
    """The codes that these tests, those of budgets and those of tools reach are all there are."""
    elsewhere = {
        "syntax",
        "not_permitted",
        "budget",
        "depends",
        "input_changed",
        "denied",
        "egress",
        "required",
        "not_installed",
        "out_of_memory",
        "crashed",
        "abandoned",
        "action_raised",
        "no_value",
        "argument_changed",
    }
    reached = {code for code, _ in MISTAKES.values()} | set(RUNNING.values()) | elsewhere

    assert reached == set(FAULTS)


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_shows_an_example_of_its_result(name: str) -> None:
    """On one line, so that a card with all of them stays short."""
    assert ACTIONS[name].example
    assert "\n" not in ACTIONS[name].example
    assert len(ACTIONS[name].example) < 130
