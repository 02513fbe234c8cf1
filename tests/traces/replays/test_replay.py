"""Replay: real runs are executed again; whoever altered one, however consistently, is found."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from rlmlite_grammar import parse
from rlmlite_kernel import (
    ACTIONS,
    Answered,
    BlobMissingError,
    Done,
    Failed,
    Input,
    Request,
    Result,
    Settings,
    Source,
    SourceFile,
    Suspended,
    Usage,
    advance,
    begin,
    documents,
    render,
    resume,
    seal,
)
from rlmlite_kernel.program.action_table import Action
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.records import AnyRecord, Blob, EffectRecord, Entry, Genesis, Seal, Step, Turn
from rlmlite_kernel.records.refs import RunKey, blob
from rlmlite_traces import (
    CheckedTrace,
    FileBlobs,
    Level,
    Log,
    Replayed,
    Verdict,
    replay,
    show,
    verify,
)
from tests.traces import handmade
from tests.traces.replays import real_runs


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> CheckedTrace:
    """A sealed run of four turns over one text from memory."""
    path = tmp_path_factory.mktemp("kept") / "a.rlm"
    blobs = FileBlobs()
    real_runs.record(path, {"log": real_runs.text_input(real_runs.LOG, blobs)}, blobs)
    return verify(path, at_least=Level.SEALED)


def same(found: Replayed) -> bool:
    return found.verdict is Verdict.REPRODUCED and found.executed == found.steps


def test_an_honest_run_is_reproduced(kept: CheckedTrace) -> None:
    """Every step of a sealed trace is executed again and gives the same records."""
    found = replay(kept)

    assert same(found)
    assert found.steps == 6
    assert (found.difference, found.missing, found.engines, found.unfinished) == (None, {}, {}, None)


def test_replay_touches_no_network(kept: CheckedTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing opens a socket."""

    def no_socket(*_: object, **__: object) -> None:
        pytest.fail("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)

    assert same(replay(kept))


@pytest.mark.parametrize("seed", ["0", "1", "77"])
def test_another_process_gives_the_same(tmp_path: Path, seed: str) -> None:
    """The seed of Python's hashes changes nothing, neither the trace's bytes nor the verdict."""
    code = (
        "import sys; from pathlib import Path\n"
        "from rlmlite_traces import *; from tests.traces.replays import real_runs\n"
        "path, blobs = Path(sys.argv[1]), FileBlobs()\n"
        "real_runs.record(path, {'log': real_runs.text_input(real_runs.LOG, blobs)}, blobs)\n"
        "trace = verify(path)\nprint(trace.root, replay(trace).verdict.value)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", code, str(tmp_path / "a.rlm")]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split()
    blobs = FileBlobs()
    real_runs.record(tmp_path / "b.rlm", {"log": real_runs.text_input(real_runs.LOG, blobs)}, blobs)

    assert out == [verify(tmp_path / "b.rlm").root, "reproduced"]


Change = Callable[[list[Entry]], list[Entry]]


def entries_of(trace: CheckedTrace) -> list[Entry]:
    """The trace as entries again; the genesis carries all blobs."""
    kept = trace.contents.kept
    blobs = tuple(Blob(ref, kept[ref].salt, trace.content(ref)) for ref in kept)
    return [
        Entry(record, blobs if seq == 0 else (), tuple(trace.effects(seq))) for seq, record in enumerate(trace.records)
    ]


def forged(trace: CheckedTrace, change: Change) -> CheckedTrace:
    """The trace after somebody changed it and recomputed every hash; unused blobs are dropped."""
    entries = change(entries_of(trace))
    files, _ = handmade.written(entries)
    while True:
        try:
            return verify(handmade.unchecked(files))
        except Exception as error:
            ref = getattr(error, "ref", None)
            if type(error).__name__ != "BlobUnreferencedError":
                raise
            whole = files["blobs.jsonl"].splitlines(keepends=True)
            files["blobs.jsonl"] = b"".join(line for line in whole if str(ref).encode() not in line[:200])


def with_fields(kind: type[AnyRecord], number: int, **fields: object) -> Change:
    """Change fields of the record that is the `number`-th of its kind."""

    def change(entries: list[Entry]) -> list[Entry]:
        at = [seq for seq, entry in enumerate(entries) if type(entry.record) is kind][number]
        entry = entries[at]
        entries[at] = Entry(msgspec.structs.replace(entry.record, **fields), entry.blobs, entry.effects)
        return entries

    return change


def with_call(**fields: object) -> Change:
    """Change the second call, and its step's root with it."""

    def change(entries: list[Entry]) -> list[Entry]:
        at = next(seq for seq, entry in enumerate(entries) if entry.effects)
        entry = entries[at]
        calls = list(entry.effects)
        calls[1] = msgspec.structs.replace(calls[1], **fields)
        entries[at] = handmade.with_calls(entry, calls)
        return entries

    return change


FORGERIES: dict[str, tuple[Change, int, str]] = {
    "op": (with_fields(Step, 0, op="count"), 2, "op"),
    "status": (with_fields(Step, 1, status="failed", code="type"), 3, "code"),
    "coverage": (with_fields(Step, 0, coverage={"log": (1, 2, 3)}), 2, "coverage.log[0]"),
    "used": (with_fields(Step, 0, used={}), 2, "used.search_work"),
    "priced": (with_fields(Step, 3, priced={"sub_calls": 2}), 6, "priced.output_tokens"),
    "statement": (with_fields(Step, 1, statement=9), 3, "statement"),
    "a read": (with_fields(Step, 1, reads=(("hits", handmade.state(1)),)), 3, "reads[0][1]"),
    "no writes": (with_fields(Step, 1, writes=()), 3, "writes"),
    "a call's model": (with_call(model="better"), 6, "effects.jsonl[1].model"),
    "a call's id": (with_call(id="0" * 32), 6, "effects.jsonl[1].error"),
    "a call's prompt": (with_call(prompt_bytes=1), 6, "effects.jsonl[1].prompt_bytes"),
    "a call's tokens": (with_call(usage=(10**9, 1, None)), 6, "observation.ref"),
    "the run": (with_fields(Genesis, 0, run="other"), 6, "effects.jsonl[0].error"),
    "the actions": (with_fields(Genesis, 0, actions=handmade.state(1)), 0, "actions"),
    "the scope": (with_fields(Genesis, 0, scope={"user": "me"}), 0, "scope.user"),
    "the parent": (with_fields(Genesis, 0, parent="x"), 0, "parent"),
    "the origin": (with_fields(Turn, 0, origin="lm"), -1, ""),
    "the outcome": (with_fields(Seal, 0, outcome="completed", reason="no_answer"), 11, "reason"),
    "no result": (with_fields(Seal, 0, result=None), 11, "result"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_consistent_forgery_is_found(kept: CheckedTrace, name: str) -> None:
    """A changed record with all hashes recomputed verifies, and is found where it was changed."""
    change, seq, field = FORGERIES[name]
    trace = forged(kept, change)

    found = replay(trace)

    if seq < 0:  # what a host says of itself nobody can compute
        assert found.verdict is Verdict.REPRODUCED
        return
    # Another action table may be a host's own: it is found, and not called forged.
    assert found.verdict is (Verdict.ENGINES if field == "actions" else Verdict.FORGED)
    assert found.difference is not None
    assert (found.difference.seq, found.difference.field) == (seq, field)


def changed_reply(entries: list[Entry]) -> list[Entry]:
    other = blob(RunKey(real_runs.KEY), b"0 errors")
    entries = with_call(result=other.ref)(entries)
    entries[0] = Entry(entries[0].record, (*entries[0].blobs, other))
    return entries


def test_a_changed_reply_is_found_at_its_step(kept: CheckedTrace) -> None:
    """Who alters what a model said, and recomputes every hash, is found at the very step that used it."""
    found = replay(forged(kept, changed_reply))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert found.difference.seq == 6
    assert found.executed == 3


def test_a_step_left_out_or_added_is_found(kept: CheckedTrace) -> None:
    """Another number of steps in a turn is a difference at the first that is missing or too many."""

    def without_last_count(entries: list[Entry]) -> list[Entry]:
        count, rest = entries[7].record, entries[8:]
        assert isinstance(count, Step)
        before = count.state[0]
        turned = msgspec.structs.replace(rest[0].record, state=(before, rest[0].record.state[1]))
        final = msgspec.structs.replace(rest[2].record, step=5)
        sealed = msgspec.structs.replace(rest[3].record, steps=5)
        return [*entries[:7], Entry(turned), rest[1], Entry(final), Entry(sealed)]

    found = replay(forged(kept, without_last_count))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert (found.difference.seq, found.difference.recorded) == (7, "turn")


HOSTILE = (
    b'{"program":{"body":[]},"text":"x","at":[],"more":1}',
    b'{"at":[100000000000000000000],"program":{"body":[]},"text":"x"}',
    b'{"problems":[{"code":"syntax","message":"m","offset":100000000000000000000}],"text":"x"}',
    b'{"problems":[{"code":"syntax","message":"m","offset":-1}],"text":"x"}',
    b'{"limits":{"cost_nano":5},"roles":{"sub":{"model":"m"}}}',
)


@pytest.mark.parametrize("what", ["ast", "diagnostics", "settings"])
def test_content_that_says_nothing_is_a_difference(kept: CheckedTrace, what: str) -> None:
    """A program, diagnostics or settings that cannot be read are found, not raised."""
    for bad in (b"[]", b"\xff", b"[" * 100_000, *HOSTILE):
        other = blob(RunKey(real_runs.KEY), bad)

        def change(entries: list[Entry], other: Blob = other) -> list[Entry]:
            if what == "settings":
                entries = with_fields(Genesis, 0, settings=other.ref)(entries)
            else:
                entries = with_fields(Turn, 2 if what == "diagnostics" else 0, **{what: other.ref})(entries)
            entries[0] = Entry(entries[0].record, (*entries[0].blobs, other))
            return entries

        found = replay(forged(kept, change))
        assert found.verdict is Verdict.FORGED
        assert found.difference is not None
        assert found.difference.field.startswith(what)


def test_other_engines_are_told_apart_from_forgery(kept: CheckedTrace) -> None:
    """Under other versions a run may be reproduced all the same; a difference is then no proof of forgery."""
    genesis = kept.genesis
    engines = {**genesis.engines, next(iter(genesis.engines)): "0.0"}
    elsewhere = with_fields(Genesis, 0, engines=engines)

    found = replay(forged(kept, elsewhere))
    assert same(found)
    assert found.engines == {next(iter(engines)): ("0.0", genesis.engines[next(iter(engines))])}

    found = replay(forged(kept, lambda entries: with_fields(Step, 0, op="count")(elsewhere(entries))))
    assert found.verdict is Verdict.ENGINES
    assert found.difference is not None
    assert found.difference.field == "op"

    found = replay(forged(kept, with_fields(Genesis, 0, kernel="0.0.9", actions=handmade.state(1))))
    assert same(found)
    assert found.engines == {"kernel": ("0.0.9", genesis.kernel)}


@pytest.fixture
def on_disk(tmp_path: Path) -> tuple[CheckedTrace, Path]:
    """A run over a file, a folder and JSON; the folder is read first in turn 2. The trace, and where the files are."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "app.log").write_text(real_runs.LOG)
    for name in ("a.txt", "b.txt"):
        (tmp_path / "folder" / name).write_text(f"{name}: ERROR\n" * 50)
    (tmp_path / "folder" / "c.bin").write_bytes(b"ERROR \xff\xfe\n")
    blobs = FileBlobs()
    inputs = {
        "log": real_runs.file_input(tmp_path / "app.log", blobs),
        "docs": real_runs.folder_input(tmp_path / "folder", blobs),
        "spare": real_runs.text_input("not read", blobs),
    }
    programs = ("n = len(search(log, /ERROR/))", "m = len(search(docs, /ERROR/))\nk = len(log)", "final([n, m])")
    real_runs.record(tmp_path / "a.rlm", inputs, blobs, programs)
    return verify(tmp_path / "a.rlm"), tmp_path


def test_files_are_found_where_they_were(on_disk: tuple[CheckedTrace, Path]) -> None:
    """Files and folders by path, transcoded ones among them, are hashed and used again."""
    trace, _ = on_disk

    assert same(replay(trace))


def test_moved_files_are_found_where_one_says(on_disk: tuple[CheckedTrace, Path]) -> None:
    """`places` gives an input's new path, for a file and for a folder."""
    trace, folder = on_disk
    moved = folder / "moved"
    moved.mkdir()
    (folder / "app.log").rename(moved / "other.log")
    (folder / "folder").rename(moved / "other")

    assert replay(trace).verdict is Verdict.UNVERIFIABLE
    assert same(replay(trace, {"log": moved / "other.log", "docs": moved / "other"}))


def test_without_an_input_some_steps_are_unverifiable(on_disk: tuple[CheckedTrace, Path]) -> None:
    """What was executed before a missing input was read is counted; nothing contradicts the trace."""
    trace, folder = on_disk
    shutil.rmtree(folder / "folder")

    found = replay(trace)

    assert (found.verdict, found.executed, found.steps) == (Verdict.UNVERIFIABLE, 1, 4)
    assert found.missing == {"docs": "no such file"}
    assert found.difference is None


def test_a_changed_input_is_missing(on_disk: tuple[CheckedTrace, Path]) -> None:
    """A file with other content than the recorded digest is not used."""
    trace, folder = on_disk
    (folder / "app.log").write_text("something else")

    found = replay(trace)

    assert (found.verdict, found.executed) == (Verdict.UNVERIFIABLE, 0)
    assert "other content" in found.missing["log"]


def test_a_missing_input_that_nobody_read_is_not_missed(tmp_path: Path) -> None:
    """A run that never read an input is reproduced without it; that it is missing is said."""
    (tmp_path / "app.log").write_text(real_runs.LOG)
    blobs = FileBlobs()
    inputs = {
        "log": real_runs.file_input(tmp_path / "app.log", blobs),
        "ask": real_runs.text_input("why?", blobs),
    }
    real_runs.record(tmp_path / "a.rlm", inputs, blobs, ("final(len(search(ask, /w/)))",))
    (tmp_path / "app.log").unlink()

    found = replay(verify(tmp_path / "a.rlm"))

    assert same(found)
    assert set(found.missing) == {"log"}


def test_a_run_that_a_changed_file_ended_is_reproduced(tmp_path: Path) -> None:
    """The steps before the change are executed again, the discarded one and those after it are not expected."""
    path = tmp_path / "app.log"
    path.write_text(real_runs.LOG)
    blobs = FileBlobs()
    inputs = {"log": real_runs.file_input(path, blobs)}
    status = os.stat(path)

    def changing(request: Request, prompt: str) -> Result:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        return Answered("yes")

    programs = (
        "n = len(search(log, /ERROR/))",
        'x = extract_over_chunks(chunk(log, size=9000), "Any? {chunk}")',
        "a = n + 1\nb = len(search(log, /ok/))\nc = 4",
        "never = 1",
    )
    done = real_runs.record(tmp_path / "a.rlm", inputs, blobs, programs, call=changing)
    trace = verify(tmp_path / "a.rlm", at_least=Level.SEALED)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert done.halted == "input_changed"
    found = replay(trace)

    assert found.difference is None
    assert same(found), list(show(trace))


def open_trace(path: Path, entries: list[Entry]) -> Path:
    """A trace whose writer stopped after these entries."""
    with Log.create(path, real_runs.KEY) as log:
        for entry in entries:
            log.append(entry)
    return path


def test_an_open_trace_is_reproduced_as_far_as_it_goes(tmp_path: Path, kept: CheckedTrace) -> None:
    """Cut after any record, a trace is reproduced; a turn that is not over is told, with what it needs to go on."""
    for size in range(1, kept.size):
        entries = entries_of(kept)[:size]
        files, _ = handmade.written(entries)
        found = replay(verify(handmade.unchecked(files)))
        steps = sum(isinstance(entry.record, Step) for entry in entries)
        assert (found.verdict, found.executed, found.steps) == (Verdict.REPRODUCED, steps, steps)
        whole = size in (1, 4, 8, 9, 11)
        assert (found.unfinished is None) is whole, size


class KilledError(Exception):
    """The process dies here."""


def go_on(path: Path, call: Callable[[Request, str], Result]) -> None:
    """What a host does with a trace that was not sealed: open, replay, finish the turn, then the other turns."""
    blobs = FileBlobs()
    with Log.open(path) as log:
        if log.recovered is None:
            done = begin(
                {"log": real_runs.text_input(real_runs.LOG, blobs)},
                real_runs.settings(),
                RunKey(log.run_key),
                grammar="0" * 64,
            )
            log.extend(done.entries)
        else:
            done = finished(log, replay(log.recovered, blobs=blobs, salts=RunKey(log.run_key)), blobs, call)
        for program in real_runs.PROGRAMS[done.state.turn :]:
            done = real_runs.turn(log, done, program, blobs, call)
        log.extend([seal(done.state)])


def finished(log: Log, found: Replayed, blobs: FileBlobs, call: Callable[[Request, str], Result]) -> Done:
    """The last turn of a trace, executed to its end with every result that is known."""
    assert found.state is not None
    left = found.unfinished
    if left is None:
        return Done(found.state, (), "")
    step = advance(found.state, left.said, blobs, reply=left.reply, origin=left.origin, call=left.call)
    entries = [*step.entries]
    written = left.recorded
    while isinstance(step, Suspended):
        for entry in entries[written:]:
            log.append(entry)
        written = max(written, len(entries))
        results = [known_or(call, log, left.results, request, blobs) for request in step.requests]
        step = resume(step, results, blobs)
        entries += step.entries
    log.extend(entries[written:])
    return step


def known_or(
    call: Callable[[Request, str], Result],
    log: Log,
    known: Mapping[str, Result],
    request: Request,
    blobs: FileBlobs,
) -> Result:
    result = known.get(request.id) or log.journalled().get(request.id)
    if result is None:
        result = call(request, render(request.prompt, blobs))
        log.journal(request.id, result)
    return result


def test_a_run_killed_at_any_call_or_write_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at every write and at every call, again and again, a run ends with the same files, no call paid twice."""
    whole = tmp_path / "whole.rlm"
    paid: list[str] = []

    def paying(request: Request, prompt: str) -> Result:
        paid.append(request.id)
        return real_runs.answer(request, prompt)

    blobs = FileBlobs()
    real_runs.record(whole, {"log": real_runs.text_input(real_runs.LOG, blobs)}, blobs, call=paying)
    expected, calls = handmade.files(whole), len(paid)
    real, left = os.write, [0]

    def write(descriptor: int, data: bytes) -> int:
        left[0] -= 1
        if left[0] < 0:
            real(descriptor, bytes(data)[: len(data) // 2])
            raise KilledError
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    for survives in range(1, 40):
        path = tmp_path / f"{survives}.rlm"
        paid.clear()
        Log.create(path, real_runs.KEY).close()
        for _ in range(100):
            left[0] = survives
            try:
                go_on(path, paying)
            except KilledError:
                survives += 1  # else a write that always dies at the same place never ends
                continue
            break
        assert handmade.files(path) == expected
        assert len(paid) <= calls + 40
        assert len(set(paid)) == calls


def test_a_call_in_the_journal_is_not_paid_twice(tmp_path: Path) -> None:
    """Killed after each call of a fan-out, a run makes every call once."""
    whole = tmp_path / "whole.rlm"
    blobs = FileBlobs()
    real_runs.record(whole, {"log": real_runs.text_input(real_runs.LOG, blobs)}, blobs)
    path, paid = tmp_path / "a.rlm", list[str]()
    Log.create(path, real_runs.KEY).close()

    def dying(request: Request, prompt: str) -> Result:
        if len(paid) == stop:
            raise KilledError
        paid.append(request.id)
        return real_runs.answer(request, prompt)

    for stop in range(3):  # noqa: B007  # `dying` reads it
        with pytest.raises(KilledError):
            go_on(path, dying)
    stop = -1
    go_on(path, dying)

    assert handmade.files(path) == handmade.files(whole)
    assert len(paid) == len(set(paid)) == 3


def test_every_kind_of_result_is_rebuilt(tmp_path: Path) -> None:
    """Failures, usage, unknown usage, cached and empty replies come back as they were."""
    results: list[Result] = [
        Answered("a", Usage(1, 2, 3), cached=True),
        Failed("timeout", Usage(4)),
        Answered("", Usage(None, 5, None)),
    ]
    blobs = FileBlobs()
    given = iter(results)
    real_runs.record(
        tmp_path / "a.rlm",
        {"log": real_runs.text_input(real_runs.LOG, blobs)},
        blobs,
        call=lambda request, prompt: next(given),
    )
    trace = verify(tmp_path / "a.rlm")

    calls: list[EffectRecord] = [call for seq in range(trace.size) for call in trace.effects(seq)]
    assert [call.usage for call in calls] == [(1, 2, 3), (4, None, None), (None, 5, None)]
    assert [call.error for call in calls] == ["", "timeout", ""]
    assert same(replay(trace))


def test_inputs_from_memory_come_from_the_trace(tmp_path: Path) -> None:
    """Documents and JSON that were handed over in memory need no file."""
    blobs = FileBlobs()
    texts = {"a.txt": "ERROR a\n", "b.txt": "Zoë ERROR\n"}
    files = tuple(SourceFile(name, blobs.put(text.encode()), len(text.encode())) for name, text in texts.items())
    inputs = {
        "docs": Input(
            documents((file.path, file.digest, file.size) for file in files),
            Source("documents", files=files),
            value_bytes(texts),
        ),
        "data": Input({"n": [1, 2.5, None]}, Source("json"), value_bytes({"n": [1, 2.5, None]})),
    }
    programs = ("n = len(search(docs, /ERROR/))", "final([n, data.n[1]])")
    real_runs.record(tmp_path / "a.rlm", inputs, blobs, programs)

    assert same(replay(verify(tmp_path / "a.rlm")))


@pytest.mark.parametrize(
    "source",
    [
        b"[]",
        b'{"kind":"json","content":"CONTENT"}',
        b'{"kind":"documents","content":"CONTENT"}',
        b'{"kind":"text","path":"x"}',
        b'{"kind":"json","path":"x"}',
        b'{"kind":"text","path":"x","files":[["x","DIGEST",1]]}',
        b'{"kind":"documents","path":"*/x","files":[["x","DIGEST",1]]}',
        b"none",
    ],
)
def test_an_input_that_cannot_be_rebuilt_is_missing(kept: CheckedTrace, source: bytes) -> None:
    """Whatever a source says, a trace whose input cannot be had is unverifiable or forged, never an exception."""
    entry = kept.genesis.inputs[0]
    assert entry.source is not None
    content = next(iter(recorded_refs(kept, entry.source)))
    spelled = source.replace(b"CONTENT", content.encode()).replace(b"DIGEST", b"0" * 64)
    other = blob(RunKey(real_runs.KEY), spelled)
    changed = msgspec.structs.replace(entry, source=None if source == b"none" else other.ref)

    def change(entries: list[Entry]) -> list[Entry]:
        entries = with_fields(Genesis, 0, inputs=(changed,))(entries)
        entries[0] = Entry(entries[0].record, (*entries[0].blobs, other))
        return entries

    found = replay(forged(kept, change))

    assert found.executed == 0
    assert found.verdict in (Verdict.UNVERIFIABLE, Verdict.FORGED)
    assert found.missing or found.difference


def recorded_refs(trace: CheckedTrace, source: str) -> list[str]:
    return [str(msgspec.json.decode(trace.content(source))["content"])]


def test_more_turns_than_the_limit_are_forged(tmp_path: Path) -> None:
    """A turn after the last that the limits allow cannot have been."""
    blobs = FileBlobs()
    real_runs.record(tmp_path / "a.rlm", {}, blobs, ("a = 1", "b = 2", "c = 3"))
    trace = verify(tmp_path / "a.rlm")
    few = real_runs.settings()
    content = msgspec.json.Encoder(order="sorted").encode(
        msgspec.structs.replace(few, limits=msgspec.structs.replace(few.limits, turns=2))
    )
    other = blob(RunKey(real_runs.KEY), content)

    def change(entries: list[Entry]) -> list[Entry]:
        entries = with_fields(Genesis, 0, settings=other.ref)(entries)
        entries[0] = Entry(entries[0].record, (*entries[0].blobs, other))
        return entries

    found = replay(forged(trace, change))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert (found.difference.seq, found.difference.field) == (5, "turn")


def test_a_file_that_changes_during_replay_is_said(
    on_disk: tuple[CheckedTrace, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replay's own input may change under it: then the rest is unverifiable, and nothing is called forged."""
    trace, folder = on_disk
    real = FileBlobs.confirm

    def confirm(self: FileBlobs, digests: frozenset[str]) -> None:
        os.utime(folder / "app.log", ns=(3, 3))
        real(self, digests)

    monkeypatch.setattr(FileBlobs, "confirm", confirm)

    found = replay(trace)

    assert found.verdict is Verdict.UNVERIFIABLE
    assert found.difference is None
    assert set(found.missing) == {"log"}


def test_a_store_that_lost_content_is_no_verdict(kept: CheckedTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing content that is no input's is a fault of the host, and is raised."""

    def read(self: FileBlobs, digest: str) -> object:
        raise BlobMissingError(digest)

    monkeypatch.setattr(FileBlobs, "read", read)
    with pytest.raises(BlobMissingError):
        replay(kept)


def test_steps_without_a_turn_and_steps_too_many_are_found(kept: CheckedTrace) -> None:
    """A step before the first turn, or after the last of its turn, was not made by a program."""
    extra = handmade.step(1, 0, 0).record
    assert isinstance(extra, Step)
    state = kept.genesis.state

    def before(entries: list[Entry]) -> list[Entry]:
        first = msgspec.structs.replace(extra, ast=entries_refs[0], observation=observed, state=(state, state))
        return [entries[0], Entry(first)]

    def after(entries: list[Entry]) -> list[Entry]:
        last = entries[3].record
        assert isinstance(last, Step)
        more = msgspec.structs.replace(last, step=3, state=(last.state[1], last.state[1]))
        return [*entries[:4], Entry(more)]

    some = kept.records[2]
    assert isinstance(some, Step)
    entries_refs, observed = [some.ast], some.observation
    for change, seq, recorded_kind in ((before, 1, "step"), (after, 4, "step")):
        found = replay(forged(kept, change))
        assert found.verdict is Verdict.FORGED
        assert found.difference is not None
        assert (found.difference.seq, found.difference.field) == (seq, "kind")
        assert found.difference.recorded == recorded_kind


def test_a_host_may_end_a_run_but_not_praise_it(kept: CheckedTrace, tmp_path: Path) -> None:
    """A seal as failed or partial, with a reason, is the host's to set; a success is what the kernel concludes."""
    blobs = FileBlobs()
    real_runs.record(tmp_path / "a.rlm", {}, blobs, ("a = 1", "b = nothing"))
    failed = verify(tmp_path / "a.rlm")
    for trace, outcome, reason, honest in (
        (kept, "failed", "stopped", True),
        (kept, "refused", "", False),
        (failed, "partial", "time", True),
        (failed, "completed", "", False),
        (failed, "completed", "no_answer", False),
    ):
        found = replay(forged(trace, with_fields(Seal, 0, outcome=outcome, reason=reason)))
        assert (found.verdict is Verdict.REPRODUCED) is honest, (outcome, reason)


def test_a_run_cannot_be_cut_within_a_turn_and_sealed(kept: CheckedTrace) -> None:
    """Only a changed input ends a run within a turn, and the seal has to say so."""

    def cut(reason: str) -> Change:
        def change(entries: list[Entry]) -> list[Entry]:
            last, end = entries[2].record, entries[-1].record
            assert isinstance(last, Step)
            fields = {"steps": 1, "state": last.state[1], "outcome": "partial", "reason": reason, "result": None}
            return [*entries[:3], Entry(msgspec.structs.replace(end, **fields))]

        return change

    assert same(replay(forged(kept, cut("input_changed"))))
    found = replay(forged(kept, cut("budget")))
    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert (found.difference.seq, found.difference.field) == (3, "reason")


def test_a_table_with_a_hosts_own_actions_replays_with_that_table(tmp_path: Path) -> None:
    """With the same table every record is computed again; without it the table is named, not called forged."""
    table = ACTIONS.extended(
        [Action(name="twice", family="host", params=(), result="2", help="two", run=lambda job: 2)]
    )
    blobs = FileBlobs()
    with Log.create(tmp_path / "own.rlm", bytes(32)) as log:
        done = begin({}, Settings(), RunKey(bytes(32)), table=table)
        log.extend(done.entries)
        turn = advance(done.state, parse("final(twice())"), blobs)
        assert isinstance(turn, Done)
        log.extend([*turn.entries, seal(turn.state)])
    trace = verify(tmp_path / "own.rlm")

    assert replay(trace, table=table).verdict is Verdict.REPRODUCED
    assert replay(trace).verdict is Verdict.ENGINES


def test_a_trace_without_steps_shows_nothing_of_a_missing_input(tmp_path: Path) -> None:
    """As a process leaves it that died in its first step: not even "0 of 0 reproduced"."""
    (tmp_path / "app.log").write_text(real_runs.LOG)
    blobs = FileBlobs()
    real_runs.record(tmp_path / "a.rlm", {"log": real_runs.file_input(tmp_path / "app.log", blobs)}, blobs, ())
    (tmp_path / "app.log").unlink()

    found = replay(verify(tmp_path / "a.rlm"))

    assert (found.verdict, found.steps) == (Verdict.UNVERIFIABLE, 0)
