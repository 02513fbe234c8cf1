"""Evidence: where an answer rests, byte for byte."""

import pytest

from rlmlite_kernel import Evidence
from tests.kernel.machine import Machine

LOG = "one fine day\nERROR disk  full\nERROR disk\n  full again\nthe end, ERROR disk\n"
DOCS = {"a.txt": "alpha ERROR one\n", "b.txt": "Zoë\nbeta ERROR two\n", "c.txt": "Zoë\nbeta ERROR two\n"}


def evidence(program: str, **inputs: object) -> tuple[Evidence, ...]:
    """The evidence of the answer that a program gives."""
    machine = Machine(inputs or {"log": LOG})
    machine.turn(program)
    assert machine.state.answer is not None, machine.done.observation
    assert machine.state.answer.evidence_total == len(machine.state.answer.evidence)
    return machine.state.answer.evidence


def texts(program: str, **inputs: object) -> list[str]:
    """The texts of the evidence."""
    return [piece.text for piece in evidence(program, **inputs)]


def test_a_quote_is_found_as_it_stands() -> None:
    """A quote that is in an input is verbatim, with its place."""
    assert evidence('final(1, evidence="fine day")') == (Evidence("verbatim", "fine day", "log", "", 4, 12, 1, 1),)


def test_a_quote_that_occurs_often_is_counted() -> None:
    """A quote that occurs often has its first place, and the number of all."""
    assert evidence('final(1, evidence="ERROR")') == (Evidence("verbatim", "ERROR", "log", "", 13, 18, 2, 3),)


def test_a_quote_is_found_with_its_white_space_folded() -> None:
    """A quote is found over other blanks and line ends, and is labelled `verbatim-ws`."""
    (piece,) = evidence('final(1, evidence="disk full again")')

    assert (piece.how, piece.text, piece.line) == ("verbatim-ws", "disk\n  full again", 3)


def test_a_quote_over_several_lines_is_found_as_it_stands() -> None:
    """A quote over several lines is verbatim if its line ends are the same."""
    (piece,) = evidence('final(1, evidence="""disk\n  full again\nthe""")')

    assert (piece.how, piece.start, piece.line) == ("verbatim", LOG.index("disk\n"), 3)


@pytest.mark.parametrize("quote", ["no such words", "error disk", "fine  day.", "disk full always"])
def test_a_quote_that_is_nowhere_is_said(quote: str) -> None:
    """A quote that is in no input is listed as `not-found`."""
    machine = Machine({"log": LOG})
    seen = machine.turn(f'final(1, evidence="{quote}")')

    assert machine.state.answer is not None
    assert machine.state.answer.evidence == (Evidence("not-found", quote),)
    assert "not-found" in seen


@pytest.mark.parametrize("sign", [".*", "a|b", "(", "\\d", "$"])
def test_a_quote_is_never_a_pattern(sign: str) -> None:
    """A quote is never a pattern: its special characters are searched for literally."""
    assert [e.how for e in evidence(f'final(1, evidence=r"x {sign}")', log=f"a x {sign} b")] == ["verbatim"]
    assert [e.how for e in evidence(f'final(1, evidence=r"x {sign}")', log=f"a x\n{sign} b")] == ["verbatim-ws"]


def test_several_quotes_are_several_pieces() -> None:
    """A list of quotes gives as many pieces of evidence, in its order."""
    assert texts('final(1, evidence=["the end", "one", "nowhere"])') == ["the end", "one", "nowhere"]


def test_one_place_is_one_piece() -> None:
    """A place is one piece of evidence, however often it is named."""
    assert texts('h = search(log, "fine")\nfinal(1, evidence=[h, h[0], "fine", log[4:8]])') == ["fine"]


def test_a_document_names_its_path() -> None:
    """Evidence in a document names its path and the line in it."""
    (piece,) = evidence('final(1, evidence="ERROR two")', docs=DOCS)

    assert (piece.input, piece.path, piece.start, piece.line) == ("docs", "b.txt", 10, 2)


KEEPING = [
    ('hits = search(log, /ERROR/)', ["ERROR"] * 3),
    ("hits = where(search(log, /ERROR/), .line == 2)", ["ERROR"]),
    ("hits = sort(search(log, /\\w+ (?<x>disk|day)/), by=.x)", ["fine day", "ERROR disk", "ERROR disk", "ERROR disk"]),
    ("hits = top(search(log, /d\\w+/), 1, by=.start)", ["disk"]),
    ("hits = search(log, /d\\w+/)[1:2]", ["disk"]),
    ("hits = search(log, /d\\w+/)[0]", ["day"]),
    ("hits = first(search(log, /d\\w+/))", ["day"]),
    ("hits = last(search(log, /d\\w+/))", ["disk"]),
    ("hits = map(search(log, /d\\w+/)[0:2], .line * 10)", ["day", "disk"]),
    ("hits = map(search(log, /d\\w+/)[0:2], {n: .line})", ["day", "disk"]),
    ("hits = extend(search(log, /d\\w+/)[0:2], {n: 1})", ["day", "disk"]),
    ("hits = distinct(search(log, /d\\w+/), by=.match)", ["day", "disk"]),
    ("hits = count_by(search(log, /d\\w+/), .match)", ["disk", "day"]),
    ("hits = group(search(log, /d\\w+/), .match, {n: count()})", ["day", "disk"]),
    ("hits = search(log, /d\\w+/)[0:2].line", ["day", "disk"]),
    ("hits = chunk(log, size=9)[0:1]", ["one fine "]),
    ("hits = log.lines[1:2]", ["one fine day"]),
    ("hits = log.lines[1]", ["one fine day"]),
    ("hits = log[4:8]", ["fine"]),
    ("hits = log[4:12][0:4]", ["fine"]),
    ("hits = log.chars[4:8]", ["fine"]),
    ("hits = parse_lines(log, /(?<w>\\w+) fine/)", ["one fine day"]),
    ('hits = extract_over_chunks(chunk(log, size=9)[0:1], "{chunk}", schema={a: int})', ["one fine "]),
]  # fmt: skip


@pytest.mark.parametrize("ending", ["final(hits)", "final(1, evidence=hits)"])
@pytest.mark.parametrize(("program", "expected"), KEEPING)
def test_spans_are_kept(program: str, expected: list[str], ending: str) -> None:
    """A value made of rows rests on the text of just these rows, whether it is the answer or named as evidence."""
    machine = Machine({"log": LOG})
    machine.turn(f"{program}\n{ending}", lambda prompt: '{"a": 1}')
    assert machine.state.answer is not None, machine.done.observation

    assert sorted(piece.text for piece in machine.state.answer.evidence) == sorted(expected)
    assert machine.state.answer.basis == ("given" if "evidence" in ending else "derived")


def test_a_count_rests_on_what_was_counted() -> None:
    """An answer without spans of its own rests on what it was made of."""
    assert texts('n = count(search(log, "fine"))\nfinal("there is " + str(n))') == ["fine"]


def test_an_answer_that_rests_on_nothing_says_so() -> None:
    """An answer that rests on nothing is allowed, and its basis is `none`."""
    machine = Machine({"log": LOG})
    machine.turn("final(42)")

    assert machine.state.answer is not None
    assert (machine.state.answer.evidence, machine.state.answer.basis) == ((), "none")


@pytest.mark.parametrize("given", ["5", "null", "[1, 2]", '""', '"  "'])
def test_what_is_no_evidence_is_said(given: str) -> None:
    """A number or an empty quote is not evidence, and the observation says so."""
    machine = Machine({"log": LOG})
    seen = machine.turn(f"final(1, evidence={given})")

    assert "evidence" in seen.split("\n", 1)[-1] or given == "null"
    assert machine.state.answer is not None
    assert machine.state.answer.evidence == ()


def test_many_spans_are_counted_and_not_all_written() -> None:
    """At most 1,000 pieces are written out, and the number of all stays right."""
    machine = Machine({"log": "x " * 1_500})
    machine.turn('hits = search(log, "x")\nfinal(count(hits), evidence=hits)')

    assert machine.state.answer is not None
    assert len(machine.state.answer.evidence) == 1_000
    assert machine.state.answer.evidence_total == 1_500


def test_a_quote_of_a_model_is_looked_up_in_what_it_read() -> None:
    """A model's quote is looked up in the chunk that it read before other places with the same words."""
    log = "the words here\nother line\nthe words here\n"
    machine = Machine({"log": log})
    machine.turn(
        'parts = chunk(log, size=1, by="lines")[2:3]\n'
        'found = extract_over_chunks(parts, "{chunk}", schema={quote: str})\nfinal(found, evidence=found)',
        lambda prompt: '{"quote": "the words"}',
    )

    assert machine.state.answer is not None
    assert [(e.start, e.times) for e in machine.state.answer.evidence] == [(26, 1)]
