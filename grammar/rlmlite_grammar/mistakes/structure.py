"""Mistakes in how values, calls and statements are put together: methods, tuples, commas, JSON, prose.

The later an entry, the more it fits: the last one, words around the program, would fit most of what stands before it.
"""

from typing import Final

from rlmlite_grammar.mistakes.mistake import VALUE, Mistake

MISTAKES_IN_STRUCTURE: Final = (
    Mistake(
        "the result of a call cannot be called; write action(…)",
        ("x = f(a)(b)", "x = a[0](b)", "f(x)(y)"),
        after=r"\(",
        before=r"[\])]",
    ),
    Mistake(
        "only a plain name can be assigned",
        ("x.y = 1", "x[0] = 1", "x, y = f()", "rows[0].n = 2"),
        after=r"[.\[,][^\n=]*=(?!=)",
        before=r"(^|\n)\s*\w+\s*",
    ),
    Mistake(
        "a value alone is not a statement; use show(…)",
        (
            "hits\nx = 1",
            "a, b",
            "hits",
            "count(hits)[0]",
            "x = 1\nhits",
            "a + b",
            "count(x) > 3",
        ),
        after=r"[.\[,+\-*%<>]|$|\w+\s*[=(]",
        before=r"(^|\n)[ \t]*(\w+|\w+\([^\n]*\))\s*",
    ),
    Mistake(
        "this is JSON; write statements, such as x = search(logs, /ERROR/)",
        ('{"action": "search"}', '{"a": [1]}', '[{"action": "search", "query": "x"}]'),
        after=r"\[?\s*\{",
        before=r"(^|\n)\s*",
    ),
    Mistake(
        "to show values use show(a, b)",
        ("[a, b]", "x = 1;\n[x]", "(a, b)", '"done"', "42", "/re/", ".a"),
        after=r"[\[(\"'/.]|\d+(\.\d+)?(?![\d.)])",
        before=r"(^|[\n;])\s*",
    ),
    Mistake(
        "one comma too many",
        ("x = f(a,, b)", "x = f(, a)", "x = [,]", "x = [1,, 2]", "x = {a: 1,, b: 2}"),
        after=r",",
        before=r"[,(\[{]\s*",
    ),
    Mistake(
        "there are no tuples; write a list [a, b] or an object {a: 1}",
        ("x = (a, b)", "x = a, b", "x = f((a, b))"),
        after=r",",
        before=r"[(=][^\n]*",
        inside=("", "("),
    ),
    Mistake(
        "a slice has two bounds and no step: a[1:3]",
        ("x = a[1:2:3]", "x = a[::2]", "x = a[1, 2]"),
        after=r"[:,]",
        before=VALUE + r"\[[^\n]*",
        inside=("[",),
    ),
    Mistake(
        "write numbers as 12, 3.5 or 1e-9",
        ("x = 01", "x = 1.", "x = 1.5.2", "x = 007"),
        after=r"[\d.]|$",
        before=r"(?<![\w\]])[\d.]*\d\.?",
    ),
    Mistake(
        "a plain name must follow `.`; a position goes in brackets: a[0]",
        ("x = a.1", "x = a..b", "x = a.", "x = f(a.)", "x = a.b.", 'x = a."b"'),
        before=r"\.",
    ),
    Mistake(
        'a key is a name or a text, followed by a value: {a: 1, "b c": 2}',
        ("x = {a}", "x = {1: 2}", "x = {a = 1}", "x = {a: 1, b}", "x = {[a]: 1}"),
        before=r"[{,]\s*\w*\s*",
        after=r"[}=\d\[({,]",
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
        after=r"[\w\"'{]",
        before=VALUE,
        inside=("(", "[", "{"),
    ),
    Mistake(
        "leave out the backslash; a line may be broken inside brackets",
        ("x = a \\", "x = a \\ b"),
        after=r"\\",
    ),
    Mistake(
        "write only statements, without words around them; a comment begins with #",
        (
            "Sure! Here is the program:\nx = f(y)",
            "I will search for it",
            "Action: search(logs, /E/)",
            "Let me think.",
            "Here is the plan",
        ),
        after=r"[A-Za-z!:.,'\d]",
        inside=("",),
        before=r"(^|\n)\s*[\w ,.]*",
    ),
)
