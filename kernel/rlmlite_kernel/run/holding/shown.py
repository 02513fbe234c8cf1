"""What observations have shown: whether a text or a number of an answer has been seen by its controller.

Texts are compared word by word, so that quotes, marks, escapes and line breaks of an observation do not matter, nor
does the case:

    observation     hits = 2 hits {...}  app.log:17: ERROR disk full at 03:10
    "disk full"     shown: both words, one after the other
    "disk: 999"     not shown
    1432            shown where it says "1,432" or "1432"

Words that a controller writes itself are seldom shown as they stand. Of those every number must have been shown, and at
least half of the words: "the disk was full at 03:10" passes, "the disk was full at 04:20" does not.
"""

import json
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from rlmlite_kernel.program.ast import Scalar
from rlmlite_kernel.records.canonical import value_bytes

_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_WORD: Final = re.compile(r"[^\W_]+")
_MARKS: Final = str.maketrans("", "", "«»")
"""What observations put around matches: without it, half of a word would be one."""


def _words(text: str) -> list[str]:
    return _WORD.findall(_THOUSANDS.sub("", text.translate(_MARKS)).lower())


def spell(value: Scalar) -> str:
    """A text as it is, any other scalar as JSON: as an observation, or an answer, says it."""
    return value if isinstance(value, str) else value_bytes(value).decode()


class Shown:
    """The observations so far."""

    def __init__(self, observations: Iterable[str]) -> None:
        self._observations = tuple(observations)

    @cached_property
    def _words(self) -> list[str]:
        return [word for text in self._observations for word in _words(text)]

    @cached_property
    def _line(self) -> str:
        return f" {' '.join(self._words)} "

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._words)

    def has_text(self, text: str) -> bool:
        """Whether a text was shown as it stands, but for its punctuation."""
        words = _words(text)
        if not words:
            return any(text in observation for observation in self._observations)
        # Observations may spell a text as JSON: "a\\nb" is then the words `a` and `nb`.
        return self._has_run(words) or self._has_run(_words(json.dumps(text, ensure_ascii=False)))

    def has_value(self, value: Scalar) -> bool:
        """Whether a text, a number or a truth value was shown."""
        return self.has_text(spell(value))

    def supports(self, literals: Iterable[Scalar]) -> bool:
        """Whether what a controller wrote itself is of things that were shown."""
        values = list(map(spell, literals))
        unseen = [text for text in values if not (_words(text) and self.has_text(text))]
        words = [word for text in unseen for word in _words(text)]
        if not words:
            return bool(values) and not unseen
        numbers = [word for word in words if any(map(str.isdigit, word))]
        others = [word for word in words if word not in numbers]
        shown = [word for word in others if word in self._known]
        return self._known.issuperset(numbers) and 2 * len(shown) >= len(others)

    def _has_run(self, words: list[str]) -> bool:
        return f" {' '.join(words)} " in self._line
