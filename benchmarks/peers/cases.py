"""What controllers do wrong, as scripts, and what came of it in few words. Every word follows from what was seen.

A cell says: what came back; whether the run lived, and how often the controller was asked; what the record says.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.peers.jobs import Job, Turn

Seen = dict[str, Any]

PATIENCE = 15.0
"""Seconds after which a process is killed."""

OWN_LIMIT = 2.0
"""Seconds after which a system that can be told so should stop by itself."""

RIGHT = Turn("", "", "42", "42")
PIECES = 'asks = ["What is it? " + context[i:i + 8] for i in range(0, {0}, 8)]\n{1} = llm_query_batched(asks)'
CHUNKS = '{1} = extract_over_chunks(chunk(context[0:{0}], size=8), "What is it? {{chunk}}")'
LOOP = "while True:\n    pass"
EXIT = "import sys\nsys.exit(3)"

CAP = 6
CAP_MARKS = ("LLM call limit exceeded", '"code":"budget"')
LOST = Turn("", "", '"lost"', '"lost"')


class Case(NamedTuple):
    """A thing that goes wrong. `marks`: words of which the record of one that tells of the fault holds one."""

    text: str
    turns: tuple[Turn, ...]
    came: Callable[[Seen], str]
    marks: tuple[str, ...] = ()
    calls: int = 0
    typed: bool = False
    fails_on: str = ""
    seconds: float = 0.0
    shares: bool = False

    def job(self, system: str, path: str) -> Job:
        """The case as a job over a small input."""
        return Job(
            system,
            path,
            "What is the answer?",
            self.turns,
            "",
            max_turns=6,
            calls=self.calls,
            typed=self.typed,
            fails_on=self.fails_on,
            seconds=self.seconds,
            shares=self.shares,
        )


def value_text(seen: Seen) -> str:
    """The value as it is; for none, why there is none."""
    value = seen["value"]
    if value is None:
        return f"no answer ({seen['end']})" if seen["end"] else "no answer"
    text = repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:39]}…"
    return f"answer `{text}`"


def _program(seen: Seen) -> str:
    return "run at once" if seen["asked"] == 1 else "not run; asked again"


def _variable(seen: Seen) -> str:
    return f"the variable before it is {seen['value']}"


def _typed(seen: Seen) -> str:
    return f"{value_text(seen)}, {'accepted' if seen['asked'] == 1 else 'the wrong one refused'}"


def _slot(seen: Seen) -> str:
    """What stands where the failed call's answer would, and what the run is called then."""
    value, end = seen["value"], f" ({seen['end']})" if seen["end"] else ""
    if isinstance(value, list) and None in value:
        return f"null stands for the failed call{end}"
    return f"an error text stands as the answer{end}" if "error" in str(value).lower() else value_text(seen)


def _calls(seen: Seen) -> str:
    return f"{seen['sub_calls']} calls made{', more than the cap' if seen['sub_calls'] > CAP else ''}"


def _capped(seen: Seen) -> str:
    return f"{_calls(seen)}; the first four are {seen['value']}"


CASES = (
    Case("a `python` fence", (RIGHT._replace(form="python"), RIGHT), _program),
    Case("a `repl` fence", (RIGHT._replace(form="repl"), RIGHT), _program),
    Case("a fence without its end", (RIGHT._replace(form="open"), RIGHT), _program),
    Case(
        "a program that fails half-way",
        (
            Turn('x = "kept"\ny = no_such(1)', 'x = "kept"\ny = no_such(1)'),
            Turn('try:\n    x\nexcept NameError:\n    x = "lost"', "", "x", "x"),
            LOST,
        ),
        _variable,
        ("NameError", '"code":"unknown_action"'),
    ),
    Case("a program that exits", (Turn(EXIT, EXIT), RIGHT), value_text, ("SystemExit: 3", "foreign")),
    Case(
        "text for a whole number",
        (Turn("", "", '"many"', '"many"'), RIGHT),
        _typed,
        ("Type Error", "has not the type"),
        typed=True,
    ),
    Case(
        "three sub-calls, one fails",
        (Turn(PIECES.format(24, "said"), CHUNKS.format(24, "said"), "said", "said"), RIGHT),
        _slot,
        ("not available", "unavailable"),
        fails_on="01 00:00",
    ),
    Case(
        f"10 sub-calls at once, cap {CAP}",
        (Turn(PIECES.format(80, "said"), CHUNKS.format(80, "said")), RIGHT),
        _calls,
        CAP_MARKS,
        calls=CAP,
    ),
    Case(
        f"4 sub-calls, then 4, cap {CAP}",
        (
            Turn(
                f"{PIECES.format(32, 'first')}\n{PIECES.format(32, 'second')}",
                f"{CHUNKS.format(32, 'first')}\n{CHUNKS.format(32, 'second')}",
            ),
            Turn(
                'try:\n    n = "kept" if len(first) == 4 else "lost"\nexcept NameError:\n    n = "lost"',
                'n = pick(count(first) == 4, "kept", "lost")',
                "n",
                "n",
            ),
            LOST,
        ),
        _capped,
        CAP_MARKS,
        calls=CAP,
    ),
    Case("prose only", (Turn("The answer is 42.", "The answer is 42.", form="prose"),), value_text),
    Case("an endless loop", (Turn(LOOP, LOOP), RIGHT), value_text, ("timeout of", "foreign"), seconds=OWN_LIMIT),
    Case(
        "a hostile regex",
        (
            Turn(
                'import re\nm = re.match(r"(a+)+$", "a" * 40 + "!")',
                f'hard = "{"a" * 40}!"\nm = search(hard, /^(a+)+$/)',
            ),
            RIGHT,
        ),
        value_text,
        seconds=OWN_LIMIT,
    ),
)


def cell(case: Case, system: str, seen: Seen) -> str:
    """What came of a case, in few words."""
    if "killed" in seen:
        return f"**hung**, killed after {seen['killed']:.0f} s; {_record(case, system, seen)}"
    asked = f"asked {seen['asked']} {'time' if seen['asked'] == 1 else 'times'}"
    if seen["raised"]:
        calls = f"; {_calls(seen)}" if case.calls else ""
        return f"**raised** `{seen['raised'].partition(':')[0]}`{calls}; {asked}; {_record(case, system, seen)}"
    return f"{case.came(seen)}; lived, {asked}; {_record(case, system, seen)}"


def _record(case: Case, system: str, seen: Seen) -> str:
    record = seen.get("record", "")
    sent = (case.turns[0].actions if system == "rlmlite" else case.turns[0].python).partition("\n")[0]
    if not record:
        return "no record"
    if json.dumps(sent)[1:-1] not in record:
        return "the record lacks the turn"
    if not case.marks:
        return "recorded"
    return (
        f"the record {'names the fault' if any(mark in record for mark in case.marks) else 'does not name the fault'}"
    )
