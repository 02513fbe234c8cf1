"""The words of a plain-text query, and which of them can get in each other's way."""

from functools import lru_cache

import msgspec

from rlmlite_kernel.engines.query.literal import period

FEW = 32
"""Words that are quicker to find one after the other by SIMD search than all at once by RE2."""

_LONG = 256  # bytes of a word above which how it overlaps others is not worth knowing
_NESTED = 8  # matches that may end at one place, and turns of a word's period, before places outnumber bytes too far


class Word(msgspec.Struct, frozen=True):
    """Text to find in a line, in UTF-8.

    `folded`: the case of ASCII letters is ignored; `text` is then in small letters. `ascii_only`: so it is in ASCII
    text, but elsewhere a letter beyond ASCII folds to one of these (U+212A to k, U+017F to s).
    """

    text: bytes
    folded: bool = False
    ascii_only: bool = False


@lru_cache(maxsize=512)
def occurrences_are_bounded(words: tuple[Word, ...]) -> bool:
    """Whether finding every place of every word, overlapping ones too, stays in proportion to the text.

    Not for `a`, `aa`, `aaa` and so on, nor for a word that repeats a short part many times.
    """
    texts = [word.text.lower() for word in words]
    known = set(texts)
    return all(
        len(text) <= min(_LONG, _NESTED * period(text))
        and sum(text[start:] in known for start in range(1, len(text))) < _NESTED
        for text in texts
    )


@lru_cache(maxsize=512)
def overlap_groups(words: tuple[Word, ...]) -> tuple[tuple[Word, ...], ...]:
    """The words in groups, each in the order of the list: matches of two groups never overlap.

    So the matches of all are those of each group by itself, put together.
    """
    groups: list[list[int]] = []
    for index, word in enumerate(words):
        met = [group for group in groups if any(_may_overlap(word.text, words[other].text) for other in group)]
        groups = [group for group in groups if group not in met]
        groups.append(sorted([*(number for group in met for number in group), index]))
    return tuple(tuple(words[index] for index in group) for group in sorted(groups))


def _may_overlap(one: bytes, other: bytes) -> bool:
    """Whether the two can share bytes of a text, whatever their case."""
    one, other = one.lower(), other.lower()
    return one in other or other in one or _runs_into(one, other) or _runs_into(other, one)


def _runs_into(one: bytes, other: bytes) -> bool:
    """Whether the other begins with an end of the first."""
    return any(other.startswith(one[-size:]) for size in range(1, min(len(one), len(other))))
