"""Nested runs over one of several files of equal content: what is said of it names this one, above and below."""

from pathlib import Path

import msgspec
import pytest

import rlmlite
from rlmlite import Outcome, Scripted
from rlmlite.inputs.refetch import sources_of
from rlmlite_kernel.records.records import Seal
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces import CheckedTrace, Verdict, nested_traces, replay, verify

PAGE = "boot\nERROR disk\nlate\n"


def ask(folder: Path, program: str, inner: str) -> tuple[Outcome, CheckedTrace]:
    """A run with a nested one, over `docs` (a.txt, b.txt, c.txt) and `two`, all of one content."""
    (folder / "docs").mkdir()
    for name in ("docs/a.txt", "docs/b.txt", "docs/c.txt", "two.txt"):
        (folder / name).write_text(PAGE)

    *_, answer = program.split("\n")

    def says(text: str, _: object) -> str:
        if "# Question\nBelow?" in text:
            return inner
        # The answer was held back until somebody has seen it.
        return answer if "held back" in text else program

    outcome = rlmlite.run(
        "What?",
        {"docs": folder / "docs", "two": folder / "two.txt"},
        controller=Scripted(says),
        trace=folder / "run.rlm",
    )
    trace = verify(folder / "run.rlm")
    (nested,) = nested_traces(trace, folder / "run.rlm")
    assert nested.trace is not None
    for each in (trace, nested.trace):
        assert replay(each, recorded_paths=True).verdict is Verdict.REPRODUCED
    return outcome, nested.trace


def places(outcome: Outcome) -> list[tuple[str, int, int]]:
    """The evidence: where, on which line, how often."""
    return [(each.path.rpartition("/")[2], each.line, each.times) for each in outcome.evidence]


PARTS: dict[str, tuple[list[str], tuple[int, int] | None]] = {
    'docs["b.txt"]': (["b.txt"], None),
    'docs["c.txt"][5:16]': (["c.txt"], (5, 16)),
    "docs[1:3]": (["b.txt", "c.txt"], None),
    "sort(docs, by=-.path)[0:2]": (["c.txt", "b.txt"], None),
    "two": (["two.txt"], None),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_nested_run_is_given_the_file_that_was_named(tmp_path: Path, part: str) -> None:
    """Its source is this file, so that a replay reads no twin, and its evidence is of this file."""
    files, bounds = PARTS[part]
    program = f'n = sub_rlm("Below?", context={part})\nfinal(n)'
    _, below = ask(tmp_path, program, 'final(1, evidence="ERROR disk")')
    source: Source = sources_of(below)["context"]
    end = below.records[-1]
    assert isinstance(end, Seal)
    assert end.result is not None
    answer = msgspec.json.decode(below.content(end.result))
    (cited,) = answer["evidence"]

    assert ([Path(file.path).name for file in source.files], source.part) == (files, bounds)
    assert Path(cited["path"]).name == files[0]
    assert cited["spans"] == [[5, 15, 2, len(files), "ERROR disk"]]


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ('docs["b.txt"]', ("b.txt", 2, 1)),
        ('docs["c.txt"][5:16]', ("c.txt", 2, 1)),
        ('docs["c.txt"].lines[2]', ("c.txt", 2, 1)),
        ("docs[1:3]", ("b.txt", 2, 2)),
        ("sort(docs, by=-.path)[0:2]", ("c.txt", 2, 2)),
        ('search(docs, "ERROR")[1]', ("b.txt", 2, 1)),
        ('search(docs, "ERROR")[1:3]', ("b.txt", 2, 2)),
        ('docs["b.txt"].lines', ("b.txt", 2, 1)),
        ("two", ("two.txt", 2, 1)),
        ('map(docs[2:3], "see " + .text)', ("c.txt", 2, 3)),
    ],
)
@pytest.mark.parametrize("inner", ['final("ERROR disk")', 'final({quote: "ERROR disk", why: "it failed"})'])
def test_a_quote_of_a_nested_run_is_sought_in_what_it_was_given(
    tmp_path: Path, part: str, place: tuple[str, int, int], inner: str
) -> None:
    """Twins that it was not given are not cited for it; of what was made of documents, all of these are counted."""
    program = f'n = sub_rlm("Below?", context={part})\nfinal(1, evidence=n)'
    outcome, _ = ask(tmp_path, program, inner)

    assert places(outcome) == [place]


def test_what_a_nested_run_repeats_is_read_where_it_came_from(tmp_path: Path) -> None:
    """A prompt with its answer holds these bytes of the file that it was given, and none of a twin."""
    program = 'n = sub_rlm("Below?", context=two)\nx = sub_lm("{n}")\nfinal(x)'
    outcome, _ = ask(tmp_path, program, 'final("ERROR disk")')

    assert {name: each["read"] for name, each in outcome.coverage.items()} == {"docs": 0, "two": len("ERROR disk")}
