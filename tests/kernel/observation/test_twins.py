"""Twins: documents, inputs, lines and rows of equal content. What is said of one is not said of the other."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

import rlmlite
from rlmlite_kernel.records.evolution import EVIDENCE_BY_PLACE, FLAGS
from tests.kernel.machine import Machine

BEFORE = tuple(flag for flag in FLAGS if flag != EVIDENCE_BY_PLACE)
PAGE = "boot\nERROR disk\n"
DOCS = {"a.txt": PAGE, "b.txt": PAGE, "c.txt": "late\nERROR disk\n", "d.txt": PAGE}


def cited(inputs: Mapping[str, object], program: str, flags: Collection[int] = tuple(FLAGS)) -> list[str]:
    """The evidence of a program's answer, as `file:line` or `input:line`."""
    machine = Machine(inputs, flags=flags)
    machine.turn(program, lambda prompt: "ERROR")
    answer = machine.state.answer
    assert answer is not None, machine.done.observation
    assert answer.evidence_total == len(answer.evidence)
    return [f"{each.path or each.input}:{each.line}" for each in answer.evidence]


ERRORS = 'h = search(docs, "ERROR")\n'


@pytest.mark.parametrize(
    ("program", "places"),
    [
        ("final(count(h))", ["a.txt:2", "b.txt:2", "c.txt:2", "d.txt:2"]),
        ('final(1, evidence=where(h, .doc == "b.txt"))', ["b.txt:2"]),
        ('final(1, evidence=docs["d.txt"])', ["d.txt:1"]),
        ('final(docs["d.txt"][5:10])', ["d.txt:2"]),
        ('x = docs["b.txt"]\ny = [x.lines[2]]\nfinal(1, evidence=y)', ["b.txt:2"]),
        ("final(1, evidence=sort(h, by=-.doc)[0:2])", ["d.txt:2", "c.txt:2"]),
        ("final(1, evidence=union(h[3:4], h[1:2]))", ["d.txt:2", "b.txt:2"]),
        ('final(1, evidence=join(h[1:4], search(docs[1:2], "boot"), on=.doc))', ["b.txt:2"]),
        ("final(1, evidence=distinct(h[1:4], by=.text))", ["b.txt:2"]),
        ("final(count_by(h[1:2], .text))", ["b.txt:2"]),
        ("final(1, evidence=around(h[3:4], lines=1))", ["d.txt:2"]),
        ('final(1, evidence=chunk(docs["b.txt"], by="lines", size=1))', ["b.txt:1", "b.txt:2"]),
        ('final(1, evidence=parse_lines(docs["d.txt"], "{level} {what}"))', ["d.txt:2"]),
        ('final(1, evidence=patterns(docs["b.txt"]))', ["b.txt:1", "b.txt:2"]),
        ('final(1, evidence=rank(docs[1:2], "disk", limit=1))', ["b.txt:2"]),
        ('final(1, evidence=extract_over_chunks(h[1:2], "{chunk}"))', ["b.txt:2"]),
        ('final(1, evidence=[h[1], h[3].text, docs["a.txt"].lines[1]])', ["b.txt:2", "d.txt:2", "a.txt:1"]),
    ],
)
def test_equal_documents_are_cited_each_at_its_place(program: str, places: list[str]) -> None:
    """Evidence names the document that a row came from, whatever others hold the same text."""
    assert cited({"docs": DOCS}, ERRORS + program) == places


def test_in_older_runs_equal_documents_are_one() -> None:
    """A run without the flag computes what it computed: the first of equal documents is cited for all."""
    assert cited({"docs": DOCS}, ERRORS + "final(count(h))", BEFORE) == ["a.txt:2", "c.txt:2"]


def test_every_file_of_a_run_of_equal_ones_is_cited() -> None:
    """88 dated files, most of them equal, give 88 citations."""
    docs = {f"2024-{day:03}.log": f"start\nERROR {day % 3}\n" for day in range(88)}

    assert cited({"docs": docs}, 'final(count(search(docs, "ERROR")))') == [f"{path}:2" for path in docs]


def test_equal_inputs_are_cited_by_their_names() -> None:
    """The same text under two names is two inputs."""
    inputs = {"one": PAGE, "two": PAGE}

    assert cited(inputs, 'final(count(search(two, "ERROR")))') == ["two:2"]
    assert cited(inputs, "final(1, evidence=[two.lines[1], one.lines[1]])") == ["two:1", "one:1"]


def test_a_row_of_a_table_is_evidence(tmp_path: Path) -> None:
    """A record of a table is cited as its row, of the table that it is from."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text("id,city\n1,Rome\n2,Oslo\n3,Rome\n")
    outcome = rlmlite.execute("final(1, evidence=two[2])", {name: tmp_path / f"{name}.csv" for name in ("one", "two")})

    assert [(each.input, each.line, each.text) for each in outcome.evidence] == [("two", 4, "3,Rome")]


def test_what_a_program_makes_is_no_input() -> None:
    """A text that a program made proves nothing, also if it equals an input to the byte."""
    machine = Machine({"one": "the whole text"})
    machine.turn('made = "the whole " + "text"\nhits = search(made, "text")\nfinal(1, evidence=hits)')

    assert machine.state.answer is not None
    assert machine.state.answer.evidence == ()
    assert machine.state.coverage_report()["one"]["unseen"] == len("the whole text")


def test_a_quote_says_how_often_it_occurs() -> None:
    """A quote is cited at its first place, and every twin counts."""
    machine = Machine({"docs": DOCS})
    machine.turn('final(1, evidence="ERROR disk")')

    assert machine.state.answer is not None
    (found,) = machine.state.answer.evidence
    assert (found.path, found.times) == ("a.txt", 4)


@pytest.mark.parametrize("kind", ["shown", "read", "scanned"])
def test_coverage_counts_the_twin_that_was_looked_at(kind: str) -> None:
    """Nothing of an input counts as looked at because its twin was."""
    look = {
        "shown": "show(two[0:4])",
        "read": 'x = sub_lm("{part}", part=two[0:4])',
        "scanned": 'x = count(search(two[0:4], "zzz"))',
    }
    machine = Machine({"one": PAGE, "two": PAGE})
    machine.turn(look[kind])
    report = machine.state.coverage_report()

    assert report["one"]["unseen"] == len(PAGE)
    assert (report["two"][kind], report["two"]["unseen"]) == (4, len(PAGE) - 4)


@pytest.mark.parametrize(
    ("evidence", "total"),
    [
        ("h", 2_400),
        ("[h, h]", 2_400),
        ("[h, h[100:200]]", 2_400),
        ("[h[0:1500], h[1200:2400]]", 2_400),
        ("[h, log.lines[1:11]]", 2_410),
        ('[h, search("ERROR ERROR", "ERROR")]', 2_400),
    ],
)
def test_pieces_of_evidence_are_counted_once(evidence: str, total: int) -> None:
    """Beyond those that are written out, pieces are still counted each once, and texts of no input not at all."""
    machine = Machine({"log": "ERROR disk\n" * 2_400})
    machine.turn(f'h = search(log, "ERROR")\nfinal(1, evidence={evidence})')

    assert machine.state.answer is not None
    assert (len(machine.state.answer.evidence), machine.state.answer.evidence_total) == (1_000, total)


def test_the_evidence_of_a_long_count_is_said_to_be_a_part() -> None:
    """A count keeps the first 1,000 of its matches as evidence, and says of how many they are."""
    machine = Machine({"context": "x\n" * 3_000})
    machine.turn('final(count(search(context, "x")))')

    assert [remark.code for remark in machine.state.remarks] == ["evidence_limited"]
    assert "the first 1,000 of its 3,000 matches" in machine.state.remarks[0].message
