"""Sessions whose process died in a step: they can be looked at, given up and gone on with, and nothing paid is lost."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rlmlite import Session, SettingError
from rlmlite.clients.scripted import Scripted
from rlmlite_kernel.records.records import Entry, Step
from rlmlite_kernel.run.steps import step
from rlmlite_kernel.run.turns import progress
from rlmlite_traces import Level, Log, Replayed, Verdict, replay, verify
from tests.guard.test_crash import die_in_the_tool
from tests.rlmlite.cli.commands import document, rlmlite

ROOT = Path(__file__).parents[3]

DYING = """
    import os, signal, sys
    from pathlib import Path
    from rlmlite import Session
    from rlmlite_kernel.run.steps import step
    from rlmlite_kernel.run.turns import progress

    place, program, how, last = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    real, asked = progress.run_action, []

    def run_action(planned, context, constants, place_of_calls):
        if planned.op == "map":
            os.kill(os.getpid(), getattr(signal, how))
        return real(planned, context, constants, place_of_calls)

    class Model:
        model = "scripted:m"

        async def complete(self, prompt, request):
            from rlmlite_kernel.effects.requests import Answered, Usage
            asked.append(request.id)
            if len(asked) > last:
                os.kill(os.getpid(), signal.SIGKILL)
            return Answered("yes", Usage(10, 1, 0))

    progress.run_action = run_action
    with Session(place / "s.rlm", "one\\ntwo\\nthree\\n", sub=Model(), workers=1) as session:
        session.exec(program)
"""


def die(folder: Path, program: str, how: str = "SIGKILL", last: int = 1_000) -> None:
    """A process that begins a session, executes a program and is killed: in `map`, or at the call after `last`."""
    path = os.pathsep.join(str(ROOT / part) for part in (".", "grammar", "kernel", "traces"))
    script = textwrap.dedent(DYING)
    died = subprocess.run(
        [sys.executable, "-c", script, str(folder), program, how, str(last)],
        env={**os.environ, "PYTHONPATH": path},
        timeout=60,
        check=False,
        capture_output=True,
    )
    assert died.returncode in (-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT), died.stderr.decode()


def codes(folder: Path) -> list[str]:
    """The code of each step, `ok` for what went well."""
    return [record.code or "ok" for record in verify(folder / "s.rlm").records if isinstance(record, Step)]


def replayed(folder: Path) -> Replayed:
    """What a replay finds."""
    return replay(verify(folder / "s.rlm"))


MAP = "m = map(context.lines, upper(.text))"

PROGRAMS = {
    "at once": (MAP, ["abandoned"]),
    "after others": (f"a = 1\nb = a + 1\n{MAP}\nc = 2", ["ok", "ok", "abandoned", "abandoned"]),
    "before a call": (f'a = sub_lm("?")\n{MAP}\nm2 = [m, a]', ["abandoned", "abandoned", "abandoned"]),
    "beside a call": (f'{MAP}\na = sub_lm("?")', ["abandoned", "abandoned"]),
    "that needs a call": (
        'a = sub_lm("?")\nm = map(context.lines, .text + a)\nb = count(m)',
        ["ok", "abandoned", "abandoned"],
    ),
    "after a fan-out": (
        'p = chunk(context, size=5)\nr = extract_over_chunks(p, "{chunk}?")\nm = map(r, .value)\nfinal(m)',
        ["ok", "ok", "abandoned", "abandoned"],
    ),
    "between two calls": (
        'a = sub_lm("?")\nm = map(context.lines, .text + a)\nb = sub_lm("{a}")',
        ["ok", "abandoned", "abandoned"],
    ),
}


@pytest.mark.parametrize(
    ("name", "how"),
    [*((name, "SIGKILL") for name in PROGRAMS), ("at once", "SIGSEGV"), ("that needs a call", "SIGABRT")],
)
def test_a_killed_session_is_given_up_on_the_record(tmp_path: Path, name: str, how: str) -> None:
    """Nothing that may have killed the process is executed again; what was recorded before stays; it replays."""
    program, expected = PROGRAMS[name]
    die(tmp_path, program, how)
    with Session(tmp_path / "s.rlm", sub=Scripted(["no"], "scripted:m")) as session:
        outcome = session.abandon()
        assert outcome.failures[0] == "abandoned"
        session.exec("after = 1 + 1")
        session.seal()

    assert codes(tmp_path) == [*expected, "ok"]
    assert verify(tmp_path / "s.rlm").level is Level.SEALED
    found = replayed(tmp_path)
    assert found.verdict is Verdict.REPRODUCED
    assert found.not_executed == {"abandoned": expected.count("abandoned")}
    assert found.executed == found.steps - expected.count("abandoned")


def test_a_killed_session_can_be_looked_at_and_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`show`, `pending` and `seal` do not die of the step that the process died of."""
    die(tmp_path, PROGRAMS["that needs a call"][0])
    monkeypatch.chdir(tmp_path)
    kill_in_map(monkeypatch)
    shown = rlmlite("session", "show", "s.rlm").stdout
    pending = rlmlite("session", "pending", "s.rlm")
    sealed = rlmlite("session", "seal", "s.rlm")

    assert "give it up with `rlmlite session abandon s.rlm`" in shown
    assert pending.exit_code == 1
    assert "rlmlite session abandon" in pending.stderr
    assert "abandoned" in sealed.stderr
    assert codes(tmp_path) == ["ok", "abandoned", "abandoned"]
    assert replayed(tmp_path).verdict is Verdict.REPRODUCED


def test_the_command_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`session abandon` prints how the session stands; without a program under way there is nothing to give up."""
    die(tmp_path, PROGRAMS["after others"][0])
    monkeypatch.chdir(tmp_path)
    kill_in_map(monkeypatch)
    given_up = document("session", "abandon", "s.rlm")
    again = rlmlite("session", "abandon", "s.rlm")

    assert given_up["failures"] == ["abandoned", "abandoned"]
    assert again.exit_code == 2
    assert "nothing to abandon" in again.stderr
    assert document("session", "show", "s.rlm")["calls"] == []


def kill_in_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on `map` kills the process, unless it is the one that the tests run in."""
    tests, real = os.getpid(), step.run_action

    def run_action(planned: object, *rest: object) -> object:
        if planned.op == "map":  # type: ignore[attr-defined]
            assert os.getpid() != tests, "the dying step was executed"
            os.kill(os.getpid(), signal.SIGKILL)
        return real(planned, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(progress, "run_action", run_action)


@pytest.mark.parametrize("made", [0, 1, 3])
def test_paid_calls_of_what_is_given_up_stay(tmp_path: Path, made: int) -> None:
    """Killed in the midst of a fan-out: its answers are on the record and charged, the calls not made are cancelled."""
    die(tmp_path, 'p = chunk(context, size=3)\nr = extract_over_chunks(p, "{chunk}?")\nb = count(r)', last=made)
    with Session(tmp_path / "s.rlm", sub=Scripted(["no"], "scripted:m")) as session:
        session.abandon()
        used = dict(session.run.state.used)
    trace = verify(tmp_path / "s.rlm")
    (fan_out,) = [
        seq for seq, record in enumerate(trace.records) if isinstance(record, Step) and record.op.startswith("ex")
    ]
    results = [call.error or "answered" for call in trace.effects(fan_out)]

    assert results.count("answered") == made
    assert used.get("tokens", 0) == 11 * made
    assert codes(tmp_path) == ["ok", "abandoned", "abandoned"]
    assert replayed(tmp_path).verdict is Verdict.REPRODUCED


def test_a_session_goes_on_after_memory_ran_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened again and again: the step stays failed, whatever memory there is now."""
    real = step.run_action

    def starve(planned: object, *rest: object) -> object:
        if planned.op == "map":  # type: ignore[attr-defined]
            raise MemoryError
        return real(planned, *rest)  # type: ignore[arg-type]

    with Session(tmp_path / "s.rlm", "a\nb\n", sub=Scripted(["x"], "scripted:m")) as session:
        with monkeypatch.context() as starved:
            starved.setattr(progress, "run_action", starve)
            outcome = session.exec(f'a = sub_lm("?")\n{MAP}\nb = a')
        assert outcome.failures == ("out_of_memory",)
    for _ in range(2):
        with Session(tmp_path / "s.rlm", sub=Scripted(["x"], "scripted:m")) as session:
            assert session.exec("c = b").failures == ()

    assert codes(tmp_path) == ["ok", "out_of_memory", "ok", "ok", "ok"]
    assert replayed(tmp_path).not_executed == {"out_of_memory": 1}


def test_memory_that_runs_out_in_a_replay_is_no_forgery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An honest trace on a smaller machine: not verified, and the replay says at which record."""
    with Session(tmp_path / "s.rlm", "a\nb\n") as session:
        session.exec(f"{MAP}\nb = 1")

    def starve(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as starved:
        starved.setattr(progress, "run_action", starve)
        found = replayed(tmp_path)
        (tmp_path / "s.rlm" / "checkpoint").unlink()  # with it, nothing is executed again
        with pytest.raises(Exception, match="record 2 cannot be executed here"):
            Session(tmp_path / "s.rlm")

    assert found.verdict is Verdict.UNVERIFIABLE
    assert found.stopped == "record 2 cannot be executed here (out_of_memory)"
    with pytest.raises(SettingError, match="nothing to abandon"), Session(tmp_path / "s.rlm") as session:
        session.abandon()


def test_a_kill_between_two_records_of_one_suspension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps waited together; only the first is recorded. What is there is reproduced, and the rest goes on."""

    class KilledError(BaseException):
        """The process dies here."""

    appended = Log.append

    def append(log: Log, entry: Entry) -> object:
        if isinstance(entry.record, Step) and entry.record.step == 2:
            raise KilledError
        return appended(log, entry)

    with (
        Session(tmp_path / "s.rlm", sub=Scripted(["x", "y"], "scripted:m")) as session,
        monkeypatch.context() as killing,
    ):
        killing.setattr(Log, "append", append)
        with pytest.raises(KilledError):
            session.exec('a = sub_lm("one?")\nb = sub_lm("two?")\nc = [a, b]')

    assert codes(tmp_path) == ["ok"]
    assert replayed(tmp_path).verdict is Verdict.REPRODUCED
    with Session(tmp_path / "s.rlm", sub=Scripted([], "scripted:m")) as session:
        assert session.resume().failures == ()
    assert codes(tmp_path) == ["ok", "ok", "ok"]
    assert replayed(tmp_path).verdict is Verdict.REPRODUCED


def test_a_tool_that_had_begun_is_unknown(tmp_path: Path) -> None:
    """Killed in a tool with side effects: the call is on the record as one whose end nobody knows, and is not made."""
    die_in_the_tool(tmp_path, "fail", "harmful")
    with Session(tmp_path / "s.rlm") as session:
        assert session.abandon().failures == ("abandoned",)
    trace = verify(tmp_path / "s.rlm")
    calls = [(call.effect, call.error) for seq in range(trace.size) for call in trace.effects(seq)]

    assert calls[-1] == ("tool", "unknown")
    assert (tmp_path / "paid").read_text() == "a\n"
    assert replayed(tmp_path).verdict is Verdict.REPRODUCED


def test_to_give_up_needs_no_loop_of_its_own(tmp_path: Path) -> None:
    """It makes no call, so it can be done where an event loop is running."""
    die(tmp_path, PROGRAMS["after others"][0])

    async def give_up() -> tuple[str, ...]:
        with Session(tmp_path / "s.rlm") as session:
            return session.abandon().failures

    assert asyncio.run(give_up()) == ("abandoned", "abandoned")
