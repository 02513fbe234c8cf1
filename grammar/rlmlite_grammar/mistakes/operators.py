"""Mistakes with signs: assignment, comparison, logic and arithmetic as other languages write them."""

from typing import Final

from rlmlite_grammar.mistakes.mistake import COMPARISON, VALUE, Mistake

MISTAKES_IN_OPERATORS: Final = (
    Mistake(
        "write x = x + 1; a variable may be assigned again",
        ("x -= 1", "n *= 2", "x++"),
        after=r"[+\-*/%|]=|\+\+|--",
    ),
    Mistake(
        'there is no LIKE; write .text contains "a", starts_with(.text, "a") or .text matches /a.*b/',
        ('r = where(l, .a LIKE "b%c")', 'r = where(l, .a like "b_")'),
        after=r"(?i:like)\b",
        before=VALUE,
    ),
    Mistake(
        "this is XML; write statements, such as x = search(logs, /ERROR/)",
        ('<search query="a" />', '<tool_call>{"name": "f"}</tool_call>', "<code>x = 1</code>"),
        after=r"</?[A-Za-z_!?]",
    ),
    Mistake(
        "use = to assign a value",
        ("x <-1", "x => 1"),
        after=r":=|(<-|=>)(?![^\n]*\))",
    ),
    Mistake(
        "use = to assign a value",
        ("x = f(y := 1)",),
        after=r"=",
        before=r":",
    ),
    Mistake(
        "a function of a row is the expression itself: map(rows, .n * 2)",
        ("x = map(rows, (a, b) => a.n)", "x = map(rows, (r => r.n))", "x = f([y => 1])"),
        after=r"=>|,[^()\n]*\)\s*=>",
    ),
    Mistake(
        "leave out the type: x = 1",
        ("rows: [str] = f(x)", "x: Rows = f(x)"),
        after=r":[^=\n]*=",
        before=r"(^|\n)\s*\w+\s*",
    ),
    Mistake(
        "comparisons cannot be chained; write a < b and b < c",
        ("x = f(1 < a < 3)", "x = a == b == c", "r = where(l, .a in b == true)"),
        after=COMPARISON,
        before=COMPARISON + r"[^,(\[\n]*" + VALUE,
    ),
    Mistake(
        "use == to compare",
        (
            "x = where(rows, .a = 1)",
            "x = where(rows, .a == 1 and .b = 2)",
            "x = f(a.b = 1)",
            'x = f("a"=1)',
        ),
        after=r"={1,3}(?!=)",
        before=VALUE,
        inside=("(", "["),
    ),
    Mistake(
        "a statement has only one =; use == to compare",
        ("x = y = 1", "x = f(a) = 2"),
        after=r"=(?!=)",
        before=r"=[^\n]*",
        inside=("",),
    ),
    Mistake(
        "use = to assign: name = value; == compares",
        ("x == 1",),
        after=r"==",
        before=r"(^|\n)\s*\w+\s*",
        inside=("",),
    ),
    Mistake(
        "write `and`, `or`, `not`",
        (
            "x = a & b",
            "x = !a",
            "x = f(a ! b)",
        ),
        after=r"&|\||!(?!=)",
        before=r"[=(,\[][^\n]*",
    ),
    Mistake(
        "there is no `? :`; use pick(condition, a, b)",
        ("x = a ? b : c", "x = f(a > 1 ? b : c)", "x = a ?? b"),
        after=r"\?",
    ),
    Mistake(
        "missing comma before the regex?",
        ("hits = search(logs /timeout/)", "hits = search(logs, limit=5 /timeout/)", "x = f(a[0] /b c/i)"),
        after=r"/[^\s/=][^\n]*/",
        before=r"\s",
    ),
    Mistake(
        "there is no `//`; use int(div(a, b))",
        ("x = a // b", "x = f(3 // 2)"),
        after=r"//",
        before=VALUE,
    ),
    Mistake(
        "there is no `/`; use div(a, b)",
        ("x = a / b", "x = a/2", "x = f(.n / total)", "x = a / b / c"),
        after=r"/",
        before=VALUE,
    ),
    Mistake(
        "there is no `**` and no `*args`",
        ("x = a ** b", "x = f(*a)", "x = f(**a)", "x = f(1, *a)"),
        after=r"\*",
    ),
    Mistake(
        "`matches` needs a /regex/ in the program; for a text use contains or ==",
        (
            'r = where(l, .m matches "x")',
            "r = where(l, .m matches pattern)",
            'r = where(l, .m not matches r"x")',
        ),
        before=r"\bmatches\s*",
    ),
)
