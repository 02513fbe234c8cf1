"""Which tests `make quick` runs: those that start no process, with at most eight cases of each.

Cases of one test mostly fail together, and a process takes a second where the rest of a test takes a millisecond, so
this leaves out most of the time and few of the faults. Both are read from the code: no list is kept, and a new test is
sorted by what it does. Who starts a process is found by following the names that a test uses into its fixtures and
into the functions and classes of `tests/`, `benchmarks/` and `docs/`:

    def test_a():                     # run_command -> subprocess: not quick
        assert run_command("--help")
    def test_b():                     # Machine, in this process: quick
        assert Machine().of("1 + 1") == 2

What a test reaches through a variable or an attribute is not followed; it can say `@pytest.mark.slow` instead.
"""

import inspect
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from types import CodeType, FunctionType
from typing import TypeVar

import pytest

STARTERS = frozenset(["subprocess", "multiprocessing", "pty"])
"""Modules that are there to start processes."""

FORKS = frozenset(["fork", "forkpty"])
"""Functions of `os` that do."""

OURS = ("tests.", "benchmarks.", "docs.")
"""Where names are followed to."""

MOST_CASES = 8


Case = TypeVar("Case")


def quick_tests(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests for `make quick`; which they are does not depend on the order of `items`."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: item.nodeid):
        if isinstance(item, pytest.Function) and not item.get_closest_marker("slow") and not item_starts_process(item):
            cases[item.nodeid.partition("[")[0]].append(item)
    return [item for each in cases.values() for item in spread(each)]


def spread(cases: Sequence[Case]) -> list[Case]:
    """At most `MOST_CASES`: the first, the last, and some at even distances between."""
    if len(cases) <= MOST_CASES:
        return list(cases)
    distance = (len(cases) - 1) / (MOST_CASES - 1)
    return [cases[round(number * distance)] for number in range(MOST_CASES)]


def item_starts_process(item: pytest.Function) -> bool:
    """Whether a test or a fixture of it starts a process, as far as their code tells."""
    definitions = item._fixtureinfo.name2fixturedefs
    fixtures = [each.func for name in item.fixturenames for each in definitions.get(name, ())]
    return any(map(function_starts_process, [item.obj, *fixtures]))


@cache
def function_starts_process(function: object) -> bool:
    """Whether a function starts a process, or one that it uses does."""
    visited: set[CodeType] = set()
    left = [function]
    while left:
        plain = _plain(left.pop())
        if plain is None or plain.__code__ in visited:
            continue
        visited.add(plain.__code__)
        names = set(_names(plain.__code__))
        values = [plain.__globals__[name] for name in names if name in plain.__globals__]
        if names & FORKS or any(inspect.ismodule(value) and value.__name__ in STARTERS for value in values):
            return True
        left += [each for value in values for each in _functions(value, names)]
    return False


def _plain(function: object) -> FunctionType | None:
    """A function without what decorators put around it; None for what has no code in Python."""
    function = inspect.unwrap(getattr(function, "__func__", function))  # type: ignore[arg-type]  # any object will do
    # Hypothesis keeps the function that a property was made of here.
    function = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    return function if isinstance(function, FunctionType) else None


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function uses, those of the functions inside it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _functions(value: object, names: set[str]) -> list[object]:
    """The functions of ours that a name stands for: itself, the methods of a class, those used of a module."""
    home = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
    if not (home or "").startswith(OURS):
        return []
    if inspect.ismodule(value):
        return [each for name, each in vars(value).items() if name in names]
    return list(vars(value).values()) if inspect.isclass(value) else [value]
