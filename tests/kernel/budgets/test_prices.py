"""Prices before a program runs: what a step uses lies within its price, for the kernel's actions and for a host's."""

from functools import partial
from typing import Any

import pytest

from docs import actions
from rlmlite.agent.prompts.card import card
from rlmlite_kernel import ACTIONS, Limits, Policy, price
from rlmlite_kernel.effects.calls import Ask, CallSite, model_calls
from rlmlite_kernel.effects.prompts import PromptWriter
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.program.costs import CHECKED_BUDGETS
from rlmlite_kernel.table import (
    CALL_PER_ROW,
    Action,
    CostRule,
    ExactlyOneOf,
    Param,
    PricedCall,
    Range,
    Table,
    UndeclaredCostError,
    exactly,
    same_rows,
)
from tests.kernel.machine import Machine, parse_program

LOG = "".join(f"{n} {'ERROR' if n % 3 else 'ok'} disk {n}\n" for n in range(40)) + "é" * 21
DOCS = {"a.py": "def one():\n    return 1\n", "b.txt": "words\n\nmore words\n", "empty.txt": ""}
BEFORE = 'hits = search(log, "ERROR")\nparts = chunk(log, size=100)\nnums = [3, 1, 2]\nlines = log.lines'
INPUTS: dict[str, object] = {"log": LOG, "docs": DOCS}

PROGRAMS = [
    *(f"x = chunk({text}, size={n})" for text in ("log", "docs", "hits", "docs['b.txt']") for n in (1, 3, 4, 7, 99)),
    "x = chunk(log)",
    "x = paths(docs)",
    'x = chunk(paths(docs, "*.py"))',
    *(f'x = extract_over_chunks(chunk({text}, size={n}), "{{chunk}}")' for text in ("log", "docs") for n in (2, 3, 9)),
    'x = extract_over_chunks(chunk(docs, by="paragraphs"), "{chunk}")',
    'x = extract_over_chunks(chunk(docs, by="files"), "{chunk}")',
    "x = chunk(log, size=nums[0])",
    "x = chunk(log, size=9, overlap=4)",
    'x = chunk(docs, by="files")',
    "x = chunk(docs, by=files)",
    'x = chunk(log, by="lines", size=3)',
    'x = chunk(docs, by="paragraphs")',
    "x = chunk(log, by=/ERROR/)",
    "x = chunk(chunk(log, size=50), size=20)",
    "x = chunk(where(parts, .text matches /ERROR/), size=30)",
    'x = search(log, "ERROR", limit=2)',
    'x = search(query="ERROR", target=log)',
    'x = count(search(log, "ERROR"))',
    'x = rank(log, "disk", limit=3)',
    "x = patterns(log)",
    'x = parse_lines(log, "{n} {level} disk {more}")',
    "x = around(hits, lines=1)",
    'x = around(hits, by="lines")',
    'x = around(hits, by="paragraphs")',
    "x = map(hits, mask(.text))",
    'x = replace(log, "ERROR", "E")',
    "x = where(hits, replace(.text, /[0-9]/, '') matches /E/)",
    'x = sub_lm("{log}")',
    'x = extract_over_chunks(parts, "{chunk}")',
    'x = extract_over_chunks(parts, "{index}")',
    'x = extract_over_chunks(parts, "{index} {text}", text="short")',
    'x = extract_over_chunks(top(parts, 2), "{text}")',
    'x = extract_over_chunks(extract_over_chunks(parts, "{index}"), "{value}")',
    'x = extract_over_chunks(map(parts, .index), "{value}")',
    'x = extract_over_chunks(extend(parts, {text: "t"}), "{text}")',
    'x = extract_over_chunks(group(hits, .line, {text: count()}), "{text}")',
    'x = extract_over_chunks(sort(parts, text), "{chunk}")',
    *(f'x = classify(parts, "?", labels=["a", "b"], batch={batch})' for batch in (1, 2, 3, 50, "nums[0]")),
    'x = extract_over_rows(lines, "?", schema={a: str})',
    *(f'x = reduce(parts, "{{items}}", fan_in={fan_in})' for fan_in in (2, 3, 8, "nums[0]")),
    'x = reduce(["a"], "{items}")',
    'final(count(hits), evidence="ERROR")',
    'x = sub_rlm("What?", context=log)',
    "x = now()\ny = 'a' + 'b'\nz = show(hits)\nw = sort(hits, line)",
]
"""Programs that between them use every rule of the table that is more than a constant."""


@pytest.mark.parametrize("program", [each.replace("'", '"') for each in PROGRAMS])
def test_what_is_used_lies_within_the_price(program: str) -> None:
    """Neither less than the least nor more than the most, and of nothing that the price does not name."""
    machine = Machine(INPUTS)
    machine.turn(BEFORE)
    found = price(machine.state, parse_program(program))
    before = dict(machine.state.used)
    machine.turn(program, lambda prompt: "A reply that is longer than what it answers. " * 3)
    used = {name: machine.state.used.get(name, 0) - before.get(name, 0) for name in CHECKED_BUDGETS | {"steps"}}
    used.pop("turns")

    assert found.problems == ()
    for name, amount in used.items():
        span = found.total.get(name, exactly(0))
        assert span.low <= amount, name
        assert span.high is None or amount <= span.high, name


def test_source_code_has_a_price() -> None:
    """Definitions are parsed, which is work: at most what the whole text would take."""
    pytest.importorskip("tree_sitter")
    machine = Machine(INPUTS)
    found = price(machine.state, parse_program("x = symbols(docs)"))
    machine.turn("x = symbols(docs)")
    most = found.total["search_work"].high

    assert most is not None
    assert 0 < machine.state.used["search_work"] <= most


# A host's own action: it asks a model whether each row is true, in one call per row.


def ask_judge(
    context: StepContext, place: CallSite, rows: TaintedValue, question: str, role: str, inputs: dict[str, TaintedValue]
) -> Ask:
    """One call per row."""
    prompts = PromptWriter(context, inputs, rows).write(question + " {value}", None)
    return Ask(model_calls(prompts, role, place, context), partial(_verdicts, len(prompts)))


def _verdicts(count: int, context: StepContext, results: Any) -> TaintedValue:
    return TaintedValue([result.text == "yes" for result in results])


def judge(**more: Any) -> Action:
    """The row of a host's action that makes calls."""
    row: dict[str, Any] = {
        "name": "judge",
        "family": "ours",
        "params": (
            Param("rows", "rows", "rows, or a list"),
            Param("question", "text", "what is to be judged"),
            Param("role", "text", "which model answers", default="sub", named_only=True),
        ),
        "ask": ask_judge,
        "with_taint": True,
        "result": "a list of true and false",
        "help": "asks a model about each row whether it is so",
        "cost": CALL_PER_ROW,
        "size": same_rows,
        **more,
    }
    return Action(**row)


HOST_TABLE = ACTIONS.extended([judge()])
JUDGED = 'judged = judge(["a", "b", "c"], "Is it a vowel?")\nagain = judge(judged, "Sure?")'


def test_a_hosts_action_is_priced() -> None:
    """Its calls count from its row alone, and so do those of a step over its result."""
    found = price(Machine(table=HOST_TABLE).state, parse_program(JUDGED))

    assert found.total["sub_calls"] == exactly(6)
    assert found.total["output_tokens"] == exactly(6 * 10)
    assert [words for words, _ in found.steps] == ["judged: judge", "again: judge"]
    assert found.refused == ()


def test_a_hosts_action_over_the_budget_is_refused() -> None:
    """Before it runs by its price, and when it runs by the reservation; no call goes out."""
    machine = Machine(table=HOST_TABLE, limits=Limits(sub_calls=2))
    found = price(machine.state, parse_program(JUDGED))
    seen = machine.turn(JUDGED)

    assert found.refused == ("sub_calls",)
    assert machine.codes() == ["budget", "depends"]
    assert "> 2 sub_calls left" in seen
    assert machine.prompts == []


def test_a_hosts_action_within_the_budget_runs() -> None:
    """It uses what its price said."""
    machine = Machine(table=HOST_TABLE, limits=Limits(sub_calls=6))
    machine.turn(JUDGED, lambda prompt: "yes")

    assert machine.value("judged") == [True, True, True]
    assert machine.state.used["sub_calls"] == 6


def test_a_hosts_action_is_documented() -> None:
    """Its signature and help stand on the card, and its cost in the reference too."""
    on_card = card(HOST_TABLE, Policy())
    entry = actions.entries(HOST_TABLE).partition("## Ours")[2]

    assert 'ours:\n- judge(rows, question, role="sub") -> a list of true and false: asks a model' in on_card
    assert "### judge" in entry
    assert "Asks a model about each row whether it is so." in entry
    assert "Cost: sub_calls, tokens." in entry


def test_a_hosts_action_that_calls_must_say_what_it_costs() -> None:
    """A row with `ask` and without a cost makes no table."""
    with pytest.raises(ValueError, match="`judge` makes calls, so its row has to say what they cost"):
        Table([judge(cost=None)])


def cut_in_two(context: StepContext, text: Any) -> list[str]:
    """Uses two chunks."""
    context.charge("chunks", 2, "cut_in_two")
    whole = context.require_text(text, "cut_in_two's argument")
    return [whole[:1], whole[1:]]


def pure(**more: Any) -> Action:
    """The row of a host's pure action that uses two chunks."""
    params = (Param("text", "any", "text"),)
    return Action(name="two", family="ours", params=params, result="a list", help="two", run=cut_in_two, **more)


def test_a_budget_that_a_row_does_not_name_stops_the_run() -> None:
    """Whoever forgets to declare a cost learns of it at its first use; the state before is untouched."""
    machine = Machine(table=ACTIONS.extended([pure()]))
    before = machine.state.digest

    with pytest.raises(UndeclaredCostError, match="`two` used chunks"):
        machine.advance('x = two("ab")')
    assert machine.state.digest == before


@pytest.mark.parametrize("program", ['x = two("ab")', 'x = map(["ab", "cd"], two(.value))'])
def test_a_budget_that_a_row_names_is_priced_and_may_be_used(program: str) -> None:
    """By itself, and row by row."""
    cost = CostRule("chunks", ("chunks",), lambda call: {"chunks": exactly(2)})
    machine = Machine(table=ACTIONS.extended([pure(cost=cost, in_rows=True)]))
    found = price(machine.state, parse_program(program))
    machine.turn(program)

    assert machine.codes() == [""]
    assert found.total["chunks"].low <= machine.state.used["chunks"]


def test_a_range_for_a_budget_that_a_rule_does_not_name_is_a_mistake() -> None:
    """The names are what the check while running goes by, so they have to be all."""
    with pytest.raises(UndeclaredCostError, match="gives a range for chunks"):
        price(
            Machine(table=ACTIONS.extended([pure(cost=CostRule("?", (), lambda call: {"chunks": exactly(2)}))])).state,
            parse_program('x = two("ab")'),
        )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([judge(), judge()], "an action `judge` is there already"),
        ([judge(ask=None)], "`judge` needs either `run` or `ask`"),
        ([judge(run=cut_in_two)], "`judge` needs either `run` or `ask`"),
    ],
)
def test_a_row_that_cannot_work_makes_no_table(rows: list[Action], message: str) -> None:
    """Two of a name, or an action without exactly one implementation."""
    with pytest.raises(ValueError, match=message):
        Table(rows)


def test_a_check_of_a_row_is_asked_before_it_runs() -> None:
    """A host's own check reports like the kernel's."""
    row = judge(checks=(ExactlyOneOf(("role", "rows")),))
    machine = Machine(table=ACTIONS.extended([row]))
    seen = machine.turn('x = judge([1], "?", role="sub")')

    assert machine.codes() == ["arguments"]
    assert "`judge` takes either a role or rows=" in seen


def test_costs_are_not_part_of_what_a_table_means() -> None:
    """A trace does not depend on what a program was thought to cost."""
    dearer = judge(cost=CostRule("much", CALL_PER_ROW.budgets))

    assert Table([dearer]).digest == Table([judge()]).digest


def test_every_row_that_calls_has_a_cost() -> None:
    """Of the kernel's own: only the clock's call is in no budget."""
    free = [name for name, action in ACTIONS.items() if action.ask is not None and not action.cost_rule.budgets]

    assert free == ["now"]


def test_ranges_add_up() -> None:
    """An unknown bound stays unknown."""
    assert Range(1, 2).plus(Range(3, 4)) == Range(4, 6)
    assert Range(1, None).plus(exactly(1)) == Range(2, None)
    assert Range(5, None).up_to(3) == exactly(3)
    assert Range(2, 9).up_to(None) == Range(2, 9)


def test_a_rule_sees_defaults_and_literals() -> None:
    """What the call does not give is its default; what the program computes is not known."""
    seen: list[PricedCall] = []

    def look(call: PricedCall) -> dict[str, Range]:
        seen.append(call)
        return {}

    machine = Machine(table=ACTIONS.extended([judge(cost=CostRule("?", (), look))]))
    price(machine.state, parse_program('x = judge([1], "a" + "b")\ny = judge([1, 2], "c", role="other")'))

    assert [call.constants for call in seen] == [{"role": "sub"}, {"question": "c", "role": "other"}]
    assert [call.subject.rows for call in seen] == [exactly(1), exactly(2)]
