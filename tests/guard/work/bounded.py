"""A program under small limits, with the memory that it takes at its peak and the calls that it makes.

The limits are a 256th of the defaults, and so are the texts: what fills gigabytes under the defaults fills megabytes
here, in milliseconds. What counts is the ratio of what a step takes to what it was charged.
"""

import sys
import tracemalloc
from types import FrameType
from typing import Any, NamedTuple

from rlmlite_kernel import Done, Limits, Suspended
from rlmlite_kernel.records.records import Step
from tests.kernel.machine import Machine

VALUE_BYTES = 1_000_000
SEARCH_WORK = 80_000_000
SMALL = Limits(value_bytes=VALUE_BYTES, search_work=SEARCH_WORK, chunks=4_000)

MEMORY_PER_VALUE_BYTE = 6
"""Bytes of memory that a turn may take at its peak for each byte of its limit."""

CONSTANT = 8_000_000
"""Bytes of memory that a turn may take besides: the engines' blocks, the compiled program."""


CALLS_PER_NODE = 30
"""Functions that may be called for each node of a row expression that was charged."""

CONSTANT_CALLS = 200_000
"""Functions that a turn may call besides: checking, lowering, recording, showing."""


class Seen(NamedTuple):
    """What was seen of one turn: bytes at the peak, calls of functions, work charged, codes of its steps."""

    peak: int
    calls: int
    work: int
    codes: tuple[str, ...]
    observation: str


def prepare(inputs: dict[str, object], program: str = "", limits: Limits = SMALL) -> Machine:
    """A run with these inputs, after a first turn."""
    machine = Machine(inputs, limits=limits)
    if program:
        machine.turn(program)
        assert set(machine.codes()) == {""}, machine.done.observation
    return machine


def measure_peak(program: str, machine: Machine) -> Seen:
    """Run one more turn, and watch its memory. The run itself stays where it is."""
    tracemalloc.start()
    try:
        done = machine.advance(program)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return _seen(done, peak, 0)


def count_calls(program: str, machine: Machine) -> Seen:
    """Run one more turn, and count the functions that it calls, in Python and in C. The run itself stays."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        done = machine.advance(program)
    finally:
        sys.setprofile(None)
    return _seen(done, 0, calls)


def _seen(done: Done | Suspended, peak: int, calls: int) -> Seen:
    assert isinstance(done, Done)
    steps = [entry.record for entry in done.entries if isinstance(entry.record, Step)]
    work = sum(step.used.get("search_work", 0) for step in steps)
    return Seen(peak, calls, work, tuple(step.code for step in steps), done.observation)
