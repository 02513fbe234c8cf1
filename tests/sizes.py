"""How much a test tries: a little in `make quick`, enough in `make test`, everything in `make sweep`.

A test that repeats something names the number for the suite, and takes the number of this run from `scale`:

    @settings(max_examples=scale(150))       # 15 in quick, 150 in the suite, 3,000 in the sweep
    for seed in range(scale(50)):            # 5, 50, 1,000
    for at in range(0, size, stride_of(7)):  # each 70th byte, each seventh, each

What `scale` cannot express has a case of its own for the sweep: `pytest.param(300 * MB, marks=pytest.mark.slow)`.

The size of a run is the name of its Hypothesis profile, so that one option sets both:
`pytest --hypothesis-profile=quick`. Test modules are imported after pytest has loaded the profile, so `scale` may
be called at the top of a module.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import settings

FACTORS = {"quick": 0.1, "suite": 1, "sweep": 20}
"""The names of the profiles, and what each does to the numbers that tests name."""

DEFAULT_EXAMPLES = 100
"""Examples of a property that names no number, in the suite."""


def register_profiles() -> None:
    """Make the profiles known to Hypothesis, and load that of the suite; pytest loads another one if it is told to."""
    for name, factor in FACTORS.items():
        # No deadline: machines are shared and noisy, so how long one example takes says nothing about the code.
        settings.register_profile(name, deadline=None, max_examples=int(DEFAULT_EXAMPLES * factor))
    settings.load_profile("suite")


def scale(count: int, least: int = 1) -> int:
    """The number for this run, where the suite has `count`; never below `least`."""
    return max(least, round(count * FACTORS[settings.get_current_profile_name()]))


def stride_of(count: int) -> int:
    """Every how-manieth this run takes, where the suite takes every `count`-th; 1 is each."""
    return max(1, round(count / FACTORS[settings.get_current_profile_name()]))


def with_the_rest_slow(cases: Iterable[Any], first: Iterable[Any]) -> list[Any]:
    """All cases for the sweep, and only those of `first` for the suite."""
    in_suite = list(first)
    others = [case for case in cases if case not in in_suite]
    return [*in_suite, *(pytest.param(case, marks=pytest.mark.slow) for case in others)]


def some_now(cases: Sequence[object], every: int = 5) -> list[Any]:
    """Cases of which the suite runs one in five, and the sweep all."""
    return [case if n % every == 0 else pytest.param(case, marks=pytest.mark.slow) for n, case in enumerate(cases)]
