"""What a nested run has found is its parent's: the evidence of its answer, and its coverage. (D3, D4)"""

import shutil
from pathlib import Path

import pytest

import rlmlite
from rlmlite import Outcome, Scripted
from rlmlite_traces import CheckedTrace, Verdict, nested_traces, replay, verify

LOG = "".join(f"{n:04} {'ERROR disk' if n % 7 == 3 else 'INFO  ok'} {n * 37 % 101}\n" for n in range(200))
PAGE = "boot\nERROR disk\nlate\n"


def run(folder: Path, program: str, *inner: str, model: str = "yes") -> tuple[Outcome, CheckedTrace]:
    """A program with nested runs, over `log`, the folder `docs` and the text `note`; all of it replays."""
    (folder / "docs").mkdir()
    for name in ("docs/a.txt", "docs/b.txt", "docs/c.txt"):
        (folder / name).write_text(PAGE if name < "docs/c" else "late\nERROR net\n")
    (folder / "app.log").write_text(LOG)
    place = folder / "run.rlm"
    outcome = rlmlite.execute(
        program,
        {"log": folder / "app.log", "docs": folder / "docs", "note": "a note\nERROR tape\n"},
        nested=[Scripted([text] * 8) for text in inner],
        limits={"depth": len(inner)},
        sub=Scripted([model] * 8),
        trace=place,
    )
    trace = verify(place)
    for each in nested_traces(trace, place):
        assert each.trace is not None, each.reason
        assert replay(each.trace, recorded_paths=True).verdict is Verdict.REPRODUCED
    # Alone, without the folders of its nested runs.
    shutil.rmtree(place / "nested")
    assert replay(verify(place), recorded_paths=True).verdict is Verdict.REPRODUCED
    return outcome, trace


def content_of(folder: Path, outcome: Outcome) -> list[tuple[str, str]]:
    """Each piece of evidence: the name of its document, and what really stands at its place in the file."""
    found = []
    for each in outcome.evidence:
        path = folder / each.path if each.input == "docs" else folder / "app.log"
        path = folder / "docs" / Path(each.path).name if each.input == "docs" else path
        found.append((path.name, path.read_bytes()[each.start : each.stop].decode()))
    return found


COUNTS: dict[str, tuple[str, int]] = {
    "a whole file": ("log", 29),
    "a part of a file": ("log[1000:2000]", 9),
    "a part of a part": ("log[500:3000][500:1500]", 9),
    "lines, joined": ('render(log.lines[1:51], "{text}")', 7),
    "a text that was made": ('"The log: " + log[0:1000] + "<end>"', 8),
    "a made text of lines in another order": ('render(sort(log.lines[1:51], by=-.text), "{text}")', 7),
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_evidence_of_a_nested_run_is_its_parents(tmp_path: Path, name: str) -> None:
    """Wherever its input lies in that of its parent, each piece is where its words are, and is told once."""
    part, count = COUNTS[name]
    program = f'n = sub_rlm("How many?", part={part})\nfinal(n)'
    outcome, _ = run(tmp_path, program, 'h = search(part, "ERROR")\nfinal(count(h), evidence=h)')
    places = [(each.start, each.stop) for each in outcome.evidence]

    assert (outcome.value, outcome.evidence_total, outcome.basis) == (count, count, "derived")
    assert content_of(tmp_path, outcome) == [("app.log", "ERROR")] * count
    assert len(set(places)) == count
    assert not outcome.warnings


def test_evidence_of_a_made_text_is_the_line_that_was_meant(tmp_path: Path) -> None:
    """Of many lines with the same words, the one that the nested run named."""
    program = 'n = sub_rlm("Which?", part=render(log.lines[11:61], "{text}"))\nfinal(n)'
    outcome, _ = run(tmp_path, program, 'h = search(part, "ERROR")[4]\nfinal(h.line, evidence=h)')

    assert [each.line for each in outcome.evidence] == [39]


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("docs", ["a.txt", "b.txt", "c.txt"]),
        ("docs[1:3]", ["b.txt", "c.txt"]),
        ("sort(docs, by=-.path)[0:2]", ["b.txt", "c.txt"]),
        ('docs["b.txt"]', ["b.txt"]),
        ('docs["c.txt"][5:14]', ["c.txt"]),
        ("where(docs, .text matches /net/)", ["c.txt"]),
    ],
)
def test_documents_are_named_in_the_folder_of_the_parent(tmp_path: Path, part: str, names: list[str]) -> None:
    """Each piece of evidence is of the document that the nested run had, also among twins; so is what it scanned."""
    program = f'n = sub_rlm("How many?", part={part})\nfinal(n)'
    outcome, _ = run(tmp_path, program, 'h = search(part, "ERROR")\nfinal(count(h), evidence=h)')
    sizes = {"a.txt": 21, "b.txt": 21, "c.txt": 15 if "[5:" not in part else 9}

    assert sorted(content_of(tmp_path, outcome)) == [(name, "ERROR") for name in names]
    assert outcome.coverage["docs"]["scanned"] == sum(sizes[name] for name in names)


def test_coverage_of_a_nested_run_is_its_parents(tmp_path: Path) -> None:
    """What it scanned, showed its controller and sent to a model counts above, at the places of the parent's input."""
    inner = 'n = count(search(part, "ERROR"))\nshow(part[0:40])\nx = sub_lm("?{piece}", piece=part[100:160])\nfinal(n)'
    outcome, _ = run(tmp_path, 'n = sub_rlm("?", part=log[1000:2000])\nfinal(n)', inner)
    log = outcome.coverage["log"]

    assert (log["scanned"], log["read"], log["unseen"]) == (1000, 60, len(LOG) - 1000)
    assert log["shown"] >= 40


def test_a_nested_run_without_an_answer_has_looked_all_the_same(tmp_path: Path) -> None:
    """Its coverage does not depend on how it ended."""
    outcome, _ = run(tmp_path, 'n = sub_rlm("?", part=log[0:500])\nfinal(n)', 'show(count(search(part, "x")))')

    assert outcome.status != "completed"
    assert outcome.coverage["log"]["scanned"] == 500


def test_evidence_comes_up_through_two_levels(tmp_path: Path) -> None:
    """Each level translates into its own inputs: a part of a part, at last of the file."""
    outcome, _ = run(
        tmp_path,
        'n = sub_rlm("?", part=log[1000:3000], share=0.9)\nfinal(n)',
        'n = sub_rlm("?", piece=part[500:1500], share=0.9)\nfinal(n)',
        'h = search(piece, "ERROR")\nfinal(count(h), evidence=h)',
    )
    expected = [1500 + at for at in range(1000) if LOG.encode()[1500 + at : 1505 + at] == b"ERROR"]

    assert [each.start for each in outcome.evidence] == expected
    assert outcome.coverage["log"]["scanned"] == 1000


def test_what_rests_on_several_nested_runs_has_the_evidence_of_each(tmp_path: Path) -> None:
    """A sum of two answers rests on the evidence of both."""
    program = 'a = sub_rlm("?", part=log[0:1000])\nb = sub_rlm("?", part=log[3000:4000])\nfinal(a + b)'
    outcome, _ = run(tmp_path, program, 'h = search(part, "ERROR")\nfinal(count(h), evidence=h[0])')

    assert [each.start // 1000 for each in outcome.evidence] == [0, 3]


def test_a_nested_run_without_evidence_gives_none(tmp_path: Path) -> None:
    """An answer out of nothing rests on nothing above either."""
    outcome, _ = run(tmp_path, 'n = sub_rlm("?", part=log)\nfinal(n)', "final(7)")

    assert (outcome.value, outcome.evidence_total, outcome.basis) == (7, 0, "none")
