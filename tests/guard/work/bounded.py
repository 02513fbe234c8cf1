"""A program under small limits, with the memory that it takes at its peak and the calls that it makes.

The limits are a 256th of the defaults, and so are the texts: what fills gigabytes under the defaults fills megabytes
here, in milliseconds. What counts is the ratio of what a step takes to what it was charged.
"""

import sys
import tracemalloc
from types import FrameType
from typing import Any, NamedTuple

from rlmlite_kernel import Limits
from tests.kernel.machine import Machine

VALUE_BYTES = 1_000_000
SEARCH_WORK = 80_000_000
SMALL = Limits(value_bytes=VALUE_BYTES, search_work=SEARCH_WORK, chunks=4_000)

MEMORY_PER_VALUE_BYTE = 6
"""Bytes of memory that a turn may take at its peak for each byte of its limit."""

CONSTANT = 8_000_000
"""Bytes of memory that a turn may take besides: the engines' blocks, the compiled program."""


class Seen(NamedTuple):
    """What was seen of one turn: bytes at the peak, calls of functions, work charged, codes of its steps."""

    peak: int
    calls: int
    work: int
    codes: tuple[str, ...]
    observation: str


def measure_peak(program: str, inputs: dict[str, object], limits: Limits = SMALL) -> Seen:
    """Run one turn, and watch its memory."""
    machine = Machine(inputs, limits=limits)
    tracemalloc.start()
    try:
        observation = machine.turn(program)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return _seen(machine, observation, peak, 0)


def count_calls(program: str, inputs: dict[str, object], limits: Limits = SMALL) -> Seen:
    """Run one turn, and count the functions that it calls, in Python and in C."""
    machine = Machine(inputs, limits=limits)
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        observation = machine.turn(program)
    finally:
        sys.setprofile(None)
    return _seen(machine, observation, 0, calls)


def _seen(machine: Machine, observation: str, peak: int, calls: int) -> Seen:
    work = sum(step.used.get("search_work", 0) for step in machine.steps())
    return Seen(peak, calls, work, tuple(machine.codes()), observation)
