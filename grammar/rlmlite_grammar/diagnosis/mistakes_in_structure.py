"""Mistakes in how values, calls and statements are put together: methods, tuples, commas, JSON, prose.

The later an entry, the more it fits: the last one, words around the program, would fit most of what stands before it.
"""

from typing import Final

from rlmlite_grammar.diagnosis.mistake import VALUE, Mistake

MISTAKES_IN_STRUCTURE: Final = (
    Mistake(
        "there are no methods; write action(value, …)",
        ("x = rows.where(.a == 1)", 'x = a.b.lower("x")', "final(rows.first())"),
        found=r"\(",
        before=r"\.\s*\w+",
    ),
    Mistake(
        "what a call gives is no action: write action(…)",
        ("x = f(a)(b)", "x = a[0](b)", "f(x)(y)"),
        found=r"\(",
        before=r"[\])]",
    ),
    Mistake(
        "only a plain name can be given a value",
        ("x.y = 1", "x[0] = 1", "x, y = f()", "rows[0].n = 2"),
        found=r"[.\[,][^\n=]*=(?!=)",
        before=r"(^|\n)\s*\w+\s*",
    ),
    Mistake(
        "a value alone is no statement; use show(…)",
        (
            "hits[0]",
            "hits.line",
            "hits\nx = 1",
            "a, b",
            "hits",
            "count(hits)[0]",
            "x = 1\nhits",
            "a + b",
            "count(x) > 3",
        ),
        found=r"[.\[,+\-*%<>]|$|\w+\s*[=(]",
        before=r"(^|\n)[ \t]*(\w+|\w+\([^\n]*\))\s*",
    ),
    Mistake(
        "this is JSON; a program is statements: x = search(logs, /ERROR/)",
        ('{"action": "search"}', '{"a": [1]}', '[{"action": "search", "query": "x"}]'),
        found=r"\[?\s*\{",
        before=r"(^|\n)\s*",
    ),
    Mistake(
        "to show values use show(a, b)",
        ("[a, b]", "x = 1;\n[x]", "(a, b)", '"done"', "42", "/re/", ".a"),
        found=r"[\[(\"'/.]|\d+(\.\d+)?(?![\d.)])",
        before=r"(^|[\n;])\s*",
    ),
    Mistake(
        "one comma too many",
        ("x = f(a,, b)", "x = f(, a)", "x = [,]", "x = [1,, 2]", "x = {a: 1,, b: 2}"),
        found=r",",
        before=r"[,(\[{]\s*",
    ),
    Mistake(
        "there are only lists [a, b] and objects {a: 1}, no tuples",
        ("x = (a, b)", "x = a, b", "x = f((a, b))"),
        found=r",",
        before=r"[(=][^\n]*",
        inside=("", "("),
    ),
    Mistake(
        "a slice has two bounds and no step: a[1:3]",
        ("x = a[1:2:3]", "x = a[::2]", "x = a[1, 2]"),
        found=r"[:,]",
        before=VALUE + r"\[[^\n]*",
        inside=("[",),
    ),
    Mistake(
        "numbers are written 12, 3.5 or 1e-9",
        ("x = 01", "x = 1.", "x = 1.5.2", "x = 007"),
        found=r"[\d.]|$",
        before=r"(?<![\w\]])[\d.]*\d\.?",
    ),
    Mistake(
        "`.name` has a plain name; positions go in brackets: a[0]",
        ("x = a.1", "x = a..b", "x = a.", "x = f(a.)", "x = a.b.", 'x = a."b"'),
        before=r"\.",
    ),
    Mistake(
        'a key is a name or a text, and has a value: {a: 1, "b c": 2}',
        ("x = {a}", "x = {1: 2}", "x = {a = 1}", "x = {a: 1, b}", "x = {[a]: 1}"),
        before=r"[{,]\s*\w*\s*",
        found=r"[}=\d\[({,]",
        inside=("{",),
    ),
    Mistake(
        "missing comma?",
        (
            "x = [1 2]",
            "x = f(a,\n  b=1\n  c=2)",
            "x = {a: 1 b: 2}",
            "x = f(a b)",
            "x = f(a {b: 1})",
            "x = f(a, b 3)",
            "x = search(logs limit=5)",
        ),
        found=r"[\w\"'{]",
        before=VALUE,
        inside=("(", "[", "{"),
    ),
    Mistake(
        "a call ends with its brackets; a line needs no mark at its end",
        ("x = a + \\\n b", "x = a \\"),
        found=r"\\",
    ),
    Mistake(
        "write only statements: no words around them; a comment begins with #",
        (
            "Sure! Here is the program:\nx = f(y)",
            "I will search for it",
            "Action: search(logs, /E/)",
            "Let me think.",
            "1. hits = search(logs, /E/)",
            "Here is the plan",
        ),
        found=r"[A-Za-z!:.,'\d]",
        inside=("",),
        before=r"(^|\n)\s*[\w ,.]*",
    ),
)
