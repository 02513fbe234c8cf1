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
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FunctionType, ModuleType

import pytest

STARTERS = frozenset(["subprocess", "multiprocessing", "pty"])
"""Modules that are there to start processes."""

FORKS = frozenset(["fork", "forkpty"])
"""Functions of `os` that do."""

OURS = ("tests.", "benchmarks.", "docs.")
"""Where names are followed to."""

MOST_CASES = 8


def quick_tests(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests for `make quick`; which they are does not depend on the order of `items`."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: item.nodeid):
        if starts_no_process(item):
            cases[item.nodeid.partition("[")[0]].append(item)
    return [item for each in cases.values() for item in _spread(each)]


def _spread(cases: list[pytest.Item]) -> list[pytest.Item]:
    """At most `MOST_CASES`: the first, the last, and some at even distances between."""
    step = max(1, (len(cases) - 1) / (MOST_CASES - 1))
    places = {round(number * step) for number in range(min(len(cases), MOST_CASES))}
    return [cases[place] for place in sorted(places)]


def starts_no_process(item: pytest.Item) -> bool:
    """Whether neither a test nor a fixture of it starts a process, as far as their code tells."""
    if not isinstance(item, pytest.Function) or item.get_closest_marker("slow"):
        return False
    fixtures = [each.func for name in item.fixturenames for each in item._fixtureinfo.name2fixturedefs.get(name, ())]
    visited: set[CodeType] = set()
    return not any(_starts_process(each, visited) for each in (inspect.unwrap(item.obj), *fixtures))


def _starts_process(function: Callable[..., object], visited: set[CodeType]) -> bool:
    plain = getattr(function, "__func__", function)
    # The test inside a Hypothesis property.
    plain = getattr(getattr(plain, "hypothesis", None), "inner_test", plain)
    if not isinstance(plain, FunctionType) or plain.__code__ in visited:
        return False
    visited.add(plain.__code__)
    names = set(_names(plain.__code__))
    if names & FORKS:
        return True
    values = [plain.__globals__[name] for name in names if name in plain.__globals__]
    if any(isinstance(value, ModuleType) and value.__name__ in STARTERS for value in values):
        return True
    return any(_starts_process(each, visited) for value in values for each in _functions(value, names))


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function uses, those of the functions inside it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _functions(value: object, names: set[str]) -> list[Callable[..., object]]:
    """The functions of ours that a name stands for: itself, the methods of a class, those used of a module."""
    home = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
    if not (home or "").startswith(OURS):
        return []
    if inspect.ismodule(value):
        return [each for name, each in vars(value).items() if name in names and inspect.isfunction(each)]
    if inspect.isclass(value):
        return [each for each in vars(value).values() if inspect.isfunction(each)]
    return [value] if callable(value) else []
