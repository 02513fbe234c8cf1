"""Texts that a line must hold for a condition to be true: other lines need not be looked at.

    .level == "ERROR"                            a line without ERROR in it has no group that is ERROR
    .level in ["ERROR", "FATAL"] and .user == "bob"      one with neither ERROR nor FATAL, or: one without bob

Only for conditions that say nothing but yes or no: fields that are groups of the form in every line that matches, and
`==`, `!=`, `in`, `and`, `or`, `not` with texts that are written out. Whatever could warn, or is charged by what it
reads, has to look at every row.
"""

from collections.abc import Sequence

from rlmlite_kernel.engines.lines.forms import certain_groups
from rlmlite_kernel.program.ast import LOGIC, Binary, Expr, Field, ListOf, Lit, Unary
from rlmlite_kernel.values.lines.fields import GroupField
from rlmlite_kernel.values.lines.line_rows import LineRows

_EQUAL, _MEMBER = ("==", "!="), ("in", "not in")


def literals_of(cond: Expr, lines: LineRows) -> tuple[bytes, ...] | None:
    """Texts of which each row holds one for which the condition is true; None if none are known."""
    form = lines.source.form
    if form is None:
        return None
    certain = certain_groups(form)
    names = {name for name, field in lines.fields.items() if isinstance(field, GroupField) and field.number in certain}
    return _required(cond) if _only_answers(cond, names) else None


def _only_answers(cond: Expr, names: set[str]) -> bool:
    """Whether a condition can do nothing but hold or not, for any texts of these fields."""
    if isinstance(cond, Unary):
        return cond.op == "not" and _only_answers(cond.of, names)
    if not isinstance(cond, Binary):
        return False
    if cond.op in LOGIC:
        return _only_answers(cond.left, names) and _only_answers(cond.right, names)
    compared = _compared(cond)
    return compared is not None and compared[0].name in names


def _compared(cond: Binary) -> tuple[Field, Sequence[str]] | None:
    """The field and the texts of `.a == "b"`, `"b" == .a`, `.a in ["b", "c"]` and their negations."""
    if cond.op in _EQUAL:
        for field, other in ((cond.left, cond.right), (cond.right, cond.left)):
            if isinstance(field, Field) and isinstance(other, Lit) and isinstance(other.v, str):
                return field, (other.v,)
    if cond.op in _MEMBER and isinstance(cond.left, Field) and isinstance(cond.right, ListOf):
        texts = [item.v for item in cond.right.items if isinstance(item, Lit) and isinstance(item.v, str)]
        if texts and len(texts) == len(cond.right.items):
            return cond.left, texts
    return None


def _required(cond: Expr) -> tuple[bytes, ...] | None:
    """See `literals_of`, for a condition that only answers."""
    if not isinstance(cond, Binary) or cond.op in ("!=", "not in"):
        return None
    if cond.op in LOGIC:
        left, right = _required(cond.left), _required(cond.right)
        if cond.op == "and":
            return left or right
        return None if left is None or right is None else left + right
    compared = _compared(cond)
    texts = () if compared is None else tuple(dict.fromkeys(text.encode() for text in compared[1]))
    return texts if texts and all(texts) else None
