"""Coverage `read` against the prompts: what of the inputs really stood in them, whatever action built them."""

import random

import pytest

from rlmlite_kernel import Answered
from rlmlite_kernel.records.evolution import EVIDENCE_BY_PLACE, FLAGS
from tests.kernel.machine import LOG, Machine
from tests.sizes import scale

USERS = ("ann", "bob", "eve")


def make_log(chance: random.Random, lines: int) -> str:
    """Lines that no other line is like: each has a number of its own, which nothing else holds."""
    return "".join(
        f"{number:06}x{chance.randrange(10**6):06} {chance.choice(('ERROR', 'WARN'))} {chance.choice(USERS)}\n"
        for number in range(lines)
    )


ROWS = (
    "log.lines[{a}:{b}]",
    "search(log, /.*ERROR.*/)",
    'where(log.lines, .text contains "{user}")',
    "sort(log.lines[{a}:{b}], by=-.line)",
    "map(log.lines[{a}:{b}], .text)",
    'map(log.lines[{a}:{b}], "<" + .text + ">")',
    "union(log.lines[{a}:{b}], log.lines[{c}:{d}])",
    "distinct(log.lines[{a}:{b}], by=.text)",
    "extend(log.lines[{a}:{b}], {{u: upper(.text)}})",
    'chunk(log, size=3, by="lines")',
    "[log.lines[{a}], log.lines[{c}]]",
    "json_parse(record).lines",
    "sample(log.lines, {few})",
)
TEXTS = (
    "log.lines[{a}]",
    'log.lines[{a}] + "; " + log.lines[{c}]',
    'render(log.lines[{a}:{b}], "- {{text}}")',
    "strip(log.lines[{c}])",
    "str(log.lines[{a}:{b}])",
    'replace(log.lines[{a}], "zzz", "y")',
    "{{first: log.lines[{a}], then: [log.lines[{c}]]}}",
    "json_parse(record).lines[{few}]",
    'chunk(render(log.lines[{a}:{b}], "{{text}}"), size=1, by="lines")[0].text',
    "case(true, log.lines[{a}], log.lines[{c}])",
    "log.lines[{a}:{b}]",
    "log",
)
CALLS_OVER_ROWS = (
    'extract_over_chunks(v, "Read {{chunk}}", min_ok=0)',
    'reduce(v, "Merge {{items}}", fan_in=2)',
    'classify(v, "Which?", labels=["a", "b"], batch=3)',
    'extract_over_rows(v, "Which?", schema={{a: str}}, batch=3)',
    'sub_lm("All: {{v}}")',
    'sub_lm("All: {{rows}}", rows=v[0:2])',
)
CALLS = ('sub_lm("Of {{v}}")', "sub_lm(v)", 'sub_lm("Of {{part}}", part=v)', 'sub_lm("Of {{part}}", part=[v, v])')


def make_program(chance: random.Random, lines: int) -> str:
    """One value that is made of the inputs in some way, and one call that is sent it."""
    a, b = sorted(chance.sample(range(1, lines + 1), 2))
    c, d = sorted(chance.sample(range(1, lines + 1), 2))
    over_rows = chance.random() < 0.6
    made = chance.choice(ROWS if over_rows else TEXTS)
    call = chance.choice(CALLS_OVER_ROWS if over_rows else CALLS)
    program = f"v = {made}\nx = {call}"
    return program.format(a=a, b=b, c=c, d=d, few=chance.randint(1, 2), user=chance.choice(USERS))


def lines_sent(text: str, prompts: list[str]) -> int:
    """The bytes of those lines of a text that stand in a prompt."""
    sent = "\n".join(prompts)
    return sum(len(line) for line in text.splitlines() if line in sent)


def read_bytes(seed: int) -> None:
    """Run one program, and compare what coverage says was read with what the prompts hold."""
    chance = random.Random(seed)
    lines = chance.randint(4, 12)
    log, record_lines = make_log(chance, lines), make_log(chance, 3).replace("x", "y").splitlines()
    record = '{"lines": ["' + '", "'.join(record_lines) + '"]}'
    machine = Machine({"log": log, "twin": log, "record": record})
    program = make_program(chance, lines)
    machine.turn(program, lambda prompt: Answered("fine"))
    report = machine.state.coverage_report()
    sent = lines_sent(log, machine.prompts)
    breaks = log.count("\n")

    # Of no rows there is nothing to ask.
    assert machine.prompts or "v = 0 " in machine.done.observation, f"{program}\n{machine.done.observation}"
    assert sent <= report["log"]["read"] <= sent + breaks, f"{program}: {report['log']}, {sent} bytes were sent"
    assert report["twin"]["read"] == 0, program
    assert report["record"]["read"] == lines_sent("\n".join(record_lines), machine.prompts), program


def test_what_was_read_is_what_the_prompts_hold() -> None:
    """Over generated programs, all lines that stand in a prompt are read, no others, and none of a twin."""
    for seed in range(scale(300)):
        read_bytes(seed)


@pytest.mark.slow
def test_what_was_read_is_what_thousands_of_prompts_hold() -> None:
    """The same over thousands of programs."""
    for seed in range(10_000, 15_000):
        read_bytes(seed)


@pytest.mark.parametrize(
    ("program", "read"),
    [
        ('x = reduce(log.lines[1:3], "{items}")', 10),
        ('x = classify(log.lines[1:3], "?", labels=["a"])', 10),
        ('x = sub_lm("{rows}", rows=log.lines[1:3])', 10),
        ('x = sub_lm("{row}", row=log.lines[2:3][0])', 5),
        ('v = json_parse(log.lines[3])\nx = sub_lm("{v}")', 3),
        ('p = parse_lines(log, "{a} {b}")\nx = sub_lm("{p}")', 22),
        ("x = sub_lm(upper(log.lines[1]))", 0),
        ('n = count(log.lines)\nx = sub_lm("{n}")', 0),
        ("x = now()", 0),
    ],
)
def test_what_each_action_sends_is_read(program: str, read: int) -> None:
    """What an action sends to a model counts as read; what it computes from a text does not."""
    machine = Machine({"log": 'on ab\nof cd\n{"u": "eve"}\n'})
    machine.turn(program)

    assert machine.state.coverage_report()["log"]["read"] == read


def test_what_json_parse_reads_is_scanned() -> None:
    """A text that was parsed was looked at."""
    machine = Machine({"record": '{"a": 1}'})
    machine.turn("a = json_parse(record).a")

    assert machine.state.coverage_report()["record"]["scanned"] == 8


def test_in_older_runs_strings_were_not_read() -> None:
    """A run without the flag counts references only."""
    machine = Machine({"log": "on ab\nof cd\n"}, flags=[flag for flag in FLAGS if flag != EVIDENCE_BY_PLACE])
    machine.turn('x = reduce(log.lines[1:3], "{items}")')

    assert machine.state.coverage_report()["log"]["read"] == 0


def test_strings_that_were_not_compared_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, on screen and on record; what is not compared does not count as read."""
    program = 'v = render(log.lines, "{text}")\nx = sub_lm("{v}")'
    whole, bounded = Machine({"log": LOG}), Machine({"log": LOG})
    whole.turn(program)
    monkeypatch.setattr("rlmlite_kernel.effects.holdings._MOST_WORK", 20)
    observation = bounded.turn(program)

    assert whole.state.coverage_report()["log"]["read"] > bounded.state.coverage_report()["log"]["read"]
    assert "coverage_bounded" not in [remark.code for remark in whole.state.remarks]
    assert [(each.code, each.is_note) for each in bounded.state.remarks] == [("coverage_bounded", True)]
    assert [[note.code for note in step.notes] for step in bounded.steps()] == [[], ["coverage_bounded"]]
    assert observation.count("coverage `read` may be too low") == 1
