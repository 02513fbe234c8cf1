"""rank: its passages, warnings and costs, and that a cache changes none of them."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Limits, MemoryBlobs
from rlmlite_kernel.actions.search import rank_index
from rlmlite_kernel.engines.ranking.postings import WordIndex
from rlmlite_kernel.run.steps.price import price
from tests.kernel.machine import Machine, parse_program
from tests.sizes import scale

LOG = "start\nERROR disk sda failed\n  at read(sda)\nok\n\nok user ann\nERROR net down\nok\nok\nok\ndisk ok\nok\n"
DOCS = {"src/a.py": "import disk\nx = 1\n", "b.md": "read me\n\nthe disk\nof disks\n", "c.txt": "", "d.txt": "no\n" * 9}


def texts(found: list[dict[str, object]]) -> list[object]:
    """The text of each passage."""
    return [row["text"] for row in found]


def test_lines_with_the_words_come_best_first() -> None:
    """With where they are, and a whole number as the score."""
    found = Machine({"log": LOG}).of('rank(log, "disk error")')

    assert (
        texts(found) == ["ERROR disk sda failed", "ERROR net down", "disk ok"]
        or texts(found)[0] == "ERROR disk sda failed"
    )
    assert list(found[0]) == ["doc", "line", "start", "end", "text", "score"]
    assert (found[0]["line"], found[0]["start"], found[0]["end"]) == (2, 6, 27)
    scores = [row["score"] for row in found]
    assert scores == sorted(scores, reverse=True)
    assert all(type(score) is int for score in scores)


@pytest.mark.parametrize(
    ("by", "best"),
    [
        ('"lines"', "  at read(sda)"),
        ('"paragraphs"', "start\nERROR disk sda failed\n  at read(sda)\nok\n"),
        ('"records"', "ERROR disk sda failed\n  at read(sda)"),
        ("/^ERROR/", "ERROR disk sda failed\n  at read(sda)\nok\n\nok user ann\n"),
        ('"files"', LOG),
    ],
)
def test_the_unit_is_what_by_says(by: str, best: str) -> None:
    """A passage is a whole unit."""
    assert texts(Machine({"log": LOG}).of(f'rank(log, "read", by={by})')) == [best]


def test_documents_are_ranked_together() -> None:
    """Documents by their lines, or each as a whole; an empty document has no passage."""
    machine = Machine({"docs": DOCS})

    assert [row["doc"] for row in machine.of('rank(docs, "disk")')] == ["src/a.py", "b.md", "b.md"]
    assert [row["doc"] for row in machine.of('rank(docs, "disk", exact=true)')] == ["src/a.py", "b.md"]
    assert [row["doc"] for row in machine.of('rank(docs, "disk me", by="files")')] == ["b.md", "src/a.py"]
    assert [row["doc"] for row in machine.of('rank(paths(docs, "*.py"), "disk")')] == ["src/a.py"]


def test_rows_are_passages_themselves_and_keep_their_fields() -> None:
    """Chunks, hits, a list of texts; evidence stays what the row stands for."""
    machine = Machine({"log": LOG, "docs": DOCS})
    hits = machine.of('rank(search(log, /ERROR|ok/), "failed down", limit=2)')
    chunks = machine.of('rank(chunk(log, 40), "ann")')

    assert [(row["match"], row["text"]) for row in hits] == [
        ("ERROR", "ERROR net down"),
        ("ERROR", "ERROR disk sda failed"),
    ]
    assert [row["index"] for row in chunks] == [1]
    assert machine.of('map(rank(["a b", "c", "b", "d", "e"], "b"), .value)') == ["b", "a b"]
    assert machine.of('rank(search(docs, /im/), "import").doc') == ["src/a.py"]


def test_a_row_without_text_has_no_words() -> None:
    """A row without text is skipped, and the rows after it keep their numbers."""
    machine = Machine(
        {"rows": [{"text": None, "n": 1}, {"text": "disk", "n": 2}, {"text": "", "n": 3}, {"text": "no", "n": 4}]}
    )
    machine.turn("r = map(rows, {text: .text, n: .n})")

    assert [row["n"] for row in machine.of('rank(r, "disk")')] == [2]


def test_what_is_not_found_and_not_kept_is_said() -> None:
    """The warnings name words that do not occur, and count the passages that a limit drops."""
    machine = Machine({"log": LOG})

    said = machine.turn('r = rank(log, "ok zebra", limit=2)')
    assert "1 of 2 words do not occur in the text" in said
    assert "zebra" in said
    assert "2 of 7 passages with a word of the query are kept" in said
    assert machine.of('rank(log, "zebra")') == []
    assert machine.of('rank(log[0:0], "disk")') == []


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ('rank(log, "...")', "query", "1 to 100 words"),
        (f'rank(log, "{" ".join(f"w{n}" for n in range(101))}")', "query", "the query has 101"),
        ('rank(log, "x", limit=0)', "bound", "at least 1"),
        ("rank(log, 3)", "type", "`query` must be text"),
        ('rank(3, "x")', "type", "rank works on text, documents or rows"),
        ('rank([1, 2], "x")', "type", "rows that have a text"),
    ],
)
def test_a_slip_is_answered_with_what_to_do(call: str, code: str, message: str) -> None:
    """What was expected and what was found."""
    machine = Machine({"log": LOG})

    assert message in machine.turn(f"it = {call}")
    assert machine.codes() == [code]


def test_the_work_is_the_same_whether_the_index_was_there() -> None:
    """The charge is the bytes, and one per word and passage; a rank that does not fit is refused unread."""
    machine = Machine({"log": LOG})
    lines = LOG.count("\n")
    needed = len(LOG) + 2 * lines
    for _ in range(2):
        machine.turn('r = rank(log, "disk ok")')
        assert machine.steps()[-1].used["search_work"] == needed
    short = Machine({"log": LOG}, limits=Limits(search_work=needed - 1))

    assert f"needs {needed} of search_work" in short.turn('r = rank(log, "disk ok")')
    assert Machine({"log": LOG}, limits=Limits(search_work=needed)).of('rank(log, "disk ok")')


def test_the_price_holds_what_is_used() -> None:
    """At least the bytes of the text; a limit bounds the passages that later steps are asked about."""
    machine = Machine({"log": LOG})
    program = parse_program(
        'best = rank(log, "disk", limit=3)\nkinds = patterns(log)\nread = extract_over_chunks(best, "{text}")'
    )
    found = price(machine.state, program)
    machine.turn('best = rank(log, "disk", limit=3)\nkinds = patterns(log)')
    used = sum(step.used.get("search_work", 0) for step in machine.steps())

    assert found.total["search_work"].low == 2 * len(LOG) <= used
    assert found.total["sub_calls"].high == 3


LINES = st.lists(
    st.sampled_from(["disk one", "error", "disk disk", "ok ok ok", "", "é disk", "東京 error"]), max_size=8
)


@settings(max_examples=scale(25))
@given(
    st.dictionaries(st.sampled_from(["a.t", "b.t", "c.t", "d.t"]), LINES.map("\n".join), min_size=1),
    LINES.map("\n".join),
)
def test_warm_cold_and_incremental_give_the_same_bytes(docs: dict[str, str], other: str) -> None:
    """A folder in which one file changed ranks the same with old indexes, without them, and with none kept."""
    program = 'r = rank(docs, "disk 東京")\nf = rank(docs, "error", by="files", limit=2)\nshow(r, f)'
    changed = {**docs, next(iter(docs)): other}
    warm = MemoryBlobs()
    for state in (docs, changed, docs):
        Machine({"docs": state}, blobs=warm).turn(program)
    runs = []
    for blobs in (warm, MemoryBlobs()):
        machine = Machine({"docs": changed}, blobs=blobs)
        machine.turn(program)
        runs.append(machine.ran())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rank_index, "INDEXED", 1 << 40)
        patch.setattr(rank_index, "_COPIED", 1)
        machine = Machine({"docs": changed})
        machine.turn(program)
        runs.append(machine.ran())

    assert runs[0] == runs[1] == runs[2]


def test_one_changed_file_is_indexed_alone() -> None:
    """Only the changed file is indexed again."""
    made: list[str] = []

    class Watched(MemoryBlobs):
        def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
            def watched() -> WordIndex:
                made.append(key)
                return make()

            return super().index(key, watched, stored)

    blobs = Watched()
    Machine({"docs": DOCS}, blobs=blobs).turn('rank(docs, "disk")')
    first = len(made)
    Machine({"docs": {**DOCS, "d.txt": "new"}}, blobs=blobs).turn('rank(docs, "disk")')

    assert first == len(DOCS) + 1
    assert len(made) == first + 2


def test_a_target_too_large_for_an_index_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large target is read again for each rank, and the observation says so."""
    whole = Machine({"docs": DOCS}).of('rank(docs, "disk me")')
    monkeypatch.setattr(rank_index, "INDEXED", 10)
    machine = Machine({"docs": DOCS})

    assert machine.of('rank(docs, "disk me")') == whole
    assert "no index is kept for more than" in machine.done.observation


def test_a_ranked_passage_is_evidence() -> None:
    """An answer that rests on it names its place."""
    machine = Machine({"log": LOG})
    machine.turn('final(first(rank(log, "sda", limit=1)).text)')
    answer = machine.state.answer

    assert answer is not None
    assert [(item.line, item.start, item.stop) for item in answer.evidence] == [(3, 28, 42)]
