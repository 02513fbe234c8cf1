"""What `make quick` leaves out: tests that start processes, and cases beyond the eighth."""

import multiprocessing
import os
import subprocess

import pytest

from docs import transcripts
from tests.kernel.machine import Machine
from tests.quick import MOST_CASES, function_starts_process, spread


def run_command() -> None:
    subprocess.run(["true"])


class Workers:
    def begin(self) -> None:
        multiprocessing.Process(target=print)


def directly() -> None:
    subprocess.run(["true"])


def by_a_helper() -> None:
    run_command()


def by_a_class() -> None:
    Workers()


def by_a_module() -> None:
    transcripts.console("true")


def by_a_fork() -> None:
    os.fork()


def in_a_function_inside() -> None:
    def inner() -> None:
        subprocess.run(["true"])

    inner()


def in_memory() -> None:
    Machine().of("1 + 1")


def by_itself() -> None:
    by_itself()


@pytest.mark.parametrize("function", [directly, by_a_helper, by_a_class, by_a_module, by_a_fork, in_a_function_inside])
def test_a_process_is_seen_in_the_code(function: object) -> None:
    """Whether the function starts it itself, or something of ours does that it uses."""
    assert function_starts_process(function)


@pytest.mark.parametrize("function", [in_memory, by_itself, len, pytest.fixture])
def test_what_starts_no_process_is_quick(function: object) -> None:
    """Functions that call themselves, and those that are not ours, end the search."""
    assert not function_starts_process(function)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 15, 16, 100])
def test_cases_are_spread(count: int) -> None:
    """At most eight, the first and the last among them, none twice, in their order."""
    chosen = spread(list(range(count)))

    assert len(chosen) == min(count, MOST_CASES)
    assert chosen == sorted(set(chosen))
    assert chosen[:1] == list(range(count))[:1]
    assert chosen[-1:] == list(range(count))[-1:]
