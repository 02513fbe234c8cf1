"""Words that recur, numbered as sorting all of them would."""

import numpy as np
import pytest

from rlmlite_kernel.engines.sheets import recurring
from rlmlite_kernel.engines.sheets.recurring import number_words
from rlmlite_kernel.engines.sheets.spans import SpanBytes


def _words(different: int, rows: int, late: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Rows of so many different words, and at the end of some that were not there before."""
    chance = np.random.default_rng(different * rows + late)
    words = chance.integers(0, 2**64, different + late, dtype=np.uint64)
    numbers = chance.integers(0, different, rows)
    numbers[rows - late :] = np.arange(different, different + late)
    return words[numbers]


@pytest.mark.parametrize("different", [1, 500, 2_000, 40_000])
@pytest.mark.parametrize(("rows", "late"), [(100, 0), (140_000, 3), (70_000, 9_000)])
def test_equal_words_share_a_number_and_no_others(different: int, rows: int, late: int) -> None:
    """However many there are, and whether the first rows had them."""
    words = _words(different, rows, min(late, rows))
    numbers, count = number_words(lambda start, stop: words[start:stop], rows)

    pairs = np.unique(np.stack([words, numbers.astype(np.uint64)]), axis=1)
    assert pairs.shape[1] == len(np.unique(words)) == len(np.unique(numbers))
    assert int(numbers.min()) >= 0
    assert int(numbers.max()) < count


def test_words_that_share_a_place_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two is not found in the table, and still has a number of its own."""
    monkeypatch.setattr(recurring, "_BITS", 4)
    words = _words(500, 70_000, 5)
    numbers, _ = number_words(lambda start, stop: words[start:stop], len(words))

    assert len(np.unique(np.stack([words, numbers.astype(np.uint64)]), axis=1).T) == 505


def test_fingerprints_of_texts_of_one_word_tell_them_apart() -> None:
    """Of one length up to 8, equal fingerprints are equal texts: over all bytes at each place, and random ones."""
    chance = np.random.default_rng(7)
    for length in range(1, 9):
        texts = {bytes(row) for row in chance.integers(0, 256, (2_000, length), dtype=np.uint8)}
        texts |= {bytes(length - 1 - at) + bytes([byte]) + bytes(at) for at in range(length) for byte in range(256)}
        starts = np.arange(len(texts)) * length
        prints = SpanBytes(b"".join(texts), starts, starts + length).fingerprints(0, len(texts))

        assert len(np.unique(prints)) == len(texts)
