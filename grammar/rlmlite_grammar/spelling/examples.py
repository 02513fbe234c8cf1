"""Spellings that no pattern can name, since they go around values: each with a statement and what it is read as."""

from typing import Final, NamedTuple


class Example(NamedTuple):
    """What it is, a statement with it, and the same as it is read."""

    what: str
    written: str
    read: str


EXAMPLES: Final = (
    Example(
        "`starts with`",
        'x = where(rows, .a starts with "b" and .n > 3)',
        'x = where(rows, starts_with(.a, "b") and .n > 3)',
    ),
    Example(
        "`does not end with`",
        'x = where(rows, f(.a)[0].b does not end with ["c", "d"])',
        'x = where(rows, not ends_with(f(.a)[0].b, ["c", "d"]))',
    ),
    Example("`LIKE` with a sign before", 'x = where(rows, .a LIKE "%b")', 'x = where(rows, ends_with(.a, "b"))'),
    Example("`LIKE` with a sign after", 'x = where(rows, .a LIKE "b%")', 'x = where(rows, starts_with(.a, "b"))'),
    Example(
        "`NOT LIKE` with a sign at both ends",
        'x = where(rows, .a NOT LIKE "%b%")',
        'x = where(rows, .a not contains "b")',
    ),
    Example("`LIKE` without signs", 'x = where(rows, .a LIKE "b")', 'x = where(rows, .a == "b")'),
    Example("`a if c else b`", "x = 1 + f(2) if n > 3 else 0", "x = pick(n > 3, 1 + f(2), 0)"),
    Example("`a if c else b` after another sign", "x := 1 if n > 3 else 0", "x = pick(n > 3, 1, 0)"),
    Example(
        "`a if c else b if d else e`",
        "final(x[0:1] if a else 2 if b[1:2] else 3)",
        "final(pick(a, x[0:1], pick(b[1:2], 2, 3)))",
    ),
    Example("`+=` before a comparison", "x += 2 == 3", "x = x + (2 == 3)"),
    Example("`+=` before `a if c else b`", "x += 2 if n > 3 else 5  # so", "x = x + pick(n > 3, 2, 5)"),
    Example("quotes in a text with expressions", 'x = f"{a["b"]} of {n}"', 'x = f"{a[\\"b\\"]} of {n}"'),
    Example(
        "`[a for x in rows]`", "x = [r.n + 1 for r in rows if r.ok]", "x = map(where(rows, r => r.ok), r => r.n + 1)"
    ),
    Example("`{a: b for x in rows}`", "x = {r.a: r.n for r in rows}", "x = to_object(rows, r => r.a, r => r.n)"),
)
