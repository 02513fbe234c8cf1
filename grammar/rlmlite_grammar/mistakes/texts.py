"""Mistakes in how texts and names are written: fences, quotes, prefixes, letters that no name has."""

from typing import Final

from rlmlite_grammar.mistakes.mistake import Mistake

MISTAKES_IN_TEXTS: Final = (
    Mistake(
        "this is SQL; write x = where(rows, .n > 3), x = group(rows, key, {n: count()}), x = sort(rows, by=n)",
        (
            "SELECT * FROM context",
            "select level, count(*) from rows group by level",
            "SELECT COUNT(*) FROM x",
            "x = SELECT a FROM b",
            "WITH t AS (SELECT 1) SELECT * FROM t",
        ),
        before=r"(?i:(^|\n|=)\s*(select|with|insert|update|delete)\s+(\w+\s+)?)",
    ),
    Mistake(
        "write only statements, without fences; or close every fence",
        ("```\nx = f(y)\n```", "x = 1\n```", "```rlm\nx = 1"),
        after=r"```|~~~",
    ),
    Mistake(
        'backticks have no meaning here; write a text as "…"',
        ("x = `a`", "x = f(`a`)"),
        after=r"`",
    ),
    Mistake(
        "the only prefixes of a text are r and f",
        ('x = br"abc"', 'x = t"abc"', 'x = L"abc"'),
        after=r"[\"']",
        before=r"(?<!\w)[A-Za-z]{1,2}",
    ),
    Mistake(
        'write a text of several lines as """…"""',
        ("x = '''a\"\"\" b'''",),
        after=r"'",
        before=r"''",
    ),
    Mistake(
        "missing comma? join texts with +",
        ('x = "a" "b"', 'x = f("a" "b")', "x = f('a'\n 'b')"),
        after=r"r?[\"']",
        before=r"[\"']\s*",
    ),
    Mistake(
        'use straight quotes: "…"',
        ("x = “abc", "x = f(\u2018abc)"),
        after="[“”\u2018\u2019«»„]",
    ),
    Mistake(
        "names consist of letters a-z, digits and _; anything else goes in quotes",
        ("größe = 1", "x = @a", "x = $1", "x = where(r, .ärger == 1)", "x = a @ b", "数 = 1"),
        after=r"[@$~^]|[^\x00-\x7f]",
    ),
)
