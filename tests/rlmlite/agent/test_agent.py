"""The agent: a controller asks, looks and answers; whatever it does wrong costs turns and never the run."""

import asyncio
import datetime
from pathlib import Path
from typing import Any

import pydantic
import pytest

import rlmlite
from rlmlite import Limits, Outcome, Scripted
from rlmlite.cli.commands.reparse import reparse
from rlmlite.runs.events import Cost, Event, FanoutProgress, Finished, ProgramRead, StepDone, TurnStarted
from rlmlite_kernel import Answered, Failed, Request, Usage
from rlmlite_kernel.records.records import Turn
from rlmlite_traces import Level, Verdict, replay, verify

KEY = "a9" * 32
LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(100))
LOOK = 'hits = search(context, "ERROR")'
ANSWER = "final(count(hits), evidence=hits)"


def ask(*replies: Any, **settings: Any) -> Outcome:
    """One question, with a controller that says these things."""
    given = {"controller": Scripted(replies), "trace": False, **settings}
    return rlmlite.run("How many errors?", LOG, **given)


def files(trace: Path | None) -> dict[str, bytes]:
    assert trace is not None
    return {name: (trace / name).read_bytes() for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl")}


def test_a_controller_looks_and_answers(tmp_path: Path) -> None:
    """Two turns: a search, an answer with its evidence; the trace verifies and replays."""
    outcome = ask(LOOK, ANSWER, trace=tmp_path / "t.rlm")

    assert (outcome.value, outcome.status, outcome.evidence_total) == (10, "completed", 10)
    assert outcome.budget["turns"]["used"] == 3  # the question is the host's turn
    assert outcome.usage["calls"] == 2
    checked = verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)
    assert replay(checked).verdict is Verdict.REPRODUCED
    assert reparse(checked).differs is None
    turns = [record for record in checked.records if isinstance(record, Turn)]
    assert [turn.origin for turn in turns] == ["host", "controller", "controller"]
    assert [turn.call.role for turn in turns if turn.call] == ["controller", "controller"]
    assert checked.genesis.scope.keys() == {"strategy", "instructions", "card"}


def test_the_same_run_with_the_same_key_is_the_same_trace(tmp_path: Path) -> None:
    """Byte for byte, also by the other twin."""
    program = 'a = extract_over_chunks(chunk(context, size=200), "Read {chunk}")\nfinal(count(a))'

    def settings(name: str) -> Any:
        controller = Scripted(["prose", f"```\n{program}\n```"])
        return {"controller": controller, "sub": "extractive:", "trace": tmp_path / name, "run_key": KEY}

    one = rlmlite.run("How?", LOG, **settings("a.rlm"))
    two = asyncio.run(rlmlite.arun("How?", LOG, **settings("b.rlm")))

    assert files(one.trace) == files(two.trace)
    assert one.value == two.value


def test_the_prompt_can_be_made_again_from_the_trace(tmp_path: Path) -> None:
    """What the trace commits to as the prompt is what state and history give."""
    prompts: list[str] = []

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return ["x = nosuch", "note('plan')\n" + LOOK, ANSWER][len(prompts) - 1]

    ask(controller=Scripted(controller), trace=tmp_path / "t.rlm")
    checked = verify(tmp_path / "t.rlm")
    state = replay(checked).state
    assert state is not None
    turns = [record for record in checked.records if isinstance(record, Turn) and record.call]

    assert [turn.call.prompt for turn in turns if turn.call] == [state.commit(text) for text in prompts]


def test_independent_statements_run_when_one_fails() -> None:
    """What failed is said, and what did not is there in the next turn."""
    assert ask(f"x = nosuch\n{LOOK}", ANSWER).value == 10


def test_a_sub_that_nobody_named_is_the_controller() -> None:
    """Its calls come to the same client, by another role."""
    roles: list[str] = []

    def controller(_: str, request: Request) -> str:
        roles.append(request.role)
        return "fine" if request.role == "sub" else 'final(sub_lm("how is it?"))'

    assert ask(controller=Scripted(controller)).value == "fine"
    assert roles == ["controller", "sub"]


def test_the_last_turn_is_for_an_answer() -> None:
    """When turns end, only `final` is permitted, and the answer is labelled partial."""
    prompts: list[str] = []

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return "final(count(hits))" if "This is the last turn" in text else LOOK

    outcome = ask(controller=Scripted(controller), limits=Limits(turns=4))

    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "last_answer", 10)
    assert "Only 2 turns are left" in prompts[1]


def test_anything_else_in_the_last_turn_is_refused() -> None:
    """A model call inside `final` too; the run ends without an answer."""
    for last in (LOOK, 'final(sub_lm("?"))', "x = 1\nfinal(x)"):
        outcome = ask(LOOK, last, limits=Limits(turns=3))

        assert (outcome.status, outcome.reason, outcome.value) == ("partial", "budget", None)
        assert "only final(...) is permitted" in outcome.observation


@pytest.mark.parametrize("last_answer", [True, False])
def test_a_fan_out_leaves_what_the_last_answer_needs(last_answer: bool) -> None:
    """Sub-calls stop short of it; without a last answer they may use up all."""
    reserved = 8_192 + 11_000  # tokens that a controller's call reserves, with a prompt of 32 kB
    limits = Limits(tokens=4 * reserved, turns=9)
    program = 'x = extract_over_chunks(chunk(context, by="lines", size=1), "{chunk}")'
    used: list[int] = []

    def sub(_text: str, request: Request) -> Answered:
        used.append(1)
        return Answered("fine", Usage(200, 824))

    def controller(text: str, _request: Request) -> Answered:
        return Answered("final(1)" if "the last turn" in text else program, Usage(4_000, 100))

    outcome = ask(controller=Scripted(controller), sub=Scripted(sub), limits=limits, last_answer=last_answer)

    assert outcome.status == "partial"
    assert outcome.value == (1 if last_answer else None)
    assert outcome.budget["tokens"]["used"] is not None
    assert outcome.budget["tokens"]["used"] <= limits.tokens  # type: ignore[operator]
    assert used


def test_the_last_answer_can_be_switched_off() -> None:
    """Then the last turn is one as any other."""
    assert ask(LOOK, ANSWER, limits=Limits(turns=3), last_answer=False).status == "completed"
    outcome = ask(LOOK, "x = 1", limits=Limits(turns=3), last_answer=False)
    assert (outcome.status, outcome.reason) == ("partial", "budget")


def test_tokens_that_run_out_leave_a_last_answer() -> None:
    """The last call that can be paid for is for the answer, and no call is made beyond."""
    usage = Usage(input_tokens=3_000, output_tokens=10)
    seen: list[bool] = []

    def controller(text: str, _: Request) -> Answered:
        seen.append("This is the last turn" in text)
        return Answered("final(1)" if seen[-1] else f"x{len(seen)} = {len(seen)}", usage)

    outcome = ask(controller=Scripted(controller), limits=Limits(tokens=30_000))

    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "last_answer", 1)
    assert seen == [False, False, False, True] or seen[-1]
    assert (outcome.budget["tokens"]["used"] or 0) <= 30_000


def test_no_call_is_made_that_no_budget_covers() -> None:
    """Not even the first."""
    outcome = ask("final(1)", limits=Limits(tokens=100))

    assert (outcome.status, outcome.reason) == ("partial", "budget")
    assert outcome.usage["calls"] == 0


@pytest.mark.parametrize("turns", [0, 1])
def test_without_turns_there_is_no_answer(turns: int) -> None:
    """And no exception."""
    assert ask("final(1)", limits=Limits(turns=turns)).reason == "budget"


class Cause(pydantic.BaseModel):
    cause: str
    lines: list[int]


def test_an_answer_of_a_type() -> None:
    """A mismatch goes back as an observation; the value is of the type in the end."""
    prompts: list[str] = []
    replies = ['final({cause: "disk"})', 'final({cause: "disk", lines: ["1"]})', 'final({cause: "disk", lines: [1]})']

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return replies[len(prompts) - 1]

    outcome = ask(controller=Scripted(controller), answer_type=Cause)

    assert outcome.value == Cause(cause="disk", lines=[1])
    assert outcome.status == "completed"
    assert '"properties"' in prompts[0]
    assert "lines: Field required" in prompts[1]
    assert "lines.0: Input should be a valid integer" in prompts[2]


def test_a_plain_type_converts_nothing() -> None:
    """A text that looks like a number is no number; a date is read as JSON has it."""
    assert ask('final("12")', "final(12)", answer_type=int).value == 12
    assert ask('final("2024-03-01")', answer_type=datetime.date).value == datetime.date(2024, 3, 1)


def test_an_answer_that_never_fits_is_partial() -> None:
    """It is there as it was said, and the reason says what it is."""
    outcome = ask("final(1)", "final(2)", limits=Limits(turns=3), answer_type=str)

    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "answer_type", 2)


def test_a_type_that_is_none_is_refused() -> None:
    """Before anything begins."""
    with pytest.raises(rlmlite.SettingError, match="answer_type"):
        ask("final(1)", answer_type=object())


def test_a_controller_that_repeats_itself_is_told_then_stopped() -> None:
    """The same program and the same observation: a signal, then the end."""
    prompts: list[str] = []

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return LOOK

    outcome = ask(controller=Scripted(controller))

    assert (outcome.status, outcome.reason) == ("partial", "stuck")
    assert len(prompts) == 3
    assert "you wrote this program before" in prompts[2]
    assert "you wrote this program before" not in prompts[1]


def test_a_controller_that_mends_its_ways_goes_on() -> None:
    """The signal alone ends nothing."""
    assert ask(LOOK, LOOK, ANSWER).status == "completed"


def test_the_next_controller_takes_over() -> None:
    """With the same variables and its own role in the trace."""
    outcome = ask(controller=[Scripted([LOOK] * 9), Scripted([ANSWER], "scripted:second")])

    assert (outcome.status, outcome.value) == ("completed", 10)
    assert outcome.usage["calls"] == 4


def test_turns_without_news_are_stuck() -> None:
    """Different programs that bring nothing new."""
    outcome = ask(*(f"note('{n}')" for n in range(40)), patience=2)

    assert (outcome.status, outcome.reason) == ("partial", "stuck")
    assert outcome.usage["calls"] == 5


def test_a_controller_that_does_not_answer() -> None:
    """The next one is asked; without one the run fails, with a valid trace and what was charged."""
    assert ask(controller=[Scripted([Failed("timeout")]), Scripted([LOOK, ANSWER])]).value == 10
    outcome = ask(LOOK)

    assert (outcome.status, outcome.reason) == ("failed", "controller")
    assert outcome.observation == "scripted: did not answer: unavailable"


def test_a_file_that_changes_ends_the_run(tmp_path: Path) -> None:
    """What was done before is sealed."""
    log = tmp_path / "app.log"
    log.write_text(LOG)

    def controller(_: str, __: Request) -> str:
        log.write_text("something else")
        return LOOK

    outcome = rlmlite.run("?", log, controller=Scripted(controller), trace=tmp_path / "t.rlm")

    assert (outcome.status, outcome.reason) == ("partial", "input_changed")
    assert verify(tmp_path / "t.rlm").level is Level.SEALED


@pytest.mark.parametrize(
    ("question", "message"), [("", "empty"), (" \n", "empty"), ("x" * 9_000, "9,000 bytes"), ("\ud800", "surrogate")]
)
def test_questions_that_cannot_be_asked(question: str, message: str, tmp_path: Path) -> None:
    """Nothing is begun."""
    with pytest.raises(rlmlite.InputError, match=message):
        rlmlite.run(question, LOG, controller=Scripted([]), trace=tmp_path / "t.rlm")
    assert not (tmp_path / "t.rlm").exists()


def test_a_question_is_said_as_it_is() -> None:
    """Quotes, braces, newlines and emoji; programs can use it."""
    question = 'Is "{context}" \\ a\n``` thing? \U0001f600'

    assert rlmlite.run(question, LOG, controller=Scripted(["final(question)"]), trace=False).value == question


def test_an_input_called_question_stays_an_input() -> None:
    """The question then has another name."""
    inputs = {"question": "an input"}
    controller = Scripted(["final([question, the_question])"])

    assert rlmlite.run("mine", inputs, controller=controller, trace=False).value == ["an input", "mine"]


def test_events_tell_what_happens() -> None:
    """In order, to a callback."""
    told: list[Event] = []
    program = 'a = extract_over_chunks(chunk(context, size=200), "Read {chunk}")'
    outcome = ask("prose", program, "final(count(a))", sub="extractive:", on_event=told.append)

    kinds = [type(event) for event in told if not isinstance(event, StepDone | FanoutProgress)]
    assert kinds == [TurnStarted, ProgramRead, Cost] * 3 + [Finished]
    progress = [event for event in told if isinstance(event, FanoutProgress)]
    assert [(event.done, event.total) for event in progress][-1] == (9, 9)
    assert [event.message != "" for event in told if isinstance(event, ProgramRead)] == [True, False, False]
    assert told[-1] == Finished(outcome)


def test_events_come_as_a_stream() -> None:
    """The same events, and leaving early stops the run."""

    async def collected(stop_at: type | None) -> list[Event]:
        found: list[Event] = []
        stream = rlmlite.stream("How many?", LOG, controller=Scripted([LOOK, ANSWER]), trace=False)
        async for event in stream:
            found.append(event)
            if stop_at is not None and isinstance(event, stop_at):
                break
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return found

    whole = asyncio.run(collected(None))
    assert isinstance(whole[-1], Finished)
    assert not any(isinstance(event, Finished) for event in asyncio.run(collected(TurnStarted)))


def test_explain_names_what_the_answer_rests_on(tmp_path: Path) -> None:
    """The steps behind it, and no others."""
    other = 'unused = search(context, "INFO")'
    outcome = ask(f"{LOOK}\n{other}", "late = where(hits, .line > 50)", "final(count(late))", trace=tmp_path / "t.rlm")

    assert [step.text for step in outcome.explain()] == [
        'hits = search(context, "ERROR")',
        "late = where(hits, .line > 50)",
        "_1 = count(late)",
        "final(_1)",
    ]
    assert ask("final(1)").explain() == ()


def test_without_a_controller() -> None:
    """There is nobody to ask."""
    with pytest.raises(rlmlite.ModelError, match="no controller"):
        rlmlite.run("?", LOG)


def test_a_running_loop_is_pointed_to_the_other_twin() -> None:
    """A plain message."""

    async def wrong() -> None:
        ask("final(1)")

    with pytest.raises(RuntimeError, match=r"await rlmlite\.arun"):
        asyncio.run(wrong())
