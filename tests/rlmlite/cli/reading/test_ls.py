"""`rlmlite trace ls`, and the names by which every command takes a trace."""

import os
import shutil
from pathlib import Path

import pytest

from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import COUNT_ERRORS, document, rlmlite
from tests.traces.reading.kept import GOLDEN, KEPT


@pytest.fixture
def three() -> list[str]:
    """Three traces, the oldest first, one of them beside the others."""
    places = [".rlmlite/2026-11-01/5ab1.rlm", ".rlmlite/2026-11-02/5ac2.rlm", "mine.rlm"]
    for age, (place, name) in enumerate(zip(places, ("agent", "search", "rounds"), strict=True)):
        shutil.copytree(GOLDEN / "2.3" / f"{name}.rlm", place)
        os.utime(Path(place) / "trace.jsonl", (1_000_000 + age, 1_000_000 + age))
    return places


def test_traces_are_listed_newest_first(three: list[str]) -> None:
    """With a number, time, status, cost, root, and the question, or the program where nobody asked."""
    lines = rlmlite("trace", "ls").stdout.split("\n")

    assert [line.split()[0] for line in lines[:3]] == ["@1", "@2", "@3"]
    assert "mine.rlm" in lines[0]
    assert "partial (rows_lacking)" in lines[0]
    assert "{ hits = search(log, " in lines[1]
    assert "Which part logs the most errors?" in lines[2]
    assert document("trace", "verify", three[0])["root"].startswith(lines[2].split(three[0])[0].split()[-1])
    assert "nothing of this was verified" in lines[3]


def test_what_is_listed_is_what_the_trace_says(three: list[str]) -> None:
    """Root, outcome and number of records are those that `verify` finds."""
    for each in document("trace", "ls", ".")["value"]:
        checked = document("trace", "verify", each["path"])
        assert (each["root"], each["records"]) == (checked["root"], checked["records"])
        assert each["written"] < 2_000_000


def test_long_and_broken_traces_are_listed_too() -> None:
    """What was not read is said; what is no trace, and what a killed process left, is listed with what is wrong."""
    for place in KEPT:
        shutil.copytree(place, Path("all") / place.parent.name / place.name)
    broken = Path("all/broken.rlm")
    shutil.copytree(GOLDEN / "2.3" / "agent.rlm", broken)
    (broken / "trace.jsonl").write_text("\x1b[2J\n")
    cut = Path("all/cut.rlm")
    shutil.copytree(GOLDEN / "2.3" / "agent.rlm", cut)
    (cut / "trace.jsonl").write_bytes((cut / "trace.jsonl").read_bytes()[:-9])
    long = Path("all/long.rlm")
    shutil.copytree(GOLDEN / "2.3" / "agent.rlm", long)
    lines = (long / "trace.jsonl").read_bytes().split(b"\n")
    (long / "trace.jsonl").write_bytes(b"\n".join([lines[0], lines[1], *[lines[2]] * 2_000, *lines[2:]]))
    (Path("all") / "link.rlm").symlink_to("2.3/agent.rlm")

    listed = {Path(each["path"]).name: each for each in document("trace", "ls", "all", "-n", "0")["value"]}

    assert listed["broken.rlm"]["status"] == "unreadable"
    assert listed["cut.rlm"]["status"] == "open"
    assert (listed["long.rlm"]["status"], listed["long.rlm"]["root"]) == ("completed", "")
    assert listed["long.rlm"]["unread"] == ["root", "cost"]
    assert listed["long.rlm"]["question"] == "Which part logs the most errors?"
    assert "link.rlm" not in listed
    outcomes = {"completed", "partial", "refused", "failed"}
    assert {each["status"] for each in listed.values()} == outcomes | {"open", "unreadable"}
    assert "\x1b" not in rlmlite("trace", "ls", "all", "-n", "0").stdout


def test_a_name_stands_for_a_trace_in_every_command(three: list[str]) -> None:
    """`last`, a number of the list, the beginning of a folder's name or of a run's id."""
    roots = [document("trace", "verify", place)["root"] for place in three]

    for name, root in (("last", 2), ("@1", 2), ("@3", 0), ("5ab", 0), ("5ac2", 1), ("mine", 2)):
        assert document("trace", "verify", name)["root"] == roots[root], name
    for command in ("show", "replay", "egress", "audit", "why"):
        assert document("trace", command, "5ac2")["root"] == roots[1], command


def test_a_name_of_several_traces_is_refused(three: list[str]) -> None:
    """With the candidates. A path that is there is meant, whatever it is called."""
    several = rlmlite("trace", "show", "5a")
    assert several.exit_code == Exit.USAGE
    assert "2 traces begin so" in several.stderr
    assert "5ab1.rlm" in several.stderr
    assert "5ac2.rlm" in several.stderr

    same_run = document("trace", "ls")["value"][0]["run"]
    assert "2 traces begin so" in rlmlite("trace", "show", same_run[:9]).stderr

    assert "from @1, the last, to @3" in rlmlite("trace", "show", "@4").stderr
    assert rlmlite("trace", "show", "nosuch").exit_code == Exit.INPUT
    shutil.copytree(three[0], "5a")
    assert rlmlite("trace", "show", "5a").exit_code == Exit.COMPLETED


def test_packed_traces_are_listed_and_named(three: list[str]) -> None:
    """As the folders that they hold."""
    rlmlite("trace", "pack", three[0], "packed.rlmz")
    first = document("trace", "ls")["value"][0]

    assert first["path"] == "packed.rlmz"
    assert (first["question"], first["root"]) == (
        "Which part logs the most errors?",
        document("trace", "verify", "last")["root"],
    )
    assert "question, as" in rlmlite("trace", "show", "pack").stdout


def test_a_run_is_a_name() -> None:
    """Whatever its folder is called."""
    done = document("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")

    assert document("trace", "verify", done["run"][:8])["root"] == done["root"]


def test_sessions_have_names_too() -> None:
    """A new session is a new folder, whatever there is that begins so."""
    rlmlite("session", "new", "triage.rlm", "app.log")

    assert rlmlite("session", "exec", "tri", "-e", COUNT_ERRORS).exit_code == Exit.COMPLETED
    assert rlmlite("session", "show", "last").exit_code == Exit.COMPLETED
    assert rlmlite("session", "new", "tri", "app.log").exit_code == Exit.COMPLETED
    assert Path("tri").is_dir()


def test_without_traces_names_say_so() -> None:
    """There is nothing to name."""
    assert "there are no traces here" in rlmlite("trace", "ls").stdout
    assert "there are no traces here" in rlmlite("trace", "show", "last").stderr
