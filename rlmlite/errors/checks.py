"""Checks of single values: may this setting be that? Each says what was expected and what was found.

A check is a function of the setting's name and the value as a caller gave it. It returns the value in its one form or
raises `SettingError`. Values come from Python, from TOML, or as text from flags and variables of the environment, so
numbers and truth values may be text here: `"8"`, `"1_000"`, `"true"`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, TypeAlias

from rlmlite.errors import SettingError

ValueCheck: TypeAlias = Callable[[str, object], Any]
"""Takes a setting's name and value; returns the value in its one form. Raises `SettingError`."""

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_LONGEST = 60  # characters of a value that a message shows


def wrong(name: str, expected: str, value: object) -> SettingError:
    """The error for a value that a setting cannot have."""
    return SettingError(f"setting {name}: expected {expected}, found {cut(value, repr)}")


def cut(value: object, spell: Callable[[object], str] = str) -> str:
    """A value for a message: no longer than a part of a line, since it may come from a stranger's file."""
    try:
        text = spell(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number that is too long to show"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def whole(least: int, most: int) -> ValueCheck:
    """A whole number in a range."""

    def check(name: str, value: object) -> int:
        number = whole_number(value)
        if number is None or not least <= number <= most:
            raise wrong(name, f"a whole number from {least:,} to {most:,}", value)
        return number

    return check


def whole_number(value: object) -> int | None:
    """A whole number, written as one or as digits with `_` between them; `None` for anything else.

    `True` does not count as a number here, though it does in Python, and neither does `1.0`.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    digits = value.removeprefix("-").replace("_", "")
    # `isdigit` alone would take the digits of other scripts, and `²`, which `int` refuses.
    is_number = value.isascii() and digits.isdigit()
    try:
        return int(value.replace("_", "")) if is_number else None
    except ValueError:  # a number of more digits than Python reads
        return None


def number(least: float, most: float, *, above: bool = False) -> ValueCheck:
    """A number in a range; `above` leaves out the least itself."""
    lower = f"a number above {least:g}, at most" if above else f"a number from {least:g} to"
    expected = f"{lower} {most:,g}"

    def check(name: str, value: object) -> float:
        amount = _float(value)
        if amount is None:
            raise wrong(name, expected, value)
        # NaN fails both comparisons, and is refused by that.
        is_in_range = least <= amount <= most
        is_excluded = above and amount == least
        if is_excluded or not is_in_range:
            raise wrong(name, expected, value)
        return amount

    return check


_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600}
_LONGEST_TIME: Final = 30 * 86_400


def duration(name: str, value: object) -> float:
    """Seconds, as a number or with a unit: `90`, `"90s"`, `"5m"`, `"1.5h"`."""
    unit = value[-1:] if isinstance(value, str) else ""
    amount = _float(value[:-1] if unit in _SECONDS else value)  # type: ignore[index]  # only a text has a unit
    seconds = None if amount is None else amount * _SECONDS.get(unit, 1)
    # NaN fails both comparisons.
    if seconds is None or not 0 < seconds <= _LONGEST_TIME:
        raise wrong(name, "seconds above 0, or a time such as 90s, 5m or 1.5h, at most 720h", value)
    return seconds


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def truth(name: str, value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    is_known = word in _TRUE or word in _FALSE
    # Only these two types: an object of a caller's whose text happens to be "yes" is most likely a slip.
    if isinstance(value, int | str) and is_known:
        return word in _TRUE
    raise wrong(name, "true or false", value)


def text(name: str, value: object) -> str:
    """Text."""
    if not isinstance(value, str):
        raise wrong(name, "text", value)
    return value


def path(name: str, value: object) -> Path:
    """A path."""
    if not isinstance(value, str | os.PathLike):
        raise wrong(name, "a path", value)
    return Path(value)


def one_of(*words: str) -> ValueCheck:
    """One of a few words."""

    def check(name: str, value: object) -> str:
        if value not in words:
            quoted = [f'"{word}"' for word in words]
            raise wrong(name, " or ".join(quoted), value)
        return str(value)

    return check


def dollars(name: str, value: object) -> Decimal:
    """An amount of money, 0 or more."""
    amount = _decimal(value)
    if amount is None or not amount.is_finite() or amount < 0:
        raise wrong(name, "dollars, 0 or more, such as 2.00", value)
    return amount


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        # By its text: the float 0.1 is not exactly one tenth, but whoever writes it means one tenth.
        return Decimal(str(value))
    except (InvalidOperation, ValueError):  # a number of more digits than Python writes
        return None


def function(name: str, value: object) -> Callable[..., Any]:
    """Something that can be called."""
    if not callable(value):
        raise wrong(name, "a function", value)
    return value


def labels(name: str, value: object) -> dict[str, str]:
    """Texts by name."""
    pairs = table(name, value)
    items = [*pairs.keys(), *pairs.values()]
    # Numbers are not made texts: whether 1.0 is "1.0" or "1" is for the caller to say.
    if not all(isinstance(item, str) for item in items):
        raise wrong(name, "texts by name", value)
    return pairs


def table(name: str, value: object) -> dict[str, Any]:
    """Values by name."""
    if not isinstance(value, Mapping):
        raise wrong(name, "values by name", value)
    return dict(value)


def listed(name: str, value: object) -> tuple[Any, ...]:
    """A sequence; a single thing is a sequence of one."""
    del name  # every check takes it; here nothing can be wrong
    # A text is a sequence too, of its characters, which nobody means.
    is_sequence = isinstance(value, Sequence) and not isinstance(value, str)
    return tuple(value) if is_sequence else (value,)  # type: ignore[arg-type]


def unchanged(name: str, value: object) -> object:
    """Anything; what uses the value checks it."""
    del name
    return value
