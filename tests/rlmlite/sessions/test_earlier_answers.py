"""Earlier answers of a session: variables of what comes next."""

from pathlib import Path

import pytest

import rlmlite
from rlmlite import Scripted, Session
from rlmlite.runs.explain import explain
from rlmlite_kernel.records.evolution import EARLIER_ANSWERS, FLAGS
from rlmlite_kernel.values.values import Rows
from rlmlite_traces import Verdict, replay, verify
from tests.kernel.machine import Machine

LOG = "".join(f"{n:03} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(100))
HITS = 'hits = search(context, "ERROR")\nshow(hits)'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_text(LOG, "utf-8")
    return tmp_path / "app.log"


def sealed(session: Session) -> Path:
    """The path of a session that has ended, and whose replay gives the same."""
    session.seal()
    assert replay(verify(session.path), recorded_paths=True).verdict is Verdict.REPRODUCED
    return session.path


def test_the_next_question_finds_the_answer_before(log: Path, tmp_path: Path) -> None:
    """As it was: rows are rows, with their places in the input; after the session was left, too."""
    with Session(tmp_path / "s.rlm", log, controller=Scripted([HITS, "final(hits[0:3])"])) as session:
        session.ask("Which errors?")
        assert "answer_1" not in session.run.state.variables
    with Session(tmp_path / "s.rlm", controller=Scripted(["final(answer_1[1:3])"])) as session:
        outcome = session.ask("And the last two of these?")
        held = session.run.state.variables["answer_1"]
        path = sealed(session)

    assert [row["line"] for row in outcome.value] == [11, 21]
    assert [each.start for each in outcome.evidence] == [LOG.index("ERROR", 100), LOG.index("ERROR", 250)]
    assert isinstance(held.data.value, Rows)
    assert (held.kind, len(held.data.value)) == ("hits", 3)
    assert "answer_1 = hits[0:3]" in [step.text for step in explain(path)]


@pytest.mark.parametrize("is_left", [False, True])
def test_programs_after_programs_find_answers(is_left: bool, log: Path, tmp_path: Path) -> None:
    """Each answer has a number of its own, whatever was answered before, or forgotten."""
    programs = ["final(7)", "final(answer_1 + 1)", "forget(answer_1)\nx = answer_2 * 2", "final(x)", "final(answer_3)"]
    session = Session(tmp_path / "s.rlm", log)
    values = []
    for program in programs:
        if is_left:
            session.close()
            session = Session(tmp_path / "s.rlm")
        values.append(session.exec(program).value)
    assert values == [7, 8, None, 16, 16]
    assert {"answer_2", "answer_3"} < set(session.run.state.variables)
    assert "answer_1" not in session.run.state.variables
    sealed(session)
    session.close()


def test_the_name_is_free(log: Path, tmp_path: Path) -> None:
    """Neither an input nor a variable of a program is overwritten."""
    with Session(tmp_path / "s.rlm", {"answer_1": log}) as session:
        session.exec("answer_2 = 5\nfinal(6)")
        session.exec("y = 1")
        state = session.run.state
        assert {name: state.variables[name].data.value for name in ("answer_2", "answer_3")} == {
            "answer_2": 5,
            "answer_3": 6,
        }
        sealed(session)


def test_nothing_is_got_rid_of_by_being_answered(log: Path, tmp_path: Path) -> None:
    """Labels, doubts and losses of what was answered go on with it."""
    with Session(tmp_path / "s.rlm", log, sub=Scripted(["ten"])) as session:
        session.exec('none = search(context, "nowhere")\nsaid = sub_lm("How many?")')
        session.exec("final({n: count(none), said: said})")
        session.exec("copy = answer_1.n")
        state = session.run.state
        made = state.variables["answer_1"].data.origins
        assert made & state.variables["said"].data.origins == state.variables["said"].data.origins
        assert made & state.variables["none"].data.origins == state.variables["none"].data.origins
        assert {doubt.code for doubt in state.lineage["copy"].doubts} >= {"rests_on_no_hits"}
        sealed(session)


def test_an_answer_that_was_held_back_is_found_with_its_doubts(log: Path, tmp_path: Path) -> None:
    """A question may end with an answer that was not taken."""
    blind = ['final(count(search(context, "nowhere")))', "nonsense nonsense"]
    with Session(tmp_path / "s.rlm", log, controller=Scripted(blind), patience=1) as session:
        outcome = session.ask("How many?")
        assert (outcome.status, outcome.value) == ("partial", 0)
        session.ask("Really?")
        state = session.run.state
        assert state.variables["answer_1"].data.value == 0
        assert state.lineage["answer_1"].doubts
        sealed(session)


def test_an_answer_without_room_is_said(log: Path, tmp_path: Path) -> None:
    """It is charged like any variable; where it does not fit, the next question is asked without it."""
    limits = rlmlite.Limits(variables=2)
    with Session(tmp_path / "s.rlm", log, limits=limits) as session:
        assert session.exec(f'x = "{"y" * 20}"\nfinal(x)').value == "y" * 20
        outcome = session.exec("x = 1")
        assert "answer_1" not in session.run.state.variables
        assert [notice.code for notice in outcome.warnings] == ["answer_unkept"]
        sealed(session)


def test_a_run_of_older_rules_has_no_such_variables() -> None:
    """Traces from before keep their meaning, and their digests."""
    run = Machine({"x": "a"}, flags=FLAGS.keys() - {EARLIER_ANSWERS})
    run.turn("final(1)")
    run.turn("y = 2")
    assert set(run.state.variables) == {"x", "y"}
