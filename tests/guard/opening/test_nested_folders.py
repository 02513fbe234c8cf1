"""Folders of nested runs that a stranger put into a session: neither followed out of it, nor taken for another run."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite.clients.scripted import Scripted
from rlmlite.runs.settings.setting import KEY_BYTES
from rlmlite_traces import Log, TraceBrokenError, TraceError, nested_place, verify
from tests.guard.opening.traps import TRAPS, fence, look

KEY = "5" * 2 * KEY_BYTES
LOG = "ERROR one\nINFO two\nERROR three\n"
CALL = 'n = sub_rlm("How many?", context=context)'


def controller() -> Scripted:
    below = 'final(count(search(context, "ERROR")))'
    return Scripted({"# Question\nHow many?": below, f"```\n{CALL}\n```\n": "final(n)", "": CALL})


def ask(path: str, text: str = LOG, **settings: Any) -> rlmlite.Session:
    return rlmlite.Session(path, {"context": text}, controller=controller(), run_key=KEY, **settings)


def nested_folder() -> Path:
    """The folder of the nested run of a run with this key."""
    with ask("first.rlm") as session:
        assert session.ask("What?").value == 2
    return next(Path("first.rlm", "nested").iterdir())


@pytest.mark.parametrize(
    ("text", "settings", "check"),
    [
        ("ERROR of somebody else\n", {}, "inputs"),
        (LOG, {"limits": {"turns": 7}}, "settings"),
        (LOG, {"policy": rlmlite.Policy(strict=True)}, "settings"),
    ],
)
def test_the_run_of_another_call_is_not_taken_for_its_answer(text: str, settings: dict[str, Any], check: str) -> None:
    """Same id, other inputs or settings: what was permitted there is not permitted here."""
    folder = nested_folder()
    with ask("second.rlm", text, **settings) as session:
        shutil.copytree(folder, Path("second.rlm", "nested", folder.name))
        with pytest.raises(TraceBrokenError) as caught:
            session.ask("What?")

    assert caught.value.check == check


def test_the_same_run_is_an_answer() -> None:
    """As after a kill between the end of the nested run and that of the call."""
    folder = nested_folder()
    with ask("second.rlm") as session:
        shutil.copytree(folder, Path("second.rlm", "nested", folder.name))
        assert session.ask("What?").value == 2


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("part", ["nested", "nested/ID", "nested/ID/trace.jsonl"])
def test_a_trap_among_nested_runs_does_no_harm(part: str, trap: str, outside: Path) -> None:
    """A nested run is written into the session's own folder, or not at all."""
    folder = nested_folder()
    with ask("second.rlm") as session:
        place = Path("second.rlm", "nested", folder.name)
        place.parent.mkdir()
        if part.endswith("trace.jsonl"):
            shutil.copytree(folder, place)
        TRAPS[trap](Path("second.rlm") / part.replace("ID", folder.name), outside)
        before = look(outside)
        with fence(), contextlib.suppress(OSError, TraceError):
            session.ask("What?")
        assert look(outside) == before


@pytest.mark.parametrize(
    "id_", ["../../x", "", "..", "/etc", "a/b", "2919c", "G" * 32, "0" * 31 + "/", "0" * 32 + "\n"]
)
def test_an_id_that_is_none_names_no_folder(id_: str) -> None:
    """Ids come from traces, and become names of folders."""
    with pytest.raises(ValueError, match="is not the id of a call"):
        nested_place(Path("a.rlm"), id_)


def test_a_nested_trace_is_opened_from_its_parent_down(outside: Path) -> None:
    """Also by whoever names it by its own path, to read or to write."""
    folder = nested_folder()
    shutil.move("first.rlm/nested", outside / "moved")
    Path("first.rlm", "nested").symlink_to(outside / "moved")

    with pytest.raises(TraceError, match="found a symbolic link"):
        verify(folder)
    with pytest.raises(TraceError, match="found a symbolic link"):
        Log.open(folder)
    with pytest.raises(OSError, match="found a symbolic link"):
        Log.create(Path("first.rlm", "nested", "0" * 32 + ".rlm"), bytes(32))
    assert not (outside / "moved" / ("0" * 32 + ".rlm")).exists()
