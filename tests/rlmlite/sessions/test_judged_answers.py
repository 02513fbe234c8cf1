"""The host's verdict on an answer in a session: whatever dies or is left out in between, no answer passes unjudged."""

import contextlib
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Scripted, Session
from rlmlite.clients.interface.placeholders import BY_HAND
from rlmlite.errors import CallsWaitingError, SettingError
from rlmlite.runs.outcome import Outcome
from rlmlite.tools.acceptance import ProposedAnswer
from rlmlite_kernel.records.records import Turn
from rlmlite_traces import CheckedTrace, Verdict, replay, verify

LOG = "ERROR a\nINFO b\nERROR c\n"
REPLIES = ["final(count(context.lines))", 'h = search(context, "ERROR")\nfinal(count(h), evidence=h)']
SECOND = "count errors only"


class Killed(BaseException):
    """The process ends here."""


def cited(answer: ProposedAnswer) -> str | None:
    return None if answer.basis == "given" else SECOND


def dies(_: ProposedAnswer) -> str:
    raise Killed


def model() -> Scripted:
    """Gives the second reply once it was told what is wrong with the first."""
    return Scripted(lambda text, _: REPLIES[SECOND in text])


def begin(path: Path, accept: Any = dies) -> None:
    """A session whose process dies between the answer and the verdict, unless it has one."""
    with Session(path, LOG, controller=model(), accept=accept) as session:
        session.ask("How many errors?")


def killed(path: Path) -> Path:
    with pytest.raises(Killed):
        begin(path)
    return path


def refusals(trace: CheckedTrace) -> list[str]:
    remarks = [record.held_back for record in trace.records if isinstance(record, Turn)]
    return [trace.content(remark.example).decode() for remark in remarks if remark and remark.example]


def warned(outcome: Outcome) -> list[str]:
    return [warning.example for warning in outcome.warnings if warning.code == "not_accepted"]


def reproduced(path: Path) -> CheckedTrace:
    trace = verify(path)
    replayed = replay(trace)
    assert (replayed.verdict, replayed.difference) == (Verdict.REPRODUCED, None)
    return trace


def test_a_verdict_that_is_missing_is_asked_for(tmp_path: Path) -> None:
    """The question goes on as if nobody had died, with the same records."""
    path = killed(tmp_path / "s.rlm")
    with Session(path, controller=model(), accept=cited) as session:
        outcome = session.resume()
        session.seal()

    assert (outcome.value, outcome.status) == (2, "completed")
    assert refusals(reproduced(path)) == [SECOND]


def test_a_process_that_is_killed(tmp_path: Path) -> None:
    """A real one, with nothing closed."""
    path = tmp_path / "s.rlm"
    child = multiprocessing.get_context("fork").Process(target=begin, args=(path, lambda _: os._exit(9)))
    child.start()
    child.join()
    with Session(path, controller=model(), accept=cited) as session:
        outcome = session.resume()

    assert (child.exitcode, outcome.value, outcome.status) == (9, 2, "completed")


def test_a_verdict_is_reached_once(tmp_path: Path) -> None:
    """One that is known is kept, in this process and in the next."""
    path, asked = tmp_path / "s.rlm", []

    def accept(answer: ProposedAnswer) -> str | None:
        asked.append(answer.value)
        return cited(answer)

    begin(path, accept)
    with Session(path, controller=model(), accept=accept) as session:
        again = session.resume()
    with Session(path, controller=model()) as session:
        sealed = session.seal()

    assert asked == [3, 2]
    assert (again.value, again.status) == (sealed.value, sealed.status) == (2, "completed")
    assert refusals(reproduced(path)) == [SECOND]


@pytest.mark.parametrize("does", ["exec", "ask"])
def test_who_goes_on_elsewhere_leaves_the_refusal_on_record(does: str, tmp_path: Path) -> None:
    """Also where the host has other things to do than to finish the question."""
    path = killed(tmp_path / "s.rlm")
    with Session(path, controller=model(), accept=cited) as session:
        outcome = session.exec("final(1)") if does == "exec" else session.ask(f"{SECOND}, how many?")

    assert outcome.status == "completed"
    assert refusals(reproduced(path)) == [SECOND]


def test_nobody_is_there_to_judge(tmp_path: Path) -> None:
    """Without `accept` such a session asks nobody, and says what to give; sealed, its answer is partial."""
    path = killed(tmp_path / "s.rlm")
    with Session(path, controller=model()) as session:
        for go_on in (session.resume, lambda: session.exec("final(1)"), lambda: session.ask("And now?")):
            with pytest.raises(SettingError, match=r"Session\(path, accept=\.\.\.\)"):
                go_on()
        assert session.pending() == ()
        sealed = session.seal()

    assert (sealed.value, sealed.status, sealed.reason) == (3, "partial", "not_accepted")
    assert "without accept=" in warned(sealed)[0]
    reproduced(path)


def test_a_gate_is_armed_from_the_beginning(tmp_path: Path) -> None:
    """The genesis says which gates there are; later there can be none."""
    path = tmp_path / "s.rlm"
    Session(path, LOG, controller=model()).close()

    with pytest.raises(SettingError, match="begun without accept="):
        Session(path, controller=model(), accept=cited)


def test_what_is_refused_in_the_last_turn_is_said(tmp_path: Path) -> None:
    """In the outcome and in the seal, since no turn is left to say it."""
    limits = rlmlite.Limits(turns=2)
    given: dict[str, Any] = {"controller": model(), "accept": lambda _: ["no", "never"], "limits": limits}
    outcome = rlmlite.run("How many?", LOG, **given, trace=tmp_path / "t.rlm")
    with Session(tmp_path / "s.rlm", LOG, **given) as session:
        asked, sealed = session.ask("How many?"), session.seal()

    for each in (outcome, asked, sealed):
        assert (each.status, each.reason, warned(each)) == ("partial", "not_accepted", ["no\nnever"])
    for path in (tmp_path / "t.rlm", tmp_path / "s.rlm"):
        seal: Any = reproduced(path).records[-1]
        assert "not_accepted" in [warning.code for warning in seal.warnings]


def test_calls_of_an_earlier_process_count(tmp_path: Path) -> None:
    """Whether a checkpoint opens the session, or it is executed again."""
    path, seen = tmp_path / "s.rlm", []
    models: dict[str, Any] = {"controller": model(), "sub": Scripted(lambda *_: "yes")}
    with Session(path, LOG, **models, accept=lambda answer: seen.append(answer.calls)) as session:
        session.exec('a = sub_lm("Is it urgent? {context}")')
    for keeps_checkpoint in (True, False):
        if not keeps_checkpoint:
            (path / "checkpoint").unlink()
        with Session(path, **models, accept=lambda answer: seen.append(answer.calls)) as session:
            assert session.run.log is not None
            assert session.run.log.is_resumed == keeps_checkpoint
            session.ask("How many errors?")

    assert seen == [{"sub": 1}, {"sub": 1}]


def test_calls_count_where_a_turn_is_rehearsed(tmp_path: Path) -> None:
    """The answer that the rest of a turn would give is judged as the one that it gives."""
    seen = []
    replies = ['a = sub_lm("Is it urgent? {context}")', 'final(sub_lm("Why? {context}"))']
    models: dict[str, Any] = {"controller": Scripted(replies), "sub": BY_HAND}
    with Session(tmp_path / "s.rlm", LOG, **models, accept=lambda answer: seen.append(answer.calls)) as session:
        with pytest.raises(CallsWaitingError):
            session.ask("Is it urgent, and why?")
        for _ in replies:
            session.answer({call.id: "yes" for call in session.pending()})
            session.pending()
            with contextlib.suppress(CallsWaitingError):
                session.resume()

    assert seen == [{"sub": 2}] * 2, "one of them in the rehearsal"
