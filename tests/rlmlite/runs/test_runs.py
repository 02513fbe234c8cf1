"""Runs from Python: the same trace whatever the order of calls, nothing lost when a file changes or a budget ends."""

import asyncio
import random
from pathlib import Path

import pytest

import rlmlite
from rlmlite.clients import Scripted
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result
from rlmlite_traces import Level, Verdict, replay, verify
from tests.sizes import scale

KEY = "c0" * 32
LINES = "".join(f"line {n} of the log\n" for n in range(24))
FAN_OUT = """
parts = chunk(context, size=2, by="lines")
answers = extract_over_chunks(parts, "Read {chunk}")
other = sub_lm("What is {word}?", word="this")
final({answers: answers, other: other}, evidence=parts)
"""


class Unsteady:
    """Answers as a function of the prompt, after a number of turns of the event loop that chance decides."""

    model = "scripted:"

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.ended: list[str] = []

    async def complete(self, text: str, request: Request) -> Result:
        for _ in range(self._chance.randrange(5)):
            await asyncio.sleep(0)
        self.ended.append(request.id)
        return Failed("rate") if "line 4 " in text else Answered(f"{len(text)} characters")


def files(trace: Path | None) -> dict[str, bytes]:
    """What is hashed of a trace."""
    assert trace is not None
    return {name: (trace / name).read_bytes() for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl")}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_text(LINES, "utf-8")
    return tmp_path / "app.log"


def test_many_completion_orders_give_one_trace(log: Path, tmp_path: Path) -> None:
    """However calls end, the trace is the same, byte for byte: 50 orders, 1,000 in the sweep."""
    first = rlmlite.execute(FAN_OUT, log, sub=Unsteady(0), trace=tmp_path / "first.rlm", run_key=KEY)
    expected = files(first.trace)
    orders: set[tuple[str, ...]] = set()
    count = scale(50)
    for seed in range(1, count):
        sub = Unsteady(seed)
        outcome = rlmlite.execute(FAN_OUT, log, sub=sub, trace=tmp_path / f"{seed}.rlm", run_key=KEY)
        orders.add(tuple(sub.ended))

        assert files(outcome.trace) == expected

    assert len(orders) > count / 2
    assert first.usage["calls"] == 13


def test_both_twins_give_the_same_trace(log: Path, tmp_path: Path) -> None:
    """With an event loop of its own or in the caller's."""
    one = rlmlite.execute(FAN_OUT, log, sub=Unsteady(1), trace=tmp_path / "a.rlm", run_key=KEY)
    two = asyncio.run(rlmlite.execute_async(FAN_OUT, log, sub=Unsteady(2), trace=tmp_path / "b.rlm", run_key=KEY))

    assert files(one.trace) == files(two.trace)
    assert (one.value, one.root) == (two.value, two.root)


def test_a_run_without_a_trace_answers_the_same(log: Path, tmp_path: Path) -> None:
    """Receipts change nothing."""
    kept = rlmlite.execute(FAN_OUT, log, sub=Unsteady(1), trace=tmp_path / "a.rlm")
    unkept = rlmlite.execute(FAN_OUT, log, sub=Unsteady(1), trace=False)

    assert (unkept.value, unkept.evidence, unkept.coverage) == (kept.value, kept.evidence, kept.coverage)
    assert (unkept.trace, unkept.root) == (None, None)


def test_a_failed_call_is_null_and_makes_the_answer_partial(log: Path) -> None:
    """One chunk in twelve has no answer: the others are there, and the status says so."""
    outcome = rlmlite.execute(FAN_OUT, log, sub=Unsteady(1), trace=False)

    assert (outcome.status, outcome.reason) == ("partial", "calls_failed")
    assert [answer is None for answer in outcome.value["answers"]].count(True) == 1


def test_every_kind_of_input_replays(log: Path, tmp_path: Path) -> None:
    """Files, texts, JSON and documents: what the trace keeps is enough to execute every step again."""
    inputs = {
        "file": log,
        "text": "one ERROR",
        "raw": b"bad \xff ERROR",
        "records": [{"n": 1, "x": 2.5}, {"n": 10**30}],
        "docs": {"b.txt": "ERROR", "a.txt": "fine"},
        "none": None,
    }
    program = """
    final({
      file: count(search(file, "log")), text: count(search(text, "ERROR")), raw: raw, n: max(records.n),
      docs: map(search(docs, "ERROR"), .doc), none: none
    })
    """
    outcome = rlmlite.execute(program, inputs, trace=tmp_path / "t.rlm")
    assert outcome.value == {
        "file": 24,
        "text": 1,
        "raw": "bad \ufffd ERROR",
        "n": 10**30,
        "docs": ["b.txt"],
        "none": None,
    }

    found = replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED), recorded_paths=True)

    assert found.verdict is Verdict.REPRODUCED, (found.difference, found.missing)


def test_a_file_that_changes_under_the_run_ends_it_partial(log: Path, tmp_path: Path) -> None:
    """The step that would have read the change is discarded; what was done before is sealed."""

    def meddle(text: str, request: Request) -> str:
        log.write_text("something else", "utf-8")
        return "an answer"

    outcome = rlmlite.execute(FAN_OUT, log, sub=Scripted(meddle), trace=tmp_path / "t.rlm")

    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "input_changed", None)
    assert verify(tmp_path / "t.rlm").level is Level.SEALED


def test_a_budget_of_no_turns_is_partial(log: Path) -> None:
    """Nothing can run, and that is an outcome, not an exception."""
    outcome = rlmlite.execute("final(1)", limits=rlmlite.Limits(turns=0), trace=False)

    assert (outcome.status, outcome.reason) == ("partial", "budget")


def test_a_program_that_only_looks_is_completed(log: Path) -> None:
    """Without `final` there is no answer, and the observation is what was asked for."""
    outcome = rlmlite.execute("show(context)", log, trace=False)

    assert (outcome.status, outcome.reason, outcome.value) == ("completed", "no_answer", None)
    assert "line 3 of the log" in outcome.observation


def test_a_running_loop_is_pointed_to_the_other_twin(log: Path) -> None:
    """`execute` in a coroutine that needs calls is a mistake with a plain message."""

    async def wrong() -> None:
        rlmlite.execute(FAN_OUT, log, sub=Unsteady(1), trace=False)

    with pytest.raises(RuntimeError, match=r"await rlmlite\.execute_async"):
        asyncio.run(wrong())


def test_a_cancelled_run_leaves_an_open_trace(log: Path, tmp_path: Path) -> None:
    """What had ended is in the trace, which verifies as OPEN."""

    class Slow(Unsteady):
        async def complete(self, text: str, request: Request) -> Result:
            await asyncio.sleep(60)
            return Answered("never")

    async def cancelled() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                rlmlite.execute_async(FAN_OUT, log, sub=Slow(1), trace=tmp_path / "t.rlm"), timeout=0.05
            )

    asyncio.run(cancelled())

    assert verify(tmp_path / "t.rlm").level is Level.OPEN


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("final(chunk(context, size=0))", "at least 1"),
        ('final(search(context, ""))', "empty"),
        ('final(chunk(context, size=2, overlap=2, by="lines"))', "overlap"),
        ('final(sub_lm("{__class__.__init__}"))', "__class__"),
        ("final(search(context, /(?=x)/))", "(?="),
        ("import os", "line 1"),
        ("context = 1", "cannot be written"),
        ("final(undefined)", "undefined"),
    ],
)
def test_wrong_programs_are_refused_with_what_to_do(log: Path, program: str, message: str) -> None:
    """Each is refused before anything runs, or fails with a message; none hangs or crashes."""
    outcome = rlmlite.execute(program, log, sub=Unsteady(1), trace=False)

    assert outcome.status in ("refused", "failed")
    assert message in outcome.observation


def test_a_hostile_regex_ends() -> None:
    """`(a+)+$` is a linear search here."""
    outcome = rlmlite.execute("final(count(search(context, /(a+)+$/)))", "a" * 2_000_000 + "b", trace=False)

    assert outcome.status in ("completed", "partial")


def test_deep_json_is_a_message(log: Path) -> None:
    """A bomb of brackets fails its step, not the run's host."""
    outcome = rlmlite.execute("final(json_parse(context))", "[" * 100_000, trace=False)

    assert (outcome.status, outcome.failures[0]) == ("failed", "json")
    assert "nested deeper" in outcome.observation
