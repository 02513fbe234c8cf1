"""Inputs and limits are added to an open session: what was there stays, and what is new is as if it had been there."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Policy, Scripted, Session
from rlmlite.cli.output.exits import Exit
from rlmlite.errors import CallsWaitingError, InputError, SettingError
from rlmlite_kernel import SettingsError
from rlmlite_kernel.effects.requests import Request
from rlmlite_traces import Standing, TraceLockedError, TraceSealedError, nested_traces, verify
from tests.rlmlite.cli.commands import rlmlite as command

KEY = "2a" * 32
LOG = "".join(f"{n:03} {'ERROR disk' if n % 7 == 3 else 'INFO ok'}\n" for n in range(60))
NAMES = ("log", "table", "docs", "same")

PROGRAMS = (
    'h = search(same, "ERROR")\nfinal(count(h), evidence=h[0:2])',
    "w = where(table, .n > 3)\nshow(w)\nfinal(w, evidence=w)",
    'r = search(docs, "two")\nfinal({n: count(r), t: docs["a.txt"]}, evidence="one two")',
    'q = union(search(log, "ERROR"), search(same, "ERROR"))\nfinal(count(q), evidence=q[8:10])',
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with inputs, and a home of its own for the key of this user."""
    monkeypatch.setenv("RLMLITE_HOME", str(tmp_path / "home"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("one two\nthree\n")
    (tmp_path / "docs" / "b.txt").write_text(LOG)
    (tmp_path / "app.log").write_text(LOG)
    (tmp_path / "copy.log").write_text(LOG)
    (tmp_path / "t.csv").write_text("name,n\n" + "".join(f"user{n},{n}\n" for n in range(9)))
    return tmp_path


def inputs(files: Path) -> dict[str, Path]:
    """Inputs of each kind; two have the same content, and one of the documents has it too."""
    paths = (files / "app.log", files / "t.csv", files / "docs", files / "copy.log")
    return dict(zip(NAMES, paths, strict=True))


def some(files: Path, *names: str) -> dict[str, Path]:
    return {name: path for name, path in inputs(files).items() if name in names}


def trace_of(place: Path) -> tuple[bytes, ...]:
    return tuple((place / name).read_bytes() for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl"))


def told(outcome: rlmlite.Outcome) -> tuple[Any, ...]:
    return outcome.value, outcome.status, outcome.observation, outcome.evidence, outcome.warnings


@pytest.mark.parametrize("first", [(), ("log",), ("log", "table"), ("log", "table", "docs")])
def test_an_added_input_is_as_one_that_was_there(files: Path, first: tuple[str, ...]) -> None:
    """Programs compute the same, with the same evidence and coverage, whenever an input came, one by one."""
    with Session(files / "whole.rlm", inputs(files)) as whole, Session(files / "s.rlm", some(files, *first)) as session:
        for name in NAMES:
            if name not in first:
                session.add(some(files, name))
        for program in PROGRAMS:
            assert told(session.exec(program)) == told(whole.exec(program))
        assert session.run.state.coverage_report() == whole.run.state.coverage_report()
        sources = {name: each.source for name, each in session.run.inputs.items()}
        assert sources == {name: each.source for name, each in whole.run.inputs.items()}


@pytest.mark.parametrize("leave", ["stays", "is left", "is left, its checkpoint deleted"])
def test_a_session_with_additions_goes_on(files: Path, leave: str) -> None:
    """With the same bytes, whether it was left or not, and executed again or not; and it replays."""

    def done(place: Path, leaves: bool) -> tuple[bytes, ...]:
        session = Session(place, some(files, "log"), run_key=KEY, limits={"turns": 2})
        steps: tuple[Callable[[Session], object], ...] = (
            lambda it: it.exec('h = search(log, "ERROR")\nfinal(h)'),
            lambda it: it.add({**some(files, "same", "table"), "text": "ERROR in memory\n"}, limits={"turns": 9}),
            lambda it: it.exec(PROGRAMS[0]),
            lambda it: it.add(some(files, "docs")),
            lambda it: it.exec(PROGRAMS[3] + "\nx = text.lines"),
            lambda it: it.add(limits={"steps": 3_000}),
            lambda it: it.exec(PROGRAMS[2]),
        )
        for step in steps:
            if leaves:
                session.close()
                if "deleted" in leave:
                    (place / "checkpoint").unlink()
                session = Session(place)
                assert session.run.log is not None
                assert session.run.log.is_resumed is ("deleted" not in leave)
            step(session)
        session.seal()
        session.close()
        return trace_of(place)

    assert done(files / "a.rlm", leaves=False) == done(files / "b.rlm", leaves=leave != "stays")
    replayed = command("trace", "replay", str(files / "b.rlm"))
    assert (replayed.exit_code, "reproduced" in replayed.stdout) == (Exit.COMPLETED, True)


def test_names_that_are_there_are_refused(files: Path) -> None:
    """An input's, a variable's, one of the kernel's own: nothing is added, and it is said what to do."""
    with Session(files / "s.rlm", some(files, "log")) as session:
        session.exec("x = 1")
        before = trace_of(files / "s.rlm")
        for name, words in (("log", "OTHER=PATH"), ("x", r"forget\(x\)")):
            with pytest.raises(SettingsError, match=words):
                session.add({"new": "text", name: files / "missing.log"})
        with pytest.raises(InputError, match="digits"):
            session.add({"1x": "text"})
        with pytest.raises(SettingsError, match="nothing to add"):
            session.add()
        assert trace_of(files / "s.rlm") == before
        session.exec("forget(x)")
        session.add({"x": "text"})
        assert session.exec("final(x)").value == "text"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"turns": 4}, "expected turns of 5 or more, found 4"),
        ({"tokens": 10}, "expected tokens of 1,000 or more, found 10"),
        ({"cost_nano": 10}, "expected cost_nano of none"),
        ({"turns": 5}, "nothing to add"),
    ],
)
def test_limits_only_grow(files: Path, limits: dict[str, int], words: str) -> None:
    """A lower one is refused, with what was expected; the same one is nothing."""
    with Session(files / "s.rlm", limits={"turns": 5, "tokens": 1_000}) as session:
        with pytest.raises(SettingsError, match=words):
            session.add(limits=limits)
        with pytest.raises(SettingError, match="no limit `turn`"):
            session.add(limits={"turn": 9})
        session.add(limits={"tokens": "none", "turns": "7"})
        assert (session.run.state.settings.limits.tokens, session.run.state.left("turns")) == (None, 7)


def test_more_turns_let_a_question_go_on(files: Path) -> None:
    """A question that ended for want of turns is answered after `add`, and nothing is asked twice."""
    replies = ["x = 1", "y = 2", "final(x + y)"]
    with Session(files / "s.rlm", controller=Scripted(replies), limits={"turns": 1}, last_answer=False) as session:
        assert session.ask("How many?").status == "partial"
        session.add(limits={"turns": 9})
        assert session.resume().value == 3


def test_what_is_held_back_for_the_last_answer_grows(files: Path) -> None:
    """With a higher limit of tokens more is held back, as a session that began with it would."""
    client = Scripted(["final(1)"])
    with Session(files / "s.rlm", controller=client, limits={"tokens": 100}) as session:
        session.add(limits={"tokens": 500_000})
        with Session(files / "t.rlm", controller=client, limits={"tokens": 500_000}) as other:
            assert session.run.state.settings == other.run.state.settings


def test_a_controller_is_told(files: Path) -> None:
    """Its next prompt has the new inputs, how they begin, and the limits; the same bytes in a session opened again."""

    def asked(place: Path, leaves: bool) -> list[str]:
        prompts: list[str] = []

        def controller(text: str, _: Request) -> str:
            prompts.append(text)
            return "final(count(log))"

        client = Scripted(controller)
        session = Session(place, some(files, "log"), controller=client, run_key=KEY)
        session.ask("How many?")
        session.add(some(files, "table"), limits={"turns": 60, "steps": 3_000})
        if leaves:
            session.close()
            session = Session(place, controller=client)
        session.ask("And now?")
        session.close()
        return prompts

    prompts = asked(files / "a.rlm", leaves=False)
    assert prompts == asked(files / "b.rlm", leaves=True)
    assert "## Added by the host\n- input table, described under Inputs\n- limit steps: 3,000 in all\n" in prompts[1]
    assert "- table: 9 records {name, n}" in prompts[1]
    assert "preview(table, head=3): 3 records" in prompts[1]
    assert prompts[1].startswith(prompts[0][: prompts[0].index("# Inputs")])
    assert "reproduced" in command("trace", "replay", str(files / "a.rlm")).stdout


def test_an_added_input_is_under_the_policy(files: Path) -> None:
    """A rule that names an input holds from the moment that there is one; a controller is not told what it is like."""
    prompts: list[str] = []

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return "show(secret)" if len(prompts) == 1 else "final(1)"

    policy = Policy(egress={"secret": ()})
    with Session(files / "s.rlm", some(files, "log"), controller=Scripted(controller), policy=policy) as session:
        session.add({"secret": "the launch code is 4711"})
        outcome = session.ask("What is it?")
    assert "- secret: text, the policy keeps its content from you" in prompts[0]
    assert "4711" not in "".join(prompts)
    assert outcome.status == "completed"


def test_what_is_not_over_is_finished_first(files: Path) -> None:
    """Not while a program is under way, nor while somebody is asked by hand, nor after the end."""
    session = Session(files / "s.rlm", some(files, "log"))
    with pytest.raises(CallsWaitingError):
        session.exec('a = sub_lm("Which?")')
    with pytest.raises(SettingError, match="a program is under way"):
        session.add({"new": "text"})
    session.abandon()
    session.add({"new": "text"})
    with pytest.raises(CallsWaitingError):
        session.ask("How many?")
    with pytest.raises(SettingError, match=r"calls wait for answers \(1\)"):
        session.add({"newer": "text"})
    (call,) = session.pending()
    session.answer({call.id: "final(new)"})
    with pytest.raises(SettingError, match="a call has ended"):
        session.add({"newer": "text"})
    assert session.resume().value == "text"
    session.add({"newer": "text"})
    session.seal()
    with pytest.raises(TraceSealedError):
        session.add({"newest": "text"})


def test_a_verdict_outlives_an_addition(files: Path) -> None:
    """What the host has said of an answer is not asked again, and is recorded with the next turn."""
    asked: list[object] = []

    def accept(answer: Any) -> str:
        asked.append(answer.value)
        return "too few" if answer.value == 1 else ""

    client = Scripted(["final(count(a))"])
    with Session(files / "s.rlm", {"a": [1]}, controller=client, accept=accept, limits={"turns": 2}) as session:
        assert session.ask("How many?").reason == "not_accepted"
        session.add(limits={"turns": 9})
        session.exec("final(2)")
    assert asked == [1]
    assert b'"code":"not_accepted"' in trace_of(files / "s.rlm")[0]


def test_an_addition_is_whole_or_not_there(files: Path) -> None:
    """A kill at any byte of what it writes leaves the session before it or after it, and it goes on."""
    place = files / "s.rlm"
    with Session(place, some(files, "log")) as session:
        session.exec("x = 1")
        before = trace_of(place)
        session.add({**some(files, "table"), "text": "in memory"}, limits={"turns": 60})
        after = trace_of(place)
    blobs, records = range(len(before[1]), len(after[1]) + 1), range(len(before[0]), len(after[0]) + 1)
    cuts = [(len(before[0]), size) for size in (*blobs[::61], blobs[-1])]
    cuts += [(size, len(after[1])) for size in (*records[1::37], *records[-2:])]
    for record_bytes, blob_bytes in cuts:
        copy = files / "copy.rlm"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(place, copy)
        (copy / "checkpoint").unlink(missing_ok=True)
        (copy / "trace.jsonl").write_bytes(after[0][:record_bytes])
        (copy / "blobs.jsonl").write_bytes(after[1][:blob_bytes])
        with Session(copy, some(files, "log", "table") if record_bytes == len(after[0]) else some(files, "log")) as it:
            is_there = record_bytes == len(after[0])
            assert {"table", "text"} <= it.run.inputs.keys() if is_there else {*it.run.inputs} == {"log"}
            assert it.run.state.settings.limits.turns == (60 if is_there else 30)
            assert it.exec("final(x + 1)").value == 2


def test_a_nested_run_may_spend_what_was_added(files: Path) -> None:
    """Its limits are a share of the higher ones, and its trace is the one that its parent recorded."""
    controller = Scripted({"# Question\nHow many?": "final(count(part))", "": "final(1)"})
    with Session(files / "s.rlm", some(files, "log"), controller=controller, limits={"turns": 3}) as session:
        session.add(some(files, "table"), limits={"turns": 90})
        assert session.exec('final(sub_rlm("How many?", part=table, share=0.5))').value == 9
    trace = verify(files / "s.rlm")
    (nested,) = nested_traces(trace, files / "s.rlm")
    assert (nested.standing, nested.reason) == (Standing.SAME, "")
    assert "reproduced" in command("trace", "replay", str(files / "s.rlm")).stdout


def test_commands_add_in_turns(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process adds, another goes on; who adds while another has the session open is told so."""
    monkeypatch.setattr("rlmlite.cli.commands.sessions.session.LOCK_SECONDS", 0.1)
    monkeypatch.chdir(files)
    assert command("session", "new", "s.rlm", "log=app.log").exit_code == Exit.COMPLETED
    added = command("session", "add", "s.rlm", "t.csv", "same=copy.log", "--limit", "turns=60", "--json")
    assert added.exit_code == Exit.COMPLETED
    assert '"limits": {"turns": 60}' in added.stdout.replace('":', '": ').replace("  ", " ")
    assert "answer\n    9\n" in command("session", "exec", "s.rlm", "-e", "final(count(t))").stdout
    shown = command("session", "show", "s.rlm").stdout
    assert "    added: t, same, turns=60\n" in shown
    with Session("s.rlm") as session:
        refused = command("session", "add", "s.rlm", "docs")
        assert (refused.exit_code, "waited for 0.1 seconds" in refused.stderr) == (Exit.USAGE, True)
        session.add({"docs": files / "docs"})
    with pytest.raises(TraceLockedError), Session("s.rlm"):
        Session("s.rlm").add({"more": "text"})
    refused = command("session", "add", "s.rlm", "log=copy.log")
    assert (refused.exit_code, "OTHER=PATH" in refused.stderr) == (Exit.USAGE, True)
    assert "reproduced" in command("trace", "replay", "s.rlm").stdout


def test_an_added_file_is_found_again(files: Path) -> None:
    """Moved, it is named; in a store, the copy is read; gone, it is said which one is missing."""
    (files / "copy.log").write_text(LOG + "ERROR more\n")
    with Session(files / "s.rlm", some(files, "log")) as session:
        session.add(some(files, "table", "same"))
        session.exec("final(1)")
    with Session(files / "c.rlm", some(files, "log"), copy_to=files / "store") as session:
        session.add(some(files, "same"))
    (files / "copy.log").rename(files / "moved.log")
    for checkpoint in (True, False):
        if not checkpoint:
            (files / "s.rlm" / "checkpoint").unlink()
        with pytest.raises(SettingError, match="cannot go on without its input same"):
            Session(files / "s.rlm").exec('final(count(search(same, "ERROR")))')
        with Session(files / "s.rlm", {"same": files / "moved.log"}) as session:
            assert session.exec('final(count(search(same, "ERROR")))').value == 10
    with Session(files / "c.rlm") as session:
        assert session.exec('final(count(search(same, "ERROR")))').value == 10
