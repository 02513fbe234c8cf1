"""What one kind of mistake is: the sentence that helps, programs that show it, and the patterns that recognise it.

The examples are not decoration. The tests run every one of them and expect its sentence, so an entry that another one
hides, or that matches nothing, fails. To add an entry: write its examples first, then the patterns that tell them from
the others, and place it before any entry that fits too.
"""

from typing import Final

import msgspec

# Patterns that several tables share. They look at raw text, so a word or sign inside a text counts too: they decide
# which hint fits a place where reading has already failed, and never whether it fails.

VALUE: Final = r"[\w\])}\"'/]\s*"
"""Matches where a value has just ended."""

COMPARISON: Final = r"(==|!=|<=?|>=?|\b(in|contains|matches)\b)"
"""Matches an operator that compares."""


class Mistake(msgspec.Struct, frozen=True):
    """A sentence, and when it is said.

    `words`: keywords of other languages, at the failure or just before it; nothing else counts then.
    Otherwise `after` must match from the failure on and `before` just before it,
    and the innermost open bracket must be one of `inside` (`""`: none is open).
    """

    hint: str
    examples: tuple[str, ...]
    words: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    inside: tuple[str, ...] = ("", "(", "[", "{")


class ForeignName(msgspec.Struct, frozen=True):
    """A name that other languages have and this one does not: an action, a method (`x.name()`), a parameter (`name=`).

    Code in the sentence stands in backticks, and the tests parse and check it: `rows`, `hits`, `x`, `docs` and their
    like are variables there. `example` is a statement that gets the sentence.
    """

    names: tuple[str, ...]
    hint: str
    example: str
