"""Laws about what a call is charged: price and memory. See the package for what each says.

Memory is counted by walking through the result, never by asking the system, so a small example tells as much as a large
one: every object once, arrays by the buffers that they keep alive, and nothing that the inputs hold already.

    result     [{"a": "é"}, {"a": "é"}]       list 72, two records 184 each, one key, one text of 76 bytes
    charged    16 + 2 * (48 + 1 + 16)         at four bytes of memory for a byte
"""

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from rlmlite_kernel.program.costs import CHECKED_BUDGETS, exactly
from rlmlite_kernel.run.steps.price import price
from rlmlite_kernel.testing.examples.trials import RESULT
from rlmlite_kernel.testing.laws.case import Case
from rlmlite_kernel.testing.play.turns import Played
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.values import Rows

CONSTANT, PER_COLUMN = 1_024, 1_024
"""Bytes that a value may take besides, and for each of its columns: the objects that do not grow with its rows."""


def check_price(case: Case) -> None:
    """What a turn uses of each budget is within the price that was known before it."""
    played = case.played
    found = price(case.begun.state, case.trial.parsed)
    if found.problems:
        return
    went_well = all(step.status == "ok" for step in played.steps)
    for name, amount in used_by(played).items():
        span = found.total.get(name, exactly(0))
        is_less = went_well and not played.state.partial and amount < span.low
        if is_less or (span.high is not None and amount > span.high):
            most = "any" if span.high is None else f"{span.high:,}"
            raise case.broken("price", f"it used {amount:,} of {name}, and its price was {span.low:,} to {most}")


def used_by(played: Played) -> dict[str, int]:
    """What a turn has used of each budget that a price names."""
    before, after = played.before.used, played.state.used
    names = {*CHECKED_BUDGETS, "steps"} - {"turns"}
    return {name: after.get(name, 0) - before.get(name, 0) for name in sorted(names)}


def check_memory(case: Case) -> None:
    """The result takes at most four bytes of memory for each byte that it is charged."""
    played = case.played
    result = played.state.variables.get(RESULT)
    if result is None or played.codes[-1]:
        return
    inputs = [variable.data.value for variable in case.begun.state.variables.values()]
    size = resident_bytes(result.data.value, inputs)
    value = result.data.value
    columns = len(value.columns) if isinstance(value, Rows) else 0
    most = MEMORY_PER_VALUE_BYTE * result.size + CONSTANT + PER_COLUMN * columns
    if size > most:
        raise case.broken("memory", f"its value takes {size:,} bytes, and is charged {result.size:,}")


def resident_bytes(value: Any, held: Iterable[Any] = ()) -> int:
    """The bytes that a value keeps in memory, without what `held` keeps there."""
    walk = _Walk()
    for other in held:
        walk.size_of(other)
    return walk.size_of(value)


class _Walk:
    """Adds up objects, each once."""

    def __init__(self) -> None:
        # With the objects, so that none of them is freed and another one gets its identity.
        self._counted: dict[int, Any] = {}

    def size_of(self, value: Any) -> int:
        """The bytes of a value and of all its parts that have not been counted."""
        size, left = 0, [value]
        while left:
            part = left.pop()
            # There are a few hundred of these in every process, shared by all.
            is_shared = part is None or isinstance(part, bool) or (type(part) is int and -5 <= part <= 256)
            if is_shared or id(part) in self._counted:
                continue
            self._counted[id(part)] = part
            if isinstance(part, np.ndarray):
                # A slice of an array keeps the whole array.
                size += part.nbytes if part.base is None else 0
                left.append(part.base)
                continue
            size += sys.getsizeof(part)
            left.extend(_parts(part))
        return size


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    # Rows and columns; a text is a struct without parts that count, since its digest is shared.
    return vars(value).values() if hasattr(value, "__dict__") else ()
