"""Indexes and BM25: SQLite's FTS5 finds the same units with the same scores, however the index came about."""

import math
import sqlite3
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes.words import query_hashes, query_words, stable_order
from rlmlite_kernel.engines.ranking import postings
from rlmlite_kernel.engines.ranking.bm25 import rank_units
from rlmlite_kernel.engines.ranking.index_cache import IndexCache, decode_index, encode_index
from rlmlite_kernel.engines.ranking.postings import WordIndex, build_index, combine_indexes
from tests.sizes import scale

WORDS = ("disk", "error", "ok", "Ann", "10", "東京", "straße", "x" * 70)

Units = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), max_size=12)


def index_of(units: Sequence[str]) -> WordIndex:
    """The index of some texts."""
    parts = [unit.encode() for unit in units]
    sizes = np.array([len(part) for part in parts], np.int64)
    starts = np.cumsum(sizes + 1) - sizes - 1
    return build_index(b"\n".join(parts), starts, starts + sizes)


def found(index: WordIndex, query: str, limit: int | None = None) -> list[tuple[int, int]]:
    """Unit and score of each unit that was found."""
    best = rank_units(index, query_hashes(query_words(query)), limit)
    return list(zip(best.units.tolist(), best.scores.tolist(), strict=True))


def by_fts5(units: Sequence[str], query: str) -> list[tuple[int, int]]:
    """Units and scores by SQLite's FTS5."""
    with sqlite3.connect(":memory:") as database:
        database.execute("create virtual table words using fts5(line, content='', tokenize='ascii')")
        database.executemany("insert into words(rowid, line) values(?, ?)", enumerate(units))
        sought = " OR ".join(f'"{word}"' for word in query_words(query))
        rows = database.execute("select rowid, rank from words where words match ?", (sought,)).fetchall()
    database.close()
    return sorted(((row, math.floor(-rank * 1e6)) for row, rank in rows), key=lambda pair: (-pair[1], pair[0]))


@settings(max_examples=scale(60))
@given(st.lists(st.lists(st.sampled_from(["disk", "Error", "ok", "ann", "10"]), max_size=8).map(" ".join), min_size=1))
def test_the_scores_are_those_of_fts5(units: list[str]) -> None:
    """Units, whole-number scores and order are those of SQLite's FTS5."""
    assert found(index_of(units), "disk 10 ann") == by_fts5(units, "disk 10 ann")


def test_equal_scores_keep_their_order_and_a_limit_takes_the_first() -> None:
    """The result under any limit is a prefix of the whole ranking."""
    units = ["disk", "ok", "disk", "disk disk", "ok", "ok", "ok", "ok", "disk"]
    whole = found(index_of(units), "disk")

    assert [unit for unit, _ in whole] == [3, 0, 2, 8]
    assert [found(index_of(units), "disk", limit) for limit in (1, 2, 4, 9)] == [whole[:1], whole[:2], whole, whole]


@settings(max_examples=scale(40))
@given(st.lists(Units, min_size=1, max_size=5))
def test_parts_indexed_apart_rank_as_one(groups: list[list[str]]) -> None:
    """Indexes of parts, combined, rank as one index of all parts."""
    apart = combine_indexes([index_of(group) for group in groups])
    whole = index_of([unit for group in groups for unit in group])

    for query in ("disk", "error 東京", "straße ok nothing", "x" * 70):
        assert found(apart, query) == found(whole, query)


@settings(max_examples=scale(40))
@given(Units)
def test_an_index_of_few_words_ranks_as_the_whole(units: list[str]) -> None:
    """An index of the query's words alone gives the same ranking as the whole index."""
    parts = [unit.encode() for unit in units]
    sizes = np.array([len(part) for part in parts], np.int64)
    starts = np.cumsum(sizes + 1) - sizes - 1
    hashes = query_hashes(query_words("disk 東京"))
    few = build_index(b"\n".join(parts), starts, starts + sizes, only=hashes)

    assert found(few, "disk 東京") == found(index_of(units), "disk 東京")


@pytest.mark.parametrize("block", [100, 1_000, 100_000])
def test_blocks_do_not_matter(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ranking does not depend on the block size, with units larger than a block or many in one."""
    units = [f"disk {number} error " * (number % 5) for number in range(200)] + ["disk error" * 2 + "disk " * 40_000]
    whole = found(index_of(units), "disk error 7")
    monkeypatch.setattr(postings, "BLOCK", block)

    assert found(index_of(units), "disk error 7") == whole


def test_a_unit_without_white_space_is_cut_at_code_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large unit without white space is cut at code points, and is indexed without harm."""
    monkeypatch.setattr(postings, "BLOCK", 1 << 17)

    assert build_index("é".encode() * 200_000, np.array([0]), np.array([400_000])).words >= 1


def test_units_of_several_lines_beyond_ascii_stay_apart() -> None:
    """A newline inside a unit beyond ASCII does not end the unit."""
    assert found(index_of(["é\ndisk", "ok", "é", "ok ok"]), "disk") == found(
        index_of(["é disk", "ok", "é", "ok ok"]), "disk"
    )


def test_words_that_share_their_upper_bits_are_told_apart() -> None:
    """Where hashes share their upper bits, sorting falls back to whole hashes."""
    hashes = np.array([5, 3, 5, 4, 1 << 60, 3], np.uint64)

    assert stable_order(hashes).tolist() == [1, 5, 3, 0, 2, 4]


class Memory:
    """A store that keeps what it is given, and can hand it out broken."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load(self, key: str) -> bytes | None:
        """See `IndexStore.load`."""
        return self.kept.get(key)

    def save(self, key: str, data: bytes) -> None:
        """See `IndexStore.save`."""
        self.kept[key] = data


def test_a_stored_index_is_the_same_index() -> None:
    """An index is the same after it was encoded and decoded."""
    index = index_of(["disk error", "ok", "東京 disk"])
    again = decode_index(encode_index(index))

    assert again is not None
    assert encode_index(again) == encode_index(index)
    assert found(again, "disk") == found(index, "disk")


def test_a_broken_stored_index_is_made_again() -> None:
    """A stored index that was cut short, changed in any byte or emptied is refused, and the index made again."""
    data = encode_index(index_of(["disk error", "ok"]))
    broken = [
        b"",
        data[:10],
        data[:-1],
        *(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(len(data))),
    ]

    assert [decode_index(each) for each in broken] == [None] * len(broken)


def test_a_store_is_asked_first_and_told_what_was_made() -> None:
    """A second process loads the index and does not make it; one whose store is broken makes it again."""
    store, made = Memory(), []

    def make() -> WordIndex:
        made.append(1)
        return index_of(["disk"])

    IndexCache(store).get("a", make)
    IndexCache(store).get("a", make)
    store.kept = dict.fromkeys(store.kept, b"junk")
    IndexCache(store).get("a", make)
    IndexCache(store).get("a", make, stored=False)

    assert len(made) == 3


def test_indexes_in_memory_are_bounded() -> None:
    """The least recently used index is dropped first; the newest stays, however large it is."""
    made: list[str] = []

    def get(key: str) -> None:
        def make() -> WordIndex:
            made.append(key)
            return index_of(["disk"] * 10)

        indexes.get(key, make)

    indexes = IndexCache(room=index_of(["disk"] * 10).size * 2)
    for key in "abacab":
        get(key)

    assert made == ["a", "b", "c", "b"]
