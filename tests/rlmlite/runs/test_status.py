"""One rule of status: an answer is partial if a limit was met, a call failed or an input is incomplete, at any turn."""

from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Limits, Policy, Scripted, Session
from rlmlite_kernel import Failed, conclusion
from rlmlite_kernel.records.evolution import FLAGS, LOSSES_ARE_PARTIAL
from rlmlite_kernel.run.status import LOSSES
from rlmlite_traces import Verdict, replay, verify
from tests.kernel.machine import Machine

LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(100))
FAN_OUT = 'parts = chunk("a\\nb\\nc\\n", size=1, by="lines")\nsaid = extract_over_chunks(parts, "Read {chunk}")'


@rlmlite.tool(side_effects=False)
def lookup(key: str) -> str:
    """Look a key up."""
    raise ValueError(key)


LOST: dict[str, tuple[str, dict[str, Any], str]] = {
    "one call of three": (FAN_OUT, {"sub": Scripted(["x", Failed("timeout"), "y"])}, "calls_failed"),
    "all calls": (FAN_OUT, {"sub": Scripted([Failed("timeout")] * 3)}, "calls_failed"),
    "replies that do not match": ('x = sub_lm("?", schema=int)', {"sub": Scripted(["no"])}, "calls_failed"),
    "no sub calls left": (FAN_OUT, {"limits": Limits(sub_calls=2), "sub": Scripted(["x"] * 3)}, "budget"),
    "no output tokens left": (FAN_OUT, {"limits": Limits(output_tokens=9), "sub": Scripted(["x"] * 3)}, "budget"),
    "no prompt bytes left": (FAN_OUT, {"limits": Limits(prompt_bytes=9), "sub": Scripted(["x"] * 3)}, "budget"),
    "tokens run out": (FAN_OUT, {"limits": Limits(tokens=3_000), "sub": Scripted(["x"] * 3)}, "budget"),
    "too large": ("x = range(2000)", {"limits": Limits(value_bytes=9_000)}, "too_large"),
    "too many variables": ("x = 1\ny = 2\nz = 3", {"limits": Limits(variables=3)}, "budget"),
    "too many chunks": ("x = chunk(context, size=9)", {"limits": Limits(chunks=3)}, "budget"),
    "search work": ('x = search(context, "disk")', {"limits": Limits(search_work=99)}, "search_work"),
    "no tool calls left": ('x = lookup("a")', {"tools": [lookup], "limits": Limits(tool_calls=0)}, "budget"),
    "a tool that fails": ('x = lookup("a")', {"tools": [lookup]}, "calls_failed"),
    "no deeper run": ('x = sub_rlm("?", context=context)', {"limits": Limits(depth=0)}, "budget"),
    "a nested run that fails": ('x = sub_rlm("Deeper?", context=context)', {}, "calls_failed"),
}
"""A program that loses something, with what it runs under, and the code of the loss."""

KEPT: dict[str, str] = {
    "a tool that the policy denies": 'x = lookup("a")',
    "a limit of the program's own": 'x = search(context, "disk", limit=3)',
    "a mistake": "x = count(1)",
    "a name that does not exist": "x = count(nothing)",
    "a malformed reply": "Let me think about this.",
}
"""Turns that lose nothing."""


def says(*replies: str) -> Scripted:
    """A controller that says these things, and of a nested run nothing at all."""
    left = list(replies)

    def reply(text: str, _request: object) -> Any:
        return Failed("timeout") if "# Question\nDeeper?" in text else left.pop(0)

    return Scripted(reply)


@pytest.mark.parametrize("case", LOST)
def test_a_loss_makes_the_answer_of_its_program_partial(case: str) -> None:
    """Whether the answer has to do with it or not; the exit code follows the status."""
    program, settings, code = LOST[case]
    outcome = rlmlite.execute(f"{program}\nfinal(0)", LOG, controller=says(), trace=False, **settings)

    assert (outcome.value, outcome.status, outcome.reason) == (0, "partial", code)


@pytest.mark.parametrize("case", [case for case in LOST if case != "tokens run out"])  # the controller needs some
def test_a_loss_in_an_earlier_turn_makes_the_answer_partial(case: str, tmp_path: Path) -> None:
    """It is not forgotten two turns later, its code is listed, and a replay comes to the same end."""
    program, settings, code = LOST[case]
    settings = {"sub": Scripted([]), **settings}
    replies = says(program, "unrelated = 1", "final(0)")
    outcome = rlmlite.run("?", LOG, controller=replies, trace=tmp_path / "t.rlm", **settings)

    assert (outcome.value, outcome.status, outcome.reason) == (0, "partial", code)
    assert code in LOSSES
    assert outcome.failures or case in ("one call of three", "search work")
    checked = verify(tmp_path / "t.rlm", outcome.root)
    assert replay(checked, recorded_paths=True).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("case", KEPT)
def test_a_mistake_or_a_bound_of_the_program_loses_nothing(case: str) -> None:
    """It is listed among the failures, and the answer is completed."""
    outcome = rlmlite.run(
        "?", LOG, controller=says(KEPT[case], "final(0)"), tools=[lookup], policy=Policy(tools={}), trace=False
    )

    assert (outcome.value, outcome.status, outcome.reason) == (0, "completed", "")
    assert bool(outcome.failures) == (case != "a limit of the program's own")


def test_what_failed_and_was_done_again_stays_on_the_record() -> None:
    """The answer is partial: a reader decides whether the second try made up for the first."""
    again = [FAN_OUT.replace("said", "again"), "final(count(again))"]
    sub = Scripted([Failed("rate"), "x", "y", "x", "y", "z"])
    outcome = rlmlite.run("?", LOG, controller=says(FAN_OUT, *again), sub=sub, trace=False)

    assert (outcome.value, outcome.status, outcome.reason) == (3, "partial", "calls_failed")


def test_a_controller_call_that_fails_is_a_call_that_fails() -> None:
    """Another controller answers; that the first could not be reached is said."""
    controllers = [Scripted([Failed("timeout")]), Scripted(["final(0)"], "scripted:second")]
    outcome = rlmlite.run("?", LOG, controller=controllers, trace=False)

    assert (outcome.status, outcome.reason, outcome.failures) == ("partial", "calls_failed", ("calls_failed",))


def test_a_new_question_begins_with_nothing_lost(tmp_path: Path) -> None:
    """In a session, also one that is opened again; whoever reads a value that lacks something lacks it too."""
    sub = Scripted(["x", Failed("timeout"), "y"])
    with Session(tmp_path / "s.rlm", LOG, controller=says(FAN_OUT, "final(1)", "final(2)"), sub=sub) as session:
        assert session.ask("first?").status == "partial"
        second = session.ask("second?")
        assert (second.status, second.failures) == ("completed", ())
    with Session(tmp_path / "s.rlm", controller=says("copy = said", "final(count(copy))")) as session:
        third = session.ask("third?")
        assert (third.value, third.status, third.reason) == (3, "partial", "calls_failed")
        assert session.exec("final(1)").status == "completed"
        assert session.exec("final(count(copy))").status == "partial"
        assert session.exec("copy = 5\nfinal(copy)").status == "completed"


def test_an_older_run_keeps_its_own_rule() -> None:
    """Without the flag a failure of a whole step says nothing about the answer."""
    program = "x = range(2000)\nfinal(0)"
    partial_by_flags = {}
    for flags in (tuple(FLAGS), tuple(flag for flag in FLAGS if flag != LOSSES_ARE_PARTIAL)):
        machine = Machine({"context": LOG}, limits=Limits(value_bytes=9_000), flags=flags)
        machine.turn(program)
        partial_by_flags[len(flags)] = conclusion(machine.state)

    assert list(partial_by_flags.values()) == [("partial", "too_large"), ("completed", "")]


def test_an_input_that_was_not_read_as_a_whole_makes_every_answer_partial(tmp_path: Path) -> None:
    """A damaged file of a folder is said, and every answer over the folder is partial; hidden files change nothing."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.log").write_text(LOG)
    (folder / ".hidden").write_text("x")
    whole = rlmlite.execute('final(count(search(context, "disk")))', folder, trace=tmp_path / "whole.rlm")
    (folder / "b.log.gz").write_bytes(b"\x1f\x8b\x08 not gzip")
    broken = rlmlite.execute('final(count(search(context, "disk")))', folder, trace=tmp_path / "broken.rlm")

    assert (whole.status, whole.value) == ("completed", 100)
    assert (broken.status, broken.reason, broken.value) == ("partial", "input_incomplete", 100)
    assert any("1 left out, damaged: b.log.gz" in note.message for note in broken.notes)
    assert replay(verify(tmp_path / "broken.rlm"), recorded_paths=True).verdict is Verdict.REPRODUCED
    with Session(tmp_path / "s.rlm", folder) as session:
        answers = [session.exec("final(1)") for _ in range(2)]
    assert [answer.reason for answer in answers] == ["input_incomplete"] * 2
