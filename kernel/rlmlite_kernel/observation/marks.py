"""Marks: what observations put into a line of data, and the data without it.

    1: crate A holds 12 «lamps»                 a match, marked
    1: say «hi» to ««lamps»»                    where data has such marks, those of matches are longer
    9: …(+1,204 bytes)and then «ERROR» came     what was left out

A controller copies a quote with all that. As each run of marks may be data in part, a quote is looked for with a
pattern that takes any run of them, or none, where the quote has one. Not here: where quotes are
looked for (`evidence`, `claims`).
"""

import re
from collections.abc import Callable
from typing import Final

from rlmlite_kernel.engines.query.regex import quote as quote_pattern
from rlmlite_kernel.observation.layout.pieces import CLOSE, OPEN

_RUN: Final = re.compile(f"({OPEN}+|{CLOSE}+)")
_CUT: Final = re.compile(r"…(?:\(\+[\d,]+ bytes\))?")
_CUT_AT_END: Final = re.compile(rf"^\s*{_CUT.pattern}|{_CUT.pattern}\s*$")


def without_marks(quote: str) -> tuple[str, str] | None:
    """Patterns of a quote whose marks may be absent: as it stands, and with any white space where it has some.

    None if it has no marks, or nothing else.
    """
    words = _CUT_AT_END.sub("", quote).strip()
    if words == quote.strip() and not _RUN.search(quote):
        return None
    if not _RUN.sub("", words).strip():
        return None
    folded = r"\s+".join(_pattern(word, quote_pattern) for word in words.split())
    return _pattern(words, quote_pattern), folded


def parts_of(words: str) -> list[re.Pattern[str]]:
    """Patterns of what stands between the places where an observation has left something out."""
    parts = [part for part in _CUT.split(words) if _RUN.sub("", part).strip()]
    return [re.compile(_pattern(part.strip(), re.escape)) for part in parts]


def _pattern(words: str, escape: Callable[[str], str]) -> str:
    return "".join(f"{piece[0]}*" if _RUN.fullmatch(piece) else escape(piece) for piece in _RUN.split(words))
