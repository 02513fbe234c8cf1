"""Sessions: one trace over many questions, left and opened again at any moment."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Scripted, Session
from rlmlite.clients.interface.placeholders import BY_HAND
from rlmlite.errors import CallsWaitingError
from rlmlite_kernel import Answered, Failed, Request
from rlmlite_kernel.effects.requests import Result
from rlmlite_traces import Level, TraceLockedError, TraceSealedError, Verdict, replay, verify

KEY = "5e" * 32
LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(100))
FAN_OUT = 'parts = chunk(context, size=700)\nread = extract_over_chunks(parts, "Read {chunk}")\nn = count(read)'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_text(LOG, "utf-8")
    return tmp_path / "app.log"


def hashed(trace: Path) -> dict[str, bytes]:
    return {name: (trace / name).read_bytes() for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl")}


def test_questions_and_programs_share_variables(log: Path, tmp_path: Path) -> None:
    """One space, one trace."""
    replies = ["final(count(hits))", "final(first(hits).line)"]
    with Session(tmp_path / "s.rlm", log, controller=Scripted(replies)) as session:
        assert session.exec('hits = search(context, "ERROR")').status == "completed"
        assert session.ask("How many?").value == 10
        outcome = session.ask("Where is the first?")
        sealed = session.seal()

    assert (outcome.value, outcome.status, outcome.usage["calls"]) == (1, "completed", 2)
    assert verify(tmp_path / "s.rlm", sealed.root, Level.SEALED).level is Level.SEALED
    assert replay(verify(tmp_path / "s.rlm"), recorded_paths=True).verdict is Verdict.REPRODUCED


def test_a_session_that_is_opened_again_goes_on(log: Path, tmp_path: Path) -> None:
    """With the same bytes as one that was never left."""

    def done(path: Path, leave: bool) -> dict[str, bytes]:
        programs = ['hits = search(context, "ERROR")', "nonsense nonsense", FAN_OUT, "final(count(hits) + n)"]
        session = Session(path, log, sub="extractive:", run_key=KEY)
        outcomes = []
        for program in programs:
            if leave:
                session.close()
                session = Session(path)
            outcomes.append(session.exec(program))
        outcome = outcomes[-1]
        assert outcome.value == 13
        assert outcome.usage["calls"] == 3
        assert session.seal().root is not None
        session.close()
        return hashed(path)

    assert done(tmp_path / "a.rlm", leave=False) == done(tmp_path / "b.rlm", leave=True)


def test_a_controller_knows_what_was_done_before(log: Path, tmp_path: Path) -> None:
    """The prompt is the same whether the session was left or not."""
    prompts: list[str] = []

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return "final(count(hits))"

    def asked(path: Path, leave: bool) -> None:
        session = Session(path, log, controller=Scripted(controller), run_key=KEY)
        session.exec('hits = search(context, "ERROR")\nnote("a plan")\nx = nosuch')
        session.ask("How many?")
        if leave:
            session.close()
            session = Session(path, controller=Scripted(controller))
        session.ask("Again?")
        session.close()

    asked(tmp_path / "a.rlm", leave=False)
    asked(tmp_path / "b.rlm", leave=True)

    assert prompts[:2] == prompts[2:]
    assert "## Question\nHow many?\n" in prompts[1]
    assert "- a plan" in prompts[1]


def test_calls_by_hand_wait(log: Path, tmp_path: Path) -> None:
    """Without a sub its calls are answered by whoever holds the session, some now and some later."""
    with Session(tmp_path / "s.rlm", log) as session:
        with pytest.raises(CallsWaitingError) as waiting:
            session.exec(FAN_OUT)
        calls = waiting.value.calls
        assert [call.model for call in calls] == [BY_HAND] * 3
        session.answer({calls[0].id: "zero", calls[2].id: Failed("refused")})

    with Session(tmp_path / "s.rlm") as session:
        assert [call.id for call in session.pending()] == [calls[1].id]
        session.answer({calls[1].id: "one"})
        outcome = session.resume()
        assert (outcome.status, outcome.reason) == ("partial", "calls_failed")
        assert session.exec("final(read)").value == ["zero", "one", None]
        assert session.pending() == ()


TWO_WAVES = FAN_OUT + '\nlast = sub_lm("And {n}?", n=n)\nfinal(last)'


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_looking_at_what_waits_changes_nothing(log: Path, tmp_path: Path) -> None:
    """Not a byte of the folder, even where answers are there with which the program could go on."""
    path = tmp_path / "s.rlm"
    with Session(path, log) as session:
        with pytest.raises(CallsWaitingError) as waiting:
            session.exec(TWO_WAVES)
        session.answer({call.id: "read" for call in waiting.value.calls})
        before, history = bytes_of(path), list(session.run.history)

        (call,) = session.pending()
        assert call.prompt_bytes == len("And 3?")
        assert session.pending() == (call,)
        assert (bytes_of(path), session.run.history) == (before, history)
        assert session.run.unfinished is not None

        session.answer({call.id: "done"})
        before = bytes_of(path)
        assert session.pending() == ()
        assert (bytes_of(path), session.run.state.answer) == (before, None)
        assert session.resume().value == "done"
    assert replay(verify(path), recorded_paths=True).verdict is Verdict.REPRODUCED


def test_looking_at_what_a_controller_is_asked_next_changes_nothing(log: Path, tmp_path: Path) -> None:
    """Its reply was journalled, so its program can be tried; what that asks for is what waits."""
    path = tmp_path / "s.rlm"
    with Session(path, log) as session:
        with pytest.raises(CallsWaitingError) as waiting:
            session.ask("How many?")
        session.answer({waiting.value.calls[0].id: 'final(sub_lm("how many?"))'})
        before = bytes_of(path)

        (call,) = session.pending()
        assert call.role == "sub"
        assert bytes_of(path) == before
        assert len(session.run.history) == 2  # the question, and the first look at the input
        session.answer({call.id: "ten"})
        with pytest.raises(CallsWaitingError) as waiting:  # nobody has seen the answer yet
            session.resume()
        session.answer({waiting.value.calls[0].id: 'final("ten")'})
        assert session.resume().value == "ten"


def test_a_whole_question_by_hand(log: Path, tmp_path: Path) -> None:
    """The controller's calls wait too; each answer in a session of its own."""
    path = tmp_path / "s.rlm"
    with Session(path, log) as session, pytest.raises(CallsWaitingError):
        session.ask("How many errors?")
    outcome = None
    for reply in ("let me think", FAN_OUT, "zero", "one", "two", "final([count(context), n])"):
        with Session(path) as session:
            (call, *_) = session.pending()
            session.answer({call.id: reply})
            try:
                outcome = session.resume()
            except CallsWaitingError:
                assert session.pending()

    assert outcome is not None
    assert (outcome.value, outcome.status) == ([len(LOG), 3], "completed")
    assert replay(verify(path), recorded_paths=True).verdict is Verdict.REPRODUCED


def test_a_program_by_hand_answers_an_open_question(log: Path, tmp_path: Path) -> None:
    """A person may look with programs of their own, and end with `final`."""
    with Session(tmp_path / "s.rlm", log) as session:
        with pytest.raises(CallsWaitingError):
            session.ask("How many errors?")
        session.exec('hits = search(context, "ERROR")')
        assert session.exec("final(count(hits))").value == 10
        assert session.pending() == ()
        assert session.resume().value == 10


def test_answers_that_nobody_asked_for(log: Path, tmp_path: Path) -> None:
    """They are refused, and nothing is written."""
    with Session(tmp_path / "s.rlm", log) as session:
        with pytest.raises(rlmlite.SettingError, match="no call abc waits"):
            session.answer({"abc": "x"})
        assert session.run.known() == {}


def test_a_call_that_was_paid_is_not_made_again(log: Path, tmp_path: Path) -> None:
    """A controller's too: what stops the process between reply and record costs nothing."""
    asked: list[str] = []

    class Failing:
        model = "failing:"

        async def complete(self, text: str, request: Request) -> Result:
            asked.append(request.id)
            if request.role == "sub" and len(asked) == 3:
                raise OSError("the machine stopped")
            return Answered(FAN_OUT if request.role == "controller" else "fine")

    session = Session(tmp_path / "s.rlm", log, controller=Failing(), workers=1)
    with pytest.raises(OSError, match="stopped"):
        session.ask("How?")
    session.close()
    with Session(tmp_path / "s.rlm", controller=Failing(), sub=Failing(), workers=1) as session:
        with pytest.raises(CallsWaitingError):
            raise CallsWaitingError(session.pending())
        outcome = session.resume()

    assert (outcome.status, outcome.reason) == ("partial", "stuck")
    assert len(asked) - len(set(asked)) == 1  # the one that raised


def test_a_cancelled_question_goes_on(log: Path, tmp_path: Path) -> None:
    """In the same process too, with the async twin."""

    class Slow:
        model = "slow:"
        quick = False

        async def complete(self, text: str, request: Request) -> Result:
            await asyncio.sleep(0 if self.quick else 60)
            return Answered("final(1)")

    client = Slow()

    async def cancelled() -> rlmlite.Outcome:
        with Session(tmp_path / "s.rlm", log, controller=client) as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.aask("How?"), 0.05)
            client.quick = True
            return await session.aresume()

    assert asyncio.run(cancelled()).value == 1


def test_what_was_fixed_cannot_be_changed(log: Path, tmp_path: Path) -> None:
    """Inputs, limits, key and models are those of the beginning."""
    Session(tmp_path / "s.rlm", log, sub="extractive:").close()
    wrong: list[dict[str, Any]] = [
        {"inputs": "another text"},
        {"inputs": {"no_such_input": log}},
        {"limits": rlmlite.Limits()},
        {"run_key": KEY},
        {"sub": Scripted([])},
        {"controller": Scripted([])},
    ]
    for settings in wrong:
        with pytest.raises(rlmlite.SettingError):
            Session(tmp_path / "s.rlm", **settings)

    Session(tmp_path / "s.rlm", sub="extractive:").close()
    Session(tmp_path / "s.rlm", log).close()  # says where the input is now; its content must be the same


def test_one_holder_at_a_time(log: Path, tmp_path: Path) -> None:
    """A second one is refused; a sealed session is over."""
    with Session(tmp_path / "s.rlm", log) as session:
        with pytest.raises(TraceLockedError):
            Session(tmp_path / "s.rlm")
        session.seal()
    with pytest.raises(TraceSealedError):
        Session(tmp_path / "s.rlm")


def test_a_session_whose_input_changed_says_so(log: Path, tmp_path: Path) -> None:
    """It cannot go on without what it was about."""
    Session(tmp_path / "s.rlm", log).close()
    log.write_text("other")
    with pytest.raises(rlmlite.SettingError, match="cannot go on without its input context"):
        Session(tmp_path / "s.rlm")


def test_a_session_that_never_began(tmp_path: Path) -> None:
    """It was stopped while its folder was made."""
    from rlmlite_traces import Log

    Log.create(tmp_path / "s.rlm", b"k" * 32).close()
    with pytest.raises(rlmlite.SettingError, match="holds no run"):
        Session(tmp_path / "s.rlm")


def test_a_model_that_only_its_maker_has(log: Path, tmp_path: Path) -> None:
    """A client that no string makes must be given again, when it is needed."""
    Session(tmp_path / "s.rlm", log, controller=Scripted(["final(1)"])).close()
    with Session(tmp_path / "s.rlm") as session:
        session.exec("x = 1")
        with pytest.raises(rlmlite.ModelError):
            session.ask("?")
    with Session(tmp_path / "s.rlm", controller=Scripted(["final(x)"])) as session:
        assert session.resume().value == 1


def test_a_budget_that_is_used_up(log: Path, tmp_path: Path) -> None:
    """Programs and questions end as partial."""
    with Session(tmp_path / "s.rlm", log, limits=rlmlite.Limits(turns=1)) as session:
        assert session.exec("x = 1").status == "completed"
        assert (session.exec("y = 2").reason, session.ask("?").reason) == ("budget", "budget")


def test_a_type_for_every_question(log: Path, tmp_path: Path) -> None:
    """The session's `answer_type`."""
    controller = Scripted(['final("disk 90")', "final(count(search(context, 'ERROR')))"])
    with Session(tmp_path / "s.rlm", log, controller=controller, answer_type=int) as session:
        assert session.ask("How many?").value == 10


def test_a_session_needs_a_path(tmp_path: Path) -> None:
    """By position, as `path`, or as `store`, which it was called at first."""
    with pytest.raises(TypeError, match="needs the path of its trace"):
        Session()
    with Session(store=tmp_path / "s.rlm", inputs="text") as session:
        assert session.path == tmp_path / "s.rlm"


def test_a_question_that_was_only_asked_still_shows_the_inputs(log: Path, tmp_path: Path) -> None:
    """A process that stops right after the question loses nothing: who goes on sees how the inputs begin."""
    path = tmp_path / "s.rlm"
    with Session(path, log) as session:
        session.run.ask("How many?", "question")

    with Session(path) as again, pytest.raises(CallsWaitingError) as waiting:
        again.resume()

    assert "0000 ERROR disk 0" in str(waiting.value.calls[0].prompt)
