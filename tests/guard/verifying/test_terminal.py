"""Whatever a hostile trace says, no command on it steers the terminal or ends in a traceback."""

import re
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from rlmlite.cli.app import app
from rlmlite_kernel.records.records import Entry, Genesis, Remark, Step
from rlmlite_kernel.values.inputs import Derivation, Source, SourceFile
from rlmlite_traces import FileBlobs, verify
from tests.traces.forge.folders import new_blob, with_record, write_folder
from tests.traces.replays import real_runs
from tests.traces.replays.forging import Change, entries_of, with_fields

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def write_run(folder: Path, *changes: Change) -> tuple[Path, Path]:
    """A run over a file, changed; its trace and the file."""
    log = folder / "a.log"
    log.write_bytes("Zoë ERROR\n".encode("latin-1") * 5)
    blobs = FileBlobs()
    honest = folder / "honest.rlm"
    real_runs.record(
        honest, {"log": real_runs.text_input("ERROR\n", blobs)}, blobs, ('final(count(search(log, "x")))',)
    )
    entries = entries_of(verify(honest))
    for change in changes:
        entries = change(entries)
    write_folder(folder / "a.rlm", entries)
    return folder / "a.rlm", log


def recipe(*steps: Derivation) -> Change:
    """The input was derived from the file by these steps."""

    def change(entries: list[Entry]) -> list[Entry]:
        genesis = entries[0].record
        assert isinstance(genesis, Genesis)
        original = "d" * 64
        file = SourceFile(f"a.log{EVIL}", "0" * 64, 60, original=original, recipe=1)
        source = Source("text", f"a.log{EVIL}", (file,), recipes=(steps,))
        other = new_blob(msgspec.json.Encoder(order="sorted").encode(source))
        entry = msgspec.structs.replace(genesis.inputs[0], source=other.ref)
        return with_record(entries, 0, msgspec.structs.replace(genesis, inputs=(entry,)), other)

    return change


CHANGES: dict[str, Change] = {
    "engines": with_fields(Genesis, 0, engines={EVIL: EVIL}),
    "kernel": with_fields(Genesis, 0, kernel=EVIL),
    "scope": with_fields(Genesis, 0, scope={"user": EVIL}),
    "run": with_fields(Genesis, 0, run=EVIL),
    "op": with_fields(Step, 0, op=EVIL),
    "reads": with_fields(Step, 0, reads=(EVIL,)),
    "code": with_fields(Step, 0, status="failed", code=EVIL),
    "warning": with_fields(Step, 0, warnings=(Remark(code=EVIL),)),
    "decoder": recipe(Derivation("decode", "", EVIL, EVIL)),
    "unknown step": recipe(Derivation(EVIL, EVIL, EVIL, EVIL)),
    "gzip of nothing": recipe(*[Derivation("gzip")] * 20),
    "codec that is none": recipe(Derivation("decode", "", "rot13"), Derivation("decode", "", "hex")),
    "converter": recipe(Derivation("pypdf", EVIL, EVIL)),
}


@pytest.mark.parametrize("command", ["show", "verify", "replay", "replay --json", "show --json"])
@pytest.mark.parametrize("name", CHANGES)
def test_no_command_prints_control_characters(tmp_path: Path, name: str, command: str) -> None:
    """Neither the output nor an error holds a character that a terminal would obey, and none is a bug's traceback."""
    place, log = write_run(tmp_path, CHANGES[name])
    word, *flags = command.split()
    inputs = ["--input", f"log={log}"] if word == "replay" else []

    done = CliRunner().invoke(app, ["trace", word, str(place), *flags, *inputs])

    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert UNSAFE.search(done.output) is None
    assert done.exit_code in (0, 5, 6, 7, 8, 9)
    assert not (word == "replay" and done.exit_code == 0)


RECIPES = ["decoder", "unknown step", "gzip of nothing", "codec that is none", "converter"]


@pytest.mark.parametrize("name", RECIPES)
def test_an_original_with_the_recorded_digest_is_no_way_in(tmp_path: Path, name: str) -> None:
    """Also where the file is the recorded one, so that the recipe is really taken."""
    place, log = write_run(tmp_path, CHANGES[name])
    digest = FileBlobs().look(log, text=False).digest
    entries = entries_of(verify(place))
    genesis = entries[0].record
    assert isinstance(genesis, Genesis)
    source = next(blob for blob in entries[0].blobs if blob.ref == genesis.inputs[0].source)
    other = new_blob(source.content.replace(b"d" * 64, digest.encode()))
    entry = msgspec.structs.replace(genesis.inputs[0], source=other.ref)
    write_folder(place, with_record(entries, 0, msgspec.structs.replace(genesis, inputs=(entry,)), other))

    done = CliRunner().invoke(app, ["trace", "replay", str(place), "--input", f"log={log}"])

    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert UNSAFE.search(done.output) is None
    assert done.exit_code in (6, 7, 9)


def test_allow_names_a_limit(tmp_path: Path) -> None:
    """A limit of the reader is raised by name; a name that is none is said, with one that is near."""
    place, _ = write_run(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["trace", *words, str(place)])
        return done.exit_code, done.output

    assert run("verify")[0] == 0
    code, said = run("verify", "--allow", "records=2")
    assert code == 6
    assert "--allow records=" in said
    assert run("verify", "--allow", "records=2", "--allow", "records=1_000")[0] == 0
    code, said = run("verify", "--allow", "record=2")
    assert code == 2
    assert "records" in said
    assert run("show", "--allow", "records=many")[0] == 2
    assert run("replay", "--allow", "turns=0")[0] == 6


def test_extra_files_are_named(tmp_path: Path) -> None:
    """What lies in the folder and is no part of the trace is named, harmlessly; a link among them is not followed."""
    place, _ = write_run(tmp_path)
    (place / "notes.txt").write_text("trust me")
    (place / f"a{EVIL}b").write_text("")
    (place / "link").symlink_to("/etc/passwd")
    (place / "blobs").mkdir()
    (place / "blobs" / "README").write_text("")

    done = CliRunner().invoke(app, ["trace", "verify", str(place)])

    assert done.exit_code == 0
    assert UNSAFE.search(done.output) is None
    for name in ("notes.txt", "link", "blobs/README"):
        assert name in done.output
