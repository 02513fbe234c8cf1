"""Nested runs: a question of a program's own, with an allowance, a trace and a root of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Limits, Outcome, Scripted
from rlmlite.runs.events import Event, Nested
from rlmlite_kernel import Answered, Failed, Request
from rlmlite_kernel.actions.calls.nested_settings import SHARED, nested_roles
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.records import EffectRecord, Step
from rlmlite_traces import CheckedTrace, Level, Standing, Verdict, nested_place, nested_traces, replay, verify

KEY = "a9" * 32
LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(100))
HALF = len("".join(LOG.splitlines(keepends=True)[:50]))
ASK = f'n = sub_rlm("How many errors?", context=context[0:{HALF}])\nfinal(n)'
COUNT = 'final(count(search(context, "ERROR")))'


def controlled(
    outer: str | Callable[[str], str], inner: str | Callable[[str], str], deeper: str = "final(1)"
) -> Scripted:
    """A controller that says one thing to the first question, another to the nested one, a third below."""

    def says(text: str, _request: Request) -> str:
        if "# Question\nHow many errors?" in text:
            return inner if isinstance(inner, str) else inner(text)
        if "# Question\nDeeper?" in text:
            return deeper
        return outer if isinstance(outer, str) else outer(text)

    return Scripted(says)


def ask(outer: str | Callable[[str], str], inner: str | Callable[[str], str] = COUNT, **settings: Any) -> Outcome:
    return rlmlite.run("What?", LOG, **{"controller": controlled(outer, inner), "trace": False, **settings})


def calls(trace: CheckedTrace) -> list[EffectRecord]:
    return [call for seq in range(trace.size) for call in trace.effects(seq)]


def nested_calls(trace: CheckedTrace) -> list[EffectRecord]:
    return [call for call in calls(trace) if call.effect == "rlm"]


def test_a_nested_run_answers_over_a_part_of_the_input(tmp_path: Path) -> None:
    """Its own trace is sealed; its root, end and use stand in the parent's record; both verify and replay."""
    place = tmp_path / "t.rlm"
    log = tmp_path / "app.log"
    log.write_text(LOG)
    outcome = rlmlite.run("What?", log, controller=controlled(ASK, COUNT), trace=place, run_key=KEY)

    assert (outcome.value, outcome.status) == (5, "completed")
    checked = verify(place, outcome.root, Level.SEALED)
    (call,) = nested_calls(checked)
    child = verify(nested_place(place, call.id), None, Level.SEALED)
    assert call.child is not None
    assert (call.child.root, call.child.status) == (child.root, "completed")
    assert child.genesis.parent == call.id
    assert [found.standing for found in nested_traces(checked, place)] == [Standing.SAME]
    assert replay(checked, recorded_paths=True).verdict is Verdict.REPRODUCED
    assert replay(child, recorded_paths=True).verdict is Verdict.REPRODUCED
    assert LOG[:400] not in (place / "nested" / f"{call.id}.rlm" / "blobs.jsonl").read_text()  # by reference


def test_the_same_run_makes_the_same_nested_trace(tmp_path: Path) -> None:
    """With the same key, byte for byte, in a folder, too."""
    roots = [ask(ASK, trace=tmp_path / name, run_key=KEY).root for name in ("a.rlm", "b.rlm")]

    assert roots[0] == roots[1]


def test_documents_and_lists_are_given_too() -> None:
    """Documents by their paths, rows as plain records."""
    docs = {"a.txt": "ERROR one\n", "b.txt": "fine\n"}
    program = (
        'lines = search(context, "ERROR")\n'
        'final([sub_rlm("How many errors?", context=context), sub_rlm("How many errors?", context=lines)])'
    )

    def inner(text: str) -> str:
        return COUNT if "context: 2 documents" in text else "final(context[0].text)"

    outcome = rlmlite.run("What?", {"context": docs}, controller=controlled(program, inner), trace=False)

    assert outcome.value == [1, "ERROR one"]


def test_a_nested_run_has_half_of_what_is_left_and_gives_the_rest_back() -> None:
    """The prompt of the nested controller shows the allowance; the parent is charged what was used."""
    shown: list[str] = []

    def inner(text: str) -> str:
        shown.append(text)
        return "final(1)"

    outcome = ask(ASK, inner, limits=Limits(turns=12))

    assert "- turns: 4 of 5" in shown[0]  # 12, less two turns of the parent, halved; less its own host's turn
    assert outcome.budget["turns"]["used"] == 2 + 2


def test_what_a_nested_run_warns_of_reaches_its_parent(tmp_path: Path) -> None:
    """By code and count, in the outcome and in the trace, which says the same as the nested one."""
    slip = 'final(count(where(search(context, "ERROR", limit=2), .line == "1")))'
    first, below = ASK.partition("\n")[0], f"n = {slip[6:-1]}"

    def looks_first(program: str) -> Callable[[str], str]:
        return lambda text: "final(n)" if "\nn = 0" in text else program

    outcome = ask(looks_first(first), looks_first(below), trace=tmp_path / "t.rlm")
    trace = verify(outcome.trace or tmp_path)
    (child,) = [call.child for call in nested_calls(trace)]
    (nested,) = nested_traces(trace, tmp_path / "t.rlm")

    assert [each.code for each in outcome.warnings] == ["kinds_mixed"]
    assert [each.message for each in outcome.notes] == ["in the nested run: more hits were found than the limit keeps"]
    assert child is not None
    assert [each.code for each in child.warnings] == ["kinds_mixed"]
    assert nested.standing is Standing.SAME
    assert replay(trace).verdict is Verdict.REPRODUCED


def test_a_share_is_of_what_is_left() -> None:
    """`share=` says how much, and two shares in one program are taken one after the other."""
    shown: list[str] = []

    def inner(text: str) -> str:
        shown.append(text)
        return "final(1)"

    program = (
        'a = sub_rlm("How many errors?", context=context, share=0.25)\n'
        'b = sub_rlm("How many errors?", context=context)\nfinal(a + b)'
    )
    ask(program, inner, limits=Limits(turns=42))

    assert "of 10" in shown[0]
    assert "of 15" in shown[1]


@pytest.mark.parametrize("share", ["0", "1.5", "-1", '"half"', "true"])
def test_a_share_that_is_none_is_refused(share: str) -> None:
    """With a message, and nothing is begun."""
    outcome = ask(f'final(sub_rlm("How many errors?", context=context, share={share}))', last_answer=False)

    assert outcome.status != "completed"
    assert not outcome.value


def test_nesting_ends_at_the_limit_of_depth() -> None:
    """At depth 1 the nested run may not nest; at depth 2 it may."""
    deep = 'final(sub_rlm("Deeper?", context=context))'

    def tried(text: str) -> str:
        return 'final("no deeper")' if "no deeper nested run" in text else deep

    assert ask(ASK, tried).value == "no deeper"
    assert ask(ASK, tried, limits=Limits(depth=2)).value == 1
    assert ask(ASK.replace("context=", "depth=1, context="), tried, limits=Limits(depth=2)).value == "no deeper"


def test_a_nested_run_without_an_answer_fails_the_step() -> None:
    """The receipt says why; the parent goes on."""
    program = 'n = sub_rlm("How many errors?", context=context, share=0.1)\nfinal(1)'
    outcome = ask(program, "not a program", limits=Limits(turns=40), last_answer=False)

    assert outcome.value == 1
    assert "calls_failed" in outcome.failures


def test_a_partial_answer_makes_the_parent_partial() -> None:
    """What a nested run did not see is said upstairs."""
    inner = 'x = extract_over_chunks(chunk(context, by="lines", size=10), "{chunk}")\nfinal(count(x))'

    def sub(text: str, _request: Request) -> Result:
        return Failed("timeout") if "0000 ERROR" in text else Answered("fine")

    outcome = ask(ASK, inner, sub=Scripted(sub))

    assert (outcome.value, outcome.status, outcome.reason) == (5, "partial", "nested_partial")


def test_models_by_depth() -> None:
    """`nested` names who controls each level; the last goes on below."""
    assert nested_roles(["controller", "controller_2", "sub", "rlm", "rlm_2"]) == {
        "sub": "sub",
        "controller": "rlm",
        "rlm": "rlm_2",
    }
    assert nested_roles(["controller", "sub"]) == {"sub": "sub", "controller": "controller"}
    outcome = ask(ASK, 'final("by the first")', nested=Scripted(lambda *_: 'final("by another")'))
    assert outcome.held[0].value == "by another"


@pytest.mark.parametrize("name", [name for name in SHARED if name not in ("turns", "steps", "value_bytes")])
def test_no_budget_is_passed_under_nesting(name: str) -> None:
    """A tree of runs never uses more than the limit of the first, whatever the nested ones try."""
    greedy = (
        'x = extract_over_chunks(chunk(context, by="lines", size=7), "{chunk}")\n'
        'y = sub_rlm("Deeper?", context=context)\nfinal(count(x))'
    )
    small = {"prompt_bytes": 900, "output_tokens": 300, "search_work": 20_000, "tokens": 3_000, "cost_nano": 3_000_000}
    limits = Limits(**{"depth": 3, "turns": 40, name: small.get(name, 9)})
    program = (
        'a = sub_rlm("How many errors?", context=context)\nb = sub_rlm("How many errors?", context=context)\n'
        'c = extract_over_chunks(chunk(context, by="lines", size=9), "{chunk}")\nfinal(count([a, b]))'
    )

    def insists(whole: str) -> Callable[[str], str]:
        return lambda text: whole.rpartition("\n")[2] if "held back" in text else whole

    controller = controlled(insists(program), insists(greedy), greedy)
    outcome = rlmlite.run(
        "What?", LOG, controller=controller, sub=Scripted(lambda *_: "ok"), limits=limits, trace=False
    )
    used, reserved, limit = (outcome.budget[name][part] for part in ("used", "reserved", "limit"))

    # These models do not say what they cost, so only what is reserved is known of that.
    assert (used is None) == (name == "cost_nano")
    assert limit is not None
    assert (used or 0) + (reserved or 0) <= limit


def test_a_tampered_nested_trace_is_found(tmp_path: Path) -> None:
    """The parent's record holds the root of what there was."""
    place = tmp_path / "t.rlm"
    outcome = ask(ASK, trace=place, run_key=KEY)
    checked = verify(place, outcome.root)
    (call,) = nested_calls(checked)
    other = tmp_path / "other.rlm"
    ask(ASK, "final(7)", trace=other, run_key=KEY)
    kept = nested_place(place, call.id)
    kept.rename(tmp_path / "kept")
    assert [found.standing for found in nested_traces(checked, place)] == [Standing.ABSENT]
    nested_place(other, call.id).rename(kept)
    assert [found.standing for found in nested_traces(checked, place)] == [Standing.DIFFERS]


def test_events_of_a_nested_run_are_told_as_such() -> None:
    """With the call that it answers."""
    heard: list[Event] = []
    ask(ASK, on_event=heard.append)

    within = [event for event in heard if isinstance(event, Nested)]
    assert {event.call for event in within} == {within[0].call}
    assert "Finished" not in {type(event.event).__name__ for event in within}


KILLED = """
import os, signal, sys
from pathlib import Path
import rlmlite
from rlmlite import Scripted

LOG = {log!r}
said = []
def says(text, request):
    said.append(1)
    if len(said) > {alive}:
        os.kill(os.getpid(), signal.SIGKILL)
    Path(sys.argv[2]).open("a").write(request.id + "\\n")
    if "# Question\\nHow many errors?" in text:
        return 'x = count(context)' if "x = count(context)" not in text else 'final(count(search(context, "ERROR")))'
    return {ask!r}

with rlmlite.Session(sys.argv[1], LOG if not os.path.exists(sys.argv[1]) else None, controller=Scripted(says)) as s:
    outcome = s.resume() if len(s.run.history) else s.ask("What?")
    print(outcome.value, outcome.budget["turns"]["used"])
"""


@pytest.mark.parametrize("alive", [1, 2])
def test_a_killed_nested_run_is_gone_on_with(tmp_path: Path, alive: int) -> None:
    """Killed at a call of the nested controller: opened again, the same answer, and no call is made twice."""
    log, store = tmp_path / "calls.txt", tmp_path / "s.rlm"

    def run(alive: int) -> subprocess.CompletedProcess[str]:
        code = textwrap.dedent(KILLED.format(log=LOG, ask=ASK, alive=alive))
        return subprocess.run(
            [sys.executable, "-c", code, str(store), str(log)], capture_output=True, text=True, timeout=60,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip

    assert run(alive).returncode == -signal.SIGKILL
    after = run(99)

    assert after.stdout.split() == ["5", "5"], after.stderr
    asked = log.read_text().split()
    assert len(asked) == len(set(asked)) == 3


def test_nested_runs_of_one_program_run_together() -> None:
    """Independent ones are out at the same time."""
    out = most = 0

    class Slow:
        model = "scripted:slow"

        async def complete(self, text: str, request: Request) -> Result:
            nonlocal out, most
            out += 1
            most = max(most, out)
            await asyncio.sleep(0.01)
            out -= 1
            return Answered("final(1)")

    program = "\n".join(f'x{n} = sub_rlm("How many errors?", context=context)' for n in range(4)) + "\nfinal(x0 + x3)"
    outcome = ask(program, limits=Limits(turns=100), nested=Slow())

    assert outcome.value == 2
    assert most == 4


def test_the_nested_step_says_what_it_reserved(tmp_path: Path) -> None:
    """`priced` is the allowance, `used` what came of it."""
    outcome = ask(ASK, trace=tmp_path / "t.rlm", limits=Limits(turns=12, sub_calls=8))
    checked = verify(tmp_path / "t.rlm", outcome.root)
    (step,) = [r for r in checked.records if isinstance(r, Step) and r.op == "sub_rlm"]

    assert (step.priced["turns"], step.priced["sub_calls"]) == (5, 4)
    assert step.used["turns"] == 2
    assert "sub_calls" not in step.used
