"""Values for Hypothesis to draw: scalars, lists, records and tables, rich in what breaks code.

Numbers stand at the edges of 64 bits and of what a decimal holds exactly; texts have characters of one to four bytes,
and look like numbers; columns have one kind or several, with nulls or without.

    SCALARS     null, true, 2**53 + 1, -0.0, "é😀"
    VALUES      any of these in lists and records
    tables()    [{"a": 3, "b": None}, {"a": 2.0, "b": "12"}]

All of it is plain data, as JSON has it. Not here: what an argument of an action is (`arguments`).
"""

from typing import Any

from hypothesis import strategies as st

FIELDS = ("a", "b")
"""The fields of generated records, which generated expressions read."""

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1.0, 0.5, 2**53, 2**53 + 1, float(2**53), 1e308, 5e-324, 10**400, -(10**400)]),
)
TEXTS = st.one_of(
    st.text(st.sampled_from("aAb1é😀 \n\0"), max_size=18), st.sampled_from(["12", "-7", "007", "ab" * 8, "2024-03-01"])
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(st.sampled_from("aAb1é😀 "), max_size=3), st.just("12"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "é"]), inner, max_size=2),
    max_leaves=6,
)
LISTS = st.lists(VALUES, max_size=8)

_WHOLE = st.one_of(st.integers(-3, 12), st.sampled_from([2**53, 2**53 + 1, 2**62, 2**63 - 1, -(2**63), 10**30]))
_DECIMAL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 2.0, 12.0, 0.1, 2.0**53, 1e308, -1e308]),
)
_COLUMNS = st.sampled_from(
    [_WHOLE, _DECIMAL, TEXTS, st.booleans(), st.one_of(_WHOLE, _DECIMAL), st.one_of(_WHOLE, TEXTS)]
)

DOCUMENT_TEXTS = st.lists(
    st.sampled_from(["one", "ERROR two", "a=1 b=é", "", "def f(): pass", "12 😀"]), max_size=6
).map("\n".join)
"""Texts of a few lines."""

DOCUMENTS = st.dictionaries(st.sampled_from(["a.txt", "b.py", "d/c.txt"]), DOCUMENT_TEXTS, max_size=3)
"""Folders: texts by path."""


@st.composite
def tables(draw: st.DrawFn, fields: tuple[str, ...] = FIELDS, least: int = 0, most: int = 8) -> list[dict[str, Any]]:
    """Records with these fields: each column of one kind or mixed, with nulls or without."""
    count = draw(st.integers(least, most))
    columns = []
    for _ in fields:
        kind = draw(_COLUMNS)
        kind = draw(st.sampled_from([kind, st.one_of(st.none(), kind)]))
        columns.append(draw(st.lists(kind, min_size=count, max_size=count)))
    return [dict(zip(fields, cells, strict=True)) for cells in zip(*columns, strict=True)]
