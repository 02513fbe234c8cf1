"""Words that vary although nothing in them says so: forms that differ in one word alone become one.

`session opened for news`, `.. for cyrus`, `.. for test`: with at least `ENOUGH` such forms the word is masked.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.buffers import Ints, vector
from rlmlite_kernel.engines.mask import HOLE, Pieces, collapsed
from rlmlite_kernel.engines.words import mixed

ENOUGH = 5
"""Values that a word must take to be masked."""

ENOUGH_BESIDE_ONE = 8
"""The same where one word is all that would be left."""

LONGEST = 128
"""Words of a form; a longer one is left as it is."""

_STEP = np.uint64(0x9E3779B97F4A7C15)


class Merges:
    """What became of forms, so that one that comes later goes the same way."""

    def __init__(self) -> None:
        self._into: dict[Pieces, Pieces] = {}

    def learned(self, forms: Sequence[Pieces]) -> list[Pieces]:
        """What each of some different forms becomes."""
        now = [form if len(form) <= 2 * LONGEST else () for form in forms]
        while True:
            different = list(dict.fromkeys(now))
            merged = _merged(different, self._into)
            if not merged:
                return [new or old for new, old in zip(now, forms, strict=True)]
            now = [merged.get(form, form) for form in now]

    def applied(self, form: Pieces) -> Pieces:
        """What a form becomes by what was learned."""
        if not self._into or len(form) > 2 * LONGEST:
            return form
        while True:
            keys = (_with_hole(form, place) for place in range(1, len(form), 2) if form[place] != HOLE)
            found = next((self._into[key] for key in keys if key in self._into), None)
            if found is None:
                return form
            form = found


def _with_hole(form: Pieces, place: int) -> Pieces:
    return (*form[:place], HOLE, *form[place + 1 :])


def _merged(forms: list[Pieces], into: dict[Pieces, Pieces]) -> dict[Pieces, Pieces]:
    """One round: the forms that change, and to what. Of several words the one with the most values is masked."""
    rows, places, keys, needed = _candidates(forms)
    _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    values = counts[which]
    kept = np.flatnonzero(values >= needed)
    order = kept[np.lexsort((places[kept], -values[kept], rows[kept]))]
    merged: dict[Pieces, Pieces] = {}
    for index in order.tolist():
        form = forms[int(rows[index])]
        if form not in merged:
            key = _with_hole(form, int(places[index]))
            merged[form] = into.setdefault(key, collapsed(list(key)))
    return merged


def _candidates(forms: list[Pieces]) -> tuple[Ints, Ints, npt.NDArray[np.uint64], Ints]:
    """Every word that is not masked: its form, its place, a hash of the form without it, the values it needs."""
    ids: dict[bytes, int] = {HOLE: 0}
    flat = vector([ids.setdefault(piece, len(ids)) for form in forms for piece in form])
    sizes = vector([len(form) for form in forms])
    begins = np.cumsum(sizes) - sizes
    rows = np.repeat(np.arange(len(forms)), sizes)
    places = np.arange(len(flat)) - begins[rows]
    terms, holes = _terms(flat, places), _terms(vector(flat * 0), places)
    sums = np.concatenate((np.zeros(1, np.uint64), terms.cumsum()))
    whole = sums[begins + sizes] - sums[begins]
    words = np.flatnonzero((places % 2 == 1) & (flat > 0))
    left = np.bincount(rows[words], minlength=len(forms)) - 1
    needed = np.select([left <= 0, left == 1], [len(forms) + 1, ENOUGH_BESIDE_ONE], ENOUGH)
    keys = whole[rows[words]] - terms[words] + holes[words]
    return rows[words], places[words], keys, needed[rows[words]]


def _terms(ids: Ints, places: Ints) -> npt.NDArray[np.uint64]:
    """What a piece adds to its form's hash, by what and where it is."""
    return mixed(mixed(ids.astype(np.uint64) + np.uint64(1)) + places.astype(np.uint64) * _STEP)
