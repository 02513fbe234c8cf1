"""How other languages spell what the grammar spells otherwise: patterns, each with a program that shows it.

A pattern is tried at the beginning of each lexeme, outside of texts and comments. `first`: only where a statement
begins. `after_value`: only where a value has just ended, or only where none has. `inside`: the group that stays, and is
read on; what stands around it gives way. `before_value`: what stands after it on the line is one value.
"""

import re
from typing import Final

import msgspec


class Spelling(msgspec.Struct, frozen=True):
    """A spelling: what it is, a statement with it and the same as it is read, the pattern, and what takes its place."""

    what: str
    written: str
    read: str
    regex: str
    text: str
    first: bool = False
    after_value: bool | None = None
    inside: int = 0
    before_value: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """The compiled pattern; Python keeps it."""
        return re.compile(self.regex)

    def note(self, match: re.Match[str]) -> str:
        """What the controller is told."""
        written = " ".join(match[0].split())[:40]
        read = (match.expand(self.text) + (match[self.inside] if self.inside else "")).strip()[:40]
        return f"`{written}` was read as `{read}`" if read else f"`{written}` was left out"


_TYPE: Final = "str|int|float|bool|list|dict|tuple|set|List|Dict|Any|any|Optional|string|number|boolean|object"
_STATEMENT: Final = r"(?=[A-Za-z_]\w*[ \t]*(=(?!=)|\())"

_LONGEST_COMMENT: Final = 2_000
"""Characters of a comment of C. A bound, since every line may begin one that never ends."""

SPELLINGS: Final = (
    Spelling(
        "imports",
        "import re\nx = 1",
        "x = 1",
        r"import[ \t]+[\w.]+([ \t]+as[ \t]+\w+)?([ \t]*,[ \t]*[\w.]+)*[ \t]*(?=\n|$|;|#)",
        "",
        first=True,
    ),
    Spelling(
        "imports of names",
        "from os import path\nx = 1",
        "x = 1",
        r"from[ \t]+[\w.]+[ \t]+import[ \t]+[\w.*, \t]+(?=\n|$|;|#)",
        "",
        first=True,
    ),
    Spelling(
        "`return` before the answer",
        "return final(1)",
        "final(1)",
        r"return[ \t]+(?=(final|FINAL|FINAL_VAR)\()",
        "",
        first=True,
    ),
    Spelling("`await`", "x = await count(log)", "x = count(log)", r"await[ \t]+(?=[A-Za-z_])", "", after_value=False),
    Spelling(
        "declarations", "let x = 1", "x = 1", r"(let|const|var)[ \t]+(?=[A-Za-z_]\w*[ \t]*=(?!=))", "", first=True
    ),
    Spelling(
        "types of variables",
        "x: int = 1",
        "x = 1",
        rf"([A-Za-z_]\w*)[ \t]*:[ \t]*({_TYPE})\b(\[[\w\[\], .|]*\])?[ \t]*=(?!=)",
        r"\1 =",
        first=True,
    ),
    Spelling(
        "`+=`",
        "x += count(log)",
        "x = x + count(log)",
        r"([A-Za-z_]\w*)[ \t]*\+=(?!=)",
        r"\1 = \1 +",
        first=True,
        before_value=True,
    ),
    Spelling(
        "`(x := …)`",
        "(x := count(log))",
        "x = count(log)",
        r"\([ \t]*([A-Za-z_]\w*)[ \t]*:=[ \t]*([^\n]*)\)[ \t]*(?=\n|$)",
        r"\1 = ",
        first=True,
        inside=2,
    ),
    Spelling(
        "a statement in backticks",
        "`x = count(log)`",
        "x = count(log)",
        r"`([^`\n]+)`[ \t]*(?=\n|$)",
        "",
        first=True,
        inside=1,
    ),
    Spelling("`:=`", "x := 1", "x = 1", r"([A-Za-z_]\w*)[ \t]*:=", r"\1 =", first=True),
    Spelling("`<-`", "x <- count(log)", "x = count(log)", r"([A-Za-z_]\w*)[ \t]*<-[ \t]+", r"\1 = ", first=True),
    Spelling("numbered statements", "1. x = 1", "x = 1", r"([-*]|\d+[.)])[ \t]+" + _STATEMENT, "", first=True),
    Spelling("prompts", ">>> x = 1", "x = 1", r"(>>>|In \[\d*\]:|>)[ \t]*" + _STATEMENT, "", first=True),
    Spelling("comments with `//`", "// count them\nx = 1", "x = 1", r"//[^\n]*", "", first=True),
    Spelling("comments with `--`", "-- count them\nx = 1", "x = 1", r"--[^\n]*", "", first=True),
    Spelling(
        "comments with `/*`",
        "/* count them */\nx = 1",
        "x = 1",
        rf"/\*(?s:.{{0,{_LONGEST_COMMENT}}}?)\*/",
        "",
        first=True,
    ),
    Spelling(
        "`lambda`",
        "x = map(rows, lambda r: r.n)",
        "x = map(rows, r => r.n)",
        r"lambda[ \t]+([A-Za-z_]\w*)[ \t]*:",
        r"\1 =>",
        after_value=False,
    ),
    Spelling(
        "arrows with brackets",
        "x = map(rows, (r) => r.n)",
        "x = map(rows, r => r.n)",
        r"\([ \t]*([A-Za-z_]\w*)[ \t]*\)[ \t]*=>",
        r"\1 =>",
        after_value=False,
    ),
    Spelling(
        "`&&`", "x = where(rows, .a && .b)", "x = where(rows, .a and .b)", r"[ \t]*&&[ \t]*", " and ", after_value=True
    ),
    Spelling(
        "`||`", "x = where(rows, .a || .b)", "x = where(rows, .a or .b)", r"[ \t]*\|\|[ \t]*", " or ", after_value=True
    ),
    Spelling(
        "`&` between conditions",
        "x = where(rows, (.a == 1) & (.b == 2))",
        "x = where(rows, (.a == 1) and (.b == 2))",
        r"[ \t]*&[ \t]*(?=\()",
        " and ",
        after_value=True,
    ),
    Spelling(
        "`!`",
        "x = where(rows, !.a)",
        "x = where(rows, not .a)",
        r"!(?=[\w.]+[ \t]*([),\]]|&&|\|\||and\b|or\b)|\()",
        "not ",
        after_value=False,
    ),
    Spelling(
        "`~`", "x = where(rows, ~(.a == 1))", "x = where(rows, not (.a == 1))", r"~(?=\()", "not ", after_value=False
    ),
    Spelling(
        "`=~`",
        "x = where(rows, .a =~ /b/)",
        "x = where(rows, .a matches /b/)",
        r"=~(?=[ \t]*/)",
        "matches",
        after_value=True,
    ),
    Spelling("`===`", "x = where(rows, .a === 1)", "x = where(rows, .a == 1)", r"===", "==", after_value=True),
    Spelling("`!==`", "x = where(rows, .a !== 1)", "x = where(rows, .a != 1)", r"!==", "!=", after_value=True),
    Spelling("`<>`", "x = where(rows, .a <> 1)", "x = where(rows, .a != 1)", r"<>", "!=", after_value=True),
    Spelling(
        "`is not`",
        "x = where(rows, .a is not None)",
        "x = where(rows, .a != null)",
        r"is[ \t]+not\b(?=[ \t]+(None|null|NULL|nil|true|false|True|False)\b)",
        "!=",
        after_value=True,
    ),
    Spelling(
        "`is`",
        "x = where(rows, .a is None)",
        "x = where(rows, .a == null)",
        r"is\b(?=[ \t]+(None|null|NULL|nil|true|false|True|False)\b)",
        "==",
        after_value=True,
    ),
    Spelling("`AND`", "x = where(rows, .a AND .b)", "x = where(rows, .a and .b)", r"AND\b", "and", after_value=True),
    Spelling("`OR`", "x = where(rows, .a OR .b)", "x = where(rows, .a or .b)", r"OR\b", "or", after_value=True),
    Spelling("`IN`", 'x = where(rows, .a IN ["b"])', 'x = where(rows, .a in ["b"])', r"IN\b", "in", after_value=True),
    Spelling(
        "`NOT IN`",
        'x = where(rows, .a NOT IN ["b"])',
        'x = where(rows, .a not in ["b"])',
        r"NOT[ \t]+IN\b",
        "not in",
        after_value=True,
    ),
    Spelling(
        "`NOT`",
        "x = where(rows, NOT .a)",
        "x = where(rows, not .a)",
        r"NOT\b(?=[ \t]+[.\w(])",
        "not",
        after_value=False,
    ),
    Spelling("`?.`", "x = hits[0]?.text", "x = hits[0].text", r"\?\.(?=[A-Za-z_])", ".", after_value=True),
    Spelling("`$name`", "x = count($log)", "x = count(log)", r"\$\{?([A-Za-z_]\w*)\}?", r"\1", after_value=False),
    Spelling(
        "`.` for the value",
        "x = where(xs, . > 3)",
        "x = where(xs, .value > 3)",
        r"\.(?=[ \t]*([,)\]]|==|!=|<|>|(matches|contains|in)\b))",
        ".value",
        after_value=False,
    ),
    Spelling(
        "`count(.)` and `count(*)`",
        "x = group(rows, a, {n: count(*)})",
        "x = group(rows, a, {n: count()})",
        r"count[ \t]*\([ \t]*[.*][ \t]*\)",
        "count()",
        after_value=False,
    ),
    Spelling(
        "numbers with `_`",
        "x = chunk(log, 8_000)",
        "x = chunk(log, 8000)",
        r"(\d{1,3})_(\d{3})(?:_(\d{3}))?(?:_(\d{3}))?(?![\w.])",
        r"\1\2\3\4",
        after_value=False,
    ),
    Spelling(
        "three single quotes",
        "x = '''a b'''",
        'x = """a b"""',
        r"""'''((?:[^'"\\]|\\.|'(?!'')|"(?!""))*)(?<!")'''""",
        r'"' * 3 + r"\1" + '"' * 3,
        after_value=False,
    ),
    Spelling(
        "quotes of a word processor",
        "x = \u201ca b\u201d",
        'x = "a b"',
        '[\u201c\u201d\u201e]([^\u201c\u201d"\\n\\\\]*)[\u201c\u201d]',
        r'"\1"',
        after_value=False,
    ),
    Spelling(
        "single quotes of a word processor",
        "x = \u2018a b\u2019",
        'x = "a b"',
        '[\u2018\u2019]([^\u2018\u2019"\\n\\\\]*)[\u2018\u2019]',
        r'"\1"',
        after_value=False,
    ),
    Spelling("other prefixes of texts", 'x = b"a b"', 'x = "a b"', r"[bBuU](?=[\"'])", "", after_value=False),
    Spelling("capital prefixes of texts", 'x = R"a b"', 'x = r"a b"', r"R(?=[\"'])", "r", after_value=False),
    Spelling("capital f-strings", 'x = F"a b"', 'x = f"a b"', r"F(?=[\"'])", "f", after_value=False),
    Spelling("lines broken with a backslash", "x = 1 + \\\n 2", "x = 1 + 2", r"\\[ \t]*\n[ \t]*", " "),
)
"""All spellings; of two that fit one place the first counts."""

INSIDE: Final = tuple(spelling for spelling in SPELLINGS if not spelling.first)
"""Those that may stand within a statement."""


def _any(spellings: tuple[Spelling, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{spelling.regex})" for spelling in spellings))


ANY: Final = _any(SPELLINGS)
"""Matches where any of them may."""

ANY_INSIDE: Final = _any(INSIDE)
"""Matches within a statement where any of them may."""
