"""`max_time`: it bites at the next call or turn, over all nested runs, and what it ended is on record."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

import rlmlite
from rlmlite import SettingError
from rlmlite.clients.bounds.deadline import Deadline
from rlmlite_kernel import Answered, Request, Result, Usage
from rlmlite_kernel.effects.requests import Failed
from rlmlite_traces import CheckedTrace, Verdict, replay, verify

TEXT = "one\ntwo\nthree\nfour\n"
FAN_OUT = 'said = extract_over_chunks(chunk(context, 1, by="lines"), "{chunk}?")'


class Timed:
    """Answers after some seconds, with what is scripted or always the same, and counts."""

    model = "timed:"

    def __init__(self, seconds: float, replies: str | Sequence[str], error: bool = False) -> None:
        self.seconds, self.error = seconds, error
        self.replies = iter([replies] * 1_000 if isinstance(replies, str) else replies)
        self.calls = self.now = self.most = 0

    async def complete(self, text: str, request: Request) -> Result:
        self.calls += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        return Failed("refused") if self.error else Answered(next(self.replies), Usage(9_000, 1, 0))


def test_calls_are_cut_and_the_last_answer_is_taken(tmp_path: Path) -> None:
    """A fan-out that takes too long is cut; the controller answers in the time that is kept for that."""
    controller = Timed(0, [FAN_OUT, 'final("what there is")'])
    sub = Timed(10, "yes")
    began = time.monotonic()
    outcome = rlmlite.run("?", TEXT, controller=controller, sub=sub, max_time=1.5, workers=2, trace=tmp_path / "t.rlm")

    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "timeout", "what there is")
    assert (sub.calls, sub.now) == (2, 0)  # two were cut, two never made
    assert time.monotonic() - began < 6  # of calls that take ten
    assert outcome.usage["calls"] == 6


def test_a_replay_needs_no_clock(tmp_path: Path) -> None:
    """What the time has ended is recorded as results of calls, and the trace replays byte for byte."""
    sub = Timed(0.2, "yes")
    outcome = rlmlite.execute(
        f"{FAN_OUT}\nfinal(count(said))", TEXT, sub=sub, max_time="0.5s", workers=1, trace=tmp_path / "t.rlm"
    )
    assert (outcome.status, outcome.reason) == ("partial", "timeout")

    trace = verify(tmp_path / "t.rlm")
    assert replay(trace).verdict is Verdict.REPRODUCED
    assert labels_of(trace)["max_time"] == "0.5 s"


def labels_of(trace: CheckedTrace) -> dict[str, str]:
    """The labels in the genesis."""
    settings = trace.content(trace.genesis.settings)
    scope: dict[str, str] = msgspec.json.decode(settings)["scope"]
    return scope


def test_a_controller_that_is_too_slow() -> None:
    """Nobody answers in time: partial (timeout), not a controller that has failed."""
    began = time.monotonic()
    outcome = rlmlite.run("?", TEXT, controller=Timed(10, "final(1)"), max_time=0.3, trace=False)
    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "timeout", None)
    assert time.monotonic() - began < 6  # of calls that take ten


def test_without_a_last_answer_the_time_just_ends() -> None:
    """`last_answer=False`: no part of the time is kept, and no further turn is asked for."""
    controller = Timed(0, [FAN_OUT, "final(1)"])
    outcome = rlmlite.run(
        "?", TEXT, controller=controller, sub=Timed(10, "x"), max_time=1, last_answer=False, trace=False
    )
    assert (outcome.reason, outcome.value, controller.calls) == ("timeout", None, 1)


def test_a_nested_run_is_over_before_its_parent() -> None:
    """The nested run answers in its own kept time, and the parent after it."""
    parent = Timed(0, ['a = sub_rlm("deep?", text=context)', "final(a)"])
    child = Timed(0, ['s = extract_over_chunks(chunk(text, 1, by="lines"), "{chunk}?")', 'final("child")'])
    began = time.monotonic()
    outcome = rlmlite.run("?", TEXT, controller=parent, nested=child, sub=Timed(10, "x"), max_time=2, trace=False)
    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "timeout", "child")
    assert time.monotonic() - began < 6  # of calls that take ten


def test_each_call_of_a_session_has_the_time_anew(tmp_path: Path) -> None:
    """A session may be open for days; what it does at a time is bounded."""
    with rlmlite.Session(tmp_path / "s.rlm", TEXT, sub=Timed(0.1, "yes"), max_time=1) as session:
        for _ in range(3):
            time.sleep(0.5)
            assert session.exec('final(sub_lm("?"))').status == "completed"


def test_the_time_that_is_kept() -> None:
    """A fifth for the answer, at most two minutes; a nested run within what its parent's programs have."""
    now = [100.0]
    deadline = Deadline.after(100, answers=True, clock=lambda: now[0])
    assert (deadline.programs, deadline.answer) == (180, 200)
    now[0] = 130
    assert (deadline.within().programs, deadline.within().answer) == (170, 180)
    assert Deadline.after(7_200, answers=True, clock=lambda: 0).programs == 7_080
    assert Deadline.after(100, answers=False, clock=lambda: 0).programs == 100
    assert not Deadline.after(None, answers=True).within().is_over()


@pytest.mark.parametrize("value", ["0", "-1", "5 minutes", "nan", "1e9", "", "m", True, None.__class__])
def test_times_that_are_none(value: object) -> None:
    """Refused where they are given, with what is expected."""
    with pytest.raises(SettingError, match=r"max_time.*such as 90s"):
        rlmlite.execute("final(1)", "x", max_time=value, trace=False)  # type: ignore[arg-type]


def test_no_further_call_after_one_that_a_step_cannot_bear() -> None:
    """One at a time, the first fails, all must succeed: one call is made (D9)."""
    sub = Timed(0, "", error=True)
    outcome = rlmlite.execute(f'{FAN_OUT[:-1]}, on_error="fail")', TEXT, sub=sub, workers=1, trace=False)
    assert (outcome.status, sub.calls) == ("failed", 1)

    sub = Timed(0, "", error=True)
    rlmlite.execute(f"{FAN_OUT[:-1]}, min_ok=3)", TEXT, sub=sub, workers=1, trace=False)
    assert sub.calls == 2  # one of four may fail


def test_calls_under_way_are_bounded_over_the_tree() -> None:
    """Four nested runs with two workers: two at a time, two calls of their controllers, two of their programs (D10)."""
    child = Timed(0.02, 's = extract_over_chunks(chunk(text, 1, by="lines"), "{chunk}?")\nfinal(count(s))')
    sub = Timed(0.01, "yes")
    program = "\n".join(f'{name} = sub_rlm("{name}?", text=context, share=0.2)' for name in "abcd")
    outcome = rlmlite.execute(
        f"{program}\nfinal([a, b, c, d])", TEXT, controller=child, sub=sub, workers=2, trace=False
    )
    assert outcome.value == [4, 4, 4, 4]
    assert (sub.most, child.most) == (2, 2)
