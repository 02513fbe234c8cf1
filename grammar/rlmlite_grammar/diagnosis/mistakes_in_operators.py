"""Mistakes with signs: assignment, comparison, logic and arithmetic as other languages write them."""

from typing import Final

from rlmlite_grammar.diagnosis.mistake import COMPARISON, VALUE, Mistake

MISTAKES_IN_OPERATORS: Final = (
    Mistake(
        "name the value to keep it: x = x + 1; a name may be given a value again",
        ("x += 1", "x -= 1", "n *= 2"),
        found=r"[+\-*/%|]=|\+\+|--",
    ),
    Mistake(
        "use `=` to name a value",
        ("x := 1", "x <- 1", "x => 1"),
        found=r":=|<-|=>",
    ),
    Mistake(
        "names have no type annotations: x = 1",
        ("x: int = 1", "rows: [str] = f(x)"),
        found=r":[^=\n]*=",
        before=r"(^|\n)\s*\w+\s*",
    ),
    Mistake(
        "comparisons do not chain; write a < b and b < c",
        ("x = f(1 < a < 3)", "x = a == b == c", "r = where(l, .a in b == true)"),
        found=COMPARISON,
        before=COMPARISON + r"[^,(\[\n]*" + VALUE,
    ),
    Mistake(
        "`==` compares",
        (
            "x = where(rows, .a = 1)",
            "x = where(rows, .a == 1 and .b = 2)",
            "x = f(a.b = 1)",
            "x = f(a === 1)",
            'x = f("a"=1)',
        ),
        found=r"={1,3}(?!=)",
        before=VALUE,
        inside=("(", "["),
    ),
    Mistake(
        "one `=` in a statement; `==` compares",
        ("x = y = 1", "x = f(a) = 2"),
        found=r"=(?!=)",
        before=r"=[^\n]*",
        inside=("",),
    ),
    Mistake(
        "`==` compares; a statement is `name = value`",
        ("x == 1",),
        found=r"==",
        before=r"(^|\n)\s*\w+\s*",
        inside=("",),
    ),
    Mistake(
        "write `and`, `or`, `not`",
        (
            "r = where(l, .a == 1 && .b == 2)",
            "r = where(l, .a || .b)",
            "r = where(l, !.a)",
            "x = a & b",
            "x = !a",
            "x = f(a ! b)",
        ),
        found=r"&|\||!(?!=)",
        before=r"[=(,\[][^\n]*",
    ),
    Mistake(
        "there is no `? :`; use pick(condition, a, b)",
        ("x = a ? b : c", "x = f(a > 1 ? b : c)", "x = a ?? b"),
        found=r"\?",
    ),
    Mistake(
        "missing comma before the regex?",
        ("hits = search(logs /timeout/)", "hits = search(logs, limit=5 /timeout/)", "x = f(a[0] /b c/i)"),
        found=r"/[^\s/=][^\n]*/",
        before=r"\s",
    ),
    Mistake(
        "there is no `//`; use int(div(a, b))",
        ("x = a // b", "x = f(3 // 2)"),
        found=r"//",
        before=VALUE,
    ),
    Mistake(
        "there is no `/`; use div(a, b)",
        ("x = a / b", "x = a/2", "x = f(.n / total)", "x = a / b / c"),
        found=r"/",
        before=VALUE,
    ),
    Mistake(
        "there are no powers and no `*args`",
        ("x = a ** b", "x = f(*a)", "x = f(**a)", "x = f(1, *a)"),
        found=r"\*",
    ),
    Mistake(
        "`matches` takes a /regex/ as written; for a text use contains or ==",
        (
            'r = where(l, .m matches "x")',
            "r = where(l, .m matches pattern)",
            'r = where(l, .m not matches r"x")',
        ),
        before=r"\bmatches\s*",
    ),
)
