"""How much of a budget is left, in a few steps instead of a number.

What is used of a budget may depend on content that is withheld from a controller, or that may not go to whoever is
told. A program of a controller that obeys can write the content into the figure, digit by digit:

    x = pad(vault[0:2])      uses as many bytes as the two letters say; then "value_bytes: 245,183,512 of 256,000,000"

Of five levels and "none" such a figure tells 2.6 bits at most, instead of 28. Not here: who is told what (`run.show`,
the agent's prompt, `actions.calls.nested_settings`).
"""

from fractions import Fraction
from typing import Final

LEVELS: Final = (Fraction(3, 4), Fraction(1, 2), Fraction(1, 4), Fraction(1, 10))
"""The parts of a limit that are told apart, from the largest; besides them less than the last, and nothing."""


def level_of(left: int, limit: int) -> Fraction:
    """The largest level that is left for sure; 0 for less than the last of them."""
    return next((level for level in LEVELS if left >= level * limit), Fraction(0))


def tell_left(left: int, limit: int) -> str:
    """What is left, in words: `at least 1/4 of 1,000`, `less than 1/10 of 1,000`, `none of 1,000`."""
    if left <= 0:
        return f"none of {limit:,}"
    level = level_of(left, limit)
    return f"at least {level} of {limit:,}" if level else f"less than {LEVELS[-1]} of {limit:,}"


def round_left(left: int, limit: int) -> int:
    """The part of what is left that may be passed on: as much as the level says.

    Below the last level that would be nothing, so it is the last level's tenth, and below that nothing.
    """
    lowest = LEVELS[-1] * LEVELS[-1]
    level = level_of(left, limit) or (lowest if left >= lowest * limit else Fraction(0))
    return int(level * limit)
