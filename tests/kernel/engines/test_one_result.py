"""One semantics: the same bytes, whichever engine looks for plain text and however many threads there are."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines import use_threads
from rlmlite_kernel.engines.bytes import marks, threads
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.query.query import Query, any_of, compile_query, literal, regex
from rlmlite_kernel.engines.search import by_lines, hyperscan, plain, windows
from rlmlite_kernel.engines.search.find import Search
from rlmlite_kernel.engines.search.tally import MANY, SearchBounds
from tests.sizes import scale

PLENTY = 1 << 60
CONTENT = (
    b"".join(b"%d ERROR timeout %d\n" % (n, n * 7) if n % 9 == 0 else b"line %d of a log\n" % n for n in range(1_500))
    + b"x" * 70_000 + b"\n\n\n" + "é Kelvin K \u017f\n".encode() * 300 + b"ab" * 500 + b"\n" + b"last"
)  # fmt: skip
QUERIES = (
    regex(r"ERROR.*timeout (\d+)"), regex("a*"), regex("^"), regex("$"), regex(r"(?<k>l)as(t)?$"), regex("k", "i"),
    regex(r"[ab]+x|\d{3}"), regex(r"\bt\w+"), regex("absent.x"), any_of(regex("a+"), literal("ERROR")),
    any_of(literal("ERROR"), literal("line 1"), literal("e 1"), literal("log")), regex(r"x\nx|g\nl"),
    literal("line"), regex("(a|b)+$"), literal("g\nline"),
)  # fmt: skip


@pytest.fixture
def small_runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs so short that a small text has many, with threads for all of them."""
    monkeypatch.setattr(windows, "_RUN", 500)
    monkeypatch.setattr(by_lines, "_LARGE", 0)
    monkeypatch.setattr(by_lines, "_SPARSE", 1)
    monkeypatch.setattr(marks, "_PART", marks._PASS)
    yield
    use_threads(1)


def everything(query: Query, content: bytes, bounds: SearchBounds) -> object:
    """Everything that a search returns."""
    search = Search(content, compile_query(query), 3, len(content) - 1, bounds)
    tables = list(search.matches())
    # As bytes: lists of a hundred thousand rows take longer to make than to search.
    return b"".join(table.tobytes() for table in tables), sum(map(len, tables)), search.count()


@pytest.mark.usefixtures("small_runs")
@pytest.mark.parametrize("query", QUERIES, ids=repr)
def test_no_result_depends_on_the_number_of_threads(query: Query) -> None:
    """Matches, charges and where a search ended are the same for 1, 2 and 8 threads, with much work and with little."""
    whole = Search(CONTENT, compile_query(query), 3, len(CONTENT) - 1, SearchBounds(PLENTY))
    for _ in whole.matches():
        pass
    work = whole.count().work
    for bounds in (
        SearchBounds(PLENTY), SearchBounds(PLENTY, 0, PLENTY), SearchBounds(PLENTY, 40, PLENTY),
        SearchBounds(work, 40, work // 2), SearchBounds(work // 2), SearchBounds(work - 1),
        SearchBounds(work // 3, 0, PLENTY), SearchBounds(PLENTY, 5), SearchBounds(0), SearchBounds(9, 9, 9),
    ):  # fmt: skip
        results = []
        for number in (1, 2, 8):
            use_threads(number)
            results.append(everything(query, CONTENT, bounds))

        assert results[0] == results[1] == results[2], bounds


@pytest.mark.usefixtures("small_runs")
def test_no_index_depends_on_the_number_of_threads() -> None:
    """Line numbers and line starts are the same for 1, 2 and 8 threads."""
    content = CONTENT * 20
    places = np.arange(0, len(content), 997, dtype=np.int64)
    answers = []
    for number in (1, 2, 8):
        use_threads(number)
        index = LineIndex(content)
        answers.append((index.count, index.lines_at(places).tolist(), index.start_of(50_000)))

    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == content.count(b"\n") + 1


def test_threads_are_a_sane_number() -> None:
    """A number of threads below 1 or above 64 is refused."""
    for number in (0, -1, 65):
        with pytest.raises(ValueError, match="threads are 1 to 64"):
            use_threads(number)

    assert threads.threads() == 1


def test_a_fault_in_a_thread_is_raised() -> None:
    """An exception in a thread is raised to the caller."""

    def work(number: int) -> int:
        return 10 // (3 - number)

    use_threads(2)
    try:
        with pytest.raises(ZeroDivisionError):
            list(threads.map_in_order(work, range(9)))
    finally:
        use_threads(1)


letters = st.sampled_from("abBKksS é\0\u212a\u017f\n")
words = st.lists(
    st.tuples(st.text("abBkKs\0", min_size=1, max_size=4), st.sampled_from(["", "", "i"])), min_size=2, max_size=9
)


def found_by(engine: str, query: Query, content: bytes) -> object:
    """Everything that a search returns when plain texts are looked for by one engine."""
    with pytest.MonkeyPatch.context() as patch:
        if engine == "together":  # however few they are
            patch.setattr(hyperscan, "FEW", 0)
            hyperscan.word_database.cache_clear()
        else:
            patch.setattr(plain, "word_database", lambda words: None)
        if engine == "regex":
            patch.setattr(plain, "FEW", 0)
        bounds = [
            SearchBounds(PLENTY),
            SearchBounds(PLENTY, 0, PLENTY),
            SearchBounds(30, MANY),
            SearchBounds(PLENTY, 2),
        ]
        return [everything(query, b"..\n" + content + b"\n", each) for each in bounds]


@settings(max_examples=scale(150))
@given(text=st.text(letters, max_size=60), given_words=words)
def test_plain_texts_are_the_same_by_every_engine(text: str, given_words: list[tuple[str, str]]) -> None:
    """One word after the other, all in one pass, and RE2 find the same, overlaps and letters beyond ASCII included."""
    query = any_of(*(regex(word, flags) for word, flags in given_words))
    one_by_one, by_regex = (found_by(engine, query, text.encode()) for engine in ("one by one", "regex"))

    assert one_by_one == by_regex
    if hyperscan._library() is not None:
        assert found_by("together", query, text.encode()) == by_regex


def test_the_extra_is_used_where_it_is() -> None:
    """With Hyperscan installed, it gets a list of 33 words, but not one of 32 or one with a NUL, which ends a word."""
    pytest.importorskip("hyperscan")
    texts = [f"word {number}" for number in range(33)]
    hyperscan.word_database.cache_clear()
    many, few, cut = (
        compile_query(any_of(*map(literal, each))).words for each in (texts, texts[:32], [*texts, "a\0b"])
    )

    assert hyperscan.word_database(many) is not None
    assert hyperscan.word_database(few) is None
    assert hyperscan.word_database(cut) is None


def test_dense_words_leave_the_one_pass() -> None:
    """Where hits are dense, the search goes over to one word after the other, and finds the same."""
    content = b"up and on and at and by and up\n" * 60_000 + b"no hits here\n" * 60_000
    query = any_of(*map(literal, ("up", "on", "at", "by", "p a")))

    assert found_by("together", query, content) == found_by("one by one", query, content)


@pytest.mark.parametrize(
    "texts",
    [["a" * n for n in range(1, 40)], ["a" * 3_000, "b", "c", "d"], ["ab" * 40, "ba" * 40, "a", "b"], ["a"] * 50,
     [f"word{n}" for n in range(500)]],
    ids=["nested", "long", "periodic", "the same", "many"],
)  # fmt: skip
def test_hostile_lists_of_words_take_no_longer_than_their_bytes(texts: list[str]) -> None:
    """Words that overlap themselves and each other at every byte are found in one pass, and charged as one."""
    content = (b"a" * 40_000 + b"ab" * 5_000 + b" word77 word499\n") * scale(2)
    search = Search(content, compile_query(any_of(*map(literal, texts))), 0, len(content), SearchBounds(PLENTY))
    rows = sum(len(table) for table in search.matches())

    assert search.count().work == len(content)
    assert rows == len(found_rows(texts, content))


def found_rows(texts: list[str], content: bytes) -> list[tuple[int, int]]:
    """Leftmost first, without overlaps, the first of the list at one place: naively."""
    found, place = [], 0
    firsts = {text[0] for text in texts}
    string = content.decode()
    while place < len(string):
        word = next((text for text in texts if string.startswith(text, place)), "") if string[place] in firsts else ""
        if word:
            found.append((place, place + len(word)))
        place += len(word) or 1
    return found
