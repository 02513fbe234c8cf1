"""Memory that runs out at any moment, in any function of ours: in a turn of the kernel, and in a session on disk."""

import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rlmlite import RlmliteError, Session
from rlmlite.clients.scripted import Scripted
from rlmlite_kernel import Done, Entry, Suspended, advance, resume
from rlmlite_kernel.testing.play.turns import entry_bytes
from rlmlite_traces import Verdict, replay, verify
from tests.guard.memory.scarce import ScarceBlobs
from tests.guard.memory.striking import strike
from tests.guard.memory.test_steps import PROGRAMS, answers_of, machine_of, outages_of, play
from tests.kernel.machine import parse_program

OURS = ("/rlmlite/", "rlmlite_kernel", "rlmlite_traces")


def struck_turn(name: str, at: int) -> tuple[Done, list[Entry], int]:
    """A turn whose call number `at` of a function of the kernel fails; and how many calls there were."""
    blobs = ScarceBlobs()
    machine = machine_of(blobs, name)
    said = parse_program(PROGRAMS[name])
    with strike(at, "rlmlite_kernel") as first:
        now = advance(machine.state, said, blobs, stepwise=True)
    calls, struck, entries = first.calls, first.struck, [*now.entries]
    while isinstance(now, Suspended):
        answers = answers_of(now, blobs)
        left = -1 if struck or at < 0 else at - calls
        with strike(left, "rlmlite_kernel") as later:
            now = resume(now, answers, blobs)
        calls, struck = calls + later.calls, struck or later.struck
        entries += now.entries
    return now, entries, calls


def check_moments(name: str, count: int) -> None:
    """Strike a turn at so many moments, spread over all of it."""
    _, _, calls = struck_turn(name, -1)
    contained = 0
    for at in range(0, calls, max(1, calls // count)):
        try:
            done, entries, _ = struck_turn(name, at)
        except MemoryError:
            continue  # before or between steps, so that no step can be blamed: a host tries again
        whole = ScarceBlobs()
        again, replayed = play(machine_of(whole, name), PROGRAMS[name], whole, outages_of(entries))
        contained += bool(outages_of(entries))

        assert entry_bytes(replayed) == entry_bytes(entries), at
        assert again.state.digest == done.state.digest
        assert again.observation == done.observation
    assert contained


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_turn_struck_at_any_moment_replays(name: str) -> None:
    """Whatever the kernel was doing: either nothing has happened, or the turn ends and replays byte for byte."""
    check_moments(name, 20)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_turn_struck_at_many_moments_replays(name: str) -> None:
    """The same, at twenty times as many moments."""
    check_moments(name, 400)


IN_SESSIONS = {
    "local": "a = search(context, /o/)\nb = count(a)\nc = a[0:2]\nd = [b]",
    "calls": 'a = sub_lm("one {context}")\nb = search(context, "o")\nc = sub_lm("{a} {b}")\nd = [a, c]',
    "fan-out": 'p = chunk(context, size=4)\nr = extract_over_chunks(p, "{chunk}?")\nn = count(r)\nfinal(n)',
}


def model() -> Scripted:
    """A model that says yes."""
    return Scripted(lambda _text, _request: "yes", "scripted:m")


def struck_session(path: Path, program: str, at: int) -> int:
    """A session in which a program is struck; it is left as a process that ends would leave it."""
    with Session(path, "one\ntwo\nfour foo\n", sub=model(), run_key="ab" * 32) as session:
        with strike(at, *OURS) as striking, suppress(MemoryError, RlmliteError):
            session.exec(program)
        return striking.calls


def check_session(folder: Path, program: str, at: int, *, abandons: bool) -> None:
    """Strike a session, open it again, go on or give up, end it: its trace is whole and replays."""
    path = folder / "s.rlm"
    shutil.rmtree(path, ignore_errors=True)
    struck_session(path, program, at)
    with Session(path, sub=model()) as session:
        if session.run.unfinished is not None:
            session.abandon() if abandons else session.resume()
        assert session.exec("z = 1 + 1").failures == ()
        session.seal()
    replayed = replay(verify(path))

    assert replayed.verdict is Verdict.REPRODUCED
    assert replayed.executed + sum(replayed.not_executed.values()) == replayed.steps


@pytest.mark.parametrize("name", IN_SESSIONS)
def test_a_session_struck_at_any_moment_goes_on(tmp_path: Path, name: str) -> None:
    """Also while the trace or the journal is written: what is on disk is sound."""
    calls = struck_session(tmp_path / "whole.rlm", IN_SESSIONS[name], -1)
    for number, at in enumerate(range(0, calls, max(1, calls // 16))):
        check_session(tmp_path, IN_SESSIONS[name], at, abandons=number % 2 == 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_SESSIONS)
def test_a_session_struck_at_many_moments_goes_on(tmp_path: Path, name: str) -> None:
    """The same at fifteen times as many moments."""
    calls = struck_session(tmp_path / "whole.rlm", IN_SESSIONS[name], -1)
    for number, at in enumerate(range(0, calls, max(1, calls // 240))):
        check_session(tmp_path, IN_SESSIONS[name], at, abandons=number % 2 == 1)


class ScarceSessions(RuleBasedStateMachine):
    """A session whose programs are struck now and then, that is left and opened, gone on with and given up."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.path = self.folder / "s.rlm"
        Session(self.path, "one\ntwo\nfour foo\n", sub=model()).close()

    def opened(self) -> Session:
        """The session, as another process would open it."""
        return Session(self.path, sub=model())

    @rule(name=st.sampled_from(sorted(IN_SESSIONS)), at=st.integers(0, 2_500))
    def execute(self, name: str, at: int) -> None:
        """A program in which memory runs out."""
        with self.opened() as session, strike(at, *OURS), suppress(MemoryError, RlmliteError):
            session.exec(IN_SESSIONS[name])

    @rule()
    def go_on(self) -> None:
        """Finish what was struck."""
        with self.opened() as session:
            session.resume()
            assert session.run.unfinished is None

    @precondition(lambda self: self.is_unfinished())
    @rule()
    def give_up(self) -> None:
        """Give it up on the record."""
        with self.opened() as session:
            assert "abandoned" in session.abandon().failures or session.run.unfinished is None

    def is_unfinished(self) -> bool:
        """Whether a program is under way."""
        with self.opened() as session:
            return session.run.unfinished is not None

    @invariant()
    def it_verifies_and_replays(self) -> None:
        """At every moment, and to the state that a session goes on from."""
        replayed = replay(verify(self.path))
        with self.opened() as session:
            state = session.run.state
        assert replayed.verdict is Verdict.REPRODUCED
        assert replayed.state is not None
        assert replayed.state.digest == state.digest

    def teardown(self) -> None:
        """Clean up."""
        shutil.rmtree(self.folder)


class TestScarceSessions(ScarceSessions.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=8, stateful_step_count=5, deadline=None)
