"""A file of known roots tells a trace from one that was rewritten, cut off, or grew."""

import multiprocessing
import shutil
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite_traces import CheckedTrace, KnownRoots, OtherRootError, RootsFileError, RootStanding, verify, witness
from tests.sizes import scale
from tests.traces import handmade
from tests.traces.sharing.archives import GOLDEN

NOW = datetime(2026, 11, 28, 12, 30, 5, tzinfo=UTC)
KEYID = "ab" * 32


def first(trace: CheckedTrace, size: int) -> CheckedTrace:
    """The same trace with only its first records."""
    files = {name: (GOLDEN / "search.rlm" / name).read_bytes() for name in ("blobs.jsonl", "effects.jsonl")}
    return verify(handmade.unchecked_trace(files | {"trace.jsonl": _lines(trace, size)}))


def _lines(trace: CheckedTrace, size: int) -> bytes:
    return b"".join(trace.line(seq) + b"\n" for seq in range(size))


WHOLE = verify(GOLDEN / "search.rlm")
OTHER = verify(GOLDEN / "nested.rlm")


def test_a_root_is_a_line_that_people_can_read(tmp_path: Path) -> None:
    """Run, root, records, time, signers; noted once; for its user alone."""
    file = tmp_path / "roots.txt"
    assert witness(WHOLE, file, (KEYID,), NOW).standing is RootStanding.UNKNOWN
    assert witness(WHOLE, file, (), NOW).standing is RootStanding.KNOWN

    line = f"{WHOLE.genesis.run} {WHOLE.root} {WHOLE.size} 2026-11-28T12:30:05Z {KEYID}\n"
    assert file.read_text() == "# rlmlite roots 1\n" + line
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("noted", "here", "expected"),
    [
        ((), 9, RootStanding.UNKNOWN),
        ((9,), 9, RootStanding.KNOWN),
        ((6,), 9, RootStanding.GROWN),
        ((6, 9), 9, RootStanding.KNOWN),
        ((6, 9), 6, RootStanding.OTHER),
        ((9,), 1, RootStanding.OTHER),
        ((1, 3, 6), 7, RootStanding.GROWN),
    ],
)
def test_what_is_said_of_a_trace(tmp_path: Path, noted: tuple[int, ...], here: int, expected: RootStanding) -> None:
    """By the sizes that were noted and the one that it has now; a shorter one was cut off."""
    file = tmp_path / "roots.txt"
    file.write_text("")
    for size in noted:
        witness(first(WHOLE, size), file, now=NOW)
    witness(OTHER, file, now=NOW)

    known = KnownRoots.read(file).standing(first(WHOLE, here))
    assert known.standing is expected
    assert known.sentence()


def test_another_root_outweighs_a_known_one_and_is_not_noted(tmp_path: Path) -> None:
    """Whoever can only append cannot make an altered trace known, and sees that it is altered."""
    file = tmp_path / "roots.txt"
    witness(WHOLE, file, now=NOW)
    text = file.read_text()
    forged = text.replace(WHOLE.root, "0" * 64).replace("# rlmlite roots 1\n", "")

    with pytest.raises(OtherRootError, match="cut off"):
        witness(first(WHOLE, 4), file)
    assert file.read_text() == text
    file.write_text(text + forged)
    assert KnownRoots.read(file).standing(WHOLE).standing is RootStanding.OTHER


def test_what_was_never_finished_does_not_count(tmp_path: Path) -> None:
    """A last line without its newline is not believed, and the next writer takes it away."""
    file = tmp_path / "roots.txt"
    witness(OTHER, file, now=NOW)
    whole = file.read_bytes()
    witness(WHOLE, file, now=NOW)
    file.write_bytes(file.read_bytes()[:-1])

    assert KnownRoots.read(file).standing(WHOLE).standing is RootStanding.UNKNOWN
    witness(WHOLE, file, now=NOW)
    assert file.read_bytes().startswith(whole)
    assert KnownRoots.read(file).standing(WHOLE).standing is RootStanding.KNOWN


@pytest.mark.parametrize(
    "line",
    ["x", "r " + "0" * 64, "r " + "0" * 63 + " 1 2026-11-28T12:30:05Z -", "r " + "0" * 64 + " 0 2026-11-28T12:30:05Z -",
     "r " + "0" * 64 + " 1 yesterday -", "r " + "0" * 64 + " 1 2026-11-28T12:30:05Z x", "ü " + "0" * 64],
)  # fmt: skip
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    """A file that was damaged is not read as far as it makes sense: what it lost may be the line that counts."""
    file = tmp_path / "roots.txt"
    witness(WHOLE, file, now=NOW)
    with file.open("a") as open_file:
        open_file.write(f"# a note\n\n{line}\n")

    for use in (lambda: KnownRoots.read(file), lambda: witness(OTHER, file)):
        with pytest.raises(RootsFileError, match="line 5"):
            use()


def test_a_place_that_is_no_file_is_said(tmp_path: Path) -> None:
    """A folder, a link, nothing."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for place in (tmp_path, tmp_path / "link", tmp_path / "no" / "such"):
        with pytest.raises(RootsFileError):
            witness(WHOLE, place)
    with pytest.raises(RootsFileError):
        KnownRoots.read(tmp_path / "nothing")


def _witness(place: Path, file: Path) -> None:
    witness(verify(place), file, now=NOW)


def test_two_processes_note_at_once(tmp_path: Path) -> None:
    """No line is lost, torn or there twice."""
    runs = [tmp_path / f"{number}.rlm" for number in range(4)]
    for place in runs:
        rlmlite.execute("final(1)", {"log": "x"}, trace=place)
    context = multiprocessing.get_context("fork")
    file = tmp_path / "roots.txt"
    processes = [context.Process(target=_witness, args=(place, file)) for place in runs * 2]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    roots = KnownRoots.read(file)
    assert len(file.read_text().splitlines()) == 1 + len(runs)
    assert {roots.standing(verify(place)).standing for place in runs} == {RootStanding.KNOWN}


@settings(max_examples=scale(40), deadline=None)
@given(data=st.binary(max_size=300))
def test_any_file_is_read_or_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """By a typed error."""
    file = tmp_path_factory.getbasetemp() / "roots.txt"
    file.write_bytes(data)
    with suppress(RootsFileError):
        assert KnownRoots.read(file).standing(WHOLE).standing is RootStanding.UNKNOWN


def test_a_copy_under_another_name_is_the_same_run(tmp_path: Path) -> None:
    """Roots are known by run, wherever its trace lies."""
    witness(WHOLE, tmp_path / "roots.txt")
    shutil.copytree(GOLDEN / "search.rlm", tmp_path / "b.rlm")

    assert KnownRoots.read(tmp_path / "roots.txt").standing(verify(tmp_path / "b.rlm")).standing is RootStanding.KNOWN
