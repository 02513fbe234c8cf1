"""What a settings file of a folder may set before the user has trusted it: one rule for each setting.

    rule       without a word of the user    with `rlmlite trust`
    any        counts                        counts
    lower      counts if it asks for less    counts       of `limits` and `reading` entry by entry
    trust      ignored, and said             counts
    never      ignored, and said             ignored, and said

`any` is for what can only change how answers look. `lower` is for amounts, of which less is always harmless: less than
the user's own settings, or than the defaults. All that could run code, send anything anywhere, or write or read other
files is `trust`. `never` is for what would still be a trap after one look: which key goes to which server.
Not here: which setting has which rule (`rlmlite.runs.settings`), how files are found and read (`rlmlite.cli.settings`).
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final


class FolderRule(StrEnum):
    """What a folder may do with a setting. The values stand in the reference."""

    ANY = "always"
    LOWER = "if lower"
    TRUST = "if trusted"
    NEVER = "never"


ANY, LOWER, TRUST, NEVER = FolderRule

MORE_WHEN_OFF: Final = frozenset({"ignore"})
"""Truth values of which False is more: without `ignore`, what git was told to leave alone is read."""


_NUMBERS = (int, float, Decimal)


def asks_for_less(value: object, own: object) -> bool:
    """Whether an amount is at most the user's own. None is no bound, so nothing is less than any bound.

    For truth values False is less: what is on uses more than what is off. Words are neither, and have to be the same.
    """
    if value == own:
        return True
    if own is None:
        return isinstance(value, _NUMBERS)
    if not isinstance(value, _NUMBERS) or not isinstance(own, _NUMBERS):
        return False
    return value <= own
