"""Numbers that prove themselves: cards, bank accounts, social security numbers.

A run of digits is only a candidate. What makes it a card is its first digits and its check digit, so that order numbers
and times in milliseconds stay as they are, but for one in ten of those that begin as a card does.
"""

import re
from collections.abc import Callable, Iterator

from rlmlite.guard.redaction.library import import_library
from rlmlite.guard.redaction.patterns import Pattern
from rlmlite.guard.redaction.spans import Span

_DIGITS = Pattern(r"[3-6]\d{3}(?:[ \-]?\d){9,}")  # in groups or not, and maybe of several numbers
_BEGIN = re.compile(r"(?<!\d)(?<!\d\.)[3-6]\d{3}")  # not within a number, nor behind its decimal point
_LEAST_DIGITS, _MOST_DIGITS = 13, 19
_CARD = re.compile(rf"\d(?:[ \-]?\d){{{_LEAST_DIGITS - 1},{_MOST_DIGITS - 1}}}")

_IBAN = Pattern(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")

_SHORTEST_IBAN = 15

_SSN = Pattern(r"\b\d{3}-\d{2}-\d{4}\b")


def find_cards(text: str) -> Iterator[Span]:
    """Where numbers of payment cards are. Raises `SettingError` without the extra `privacy`."""
    is_valid: Callable[[str], bool] = import_library("stdnum.luhn").is_valid
    for whole, *_ in _DIGITS.find(text):
        start = whole.start
        # A number before a card, or a second card behind it, looks like more of it.
        while begin := _BEGIN.search(text, start, whole.stop):
            card = _card_at(text, begin.start(), whole.stop, is_valid)
            if card is not None:
                yield card
            start = begin.end() if card is None else card.stop


def _card_at(text: str, start: int, end: int, is_valid: Callable[[str], bool]) -> Span | None:
    """The longest number of a card that begins there and ends with a group of digits."""
    longest = _CARD.match(text, start, end)
    stop = start if longest is None else longest.end()
    digits = [char for char in text[start:stop] if char.isdigit()]
    while len(digits) >= _LEAST_DIGITS:
        # A longer run of digits is another kind of number.
        if not text[stop : stop + 1].isdigit() and is_valid("".join(digits)):
            return Span(start, stop)
        digits.pop()
        stop -= 1 if text[stop - 2].isdigit() else 2
    return None


def find_ibans(text: str) -> Iterator[Span]:
    """Where numbers of bank accounts are. Raises as `find_cards`."""
    is_valid: Callable[[str], bool] = import_library("stdnum.iban").is_valid
    for (start, stop), *_ in _IBAN.find(text):
        # Words in capitals behind a number look like more of it: the longest part that is one counts.
        while stop - start >= _SHORTEST_IBAN:
            if text[stop - 1] != " " and is_valid(text[start:stop]):
                yield Span(start, stop)
                break
            stop -= 1


def find_ssns(text: str) -> Iterator[Span]:
    """Where social security numbers of the United States are. Raises as `find_cards`."""
    is_valid: Callable[[str], bool] = import_library("stdnum.us.ssn").is_valid
    for (start, stop), *_ in _SSN.find(text):
        if is_valid(text[start:stop]):
            yield Span(start, stop)
