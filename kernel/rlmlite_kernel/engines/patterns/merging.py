"""Merging: words that vary although nothing in them says so. Forms that differ only in such words become one.

1. Forms that differ in one word alone. If that word takes at least `ENOUGH` values, it is masked; of several words that
   could be, the one with the most values.

       login of ann from web      five of these: the second word takes five values, and becomes
       login of bob from web      login of <*> from web
       ...

2. Where nothing changes any more, words that vary together (`login of ann from web`, and no two forms share both). In
   forms with the same signs between their words, a word is fixed if `MANY` forms have it at its place. `MANY` forms
   with the same fixed words, two or more and no fewer than the others, are one, and the others are masked.

Then 1 again, until nothing changes.

Forms are compared as sums of 64-bit hashes. "This form without its second word" is then the sum, less one term, and all
forms and words are looked at in one pass of NumPy, where comparing forms in pairs would take their square.
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
"""Words of the longest form that takes part; a longer one is left as it is."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_Sums: TypeAlias = npt.NDArray[np.uint64]


class FormMerges:
    """What forms have become, so that a form that comes later goes the same way."""

    def __init__(self) -> None:
        # By what is between the words, which no merge changes: a form is only compared with those it could fit.
        self._merged: dict[LinePieces, list[LinePieces]] = {}

    def learn(self, forms: Sequence[LinePieces]) -> list[LinePieces]:
        """What each of some different forms becomes."""
        # An empty form merges with nothing, and stands for one that stays as it is.
        now = [form if len(form) <= 2 * LONGEST else () for form in forms]
        while True:
            # Forms that have become the same by now count once, or a word would seem to take more values than it does.
            different = list(dict.fromkeys(now))
            words = _FormWords(different)
            # The careful step first: several words at once are masked only where no single one can be.
            masked = words.mask_one_word() or words.mask_varying_words()
            if not masked:
                return [new or old for new, old in zip(now, forms, strict=True)]
            # Remembered, so that lines of forms that come later find the way (see `apply`).
            for form, merged in masked.items():
                between_words = form[::2]
                known = self._merged.setdefault(between_words, [])
                if merged not in known:
                    known.append(merged)
            collapsed = {form: collapse_masks(list(merged)) for form, merged in masked.items()}
            now = [collapsed.get(form, form) for form in now]

    def apply(self, form: LinePieces) -> LinePieces:
        """What a form becomes by what was learned, the first that fits."""
        # It ends, as every round masks a word more.
        while True:
            between_words = form[::2]
            candidates = self._merged.get(between_words, ())
            merged = next((other for other in candidates if other != form and _fits(form, other)), None)
            if merged is None:
                return form
            form = collapse_masks(list(merged))


def _fits(form: LinePieces, merged: LinePieces) -> bool:
    """Whether every word of a form is the merged form's, or masked there. What is between them is the same."""
    return all(fixed in (word, HOLE) for word, fixed in zip(form[1::2], merged[1::2], strict=True))


class _FormWords:
    """The words of some different forms, end to end: which form each is of, and which piece of it."""

    def __init__(self, forms: list[LinePieces]) -> None:
        self._forms = forms
        # Pieces become small numbers, the mask 0, so that all that follows is arithmetic on vectors.
        ids: dict[bytes, int] = {HOLE: 0}
        all_pieces = (piece for form in forms for piece in form)
        piece_ids = int_array([ids.setdefault(piece, len(ids)) for piece in all_pieces])
        sizes = int_array([len(form) for form in forms])
        self._ends = np.cumsum(sizes)
        self._begins = self._ends - sizes
        form_of_piece = np.repeat(np.arange(len(forms)), sizes)
        place_of_piece = np.arange(len(piece_ids)) - self._begins[form_of_piece]
        # What each piece adds to the sum of its form, and what a mask in its place would.
        self._terms = _terms(piece_ids, place_of_piece)
        self._mask_terms = _terms(np.zeros_like(piece_ids), place_of_piece)
        # Pieces alternate, and a form begins with what is before its first word: words have odd places.
        has_place_of_word = place_of_piece % 2 == 1
        is_no_mask = piece_ids > 0
        self._words = np.flatnonzero(has_place_of_word & is_no_mask)
        # From here on "word" means a place in this vector, and `_form_of[word]` its form.
        self._form_of = form_of_piece[self._words]
        self._place_of = place_of_piece[self._words]
        self._word_counts = np.bincount(self._form_of, minlength=len(forms))

    def mask_one_word(self) -> dict[LinePieces, LinePieces]:
        """The forms in which one word is to be masked, and what they are then."""
        # One entry per word: its form's sum as if this word were masked. Forms that differ in it alone share that.
        sums = self._sum_forms(self._terms)[self._form_of]
        masked_sums = sums - self._terms[self._words] + self._mask_terms[self._words]
        # All forms differ, so the number that share a masked sum is the number of values that the word takes.
        values = _times(masked_sums)
        words_left = self._word_counts[self._form_of] - 1
        # No word takes more values than there are forms: a form's only word is never masked, as nothing would be left.
        never = len(self._forms) + 1
        needed = np.select([words_left <= 0, words_left == 1], [never, ENOUGH_BESIDE_ONE], ENOUGH)
        candidates = np.flatnonzero(values >= needed)
        # By form, then the most values first, then by place (`lexsort` takes the most important key last). The first
        # candidate of each form is masked.
        by_place, by_values = self._place_of[candidates], -values[candidates]
        rank = np.lexsort((by_place, by_values, self._form_of[candidates]))
        ranked = candidates[rank]
        is_first_of_form = np.diff(self._form_of[ranked], prepend=-1) > 0
        return self._mask(ranked[is_first_of_form])

    def mask_varying_words(self) -> dict[LinePieces, LinePieces]:
        """The forms in which all words but the fixed ones are to be masked, and what they are then."""
        form_count = len(self._forms)
        # A word at its place, in forms that are the same once every word is masked: how many forms have it?
        layout = self._terms.copy()
        layout[self._words] = self._mask_terms[self._words]
        layout_of_word = self._sum_forms(layout)[self._form_of]
        words_in_layout = mix(layout_of_word + self._terms[self._words])
        is_fixed = _times(words_in_layout) >= MANY
        # Forms with the same fixed words, if these are enough to go by: how many are there?
        fixed_counts = np.bincount(self._form_of[is_fixed], minlength=form_count)
        are_no_fewer_than_others = fixed_counts * 2 >= self._word_counts
        some_are_not_fixed = fixed_counts < self._word_counts
        are_enough = (fixed_counts >= 2) & are_no_fewer_than_others & some_are_not_fixed
        fixed_only = self._terms.copy()
        others = self._words[~is_fixed]
        fixed_only[others] = self._mask_terms[others]
        alike = np.zeros(form_count, np.int64)
        alike[are_enough] = _times(self._sum_forms(fixed_only)[are_enough])
        has_many_alike = alike[self._form_of] >= MANY
        return self._mask(np.flatnonzero(~is_fixed & has_many_alike))

    def _mask(self, words: IntArray) -> dict[LinePieces, LinePieces]:
        """The forms of some words, with these masked."""
        masked: dict[LinePieces, list[bytes]] = {}
        form_numbers = self._form_of[words].tolist()
        places = self._place_of[words].tolist()
        for number, place in zip(form_numbers, places, strict=True):
            form = self._forms[number]
            masked.setdefault(form, list(form))[place] = HOLE
        return {form: tuple(pieces) for form, pieces in masked.items()}

    def _sum_forms(self, terms: _Sums) -> _Sums:
        """The sum of each form's terms, by differences of a running sum."""
        running = np.concatenate((np.zeros(1, np.uint64), terms.cumsum()))
        return np.asarray(running[self._ends] - running[self._begins], np.uint64)


def _terms(ids: IntArray, places: IntArray) -> _Sums:
    """What a piece adds to its form's sum, by what and where it is."""
    # The mask has the id 0, and `mix(0)` is 0: one is added, so that it adds something too.
    id_hashes = mix(ids.astype(np.uint64) + np.uint64(1))
    # Mixed once more with the place: in a bare sum two pieces could change places unnoticed.
    return mix(id_hashes + places.astype(np.uint64) * _STEP)


def _times(keys: _Sums) -> IntArray:
    """How often each key occurs."""
    _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return int_array(counts[which])
