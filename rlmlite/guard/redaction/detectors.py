"""The table of detectors: what each finds, and what stands in its place.

A new kind is a row here, and is then a word for `--redact`, in the reference and in the tests.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rlmlite.guard.redaction.keys import find_keys
from rlmlite.guard.redaction.numbers import find_cards, find_ibans, find_ssns
from rlmlite.guard.redaction.patterns import Pattern
from rlmlite.guard.redaction.spans import Detector, Span

_MAIL = Pattern(r"[\pL\pN.!#$%&'*+/=?^_`{|}~\-]+(?:@|%40)(?:[\pL\pN](?:[\pL\pN\-]*[\pL\pN])?\.)+[\pL]{2,}")


def find_mail(text: str) -> Iterator[Span]:
    """Where addresses of mail are, also with letters beyond ASCII, and as URLs write them."""
    for match in _MAIL.find(text):
        yield match[0]


class Kind(NamedTuple):
    """One kind of thing that must not pass: what finds it, the word in its place, what it is."""

    find: Detector
    word: str
    doc: str


DETECTORS: Mapping[str, Kind] = {
    "keys": Kind(find_keys, "key", "private keys, tokens of services, passwords that are assigned or stand in URLs"),
    "mail": Kind(find_mail, "mail", "addresses of mail"),
    "cards": Kind(find_cards, "card", "numbers of payment cards, by their check digit"),
    "iban": Kind(find_ibans, "iban", "numbers of bank accounts, by their check digits"),
    "ssn": Kind(find_ssns, "ssn", "social security numbers of the United States"),
}
"""Every detector by the name that a user gives."""

RULES = "1"
"""The version of all detectors together. It changes with any of them: a replay of before says why it differs."""
