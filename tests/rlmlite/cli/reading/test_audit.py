"""`rlmlite trace audit`: of each claim of a trace whether it holds, fails, or cannot be checked, and why."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rlmlite.cli.commands.traces.reading.audit import Flags
from rlmlite.cli.commands.traces.reading.audit import audit as audit_command
from rlmlite.cli.output.exits import Exit
from rlmlite_kernel.records.records import Entry, Step
from rlmlite_traces.reading.audits.audit import Rerun, audit_of
from rlmlite_traces.reading.story import Story
from tests.rlmlite.cli.commands import COUNT_ERRORS, document, rlmlite
from tests.traces import handmade
from tests.traces.reading.kept import GOLDEN, KEPT, changed, kept, redacted
from tests.traces.replays.forging import forge, with_fields


def audit(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = document("trace", "audit", *arguments)["audit"]
    return found


def standings(found: dict[str, Any], group: str) -> list[str]:
    return [each["standing"] for each in found[group]]


def test_a_run_whose_inputs_are_here_holds_in_everything() -> None:
    """Records, seal, inputs, steps and evidence; budgets as they were given and used; the exit code says so."""
    rlmlite("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm", "--limit", "turns=3")

    result = rlmlite("trace", "audit", "t.rlm")
    found = audit("t.rlm")

    assert result.exit_code == Exit.COMPLETED
    assert result.stdout.startswith("t.rlm: holds\nSEALED, root ")
    assert {each for group in ("checks", "inputs", "steps", "evidence") for each in standings(found, group)} == {
        "holds"
    }
    assert found["budgets"]["turns"] == {"limit": 3, "used": 1}
    assert found["budgets"]["sub_calls"]["used"] == 0
    assert (found["host_turns"], found["controller_turns"]) == (1, 0)
    assert len(found["evidence"]) == 10


def test_what_needs_an_input_that_is_gone_is_unknown_step_by_step() -> None:
    """With the reason; named where it is now, all of it holds again."""
    rlmlite("exec", "-e", f"n = 1 + 1\n{COUNT_ERRORS}", "app.log", "--trace", "t.rlm")
    Path("app.log").rename("moved.log")

    result = rlmlite("trace", "audit", "t.rlm")
    found = audit("t.rlm")

    assert result.exit_code == Exit.UNVERIFIABLE
    assert standings(found, "steps") == ["holds", "unknown", "unknown", "unknown"]
    assert "app.log, which is not here" in found["steps"][1]["why"]
    assert set(standings(found, "evidence")) == {"unknown"}
    assert found["inputs"][0]["why"]
    assert rlmlite("trace", "audit", "t.rlm", "--input", "context=moved.log").exit_code == Exit.COMPLETED


def test_a_forged_result_fails() -> None:
    """The record that is not what the kernel computes is named, and all after it is unknown."""
    trace = forge(kept("2.3/search"), with_fields(Step, 2, used={"search_work": 7}))
    shutil.copytree(GOLDEN / "2.3" / "search.rlm", "forged.rlm")
    Path("forged.rlm/trace.jsonl").write_bytes(trace.lines[0])

    result = rlmlite("trace", "audit", "forged.rlm")
    found = audit("forged.rlm")

    assert result.exit_code == Exit.DIFFERS
    assert found["steps"][2]["standing"] == "fails"
    assert set(standings(found, "steps")[3:]) == {"unknown"}


def test_evidence_that_is_not_there_fails() -> None:
    """A place outside of the text, and another text at the place, whatever the replay says."""
    trace = kept("2.3/agent")
    story = Story(trace)
    (first, *_) = story.ending.answer.evidence  # type: ignore[union-attr]  # it has one
    content = story.passages.read_bytes(story.inputs[0].content)
    assert content is not None

    def rerun_with(other: bytes) -> list[str]:
        audited = audit_of(story, None, Rerun(executed=99, content=lambda _: other))
        return [each.standing for each in audited.evidence]

    assert set(rerun_with(content)) == {"holds"}
    assert rerun_with(content.replace(b"ERROR", b"errors"))[0] == "fails"
    assert set(rerun_with(content[: first.start])) == {"fails"}


def test_approvals_and_redactions_are_told() -> None:
    """What was approved, with what was asked; what was redacted, by whom and why."""
    found = audit(str(GOLDEN / "2.3" / "tools.rlm"))
    assert [(each["tool"], each["is_approved"]) for each in found["approvals"]] == [("page", True)]
    assert "Zoë" in found["approvals"][0]["asked"]["text"]

    trace = redacted(kept("2.3/tools"), lambda record: [record.ast] if isinstance(record, Step) else [])
    audited = audit_of(Story(trace))
    assert audited.redactions[0].endswith("contents by auditor: names")
    assert audited.standing == "unknown"


@pytest.mark.parametrize("parts", [0, 2])
def test_a_stranger_s_approval_is_told_whole(parts: int) -> None:
    """Of as many parts as it has, though the kernel asks in one."""
    honest = kept("2.3/tools")
    at, call = next(
        (seq, call) for seq in range(honest.size) for call in honest.effects(seq) if call.effect == "approve"
    )

    def change(entries: list[Entry]) -> list[Entry]:
        calls = [msgspec.structs.replace(each, recipe=call.recipe * parts) for each in entries[at].effects]
        return [*entries[:at], handmade.with_calls(entries[at], calls), *entries[at + 1 :]]

    approval = audit_of(Story(forge(honest, change))).approvals[0]

    assert approval.asked.text == audit_of(Story(honest)).approvals[0].asked.text * parts


@pytest.mark.parametrize("place", KEPT, ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_every_kept_trace_is_audited(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of it fails: it was written by this kernel, or by one whose meaning is kept."""
    end = audit_command(place, Flags(), [], as_json=False)
    shown = capsys.readouterr().out

    assert end in (Exit.COMPLETED, Exit.UNVERIFIABLE), shown
    assert "\nfails: " not in shown


def test_an_open_trace_and_one_that_a_kill_cut_off_are_audited(tmp_path: Path) -> None:
    """What they lack is unknown, and said."""
    place = tmp_path / "cut.rlm"
    shutil.copytree(GOLDEN / "2.3" / "search.rlm", place)
    (place / "trace.jsonl").write_bytes((place / "trace.jsonl").read_bytes()[:-40])

    shown = rlmlite("trace", "audit", str(place)).stdout

    assert "the seal: there is none" in shown
    assert "the end of trace.jsonl: its last " in shown


def test_a_stranger_s_trace_is_audited() -> None:
    """Whatever it says: an audit without a replay reads it and raises nothing."""
    for _, trace in changed(kept("2.3/tools"), every=7):
        assert audit_of(Story(trace)).standing == "unknown"


def test_a_damaged_trace_is_refused() -> None:
    """Before anything of it is told."""
    shutil.copytree(GOLDEN / "2.3" / "search.rlm", "t.rlm")
    records = Path("t.rlm/trace.jsonl")
    records.write_bytes(records.read_bytes().replace(b'"op":"search"', b'"op":"sEarch"'))

    assert rlmlite("trace", "audit", "t.rlm").exit_code == Exit.BROKEN


def test_a_root_and_a_key_say_whether_it_is_the_one_that_is_meant() -> None:
    """The root that was given, who signed it, and a signature that nobody compared with a key."""
    rlmlite("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")
    rlmlite("keygen", "mine.key")
    rlmlite("trace", "sign", "t.rlm", "--key", "mine.key")
    root = document("trace", "verify", "t.rlm")["root"]

    known = rlmlite("trace", "audit", "t.rlm", "--root", root, "--key", "mine.key.pub")
    unknown = rlmlite("trace", "audit", "t.rlm")

    assert known.exit_code == Exit.COMPLETED
    assert "the root is the one that was given" in known.stdout
    assert "the signature of " in known.stdout
    assert unknown.exit_code == Exit.UNVERIFIABLE
    assert "name the file of its key with --key" in unknown.stdout
    assert rlmlite("trace", "audit", "t.rlm", "--root", "0" * 64).exit_code == Exit.BROKEN
