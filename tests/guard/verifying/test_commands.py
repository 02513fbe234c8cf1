"""The commands on traces, on nested runs that lie: what one sees without knowing the library. (S11)"""

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from rlmlite.cli.app import app
from rlmlite_kernel.records.records import Entry, Genesis, Seal, Step
from rlmlite_traces import Standing, nested_traces, replay, verify
from tests.guard.verifying.nested_runs import nested_run
from tests.traces.forge.folders import children_of, new_blob, rewrite_child, with_child, with_record, write_folder
from tests.traces.replays.forging import entries_of, with_fields


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a nested run, over a file."""
    return nested_run(tmp_path_factory.mktemp("honest"))


@pytest.fixture
def place(honest: Path, tmp_path: Path) -> Path:
    """A copy of it to change, which nobody began there."""
    return Path(shutil.copytree(honest, tmp_path / "run.rlm", ignore=shutil.ignore_patterns("origin")))


def command(place: Path, honest: Path, word: str, *flags: str) -> tuple[int, str]:
    """The exit code and the output of `trace WORD`, with the input named for a replay."""
    inputs = ["--input", f"log={honest.parent / 'app.log'}"] if word == "replay" else []
    done = CliRunner().invoke(app, ["trace", word, str(place), *inputs, *flags])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return done.exit_code, done.output


def test_an_honest_run_passes(place: Path, honest: Path) -> None:
    """Parent and nested run verify, and both are replayed."""
    assert command(place, honest, "verify")[0] == 0
    code, said = command(place, honest, "replay")
    assert (code, said.count("reproduced")) == (0, 2)
    document = json.loads(command(place, honest, "replay", "--json")[1])
    assert document["value"] == "reproduced"
    assert [each["value"] for each in document["nested"]] == ["reproduced"]


def _other_answer(entries: list[Entry]) -> list[Entry]:
    other = new_blob(b'{"basis":"none","evidence":[],"evidence_total":0,"unshown":[],"value":99}')
    record = entries[-1].record
    assert isinstance(record, Seal)
    return with_record(entries, len(entries) - 1, msgspec.structs.replace(record, result=other.ref), other)


def test_another_answer_of_a_nested_run_is_found(place: Path, honest: Path) -> None:
    """The nested trace says 99, its parent recorded 9: verify and replay both end with an error."""
    rewrite_child(place, _other_answer)

    assert command(place, honest, "verify")[0] == 6
    assert command(place, honest, "replay")[0] == 7


def _coverage(entries: list[Entry]) -> list[Entry]:
    at = [at for at, entry in enumerate(entries) if isinstance(entry.record, Step)][1]
    record = entries[at].record
    assert isinstance(record, Step)
    return with_record(entries, at, msgspec.structs.replace(record, coverage={"part": (400, 400, 400)}))


def test_a_forged_step_of_a_nested_run_is_found(place: Path, honest: Path) -> None:
    """What nothing in the parent contradicts is found by executing the nested run as well."""
    rewrite_child(place, _coverage)

    assert command(place, honest, "verify")[0] == 0
    code, said = command(place, honest, "replay")
    assert code == 7
    assert "forged" in said


def _fewer_turns(entries: list[Entry]) -> list[Entry]:
    genesis = entries[0].record
    assert isinstance(genesis, Genesis)
    blob = next(blob for blob in entries[0].blobs if blob.ref == genesis.settings)
    settings = json.loads(blob.content)
    settings["limits"]["chunks"] -= 1
    other = new_blob(json.dumps(settings, sort_keys=True, separators=(",", ":")).encode())
    return with_record(entries, 0, msgspec.structs.replace(genesis, settings=other.ref), other)


def test_other_settings_than_asked_for_are_found(place: Path, honest: Path) -> None:
    """A nested run may not have less than its parent gave it either; only the parent's replay knows how much."""
    rewrite_child(place, _fewer_turns)
    (found,) = nested_traces(verify(place), place)
    assert found.standing is Standing.SAME

    code, said = command(place, honest, "replay")
    assert code == 7
    assert "settings" in said


def test_what_a_nested_run_held_is_found(place: Path, honest: Path) -> None:
    """The bytes of its values stand in no record of its own, and are known when it is executed again."""
    trace = verify(place)
    (id_,) = children_of(trace)
    used = next(call.child.used for seq in range(trace.size) for call in trace.effects(seq) if call.child)
    write_folder(place, with_child(entries_of(trace), id_, used={**used, "value_bytes": used["value_bytes"] + 1}))

    assert command(place, honest, "verify")[0] == 0
    assert command(place, honest, "replay")[0] == 7


SEALS: dict[str, dict[str, object]] = {
    "partial": {"outcome": "partial", "reason": "budget"},
    "stuck": {"outcome": "partial", "reason": "stuck"},
    "late": {"outcome": "partial", "reason": "last_answer"},
    "typed": {"outcome": "partial", "reason": "answer_type"},
    "changed": {"outcome": "partial", "reason": "input_changed"},
    "stopped": {"outcome": "partial", "reason": "host.stopped"},
    "failed": {"outcome": "failed", "reason": "calls_failed"},
    "refused": {"outcome": "refused", "reason": "syntax"},
    "no reason": {"outcome": "partial", "reason": ""},
    "a reason": {"reason": "budget"},
    "no result": {"result": None},
    "a step more": {"steps": 99},
    "a state": {"state": "0" * 64},
}


@pytest.mark.parametrize("name", SEALS)
def test_a_rewritten_seal_does_not_pass(place: Path, honest: Path, name: str) -> None:
    """A completed run cannot be made partial, failed or refused, by whatever reason."""
    write_folder(place, with_fields(Seal, 0, **SEALS[name])(entries_of(verify(place))))

    codes = {command(place, honest, word)[0] for word in ("verify", "replay")}
    assert codes & {6, 7}


EDITS: dict[str, dict[str, object]] = {
    "grammar": {"grammar": "0" * 64},
    "re2 and the step": {"engines": "google-re2"},
    "numpy and the step": {"engines": "numpy"},
    "unicode and the step": {"engines": "unicode"},
    "tree-sitter and the step": {"engines": "tree-sitter"},
    "kernel and the step": {"kernel": "0.0.9"},
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_version_is_no_excuse(place: Path, honest: Path, name: str) -> None:
    """With a version or the grammar edited, a forged step is forged, and an honest trace does not pass in silence."""
    entries = entries_of(verify(place))
    genesis = entries[0].record
    assert isinstance(genesis, Genesis)
    edit = dict(EDITS[name])
    if "engines" in edit:
        edit["engines"] = {**genesis.engines, str(edit["engines"]): "1.0.1"}
    entries = with_fields(Genesis, 0, **edit)(entries)
    if "step" in name:
        entries = with_fields(Step, 1, used={"steps": 1, "sub_calls": 5})(entries)
    write_folder(place, entries)
    shutil.rmtree(place / "nested")

    assert command(place, honest, "replay")[0] == (9 if name == "grammar" else 7)


def test_a_missing_nested_trace_is_no_fault(place: Path, honest: Path) -> None:
    """Its answer is in the parent's record; somebody may have been sent the parent alone."""
    shutil.rmtree(place / "nested")

    assert command(place, honest, "verify")[0] == 0
    assert command(place, honest, "replay")[0] == 0


def test_a_library_replay_says_that_it_checked_no_controller(place: Path) -> None:
    """Without a check of controllers nothing is claimed of their prompts."""
    assert not replay(verify(place)).controller_checked
