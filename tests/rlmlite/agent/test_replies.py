"""What a controller may say that is no program: each costs one turn, and the run ends well."""

import re
from pathlib import Path

import pytest

import rlmlite
from rlmlite import Scripted
from rlmlite.cli.commands.traces.replaying.reparse import reparse
from rlmlite_traces import Level, Verdict, replay, verify

MALFORMED = {
    "prose": "I think the answer is probably somewhere in the log.",
    "prose about a program": "First I would search the context for errors, then count them.",
    "empty": "",
    "blank": " \n\t\n",
    "wrong fence": "'''\nx = = 1\n'''",
    "unclosed fence": "```\nx = search(context, /ERROR/)",
    "two programs on a line": "x = 1 y = 2",
    "truncated": 'x = search(context, "ERR',
    "truncated in brackets": "x = where(rows, .n > 1 and (",
    "json": '{"action": "search", "args": ["context", "ERROR"]}',
    "json list": '["search", "context"]',
    "python": "import re\nfor line in context.split('\\n'):\n    print(line)",
    "fenced python": "```python\ndef f(x):\n    return x + 1\nprint(f(1))\n```",
    "a thought only": "<think>maybe I should look</think>",
    "an unclosed thought": "<think>maybe I should look",
    "xml": "<tool_call><name>search</name></tool_call>",
    "markdown list": "- search the log\n- count the hits",
    "a bare value": "42",
    "a half surrogate": "x = \ud800",
    "control characters": "\x00\x1b[31mfinal(1)\x07",
    "a nul in a text": 'x = "\x00" "',
    "1 MB of prose": "word " * 200_000,
    "100 kB of brackets": "(" * 100_000,
    "2 MB of program": "a = 1\n" * 350_000,
    "shell": "$ grep ERROR app.log | wc -l",
    "sql": "SELECT count(*) FROM context WHERE level = 'ERROR';",
    "an answer in words": "FINAL ANSWER: 10",
}


MORE_BRACKETS = pytest.param("(" * 1_000_000, marks=pytest.mark.slow, id="1 MB of brackets")


@pytest.mark.parametrize("reply", [*(pytest.param(reply, id=name) for name, reply in MALFORMED.items()), MORE_BRACKETS])
def test_a_malformed_reply_costs_a_turn(reply: str, tmp_path: Path) -> None:
    """The controller is told what is wrong, in bounds; it answers, and the trace holds all of it."""
    prompts: list[str] = []

    def controller(text: str, _: object) -> str:
        prompts.append(text)
        return reply if len(prompts) == 1 else "final(count(context.lines))"

    outcome = rlmlite.run("?", "a log", controller=Scripted(controller), trace=tmp_path / "t.rlm")

    assert (outcome.status, outcome.value) == ("completed", 1)
    assert outcome.budget["turns"]["used"] == 3
    assert re.search(r"\nline \d+ col \d+: |the reply|a program may have at most", prompts[1])
    assert len(prompts[1]) < len(prompts[0]) + 5_000
    checked = verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)
    assert replay(checked, recorded_paths=True).verdict is Verdict.REPRODUCED
    assert reparse(checked).differs is None


def test_nothing_but_malformed_replies(tmp_path: Path) -> None:
    """It is told, then stopped: no exception, and a sealed trace."""
    outcome = rlmlite.run("?", "a log", controller=Scripted(MALFORMED.values()), trace=tmp_path / "t.rlm")

    assert (outcome.status, outcome.reason, outcome.usage["calls"]) == ("partial", "stuck", 5)
    assert verify(tmp_path / "t.rlm").level is Level.SEALED


def test_a_mistake_costs_its_statement_and_those_that_need_it(tmp_path: Path) -> None:
    """The others run in the same turn; the controller is told of the mistake, and what was skipped for it."""
    replies = [
        "I will count the lines.\nn = count(context.lines)\nh = search(context /E/)\nfinal(count(h))",
        "final(n)",
    ]
    prompts: list[str] = []

    def controller(text: str, _: object) -> str:
        prompts.append(text)
        return replies[len(prompts) - 1]

    outcome = rlmlite.run("?", "a log", controller=Scripted(controller), trace=tmp_path / "t.rlm")

    assert (outcome.value, outcome.usage["calls"]) == (1, 2)
    assert "! line 1: this line is no statement" in prompts[1]
    assert "line 3 col 20: expected ',', ')' or ':' before /E/" in prompts[1]
    assert "it needs `h`, which has no value" in prompts[1]
    assert [(note.code, note.line) for note in outcome.notes if note.code == "prose"] == [("prose", 1)]
    checked = verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)
    assert replay(checked, recorded_paths=True).verdict is Verdict.REPRODUCED
    assert reparse(checked).differs is None


def test_patience_is_a_setting() -> None:
    """With enough of it all of them are heard."""
    replies = [*MALFORMED.values(), "final(1)"]
    limits = rlmlite.Limits(turns=60)
    outcome = rlmlite.run("?", "a log", controller=Scripted(replies), patience=50, limits=limits, trace=False)

    assert outcome.value == 1
    assert outcome.usage["calls"] == len(replies)
