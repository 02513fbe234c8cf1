"""Every action of the table, with hostile values for each kind of parameter: it takes no more than it was charged.

The programs are made from the table itself, so an action that is added tomorrow is attacked tomorrow.
"""

from collections.abc import Iterator
from functools import cache
from itertools import islice, product

import pytest

from rlmlite_kernel import ACTIONS
from rlmlite_kernel.evaluation.work import NODE, free_work
from rlmlite_kernel.program.action_table import Action, Param
from tests.guard.work.bounded import (
    CALLS_PER_NODE,
    CONSTANT,
    CONSTANT_CALLS,
    MEMORY_PER_VALUE_BYTE,
    SEARCH_WORK,
    VALUE_BYTES,
    count_calls,
    measure_peak,
    prepare,
)
from tests.kernel.machine import Machine

TEXT = "".join(f"line {number} the quick brown fox ERROR jumps {number % 7}\n" for number in range(1_000))
"""Fifty kilobytes in short lines."""

LINE = "ERROR " * 8_000
"""Fifty kilobytes in one line, of one word."""

PREPARED = """
refs = map(range(1000), pick(.value % 2 == 0, big, line))
parts = map(range(1000), big[.value:])
numbers = range(20000)
records = map(range(2000), {k: .value % 3, v: str(.value)})
nested = [records, [refs, parts], {a: refs}]
hits = search(line, "ERROR")
"""
"""References to long texts, overlapping slices, many numbers, records, lists of them, hits on one long line."""

VALUES = ("big", "line", "refs", "parts", "numbers", "records", "nested", "hits", "hits.text", "1", "{a: nested}")

BY_KIND = {
    "any": VALUES,
    "target": VALUES,
    "rows": VALUES,
    "query": ('"ERROR"', "/(E)(R)?(R)?/", "refs", "parts", "/a[^b]*b|a/"),
    "pattern": ('"e"', "/(e)|(x)/", '[["e", "eeee"], ["ee", "e"]]'),
    "form": ("/(?<a>.)(?<b>.)/", '"{a} {b}"'),
    "expr": (".value", "[.value, .value]", "{a: .value, b: .value}", ".text", ".value contains big", "count(nested)"),
    "key": (".value", "value", "[.value, .value]", ".text", "k"),
    "folds": ("{m: max(.value), n: count(), l: last(.value)}", "{s: sum(.k)}"),
    "template": ('"{value}{value}{value}"', '"{text}{big}"', '"{big}{line}"'),
    "int": ("1", "0", "1000000000000", "9007199254740991"),
    "text": ("big", "line", '"a"'),
    "bool": ("true", "false"),
}
"""Hostile arguments for each kind of parameter. The other kinds take names and words, and nothing large."""

LEFT_OUT = {"forget", "final", "note", "write_var"}
"""Actions that end the run or only name a variable; `final` is attacked in `test_memory`."""

CASES_OF_ACTION = 40


def arguments_of(action: Action) -> Iterator[str]:
    """Calls of an action with every hostile value of its first parameter, and some of the others."""
    params = [param for param in action.params if param.required or param.kind in ("int", "key", "expr", "query")]
    choices = [choices_of(param, first=number == 0) for number, param in enumerate(params)]
    for values in product(*choices):
        named = [spell(param, value) for param, value in zip(params, values, strict=True) if value]
        yield f"x = {action.name}({', '.join(named)})"


def choices_of(param: Param, first: bool) -> tuple[str, ...]:
    words = BY_KIND.get(param.kind, (f'"{param.words[0]}"',) if param.words else ('"a"',))
    if not param.required:
        return ("", words[0], words[-1])
    return words if first else words[:4]


def spell(param: Param, value: str) -> str:
    return value if param.required else f"{param.name}={value}"


def spread(programs: list[str]) -> list[str]:
    """Some of them, at even distances."""
    return list(islice(programs, 0, None, max(1, len(programs) // CASES_OF_ACTION)))


PURE = [action for action in ACTIONS.values() if action.run is not None and action.name not in LEFT_OUT]
PROGRAMS = [(action.name, program) for action in PURE for program in spread(list(arguments_of(action)))]


@cache
def prepared() -> Machine:
    """The run that every program goes on from."""
    return prepare({"big": TEXT, "line": LINE}, PREPARED)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "program"), PROGRAMS, ids=[program for _, program in PROGRAMS])
def test_an_action_takes_no_more_memory_than_it_was_charged(name: str, program: str) -> None:
    """At its peak a turn takes a small multiple of `value_bytes`, and ends in its value or in a fault."""
    seen = measure_peak(program, prepared())

    assert seen.peak <= MEMORY_PER_VALUE_BYTE * VALUE_BYTES + CONSTANT, f"{seen.peak:,} bytes: {seen.observation}"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "program"), PROGRAMS, ids=[program for _, program in PROGRAMS])
def test_an_action_does_no_more_work_than_it_was_charged(name: str, program: str) -> None:
    """The functions that a turn calls are at most a small multiple of the nodes that were charged."""
    seen = count_calls(program, prepared())
    steps = len(seen.codes)
    charged = (seen.work + steps * free_work(SEARCH_WORK)) // NODE

    assert seen.calls <= CALLS_PER_NODE * charged + CONSTANT_CALLS, f"{seen.calls:,} calls: {seen.observation}"


@pytest.mark.parametrize("name", [action.name for action in PURE])
def test_every_action_is_attacked(name: str) -> None:
    """The generator makes programs for every action, and one of them is run here for each."""
    programs = [program for action, program in PROGRAMS if action == name]
    seen = measure_peak(programs[len(programs) // 2], prepared())

    assert seen.peak <= MEMORY_PER_VALUE_BYTE * VALUE_BYTES + CONSTANT, f"{seen.peak:,} bytes: {seen.observation}"
