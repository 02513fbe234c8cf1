"""patterns and mask as actions: fields, evidence, warnings, costs; hostile text."""

import tracemalloc

import pytest

from rlmlite_kernel import Limits
from rlmlite_kernel.engines.bytes.line_blocks import CLIP, TextPart
from rlmlite_kernel.engines.patterns.patterns import find_patterns, mine_forms
from rlmlite_kernel.engines.ranking.postings import build_index
from tests.kernel.machine import Machine

LOG = "08:00 user ann in\n08:01 disk 7 full\n08:02 user bob in\n\n08:09 user ann in\n"


def test_templates_come_most_frequent_first_with_where_they_are() -> None:
    """Line numbers of the input; the example is the first line, and what the row stands for."""
    machine = Machine({"log": LOG})
    machine.turn("kinds = patterns(log)\nfinal(kinds[0].template, evidence=kinds[0:1])")
    answer = machine.state.answer

    assert machine.value("kinds") == [
        {"template": "<*> user <*> in", "n": 3, "first": 1, "last": 5, "example": "08:00 user ann in"},
        {"template": "<*> disk <*> full", "n": 1, "first": 2, "last": 2, "example": "08:01 disk 7 full"},
        {"template": "", "n": 1, "first": 4, "last": 4, "example": ""},
    ]
    assert answer is not None
    assert [(item.line, item.start, item.stop) for item in answer.evidence] == [(1, 0, 17)]


def test_of_documents_it_says_in_which() -> None:
    """Where the first line is, and where the last."""
    found = Machine({"docs": {"a.log": "x 1\ny\n", "b.log": "\nx 2"}}).of("patterns(docs)")

    assert [(row["template"], row["n"], row["doc"], row["first"], row["last_doc"], row["last"]) for row in found] == [
        ("x <*>", 2, "a.log", 1, "b.log", 2), ("y", 1, "a.log", 2, "a.log", 2), ("", 1, "b.log", 1, "b.log", 1),
    ]  # fmt: skip


def test_a_column_of_parsed_lines_has_templates_of_its_own() -> None:
    """The numbers are those of the lines that the texts lie in."""
    machine = Machine({"log": LOG})
    machine.turn("lines = parse_lines(log, /^\\S+ (?<said>.+)$/)\nkinds = patterns(lines.said)")

    assert [(row["template"], row["n"], row["last"]) for row in machine.value("kinds")] == [
        ("user <*> in", 3, 5),
        ("disk <*> full", 1, 2),
    ]


def test_mask_is_what_patterns_sees() -> None:
    """In a row expression, line by line, and null stays null."""
    machine = Machine({"log": LOG, "rows": [{"t": "a 1"}, {"t": None}]})

    assert machine.of("count_by(search(log, /.+/), mask(.text))") == [
        {"key": "<*> user <*> in", "n": 3},
        {"key": "<*> disk <*> full", "n": 1},
    ]
    assert machine.of("mask(log)").split("\n")[1] == "<*> disk <*> full"
    assert machine.of("map(rows, mask(.t))") == ["a <*>", None]
    machine.turn("it = mask([1])")
    assert machine.codes() == ["type"]


def test_the_work_is_the_bytes() -> None:
    """The work is the bytes of the text; if it exceeds the budget, the step is refused."""
    size = len(LOG)
    machine = Machine({"log": LOG}, limits=Limits(search_work=2 * size - 1))
    machine.turn("a = patterns(log)")
    assert machine.steps()[-1].used["search_work"] == size
    machine.turn("b = patterns(log)")
    assert machine.codes() == ["budget"]


def test_what_was_not_looked_at_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long lines, and lines for which the table has no room: the outcome is partial."""
    machine = Machine({"log": "x" * (CLIP + 1)})
    machine.turn("a = patterns(log)")
    assert f"of lines longer than {CLIP:,} bytes (1 here) only the beginning was read" in machine.done.observation

    monkeypatch.setattr(mine_forms, "__defaults__", (4,))
    machine = Machine({"log": "".join(f"{chr(97 + n)}a {chr(110 - n)}b\n" for n in range(12))})
    machine.turn("a = patterns(log)")
    assert "lines are counted under `<*>`" in machine.done.observation
    assert sum(row["n"] for row in machine.value("a")) == 12


HOSTILE = {
    "nothing": "",
    "newlines": "\n" * 1_000,
    "NULs": "\x00" * 1_000 + "\n\x00 1\x00\n",
    "one word": "a" * 100_000,
    "separators": "," * 100_000,
    "holes": "<*> <*>\n" * 100,
    "marks": "\u0301" * 1_000,
    "other line ends": "a\r\nb\x0bc\x85d\u2028e",
    "digits": "1 " * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_does_no_harm(name: str) -> None:
    """Every action on patterns and passages takes hostile text without a fault."""
    machine = Machine({"log": HOSTILE[name]})
    machine.turn(
        'a = patterns(log)\nb = mask(log[0:2000])\nc = rank(log, "a 1")\nd = rank(log, "a", by="records")\n'
        'e = around(search(log, /a|1/, limit=5), by="paragraphs")\nf = search(log, template="a <*> b")'
    )

    assert set(machine.codes()) == {""}
    assert sum(row["n"] for row in machine.value("a")) == (
        HOSTILE[name] + "\n" * (not HOSTILE[name].endswith("\n"))
    ).count("\n") * bool(HOSTILE[name])


@pytest.mark.slow
@pytest.mark.parametrize("unit", [b"a", b"word 1 ", "é".encode()])
def test_a_line_of_a_gigabyte_is_read_in_a_few_megabytes(unit: bytes) -> None:
    """By patterns and by rank, whatever is in it."""
    import numpy as np

    content = unit * (10**9 // len(unit))
    tracemalloc.start()
    made = find_patterns([TextPart(content, 0, len(content))])
    few = build_index(content, np.array([0]), np.array([len(content)]), only=np.zeros(1, np.uint64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (made.clipped, len(made.templates)) == (1, 1)
    assert few.words >= 1
    assert peak < 400 << 20
