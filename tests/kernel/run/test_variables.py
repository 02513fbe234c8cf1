"""Variables as a value: a change makes another one, and the one before stays as it was."""

import pytest

from rlmlite_kernel import Limits
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.run.steps.variables import Change, Variable, Variables


def variable(size: int, value: int = 0) -> Variable:
    """A variable of so many bytes."""
    return Variable(TaintedValue(value), "number", "0" * 64, size, 1)


BEFORE = Variables({"a": variable(3), "b": variable(4)})


@pytest.mark.parametrize(
    ("change", "names", "size"),
    [
        (Change(), ["a", "b"], 7),
        (Change("c", variable(5)), ["a", "b", "c"], 12),
        (Change("a", variable(1)), ["a", "b"], 5),
        (Change(dropped=("a", "missing")), ["b"], 4),
        (Change("c", variable(5), ("a", "b")), ["c"], 5),
    ],
    ids=["nothing", "new", "written again", "forgotten", "new, and temporaries dropped"],
)
def test_a_change_makes_other_variables(change: Change, names: list[str], size: int) -> None:
    """Names stay in the order in which they were first written; sizes and values go with them."""
    after = BEFORE.apply(change)

    assert list(after) == list(after.data) == names
    assert after.size_bytes == size == sum(each.size for each in after.values())
    assert (list(BEFORE), list(BEFORE.data), BEFORE.size_bytes) == (["a", "b"], ["a", "b"], 7)


@pytest.mark.parametrize(
    ("name", "size", "held", "code"),
    [
        ("c", 3, 0, None),
        ("c", 4, 0, "too_large"),
        ("c", 3, 1, "too_large"),
        ("a", 6, 0, None),
        ("a", 7, 0, "too_large"),
    ],
)
def test_there_is_room_up_to_the_limit(name: str, size: int, held: int, code: str | None) -> None:
    """What a variable had is free when it is written again; what nested runs may hold is not."""
    fault = BEFORE.room_fault(name, size, Limits(value_bytes=10), held)

    assert (None if fault is None else fault.code) == code


def test_there_are_at_most_so_many_variables() -> None:
    """A new one is refused at the limit; one that exists may be written again."""
    limits = Limits(variables=2)
    fault = BEFORE.room_fault("c", 1, limits, 0)

    assert fault is not None
    assert fault.code == "budget"
    assert BEFORE.room_fault("a", 1, limits, 0) is None
