"""`trace replay` where files of inputs are not what the run read: what does not need them is executed all the same."""

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest

from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import document, rlmlite

PROGRAM = """\
a = load(docs[0].text)
b = count(search(docs[1].text, "ERROR"))
c = 1 + 1
d = count(search(docs, "ERROR"))
e = count(t)
g = len(a)
final([b, c, g])
"""
STEPS = 7
NEEDS = {1: {"f1"}, 2: {"f2"}, 3: set(), 4: {"f1", "f2", "f3"}, 5: {"t"}, 6: {"f1"}, 7: {"f1", "f2"}}
"""What each step needs, itself or by what it reads."""


@pytest.fixture(autouse=True)
def run() -> None:
    Path("docs").mkdir()
    for number in (1, 2, 3):
        Path(f"docs/f{number}.txt").write_text(f"file {number} ERROR here\n")
    Path("t.csv").write_text("a,b\n1,2\n")
    assert rlmlite("exec", "-e", PROGRAM, "docs=docs", "t=t.csv", "--trace", "t.rlm").exit_code == Exit.COMPLETED


def replayed(*words: str) -> dict[str, Any]:
    return document("trace", "replay", "t.rlm", *words)


PLACES = {"f1": "docs/f1.txt", "f2": "docs/f2.txt", "f3": "docs/f3.txt", "t": "t.csv"}


@pytest.mark.parametrize(
    "gone", [gone for count in (1, 2, 4) for gone in itertools.combinations(PLACES, count)], ids="-".join
)
def test_steps_that_do_not_need_a_file_are_executed(gone: tuple[str, ...]) -> None:
    """Whichever files are gone: every other step is executed, every file is named, and nothing is called forged."""
    for number, name in enumerate(gone):
        if number % 2:
            Path(PLACES[name]).write_text("something else\n")
        else:
            Path(PLACES[name]).unlink()
    found = replayed()
    left_out = {step for step, needs in NEEDS.items() if needs & set(gone)}

    assert found["value"] == "unverifiable"
    assert {int(step) for step in found["unavailable"]} == left_out
    assert found["executed"] == STEPS - len(left_out)
    assert {Path(file["path"]).stem for file in found["missing_files"]} == set(gone)
    assert found["difference"] is None


def test_a_file_is_named_with_what_was_expected() -> None:
    """Its input, path, kind, size and digest, what is there instead, and how to give it."""
    Path("docs/f2.txt").write_text("something else\n")
    result = rlmlite("trace", "replay", "t.rlm")

    assert result.exit_code == Exit.UNVERIFIABLE
    assert "4 of 7 steps re-executed" in result.stdout
    assert "2 (f2.txt), 4 (f2.txt), 7" in result.stdout
    assert "docs: f2.txt: expected documents, 18 bytes, sha256 a890ce691e50" in result.stdout
    assert "docs/f2.txt has other content" in result.stdout
    assert "--input docs=docs" in result.stdout


def test_a_file_that_is_given_is_used_and_a_wrong_one_is_named() -> None:
    """Under the name of its input; a name that no input has is refused."""
    shutil.move("docs", "moved")
    Path("other").mkdir()
    Path("other/f1.txt").write_text("not it\n")

    assert replayed("--input", "docs=moved")["value"] == "reproduced"
    assert "other/f1.txt has other content" in replayed("--input", "docs=other")["missing_files"][0]["reason"]
    refused = rlmlite("trace", "replay", "t.rlm", "--input", "dcos=moved")
    assert refused.exit_code == Exit.USAGE
    assert "its inputs: docs, t" in refused.stderr


def test_a_nested_trace_that_is_not_here_is_said() -> None:
    """Of those that are, each is replayed, to any depth; of the others, the answer was taken from the record."""
    from tests.traces.replays.test_golden import KEPT

    shutil.copytree(next(place for place in KEPT if place.stem == "nested-evidence"), "n.rlm")
    nested = document("trace", "replay", "n.rlm")["nested"]
    assert len(nested) == 7
    assert all(each["executed"] == each["steps"] > 0 for each in nested)

    below = next(Path("n.rlm/nested").glob("*/nested/*.rlm"))
    shutil.rmtree(below)
    again = document("trace", "replay", "n.rlm")["nested"]
    assert [each["id"] for each in again if each["value"] == "absent"] == [below.stem]
    assert f"nested run {below.stem[:8]}: its trace is not here" in rlmlite("trace", "replay", "n.rlm").stdout
