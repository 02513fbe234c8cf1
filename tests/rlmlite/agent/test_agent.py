"""The agent: a controller asks, looks and answers; events and explanations say how."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Scripted
from rlmlite.cli.commands.traces.replaying.reparse import reparse
from rlmlite.runs.events import Cost, Event, FanoutProgress, Finished, ProgramRead, StepDone, TurnStarted
from rlmlite_kernel import Request
from rlmlite_kernel.records.records import Turn
from rlmlite_traces import Level, Verdict, replay, verify
from tests.rlmlite.agent.questions import ANSWER, LOG, LOOK, ask

KEY = "a9" * 32


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
    assert replay(checked, recorded_paths=True).verdict is Verdict.REPRODUCED
    assert reparse(checked).differs is None
    turns = [record for record in checked.records if isinstance(record, Turn)]
    assert [turn.origin for turn in turns] == ["host", "controller", "controller"]
    assert [turn.call.role for turn in turns if turn.call] == ["controller", "controller"]
    assert checked.genesis.scope.keys() == {"strategy", "instructions", "card"}


def test_the_same_run_with_the_same_key_is_the_same_trace(tmp_path: Path) -> None:
    """`run` and `arun` give the same bytes."""
    program = 'a = extract_over_chunks(chunk(context, size=200), "Read {chunk}")\nfinal(count(a))'

    def settings(name: str) -> Any:
        controller = Scripted(["prose", f"```\n{program}\n```"])
        return {"controller": controller, "sub": "extractive:", "trace": tmp_path / name, "run_key": KEY}

    one = rlmlite.run("How?", LOG, **settings("a.rlm"))
    two = asyncio.run(rlmlite.arun("How?", LOG, **settings("b.rlm")))

    assert files(one.trace) == files(two.trace)
    assert one.value == two.value


def test_the_prompt_can_be_made_again_from_the_trace(tmp_path: Path) -> None:
    """The prompt that the trace commits to follows from its state and history."""
    prompts: list[str] = []

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return ["x = nosuch", "note('plan')\n" + LOOK, ANSWER][len(prompts) - 1]

    ask(controller=Scripted(controller), trace=tmp_path / "t.rlm")
    checked = verify(tmp_path / "t.rlm")
    state = replay(checked, recorded_paths=True).state
    assert state is not None
    turns = [record for record in checked.records if isinstance(record, Turn) and record.call]

    assert [turn.call.prompt for turn in turns if turn.call] == [state.commit(text) for text in prompts]


def test_independent_statements_run_when_one_fails() -> None:
    """The failure is reported, and the other results are there in the next turn."""
    assert ask(f"x = nosuch\n{LOOK}", ANSWER).value == 10


def test_a_missing_sub_is_the_controller() -> None:
    """Without a `sub`, sub-calls go to the controller's client under a role of their own."""
    roles: list[str] = []

    def controller(_: str, request: Request) -> str:
        roles.append(request.role)
        if request.role == "sub":
            return "fine"
        return 'final("fine")' if len(roles) > 1 else 'final(sub_lm("how is it?"))'

    assert ask(controller=Scripted(controller)).value == "fine"
    assert roles == ["controller", "sub", "controller"]


def test_a_file_that_changes_ends_the_run(tmp_path: Path) -> None:
    """The turns before are sealed."""
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
def test_invalid_questions_are_refused(question: str, message: str, tmp_path: Path) -> None:
    """Nothing is begun."""
    with pytest.raises(rlmlite.InputError, match=message):
        rlmlite.run(question, LOG, controller=Scripted([]), trace=tmp_path / "t.rlm")
    assert not (tmp_path / "t.rlm").exists()


def test_a_question_is_passed_on_unchanged() -> None:
    """Quotes, braces, newlines and emoji stay as they are, and programs can use the question."""
    question = 'Is "{context}" \\ a\n``` thing? \U0001f600'

    assert rlmlite.run(question, LOG, controller=Scripted(["final(question)"]), trace=False).value == question


def test_an_input_called_question_stays_an_input() -> None:
    """The question then gets another name."""
    inputs = {"question": "an input"}
    controller = Scripted(["final([question, the_question])"])

    assert rlmlite.run("mine", inputs, controller=controller, trace=False).value == ["an input", "mine"]


def test_events_tell_what_happens() -> None:
    """A callback gets them in order."""
    told: list[Event] = []
    program = 'a = extract_over_chunks(chunk(context, size=200), "Read {chunk}")'
    outcome = ask("prose", program, "final(count(a))", sub="extractive:", on_event=told.append)

    kinds = [type(event) for event in told if not isinstance(event, StepDone | FanoutProgress)]
    assert kinds == [TurnStarted, ProgramRead, Cost] * 3 + [Finished]
    progress = [event for event in told if isinstance(event, FanoutProgress)]
    assert [(event.done, event.total) for event in progress][-1] == (10, 10)
    assert [event.message != "" for event in told if isinstance(event, ProgramRead)] == [True, False, False]
    assert told[-1] == Finished(outcome)


def test_events_come_as_a_stream() -> None:
    """The stream has the same events, and leaving it early stops the run."""

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
    """It lists the steps behind the answer, and no others."""
    other = 'unused = search(context, "INFO")'
    outcome = ask(f"{LOOK}\n{other}", "late = where(hits, .line > 50)", "final(count(late))", trace=tmp_path / "t.rlm")

    assert [step.text for step in outcome.explain()] == [
        'hits = search(context, "ERROR")',
        "late = where(hits, .line > 50)",
        "step_1 = count(late)",
        "final(step_1)",
    ]
    assert ask("final(1)").explain() == ()


def test_a_running_loop_is_pointed_to_arun() -> None:
    """`run` within an event loop raises a plain message that names `arun`."""

    async def wrong() -> None:
        ask("final(1)")

    with pytest.raises(RuntimeError, match=r"await rlmlite\.arun"):
        asyncio.run(wrong())
