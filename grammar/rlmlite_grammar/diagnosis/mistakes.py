"""What writers get wrong, and what to tell them: a table, with the programs that show each mistake.

The product looks up the sentence with `hint_for`; the tests run every example and expect its sentence.
To add one: write the examples first, then the patterns that tell them from the others.
The first that fits is used.
"""

import re
from typing import Final

import msgspec


class Mistake(msgspec.Struct, frozen=True):
    """A sentence, and when it is said.

    `words`: foreign keywords, at the failure or just before it.
    Otherwise `found` must match from the failure on and `before` just before it,
    and the innermost open bracket must be one of `inside`.
    """

    hint: str
    examples: tuple[str, ...]
    words: tuple[str, ...] = ()
    found: str = ""
    before: str = ""
    inside: tuple[str, ...] = ("", "(", "[", "{")


_VALUE: Final = r"[\w\])}\"'/]\s*"
_COMPARISON: Final = r"(==|!=|<=?|>=?|\b(in|contains|matches)\b)"

MISTAKES: Final = (
    Mistake(
        "there are no loops; use extract_over_chunks, map or where",
        (
            "for c in chunks:\n  x = f(c)",
            "x = [f(y) for y in z]",
            "x = {y for y in z}",
            "while true: f(x)",
            "x = sum(y for y in z)",
        ),
        words=("for", "while", "break", "continue"),
    ),
    Mistake(
        "there are no branches; use where(rows, …), or pick(condition, a, b), or case(…)",
        (
            "if x: y = 1",
            "if (x): y = 1",
            "x = a if b else c",
            "x = f(a if b else c)",
            "else: x = 1",
            "elif x: y = 2",
        ),
        words=("if", "else", "elif", "switch", "try", "except"),
    ),
    Mistake(
        'there are no functions; use a row expression such as .field == "x"',
        (
            "x = lambda y: y",
            "x = map(rows, lambda y: y.n)",
            "def f(x): 1",
            "function f(x) { 1 }",
            "class A: 1",
        ),
        words=("lambda", "def", "function", "class", "async"),
    ),
    Mistake(
        "there are no modules; every action is at hand by its name",
        ("import os", "from os import path", "import re\nx = 1"),
        words=("import", "from"),
    ),
    Mistake(
        "use final(x) to answer",
        ("return x", "return 3", "yield x"),
        words=("return", "yield"),
    ),
    Mistake(
        "use show(x)",
        ("print x", "print 'a'", "echo x"),
        words=("print", "echo"),
    ),
    Mistake(
        "use == and !=",
        ("x = where(r, .a is null)", "x = a is None"),
        words=("is",),
    ),
    Mistake(
        "a name is simply given a value: x = 1",
        ("let x = 1", "const x = 1", "var x = 1", "set x = 1", "LET x = 1"),
        words=("let", "const", "var", "set", "LET"),
    ),
    Mistake(
        'use require(condition, "why")',
        ("assert x == 1", "raise x"),
        words=("assert", "raise"),
    ),
    Mistake(
        "leave it out; only actions and values have a place here",
        ("pass", "await f(x)", "with f(x): y = 1", "del x", "x = new y", "pass\nx = 1"),
        words=("pass", "await", "with", "del", "new", "global"),
    ),
    Mistake(
        "write only the statements, without fences, or close every fence",
        ("```\nx = f(y)\n```", "x = 1\n```", "```rlm\nx = 1"),
        found=r"```|~~~",
    ),
    Mistake(
        'backticks mean nothing here; texts are written "…"',
        ("x = `a`", "x = f(`a`)"),
        found=r"`",
    ),
    Mistake(
        'a plain text is a template already: "… {name} …"',
        ('x = f"hi {y}"', "x = sub_lm(f'hi {y}')", 'x = f"""hi"""'),
        found=r"[\"']",
        before=r"\bf",
    ),
    Mistake(
        "texts have no prefix but r",
        ('x = b"abc"', 'x = u"abc"', 'x = R"abc"', "x = f(b'abc')"),
        found=r"[\"']",
        before=r"(?<!\w)[bBuURF]",
    ),
    Mistake(
        'a text over several lines is written """…"""',
        ("x = '''abc'''", "x = f('''a b''')"),
        found=r"'",
        before=r"''",
    ),
    Mistake(
        "missing comma? texts are joined with +",
        ('x = "a" "b"', 'x = f("a" "b")', "x = f('a'\n 'b')"),
        found=r"r?[\"']",
        before=r"[\"']\s*",
    ),
    Mistake(
        'use straight quotes: "…"',
        ("x = “abc”", "x = f(\u2018abc\u2019)"),
        found="[“”\u2018\u2019«»„]",
    ),
    Mistake(
        "names are letters of the alphabet, digits and _; all else belongs into a text",
        ("größe = 1", "x = @a", "x = $a", "x = where(r, .ärger == 1)", "x = a @ b", "数 = 1"),
        found=r"[@$~^]|[^\x00-\x7f]",
    ),
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
        found=_COMPARISON,
        before=_COMPARISON + r"[^,(\[\n]*" + _VALUE,
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
        before=_VALUE,
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
        before=_VALUE,
    ),
    Mistake(
        "there is no `/`; use div(a, b)",
        ("x = a / b", "x = a/2", "x = f(.n / total)", "x = a / b / c"),
        found=r"/",
        before=_VALUE,
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
        before=_VALUE + r"\[[^\n]*",
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
        before=_VALUE,
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


def find_foreign_word(words: tuple[str, ...]) -> tuple[str, str] | None:
    """The first of `words` that other languages use and this one does not, with its hint."""
    hints = {word: mistake.hint for mistake in MISTAKES for word in mistake.words}
    return next(((word, hints[word]) for word in words if word in hints), None)


def find_hint(text: str, offset: int, inside: str) -> str:
    """The sentence for a failure at `offset`, in the open bracket `inside` or in none, or nothing."""
    before = text[max(0, offset - _REACH) : offset]
    fitting = (mistake.hint for mistake in MISTAKES if _fits(mistake, text, offset, before, inside))
    return next(fitting, "")


_REACH: Final = 200  # characters before and after a failure that a pattern looks at


def _fits(mistake: Mistake, text: str, offset: int, before: str, inside: str) -> bool:
    if mistake.words or inside not in mistake.inside:
        return False
    if not re.compile(mistake.found).match(text, offset, offset + _REACH):
        return False
    return re.search(rf"(?:{mistake.before})\Z", before) is not None
