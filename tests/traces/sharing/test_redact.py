"""Redaction afterwards: contents go from every file of a trace, and all that proved it before still does."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel.engines.query.regex import PatternRefusedError
from rlmlite_traces import (
    READER_LIMITS,
    CheckedTrace,
    Level,
    Log,
    Standing,
    TraceBrokenError,
    TraceError,
    TraceLockedError,
    TraceMissingError,
    TraceOpenError,
    TraceSealedError,
    UncheckedTrace,
    Verdict,
    generate_key,
    nested_traces,
    pack,
    replay,
    sign,
    unpack,
    verify,
)
from rlmlite_traces.files.append_only import WriterLock
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import BLOBS, RECORDS, REDACTIONS
from rlmlite_traces.sharing.redacting import removal
from rlmlite_traces.sharing.redacting.redact import plan_redaction, redact
from rlmlite_traces.sharing.redacting.removal import settle, with_line, without
from rlmlite_traces.sharing.redacting.selection import Finder, Selection, select
from rlmlite_traces.sharing.signing.keys import PrivateKey
from tests.sizes import with_the_rest_slow
from tests.traces.sharing.archives import GOLDEN
from tests.traces.vectors.sound_traces import with_large
from tests.traces.verifier.both import Verdict as Judged
from tests.traces.verifier.both import files_of, folder_in_python, in_javascript, write_files

KEPT = sorted(GOLDEN.parent.glob("*/*.rlm"))
EVERYTHING = Selection(everything=True)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A copy of a kept trace with a nested run."""
    return Path(shutil.copytree(GOLDEN / "nested.rlm", tmp_path / "a.rlm"))


def contents_below(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def redacted_one_by_one(path: Path) -> Iterator[tuple[UncheckedTrace, CheckedTrace]]:
    """The trace without each of its contents in turn, and without what has to go with it."""
    whole = UncheckedTrace.read(path)
    checked = verify(whole)
    for ref in checked.blobs:
        refs = select(checked, Selection(refs=(ref,)), Finder(Selection()))
        line = with_line(whole, checked, refs, "a test", "me")
        rest = without(whole, refs, READER_LIMITS)
        yield whole, verify(UncheckedTrace(rest.records, rest.blobs, rest.effects, rest.large, redactions=line))


@pytest.mark.parametrize("path", with_the_rest_slow(KEPT, [path for path in KEPT if path.stem == "rounds"][-1:]))
def test_each_content_alone_can_go(path: Path) -> None:
    """The root stays; a replay ends in no crash, calls nothing forged, and never says that all was reproduced."""
    root = verify(path).root

    for _, trace in redacted_one_by_one(path):
        replayed = replay(trace)
        assert trace.root == root
        assert trace.level is Level.SEALED
        assert replayed.verdict is Verdict.UNVERIFIABLE
        assert replayed.executed < replayed.steps or not replayed.steps or replayed.unchecked


def test_words_go_from_every_file_and_from_nested_runs(trace: Path) -> None:
    """No file has them any more; both verifiers find the trace sound, with its root, and its nested runs the same."""
    before = verify(trace).root
    words = "two"
    assert words.encode() in contents_below(trace)

    done = redact(trace, Selection(containing=(words,)), "a name", "me")

    held = [path for path in trace.rglob("*.jsonl") if words.encode() in path.read_bytes()]
    assert {path.name for path in held} <= {name for each in done for name in each.remains}
    assert not [path for path in held if path.name == BLOBS]
    assert verify(trace, before).redacted.keys() == {each.ref for each in done[0].removals}
    assert {each.standing for each in nested_traces(verify(trace), trace)} == {Standing.SAME}
    assert folder_in_python(trace, before) == in_javascript([(files_of(trace), before)])[0]


def test_everything_can_go(trace: Path) -> None:
    """Only the settings are kept, and the structure: it verifies, below too."""
    root = verify(trace).root

    done = redact(trace, EVERYTHING, "mode")

    assert len(done) > 1
    assert all(list(verify(each.place, each.root).blobs) == [verify(each.place).genesis.settings] for each in done)
    assert Judged("SEALED", root, folder_in_python(trace).nested) == folder_in_python(trace, root)
    assert replay(verify(trace)).verdict is Verdict.UNVERIFIABLE


def test_inputs_from_memory_can_go_alone(trace: Path) -> None:
    """What came from Python or standard input lies in the trace; its source stays, and says what it was."""
    checked = verify(trace)
    sources = [entry.source for entry in checked.input_entries]

    redact(trace, Selection(memory_inputs=True), "mode")

    gone = verify(trace, checked.root).redacted.keys()
    assert len(gone) == 2
    assert all(verify(trace).content(source) for source in sources if source is not None)


def test_spellings_of_a_text_are_found() -> None:
    """As it is, as JSON spells it with or without escapes, in JSON within JSON, in a string of a JSON content."""
    finder = Finder(Selection(containing=('Zoë "X"',)))
    plain = 'Zoë "X"'
    contents = [
        plain,
        r'{"a":"Zoë \"X\""}',
        r'{"a":"Zo\u00eb \"X\""}',
        r'{"a":"x = \"Zoë \\\"X\\\"\""}',
        r'["Zo\u00eB \u0022X\u0022"]',
    ]

    assert [finder.is_in(content.encode()) for content in contents] == [True] * 5
    assert not finder.is_in(b"Zoe X")
    assert Finder(Selection(matching=("[0-9]{3}-[0-9]{2}",))).is_in(rb'{"a":"id\u0020123-45"}')
    with pytest.raises(PatternRefusedError):
        Finder(Selection(matching=("(?=a)",)))


@pytest.mark.parametrize("stop", [REDACTIONS, BLOBS])
def test_what_a_crash_left_is_finished_later(trace: Path, monkeypatch: pytest.MonkeyPatch, stop: str) -> None:
    """Killed after any file was written: `verify` says what to do, and a call without a selection does it."""
    root = verify(trace).root
    replaced = removal._replace

    def kill(folder: Folder, name: str, data: bytes) -> None:
        if name == stop:
            folder.write_new(f"{name}.new", data)
            raise KeyboardInterrupt
        replaced(folder, name, data)

    monkeypatch.setattr(removal, "_replace", kill)
    with pytest.raises(KeyboardInterrupt):
        redact(trace, Selection(containing=("a",)), "names")
    monkeypatch.undo()
    if stop == BLOBS:
        with pytest.raises(TraceBrokenError, match="`rlmlite trace redact` finishes"):
            verify(trace)

    first = redact(trace, Selection(containing=("a",)), "names")
    second = redact(trace, Selection(containing=("a",)), "names")

    assert not all(each.is_empty for each in first)
    assert all(each.is_empty for each in second)
    assert not [path.name for path in trace.rglob("*.new")]
    assert verify(trace, root).extra == ()


def test_looking_changes_nothing(trace: Path) -> None:
    """A plan says what would go, from which records, and which steps lose by it."""
    before = contents_below(trace)

    plan = plan_redaction(trace, Selection(containing=("a",)))

    assert contents_below(trace) == before
    assert plan[0].removals
    assert plan[0].steps
    assert all(each.size and each.records for each in plan[0].removals)


def test_a_signature_holds_and_a_packed_copy_is_redacted(trace: Path, tmp_path: Path) -> None:
    """The signature is of the records, which do not change; what was redacted comes along when it is packed."""
    key = generate_key(tmp_path / "k")
    sign(trace, PrivateKey.read(tmp_path / "k"))
    redact(trace, EVERYTHING, "mode")

    pack(trace, tmp_path / "a.rlmz")
    unpack(tmp_path / "a.rlmz", tmp_path / "b.rlm")

    for place in (trace, tmp_path / "a.rlmz", tmp_path / "b.rlm"):
        checked = verify(place, key=key)
        assert checked.level is Level.SIGNED
        assert [each.reason for each in checked.redactions] == ["mode"]
    with pytest.raises(TraceMissingError, match="unpack it"):
        redact(tmp_path / "a.rlmz", EVERYTHING, "mode")


def test_only_a_finished_trace_that_nobody_changes_is_redacted(trace: Path) -> None:
    """One that is open, or locked, is refused with what to do; one that was redacted is sealed for a writer, too."""
    redact(trace, Selection(containing=("a",)), "names")
    with pytest.raises(TraceSealedError):
        Log.open(trace)
    with Folder.open(trace) as folder:
        lock = WriterLock(folder, "lock")
        with pytest.raises(TraceLockedError):
            redact(trace, EVERYTHING, "names")
        lock.release()
    (trace / REDACTIONS).unlink()
    records = (trace / RECORDS).read_bytes().splitlines(keepends=True)
    (trace / RECORDS).write_bytes(b"".join(records[:2]))
    with pytest.raises(TraceOpenError, match="let the run end"):
        redact(trace, EVERYTHING, "names")


def test_new_files_are_private_whatever_the_umask(trace: Path) -> None:
    """Also if the old ones were not."""
    (trace / BLOBS).chmod(0o666)
    old = os.umask(0o000)
    try:
        redact(trace, Selection(containing=("a",)), "names")
    finally:
        os.umask(old)

    assert {stat.S_IMODE((trace / name).stat().st_mode) for name in (BLOBS, REDACTIONS)} == {0o600}


def test_settling_what_is_settled_changes_nothing(trace: Path) -> None:
    """A trace without redactions is as it is."""
    whole = UncheckedTrace.read(trace)

    assert settle(whole, READER_LIMITS) is whole


def test_a_large_content_goes_with_its_file(tmp_path: Path) -> None:
    """Content of more than 64 KiB is a file of its own: line and file go."""
    trace = write_files(tmp_path / "a.rlm", with_large())
    (ref,) = (path.name for path in (trace / "blobs").iterdir())

    redact(trace, Selection(refs=(ref[:12],)), "size")

    assert list((trace / "blobs").iterdir()) == []
    assert verify(trace).redacted.keys() == {ref}
    assert ref.encode() not in (trace / BLOBS).read_bytes()


def test_a_changed_letter_of_a_redaction_is_found_but_in_its_words(trace: Path) -> None:
    """Why and by whom are the words of whoever held the folder, and nothing vouches for them."""
    redact(trace, Selection(containing=("two",)), "names", "somebody")
    whole = UncheckedTrace.read(trace)
    line = whole.redactions
    words = {line.index(word) + at for word in (b"names", b"somebody") for at in range(len(word))}
    missed = set()

    for at, letter in enumerate(line):
        changed = line[:at] + bytes([letter ^ 1]) + line[at + 1 :]
        with suppress(TraceError):
            verify(msgspec.structs.replace(whole, redactions=changed))
            missed.add(at)

    assert missed == words
