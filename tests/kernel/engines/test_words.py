"""Words: what counts as one, in any script, and that fast and slow ways agree."""

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes.words import LONGEST, fold_words, query_hashes, query_words, split_words


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    return fold_words(text.encode()).decode().split()


def test_ascii_words_are_runs_of_letters_and_digits_in_small_letters() -> None:
    """ASCII words are runs of letters and digits in lower case; everything else separates them."""
    assert words("ERROR: disk_0 (sda1)\tfailed!\x00x") == ["error", "disk", "0", "sda1", "failed", "x"]


def test_words_beyond_ascii_are_folded() -> None:
    """Case, full width and composition do not matter; a combining mark is part of its word."""
    assert words("Straße \uff21\uff22\uff23\uff11 e\u0301te\u0301 हिन्दी ΣΊΣΥΦΟΣ") == [
        "strasse",
        "abc1",
        "été",
        "हिन्दी",
        "σίσυφοσ",
    ]


def test_scripts_without_spaces_are_pairs_of_neighbours() -> None:
    """A query of two characters meets a text that holds them side by side; one alone is a word."""
    assert words("東京都 は x 日 ไทย") == ["東京", "京都", "は", "x", "日", "ไท", "ทย"]
    assert set(words("京都")) <= set(words("東京都"))


def test_a_query_holds_each_word_once() -> None:
    """A query has each word once, in the order of their first occurrence."""
    assert query_words('Disk, disk "failure" OR disk-failure') == ("disk", "failure", "or")


def test_only_the_first_bytes_of_a_long_word_count() -> None:
    """Words that differ beyond the first 64 bytes count as one; words that differ before do not."""
    one, two = query_hashes(("a" * LONGEST + "x", "a" * LONGEST + "y"))
    shorter, other = query_hashes(("a" * (LONGEST - 1) + "x", "a" * (LONGEST - 1) + "y"))

    assert one == two
    assert shorter != other


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=30))
def test_a_word_has_one_hash_wherever_it_stands(parts: list[str]) -> None:
    """A word's hash does not depend on the text around it."""
    text = fold_words(" ".join(parts).encode())
    starts, hashes = split_words(text)
    alone = [int(query_hashes((word.decode(),))[0]) for word in text.split()]

    assert hashes.tolist() == alone
    assert bool((np.diff(starts) > 0).all())


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_folding_leaves_nothing_to_fold(text: str) -> None:
    """Every word of a folded text consists of letters, digits and marks."""
    for word in words(text):
        assert all(unicodedata.category(char)[0] in "LNM" for char in word), word


def test_no_two_of_a_million_words_share_a_hash() -> None:
    """A million words that differ little have a million hashes."""
    buffer = " ".join(f"w{number}" for number in range(1_000_000)).encode()

    assert len(np.unique(split_words(buffer)[1])) == 1_000_000
