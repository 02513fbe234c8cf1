"""A session that an older version has begun goes on by its rules, and so do the runs that are nested in it."""

from pathlib import Path

import msgspec
import pytest

from rlmlite import Scripted, Session
from rlmlite.agent.ask import prepare_agent
from rlmlite_kernel import SettingsError
from rlmlite_kernel.records.evolution import ADDITIONS, EARLIER_ANSWERS, FLAGS
from rlmlite_traces import Standing, nested_traces, verify
from tests.rlmlite.cli.commands import rlmlite

OLDER = tuple(flag for flag in FLAGS if flag not in (EARLIER_ANSWERS, ADDITIONS))


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session that was begun before earlier answers were variables."""
    monkeypatch.setenv("RLMLITE_HOME", str(tmp_path / "home"))
    (tmp_path / "app.log").write_text("ERROR a\nINFO b\nERROR c\n", "utf-8")
    with monkeypatch.context() as patch:

        def prepare_as_then(*arguments: object) -> object:
            agent, setup = prepare_agent(*arguments)  # type: ignore[arg-type]
            return agent, msgspec.structs.replace(setup, flags=OLDER)

        patch.setattr("rlmlite.agent.sessions.session.prepare_agent", prepare_as_then)
        Session(tmp_path / "s.rlm", tmp_path / "app.log", controller=model(), limits={"depth": 2}).close()
    return tmp_path / "s.rlm"


def model() -> Scripted:
    """A controller; one level down it asks once more, and there it answers."""
    return Scripted(
        {
            "# Question\nHow many?": 'a = sub_rlm("Deeper?", part=part)\nfinal(a)',
            "# Question\nDeeper?": 'final(count(search(part, "ERROR")))',
            "": "final(1)",
        }
    )


def test_nested_runs_follow_the_flags_of_their_session(older: Path) -> None:
    """At each level, so that the traces are those of one run, and replay."""
    with Session(older, controller=model()) as session:
        assert session.exec('final(sub_rlm("How many?", part=context, share=0.8))').value == 2
    found = list(nested_traces(verify(older), older))
    assert [(each.standing, each.reason) for each in found] == [(Standing.SAME, "")] * 2
    assert all(each.trace is not None and each.trace.genesis.flags == tuple(sorted(OLDER)) for each in found)
    assert rlmlite("trace", "replay", str(older)).stdout.count("reproduced") == 3


def test_nothing_can_be_added_to_it(older: Path) -> None:
    """A reader of its version would not know the record."""
    before = (older / "trace.jsonl").read_bytes()
    with Session(older, controller=model()) as session, pytest.raises(SettingsError, match="rules of an older version"):
        session.add({"more": "text"})
    assert (older / "trace.jsonl").read_bytes() == before
