"""Plain words: the texts of a query that needs no regex, and which of them can get in each other's way.

A list of words means: leftmost match first, no overlap, and at one place the first word of the list. If no two words
can share bytes of a text, each can be counted by itself with SIMD and the counts added up. So words are put in groups:

    words      error, warn, rror at, 404
    groups     {error, rror at}, {warn}, {404}: the text "error at" holds both of the first, so these go together

Finding *every* place of every word, overlapping ones too, can give more places than there are bytes: `a`, `aa`, `aaa`
in a text of `a`. `occurrences_are_bounded` refuses such lists, which then go to RE2.
"""

from functools import lru_cache

import msgspec

from rlmlite_kernel.engines.query.literal import period

FEW = 32
"""Words up to which it is quicker to find one after the other by SIMD than all at once by RE2."""

# The longest word, in bytes, whose overlaps are computed: that takes quadratic time.
_LONG = 256
# Words that may end inside another, and repetitions inside one, before places outnumber bytes too far.
_NESTED = 8


class Word(msgspec.Struct, frozen=True):
    """Text to find in a line, in UTF-8.

    `folded`: the case of ASCII letters is ignored, and `text` is in lower case.
    `ascii_only`: that is right in ASCII text only; elsewhere a letter beyond ASCII folds to one of these (U+212A, the
    Kelvin sign, to k; U+017F, the long s, to s).
    """

    text: bytes
    folded: bool = False
    ascii_only: bool = False


@lru_cache(maxsize=512)
def occurrences_are_bounded(words: tuple[Word, ...]) -> bool:
    """Whether the places of all words, overlapping ones too, stay in proportion to the text.

    They do not for `a`, `aa`, `aaa` and so on, nor for a word that repeats a short part many times.
    """
    texts = [word.text.lower() for word in words]
    known = set(texts)
    return all(_is_bounded(text, known) for text in texts)


def _is_bounded(text: bytes, known: set[bytes]) -> bool:
    repeats_often = len(text) > _NESTED * period(text)
    if len(text) > _LONG or repeats_often:
        return False
    # Every one of these ends wherever this word does, and so adds a place to each of its places.
    shorter_at_its_end = sum(text[start:] in known for start in range(1, len(text)))
    return shorter_at_its_end < _NESTED


@lru_cache(maxsize=512)
def overlap_groups(words: tuple[Word, ...]) -> tuple[tuple[Word, ...], ...]:
    """The words in groups, each in the order of the list: no match of one group can overlap a match of another.

    So the matches of all words are the matches of each group by itself, put together.
    """
    groups: list[list[int]] = []
    for index, word in enumerate(words):
        # A word joins all groups that it can overlap, and so makes them one.
        touching: list[list[int]] = []
        apart: list[list[int]] = []
        for group in groups:
            can_overlap = any(_can_overlap(word.text, words[other].text) for other in group)
            side = touching if can_overlap else apart
            side.append(group)
        members = [number for group in touching for number in group]
        groups = [*apart, sorted([*members, index])]
    # Sorted, so that equal lists give equal groups whatever was joined when.
    return tuple(tuple(words[index] for index in group) for group in sorted(groups))


def _can_overlap(one: bytes, other: bytes) -> bool:
    """Whether the two can share bytes of a text, whatever their case."""
    one, other = one.lower(), other.lower()
    return one in other or other in one or _runs_into(one, other) or _runs_into(other, one)


def _runs_into(one: bytes, other: bytes) -> bool:
    """Whether some end of the one is a beginning of the other, as in `error` and `rror of`."""
    return any(other.startswith(one[-size:]) for size in range(1, min(len(one), len(other))))
