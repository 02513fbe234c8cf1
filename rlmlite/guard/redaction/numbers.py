"""Numbers that prove themselves: cards, bank accounts, social security numbers.

A run of digits is only a candidate. What makes it a card is its first digits and its check digit, so that order numbers
and times in milliseconds stay as they are, but for one in ten of those that begin as a card does.
"""

from collections.abc import Callable, Iterator

from rlmlite.guard.redaction.library import import_library
from rlmlite.guard.redaction.patterns import Pattern
from rlmlite.guard.redaction.spans import Span

_CARD = Pattern(r"[3-6]\d{3}(?:[ \-]?\d){8,15}")  # 12 to 19 digits, in groups or not
_CARD_DIGITS = range(13, 20)

_IBAN = Pattern(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")

_SHORTEST_IBAN = 15

_SSN = Pattern(r"\b\d{3}-\d{2}-\d{4}\b")


def find_cards(text: str) -> Iterator[Span]:
    """Where numbers of payment cards are. Raises `SettingError` without the extra `privacy`."""
    is_valid: Callable[[str], bool] = import_library("stdnum.luhn").is_valid
    for (start, stop), *_ in _CARD.find(text):
        # A longer run of digits is another kind of number.
        if text[max(0, start - 1) : start].isdigit() or text[stop : stop + 1].isdigit():
            continue
        digits = "".join(char for char in text[start:stop] if char.isdigit())
        if len(digits) in _CARD_DIGITS and is_valid(digits):
            yield Span(start, stop)


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
