"""Words that vary although nothing in them says so: forms that differ only in such words become one.

1. Forms that differ in one word alone: with at least `ENOUGH` of them (`session opened for news`, `.. for cyrus`, ..)
   the word is masked. Of several words, the one with the most values.
2. Where nothing changes any more, words that vary together (`login of ann from web7`): in forms with the same signs
   between their words, a word is fixed if `MANY` forms have it at its place. `MANY` forms with the same fixed words,
   two or more and no fewer than the others, are one, and the others are masked.

Then 1 again, until nothing changes.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import IntArray, int_array
from rlmlite_kernel.engines.bytes.words import mix
from rlmlite_kernel.engines.patterns.mask import HOLE, LinePieces, collapse_masks

ENOUGH = 5
"""Values that a word must take to be masked."""

ENOUGH_BESIDE_ONE = 8
"""The same where one word is all that would be left."""

MANY = 16
"""Forms that share a fixed word, and forms that differ in several words and become one."""

LONGEST = 128
"""Words of a form; a longer one is left as it is."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_Sums: TypeAlias = npt.NDArray[np.uint64]


class FormMerges:
    """What became of forms, so that one that comes later goes the same way."""

    def __init__(self) -> None:
        self._keys: dict[LinePieces, list[LinePieces]] = {}

    def learned(self, forms: Sequence[LinePieces]) -> list[LinePieces]:
        """What each of some different forms becomes."""
        now = [form if len(form) <= 2 * LONGEST else () for form in forms]
        while True:
            words = _Words(list(dict.fromkeys(now)))
            keys = words.one_by_one() or words.together()
            if not keys:
                return [new or old for new, old in zip(now, forms, strict=True)]
            for form, key in keys.items():
                known = self._keys.setdefault(form[::2], [])
                if key not in known:
                    known.append(key)
            now = [collapse_masks(list(keys[form])) if form in keys else form for form in now]

    def applied(self, form: LinePieces) -> LinePieces:
        """What a form becomes by what was learned, the first that fits."""
        while True:
            keys = self._keys.get(form[::2], ())
            found = next((key for key in keys if key != form and _fits(form, key)), None)
            if found is None:
                return form
            form = collapse_masks(list(found))


def _fits(form: LinePieces, key: LinePieces) -> bool:
    return all(fixed in (word, HOLE) for word, fixed in zip(form[1::2], key[1::2], strict=True))


class _Words:
    """The words of some different forms, end to end: which form each is of, and which piece of it."""

    def __init__(self, forms: list[LinePieces]) -> None:
        self._forms = forms
        ids: dict[bytes, int] = {HOLE: 0}
        flat = int_array([ids.setdefault(piece, len(ids)) for form in forms for piece in form])
        sizes = int_array([len(form) for form in forms])
        self._begins, self._ends = np.cumsum(sizes) - sizes, np.cumsum(sizes)
        rows = np.repeat(np.arange(len(forms)), sizes)
        places = np.arange(len(flat)) - self._begins[rows]
        self._all, self._holes = _terms(flat, places), _terms(int_array(flat * 0), places)
        self._words = np.flatnonzero((places % 2 == 1) & (flat > 0))
        self._rows, self._places = rows[self._words], places[self._words]
        self._counts = np.bincount(self._rows, minlength=len(forms))

    def one_by_one(self) -> dict[LinePieces, LinePieces]:
        """The forms in which one word is masked, and what they are then."""
        keys = self._sums(self._all)[self._rows] - self._all[self._words] + self._holes[self._words]
        left = self._counts[self._rows] - 1
        needed = np.select([left <= 0, left == 1], [len(self._forms) + 1, ENOUGH_BESIDE_ONE], ENOUGH)
        values = _times(keys)
        kept = np.flatnonzero(values >= needed)
        order = kept[np.lexsort((self._places[kept], -values[kept], self._rows[kept]))]
        best = order[np.diff(self._rows[order], prepend=-1) > 0]
        return self._masked(best)

    def together(self) -> dict[LinePieces, LinePieces]:
        """The forms in which all words but those that are fixed are masked, and what they are then."""
        layout = self._all.copy()
        layout[self._words] = self._holes[self._words]
        fixed = _times(mix(self._sums(layout)[self._rows] + self._all[self._words])) >= MANY
        fixed_counts = np.bincount(self._rows[fixed], minlength=len(self._forms))
        parts = self._all.copy()
        parts[self._words[~fixed]] = self._holes[self._words[~fixed]]
        wide = (fixed_counts >= 2) & (fixed_counts * 2 >= self._counts) & (fixed_counts < self._counts)
        alike = np.zeros(len(self._forms), np.int64)
        alike[wide] = _times(self._sums(parts)[wide])
        return self._masked(np.flatnonzero(~fixed & (alike[self._rows] >= MANY)))

    def _masked(self, words: IntArray) -> dict[LinePieces, LinePieces]:
        """The forms of some words, with these masked."""
        masked: dict[LinePieces, list[bytes]] = {}
        for row, place in zip(self._rows[words].tolist(), self._places[words].tolist(), strict=True):
            form = self._forms[row]
            masked.setdefault(form, list(form))[place] = HOLE
        return {form: tuple(pieces) for form, pieces in masked.items()}

    def _sums(self, terms: _Sums) -> _Sums:
        """The hash of each form, of what its pieces add to it."""
        sums = np.concatenate((np.zeros(1, np.uint64), terms.cumsum()))
        return np.asarray(sums[self._ends] - sums[self._begins], np.uint64)


def _terms(ids: IntArray, places: IntArray) -> _Sums:
    """What a piece adds to its form's hash, by what and where it is."""
    return mix(mix(ids.astype(np.uint64) + np.uint64(1)) + places.astype(np.uint64) * _STEP)


def _times(keys: _Sums) -> IntArray:
    """How often each key occurs."""
    _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return int_array(counts[which])
