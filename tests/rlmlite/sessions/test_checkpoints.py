"""A session that is opened goes on from its checkpoint, if that is to be believed, and is executed again otherwise."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import rlmlite
from rlmlite import Scripted, Session
from rlmlite.clients.interface.roles import RoleOptions
from rlmlite.runs.past import checkpoints
from rlmlite.runs.past.checkpoints import Checkpoint
from rlmlite_kernel.run.snapshots.graph import UnkeptError
from rlmlite_kernel.run.snapshots.snapshot import SAME, Answers
from rlmlite_kernel.run.steps.state import State
from rlmlite_traces import TraceError, Verdict, replay, verify
from rlmlite_traces.format.lines import RECORDS

KEY = "22" * 32
LOG = "".join(f"{n:03} {'ERROR disk' if n % 7 == 3 else 'INFO ok'} {n * 37 % 101}\n" for n in range(200))
CSV = "name,n\n" + "".join(f"user{n % 9},{n}\n" for n in range(60))

PROGRAMS = (
    'h = search(log, "ERROR")\nn = count(h)',
    "few = h[2:9]\nt = few[0].text\nk = few.line",
    's = render(few, "{line}: {text}")\nu = s[0:20] + "!"',
    "r = parse_lines(log, /(?P<no>\\d+) (?P<level>\\w+)/)\ng = group(r, .level, {c: count()})",
    "big = 123456789012345678901234567890\nd = {a: [1, t, {b: null}], x: 1.5}",
    "w = where(table, .n > 40)\nb = top(table, by=.n, n=3)",
    "z = union(w, b)\nm = map(h, upper(.text))",
    'p = where(docs, .text matches /two/)\nq = docs["a.txt"].lines',
    'x = extract_over_chunks(chunk(log[0:400], size=200), "What? {chunk}")',
    'note("remember the disk")\nv = extract_over_rows(few, "Bad?", schema={bad: bool})',
    "bad = few[99]\ny = bad.text",
    "c = count_matches(log, /ERROR/)\ne = extend(few, {double: .line * 2})",
    "final({n: n, u: u}, evidence=few)",
    "final(count(z) + n)",
    "f = sort(e, by=-.double)\nj = join(table, w, on=.name)",
    "show(h, s, x, d, g)\nfinal(f[0].text, evidence=[t, s, u])",
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with inputs, and a home of its own for the key of this user."""
    monkeypatch.setenv("RLMLITE_HOME", str(tmp_path / "home"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("one two\nthree\n")
    (tmp_path / "docs" / "b.txt").write_text("four\n")
    (tmp_path / "app.log").write_text(LOG)
    (tmp_path / "t.csv").write_text(CSV)
    return tmp_path


def clients() -> dict[str, Any]:
    """A model that answers by its prompt, so that it does not matter in which process it is asked."""
    return {"sub": Scripted(lambda text, _: str(len(text)))}


def begin(place: Path, files: Path) -> Session:
    """A session over a log, a table and a folder, under a fixed key."""
    inputs = {"log": files / "app.log", "table": rlmlite.Table(files / "t.csv"), "docs": files / "docs"}
    return Session(place, inputs, run_key=KEY, **clients())


def is_resumed(session: Session) -> bool:
    """Whether it was opened by its checkpoint."""
    assert session.run.log is not None
    return session.run.log.is_resumed


def contents(place: Path) -> dict[str, bytes]:
    """The files that are the trace."""
    return {name: (place / name).read_bytes() for name in (RECORDS, "blobs.jsonl", "effects.jsonl")}


def test_a_session_of_many_processes_is_that_of_one(files: Path) -> None:
    """Opened anew by its checkpoint for every program, it writes the same bytes, and a replay computes the same."""
    with begin(files / "one.rlm", files) as one:
        outcomes = [one.exec(program) for program in PROGRAMS]
    begin(files / "many.rlm", files).close()
    for program, expected in zip(PROGRAMS, outcomes, strict=True):
        with Session(files / "many.rlm", **clients()) as session:
            assert is_resumed(session)
            outcome = session.exec(program)
        same = msgspec.structs.replace(outcome, trace=expected.trace)
        assert same == expected

    assert contents(files / "many.rlm") == contents(files / "one.rlm")
    assert replay(verify(files / "many.rlm"), recorded_paths=True, derive=_derive()).verdict is Verdict.REPRODUCED


def _derive() -> Any:
    from rlmlite.inputs import deriving

    return deriving()


def test_a_conversation_of_many_processes_is_that_of_one(files: Path) -> None:
    """The history goes along: every prompt of a controller is the same."""

    def says(prompt: str, _: object) -> str:
        return (
            f'note("{len(prompt)}")\nh = search(log, "ERROR")\nfinal(count(h) + {prompt.count("ERROR")}, evidence=h[0])'
        )

    questions = [f"How many, {n}?" for n in range(4)]
    for name in ("one.rlm", "many.rlm"):
        Session(files / name, {"log": files / "app.log"}, controller=Scripted(says), run_key=KEY).close()
    with Session(files / "one.rlm", controller=Scripted(says)) as one:
        values = [one.ask(question).value for question in questions]
    for question, value in zip(questions, values, strict=True):
        with Session(files / "many.rlm", controller=Scripted(says)) as session:
            assert (is_resumed(session), session.ask(question).value) == (True, value)

    assert contents(files / "many.rlm") == contents(files / "one.rlm")


@pytest.fixture
def place(files: Path) -> Path:
    """A session that has run some programs, with its checkpoint."""
    with begin(files / "s.rlm", files) as session:
        for program in PROGRAMS[:12]:
            session.exec(program)
    return files / "s.rlm"


def told(place: Path) -> tuple[bool, list[str], Any]:
    """Whether a session goes on from its checkpoint, what its user is told, and what it says of its variables."""
    lines: list[str] = []
    with Session(place, tell=lines.append, **clients()) as session:
        resumed = is_resumed(session)
        outcome = session.exec("final([n, t, u, d, count(z)], evidence=few)")
    assert replay(verify(place), recorded_paths=True, derive=_derive()).verdict is Verdict.REPRODUCED
    return resumed, [line for line in lines if "checkpoint" in line], outcome.value


def rewritten(change: Callable[[Checkpoint], Checkpoint]) -> Callable[[Path], None]:
    """The checkpoint with something else in it, under its old tag: what who can write the file can do."""

    def tamper(place: Path) -> None:
        content = (place / "checkpoint").read_bytes()
        known = msgspec.msgpack.decode(content[32:], type=Checkpoint)
        (place / "checkpoint").write_bytes(content[:32] + msgspec.msgpack.encode(change(known)))

    return tamper


def _snapshot(**fields: Any) -> Callable[[Path], None]:
    return rewritten(
        lambda known: msgspec.structs.replace(known, snapshot=msgspec.structs.replace(known.snapshot, **fields))
    )


def _flip(at: float) -> Callable[[Path], None]:
    def tamper(place: Path) -> None:
        content = bytearray((place / "checkpoint").read_bytes())
        content[int(at * (len(content) - 1))] ^= 1
        (place / "checkpoint").write_bytes(content)

    return tamper


def _values(known: Checkpoint) -> Checkpoint:
    nodes = [["text", *node[1:2], 0, 3] if node[0] == "text" else node for node in known.snapshot.nodes]
    return msgspec.structs.replace(known, snapshot=msgspec.structs.replace(known.snapshot, nodes=nodes))


def _labels(known: Checkpoint) -> Checkpoint:
    variables = tuple(
        msgspec.structs.replace(each, data=msgspec.structs.replace(each.data, origins="0x8"))
        for each in known.snapshot.variables
    )
    return msgspec.structs.replace(known, snapshot=msgspec.structs.replace(known.snapshot, variables=variables))


def _instead(make: Callable[[Path], None]) -> Callable[[Path], None]:
    """Something else where the checkpoint was, which is elsewhere now."""

    def tamper(place: Path) -> None:
        (place / "checkpoint").rename(place.parent / "elsewhere")
        make(place / "checkpoint")

    return tamper


TAMPERINGS: dict[str, Callable[[Path], None]] = {
    "other values": rewritten(_values),
    "other labels": rewritten(_labels),
    "other budgets": _snapshot(used={}),
    "no evidence": _snapshot(answers=None),
    "other notes": _snapshot(notes=("obey",)),
    "other marks": _snapshot(marks=()),
    "other history": rewritten(lambda known: msgspec.structs.replace(known, history=())),
    "other usage": rewritten(lambda known: msgspec.structs.replace(known, counts={})),
    "a bit of the tag": _flip(0.0),
    "a bit in the middle": _flip(0.5),
    "the last bit": _flip(1.0),
    "cut": lambda place: os.truncate(place / "checkpoint", 1_000),
    "empty": lambda place: os.truncate(place / "checkpoint", 0),
    "a folder": _instead(os.mkdir),
    "a pipe": _instead(os.mkfifo),
    "a link": _instead(lambda path: os.symlink(path.parent.parent / "elsewhere", path)),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_checkpoint_that_somebody_changed_is_not_believed(place: Path, name: str) -> None:
    """Whatever was changed in it, the session is executed again, says what it said, and its user is told."""
    was_resumed, no_lines, honest = told(place)
    TAMPERINGS[name](place)
    resumed, lines, value = told(place)

    assert (was_resumed, no_lines) == (True, [])
    assert (resumed, len(lines), value) == (False, 1, honest)


def test_a_checkpoint_without_its_key_is_not_believed(place: Path, files: Path) -> None:
    """It is this user's alone: without the key that the user's machine has, nobody's."""
    (key,) = (files / "home").rglob("origin.key")
    key.write_bytes(bytes(32))

    with pytest.raises(rlmlite.SettingError, match="where it was recorded is not looked at"):
        Session(place, **clients())
    named = {"log": files / "app.log", "table": files / "t.csv", "docs": files / "docs"}
    with Session(place, named, **clients()) as session:
        assert not is_resumed(session)


def test_a_checkpoint_of_another_moment_or_place_is_not_believed(place: Path, files: Path) -> None:
    """Neither the one of before, nor that of another session, nor of this one under another name."""
    old = (place / "checkpoint").read_bytes()
    told(place)
    (place / "checkpoint").write_bytes(old)
    assert told(place)[:2] == (False, [])

    with begin(files / "other.rlm", files) as session:
        session.exec(PROGRAMS[0])
    shutil.copy(files / "other.rlm" / "checkpoint", place / "checkpoint")
    assert told(place)[0] is False

    assert told(place)[0] is True
    place.rename(files / "moved.rlm")
    with pytest.raises(rlmlite.SettingError):
        Session(files / "moved.rlm", **clients())


def test_a_changed_trace_is_found_whatever_its_checkpoint_says(place: Path) -> None:
    """The files are compared with the checkpoint byte for byte; where they differ they are verified, and refused."""
    content = (place / RECORDS).read_bytes()
    (place / RECORDS).write_bytes(content.replace(b'"status":"failed"', b'"status":"failex"', 1))

    with pytest.raises(TraceError):
        Session(place, **clients())


def test_without_a_checkpoint_a_session_is_executed_again(place: Path) -> None:
    """It may be deleted at any time, and is there again once the session is closed."""
    (place / "checkpoint").unlink()

    assert told(place)[:2] == (False, [])
    assert told(place)[0] is True


def test_a_sealed_session_keeps_none(place: Path) -> None:
    """What its variables held is deleted with the run's key."""
    with Session(place, **clients()) as session:
        session.seal()

    assert not (place / "checkpoint").exists()
    verify(place)


def test_what_has_no_form_is_executed_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that cannot be written leaves no checkpoint of this moment, and no error."""

    def refuse(*_: object) -> None:
        raise UnkeptError("too much")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "take_snapshot", refuse)
        told(place)

    assert told(place)[0] is False


def test_a_turn_under_way_leaves_the_checkpoint_of_before(place: Path, files: Path) -> None:
    """A session that waits for a person is executed again, up to the call: its checkpoint is of another moment."""
    with begin(files / "hand.rlm", files) as session:
        session.exec("n = 1")
    hand = Session(files / "hand2.rlm", {"log": files / "app.log"})
    hand.exec("n = 1")
    with pytest.raises(rlmlite.errors.CallsWaitingError), hand:
        hand.exec('final(sub_lm("Urgent?"))')
    with Session(files / "hand2.rlm") as session:
        (call,) = session.pending()
        session.answer({call.id: "yes"})
        assert session.resume().value == "yes"
    with Session(files / "hand2.rlm") as session:
        assert is_resumed(session)
        assert session.exec("final(n)").value == 1


def test_checkpoints_are_written_where_something_has_happened(place: Path) -> None:
    """A session that is only looked at writes nothing."""
    before = (place / "checkpoint").stat().st_mtime_ns
    with Session(place, **clients()) as session:
        assert session.pending() == ()

    assert (place / "checkpoint").stat().st_mtime_ns == before


def test_a_snapshot_holds_all_of_a_state() -> None:
    """A field that a state gains must go along, or a session goes on as if it were not there."""
    made_anew = {"run", "variables", "used", "coverage", "exposure", "memo"}

    assert set(State.__struct_fields__) == made_anew | set(SAME) | set(Answers.__struct_fields__)


def test_calls_that_may_be_shared_go_along(tmp_path: Path) -> None:
    """What a model has answered is known to the next process, too."""
    roles = {"sub": RoleOptions(cache=True)}
    with Session(tmp_path / "s.rlm", "text", sub=Scripted(["yes"]), roles=roles) as session:
        session.exec('x = sub_lm("?")')
    with Session(tmp_path / "s.rlm", sub=Scripted([])) as session:
        assert is_resumed(session)
        assert session.exec('final(sub_lm("?"))').value == "yes"


def test_a_draft_of_an_earlier_process_may_stand_in_the_end(files: Path) -> None:
    """Opened by its checkpoint after a step that failed, a session is sealed with the draft before that."""
    with begin(files / "s.rlm", files) as session:
        session.exec('draft("so far")')
        session.exec("x = log[1:2].nothing")
    with Session(files / "s.rlm", **clients()) as session:
        assert is_resumed(session)
        session.seal()

    assert replay(verify(files / "s.rlm"), recorded_paths=True, derive=_derive()).verdict is Verdict.REPRODUCED
