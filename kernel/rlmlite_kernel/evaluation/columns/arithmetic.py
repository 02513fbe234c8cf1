"""Arithmetic on whole columns, and numbers of two columns made comparable.

    [3, null] * 2      [6, null]
    [7, 5] % [2, 0]    row by row: the remainder by 0 is null, and is said

Exact or not at all: where 64 bits or a double may not be enough, `RowByRowError` leaves it to `row_expressions`.
"""

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.values.values import Value
from rlmlite_kernel.values.vectors import EXACT, LARGEST, Vector, as_decimals

Part: TypeAlias = Vector | Value
"""An operand: one value per row, or one that is the same for every row."""


class RowByRowError(Exception):
    """This expression has to be evaluated row by row."""


WORK: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def comparable(left: Vector, right: Part) -> tuple[Any, Any]:
    """Two sides as arrays or numbers that compare exactly."""
    if left.kind == "int" and (_is_int(right) or (isinstance(right, Vector) and right.kind == "int")):
        return left.data, _data(right)
    return _decimals(left)[0], _decimals(right)[0]


def _is_int(part: Part) -> bool:
    return type(part) is int and abs(part) <= LARGEST


def _data(part: Part) -> Any:
    return part.data if isinstance(part, Vector) else part


def _decimals(part: Part) -> tuple[Any, Any]:
    """Numbers as exact decimals, and which of them are whole. Raises `RowByRowError` if one would not be exact."""
    if type(part) is float:
        return part, False
    if type(part) is int and abs(part) <= EXACT:
        return float(part), True
    if not isinstance(part, Vector) or part.kind not in ("int", "float"):
        raise RowByRowError
    decimals = as_decimals(part)
    if decimals is None:
        raise RowByRowError
    return decimals, True if part.whole is None else part.whole


def calculate(op: str, left: Part, right: Part, context: StepContext) -> Vector:
    """Arithmetic. Raises `RowByRowError` for operands that are not numbers, and where 64 bits may not be enough.

    Also where a result is null that no operand is: that is said row by row.
    """
    vector = _compute(op, left, right)
    if context.says_nulls and bool((vector.null & np.logical_not(_null(left) | _null(right))).any()):
        raise RowByRowError
    return vector


def _compute(op: str, left: Part, right: Part) -> Vector:
    """Arithmetic on whole columns; what is too large for a decimal, and a remainder by zero, is null."""
    null = _null(left) | _null(right)
    if all(_is_int(part) or (isinstance(part, Vector) and part.kind == "int") for part in (left, right)):
        return _integers(op, left, right, null)
    (mine, wholes), (other, others) = _decimals(left), _decimals(right)
    if op == "%":
        raise RowByRowError
    with np.errstate(all="ignore"):
        data = WORK[op](mine, other)
    whole = np.broadcast_to(wholes & others, data.shape)
    finite = np.isfinite(data)
    if not bool((np.abs(data[whole & finite]) < EXACT).all()):
        raise RowByRowError
    null = null | ~finite
    return Vector("float", null, np.where(null, 0.0, data), whole)


def _null(part: Part) -> Any:
    return part.null if isinstance(part, Vector) else False


def _integers(op: str, left: Part, right: Part, null: BoolArray) -> Vector:
    mine, other = _data(left), _data(right)
    bounds = [WORK[op](a, b) for a in _reach(mine) for b in _reach(other)] if op != "%" else _reach(mine)
    if max(map(abs, bounds)) > LARGEST or max(map(abs, _reach(other))) > LARGEST:
        raise RowByRowError
    if op != "%":
        return Vector("int", null, WORK[op](mine, other))
    divisor = np.broadcast_to(np.asarray(other, np.int64), null.shape)
    return Vector("int", null | (divisor == 0), np.remainder(mine, np.where(divisor == 0, 1, divisor)))


def _reach(data: Any) -> tuple[int, int]:
    return (data, data) if type(data) is int else (int(data.min()), int(data.max()))
