"""Which sentence helps: the nearest entry of the tables of mistakes, for a place where reading stopped.

A grammar can say what it expected (`',' or ')'`) but not why the writer thought otherwise. Writers make few kinds of
mistakes, so each has an entry with patterns over the text around the failure:

    hits = search(logs /timeout/)
                       ^ failure      `after` matches "/timeout/" from here on, `before` the blank just before it
    -> "missing comma before the regex?"

The first entry that fits gives the sentence, so the order of the tables decides: from what can only be one thing (a
fence, a curly quote) to what could be many (a missing comma, prose). If none fits there is no hint: a wrong one would
send a weak model the wrong way.
"""

import re
from typing import Final

from rlmlite_grammar.mistakes.foreign_words import FOREIGN_WORDS
from rlmlite_grammar.mistakes.mistake import Mistake
from rlmlite_grammar.mistakes.operators import MISTAKES_IN_OPERATORS
from rlmlite_grammar.mistakes.structure import MISTAKES_IN_STRUCTURE
from rlmlite_grammar.mistakes.texts import MISTAKES_IN_TEXTS

_PATTERNS: Final = (*MISTAKES_IN_TEXTS, *MISTAKES_IN_OPERATORS, *MISTAKES_IN_STRUCTURE)

MISTAKES: Final = (*FOREIGN_WORDS, *_PATTERNS)
"""Every entry of every table."""

_HINT_OF_WORD: Final = {word: mistake.hint for mistake in FOREIGN_WORDS for word in mistake.words}

_REACH: Final = 200
"""Characters before and after a failure that a pattern looks at. A bound, since the patterns backtrack."""


def find_foreign_word(words: tuple[str, ...]) -> tuple[str, str] | None:
    """The first of `words` that other languages use and this one does not, with its hint."""
    for word in words:
        if word in _HINT_OF_WORD:
            return word, _HINT_OF_WORD[word]
    return None


def find_hint(text: str, offset: int, inside: str) -> str:
    """The sentence for a failure at `offset`, or `""`. `inside` is the innermost open bracket, or `""`."""
    before = text[max(0, offset - _REACH) : offset]
    for mistake in _PATTERNS:
        if _fits(mistake, text, offset, before, inside):
            return mistake.hint
    return ""


def _fits(mistake: Mistake, text: str, offset: int, before: str, inside: str) -> bool:
    if inside not in mistake.inside:
        return False
    # Matched within the text and not in a slice of it, so that a look-behind sees what stands before the failure.
    if not re.compile(mistake.after).match(text, offset, offset + _REACH):
        return False
    # `before` must end exactly at the failure, hence `\Z`; where it begins is left to the pattern.
    return re.search(rf"(?:{mistake.before})\Z", before) is not None
