"""Stems: endings of English words and accents do not matter to `rank`, as in SQLite's FTS5."""

import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes.words import fold_words, query_hashes, split_words
from rlmlite_kernel.engines.ranking.porter import stem_word
from rlmlite_kernel.engines.ranking.stems import query_stems, split_stems, stem_hashes
from rlmlite_kernel.records.evolution import FLAGS, TIMES_AND_STEMS
from tests.kernel.machine import Machine
from tests.sizes import scale

_ENDINGS = re.findall(
    r"\w+",
    "s es sses ies ed ing eed y ational tional enci anci izer bli abli alli entli eli ousli ization ation ator alism "
    "iveness fulness ousness aliti iviti biliti logi icate ative alize iciti ical ful ness al ance ence er ic able "
    "ible ant ement ment ent ion tion sion ou ism ate iti ous ive ize e ll",
)

_NOTHING_BUT_ENDINGS = {"eed", "eeds", "ies"}
"""FTS5 asks for a letter before an ending, and so takes off another one."""


def by_fts5(words: list[str]) -> list[str]:
    """The stem of each word, as SQLite has it."""
    with sqlite3.connect(":memory:") as database:
        database.execute("create virtual table texts using fts5(word, tokenize='porter ascii')")
        database.execute("create virtual table stems using fts5vocab(texts, 'instance')")
        database.executemany("insert into texts(rowid, word) values(?, ?)", enumerate(words))
        stems = dict(database.execute("select doc, term from stems").fetchall())
    database.close()
    return [stems[number] for number in range(len(words))]


@settings(max_examples=scale(20))
@given(
    st.lists(
        st.builds(
            "{}{}{}".format,
            st.text(alphabet="aeioubcdlmnstyzwx", min_size=1, max_size=7),
            st.sampled_from(_ENDINGS),
            st.sampled_from(["", *_ENDINGS]),
        ),
        min_size=1,
        max_size=100,
        unique=True,
    )
)
def test_stems_are_those_of_fts5(words: list[str]) -> None:
    """Of anything with endings."""
    assert [stem_word(word) for word in words] == by_fts5(words)


def test_words_of_texts_have_the_stems_of_fts5() -> None:
    """Of the words of our documents, of which there are some thousands."""
    texts = [path.read_bytes() for path in (Path(__file__).parents[3] / "docs").rglob("*.md")]
    words = {word for word in fold_words(b" ".join(texts), plain=True).decode().split() if word.isalpha()}
    english = sorted(word for word in words - _NOTHING_BUT_ENDINGS if word.isascii() and len(word) < 40)
    assert len(english) > 3_000
    assert [stem_word(word) for word in english] == by_fts5(english)


ACCENTS = {
    "naïve Ångström": "naive angstrom",
    "CAFÉ cafe\u0301": "cafe cafe",
    "ǖ ế": "u e",
    "ΆΡΗΣ": "αρησ",
    "straße ﬁn": "strasse fin",
    "й क़ि ñ": "й क़ि n",
    "日本語 é": "日本 本語 e",
}


@pytest.mark.parametrize(("text", "plain"), ACCENTS.items())
def test_accents_of_latin_and_greek_letters_are_taken_off(text: str, plain: str) -> None:
    """However they are composed; marks of other scripts are letters of theirs."""
    folded = fold_words(text.encode(), plain=True).decode().split()
    assert " ".join(folded) == " ".join(fold_words(plain.encode()).decode().split())
    assert fold_words("naïve".encode()).decode() == "naïve"


@settings(max_examples=scale(60))
@given(st.lists(st.sampled_from(["running", "runs", "run", "disk3", "東", "x" * 70, "a", "naïve"]), max_size=9))
def test_each_word_has_the_hash_of_its_stem(words: list[str]) -> None:
    """Where it was; words that are not English have their own."""
    folded = fold_words(" ".join(words).encode(), plain=True)
    starts, hashes = split_stems(folded)
    stems = tuple("run" if word.startswith("run") else fold_words(word.encode(), True).decode() for word in words)
    stems = tuple("naiv" if stem == "naive" else stem for stem in stems)
    assert np.array_equal(starts, split_words(folded)[0])
    assert hashes.tolist() == (query_hashes(stems).tolist() if stems else [])


def test_words_of_one_stem_count_once_in_a_query() -> None:
    """The first is the one that is named where it does not occur."""
    assert query_stems("Running runs café run cafés") == ("running", "cafe")
    assert stem_hashes(("running",)).tolist() == query_hashes(("run",)).tolist()


def test_rank_finds_other_forms_of_a_word() -> None:
    """By default; `exact` is as it is written, and an old run is as it was."""
    rows = ["a naive café run", "naïve cafés running", "nothing", "the runner"]
    machine = Machine({"rows": rows})
    query = '"naïve cafés running"'
    assert [row["value"] for row in machine.of(f"rank(rows, {query})")] == rows[:2]
    assert [row["value"] for row in machine.of(f"rank(rows, {query}, exact=true)")] == [rows[1]]
    old = Machine({"rows": rows}, flags=set(FLAGS) - {TIMES_AND_STEMS})
    assert [row["value"] for row in old.of(f"rank(rows, {query})")] == [rows[1]]
    old.turn(f"x = rank(rows, {query}, exact=true)")
    assert old.codes() == ["unknown_name"]


def test_one_cache_keeps_indexes_of_words_and_of_stems_apart() -> None:
    """The same text ranked both ways, in any order."""
    machine = Machine({"log": "runs\nrun\nother\n"})
    for _ in range(2):
        assert [row["text"] for row in machine.of('rank(log, "running")')] == ["runs", "run"]
        assert [row["text"] for row in machine.of('rank(log, "runs", exact=true)')] == ["runs"]
