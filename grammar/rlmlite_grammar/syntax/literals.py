"""What literals mean: a number, text or regex as written to its value. The way back is `printer`.

    "a\\tb"          a, tab, b           as in Python and JSON
    "\\d+"           backslash, d, +     an unknown escape keeps its backslash, for regexes in quotes
    r"C:\\new"       as it stands        raw: no escapes at all
    "\\ud83d\\ude00" one character       JSON writes characters beyond U+FFFF as two halves
    /a\\/b/i         pattern a/b, flag i only `\\/` is unescaped; RE2 reads the rest

Nothing is guessed: an escape that Python would refuse is refused here, and so is half a character.
"""

import math
import re
from typing import Final

from rlmlite_grammar.syntax.refusal import refuse

LONGEST_INTEGER: Final = 1_000
"""Digits of an integer. Python takes quadratic time to read more."""

_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[\s\S])")
_SIMPLE: Final = {
    **{"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0"},
    **{"\n": "", '"': '"', "'": "'", "\\": "\\", "/": "/"},
}
_REGEX_ESCAPE: Final = re.compile(r"\\(.)")
_FLAGS: Final = frozenset("ims")


def number(digits: str, offset: int) -> int | float:
    """The value of a number without its sign: an integer of up to 1,000 digits, or a finite binary64."""
    if digits.isdigit():
        if len(digits) > LONGEST_INTEGER:
            refuse(
                "number",
                f"an integer may have at most {LONGEST_INTEGER:,} digits; this one has {len(digits):,}",
                offset,
            )
        return int(digits)
    value = float(digits)
    if math.isinf(value):
        refuse("number", f"the number {digits[:20]} is too large", offset, "decimal numbers go up to about 1.8e308")
    return value


def prefix(literal: str) -> str:
    """The letters before the quotes of a string literal: `r`, `f`, both, or none."""
    return literal[: len(literal) - len(literal.lstrip("rf"))]


def string(literal: str, offset: int) -> str:
    """The text that a string literal stands for."""
    letters = prefix(literal)
    before = len(letters)
    quotes = 3 if literal.startswith('"""', before) else 1
    inside = literal[before + quotes : -quotes]
    if "r" in letters or "\\" not in inside:
        return inside
    # Where `inside` begins in the program.
    start = offset + before + quotes
    value = _ESCAPE.sub(lambda match: _unescape(match, start), inside)
    return _join_surrogates(value, offset)


def _unescape(match: re.Match[str], start: int) -> str:
    letter = match[1]
    place = start + match.start()
    # `u00e9`, `x41`: the pattern took its digits too.
    if len(letter) > 1:
        return _code_point(int(letter[1:], 16), place)
    if letter in ("u", "U", "x"):
        refuse("escape", f"`\\{letter}` needs hexadecimal digits", place, r'write `\\` for a backslash, or r"…"')
    # An unknown escape keeps its backslash, as in Python: "\d+" is what it looks like.
    return _SIMPLE.get(letter, match[0])


def _code_point(number: int, place: int) -> str:
    if number > 0x10FFFF:
        refuse("escape", "there is no character with this number; the highest is 10FFFF", place)
    return chr(number)


def _join_surrogates(value: str, offset: int) -> str:
    """JSON writes characters beyond U+FFFF as two escapes; half of one is not text."""
    if not re.search("[\ud800-\udfff]", value):
        return value
    # UTF-16 is where the halves come from: written as such, two that belong together are read as one character.
    try:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        refuse("escape", "half of a surrogate pair is not a character", offset, r"write both halves: \ud83d\ude00")


def regex(literal: str, offset: int) -> tuple[str, str]:
    r"""The pattern and the sorted flags of `/pattern/flags`. Only `\/` is unescaped; RE2 reads the rest."""
    # The last one: flags are letters, and a `/` inside the pattern stands before it.
    end = literal.rindex("/")
    flags = literal[end + 1 :]
    for place, flag in enumerate(flags, offset + end + 1):
        if flag not in _FLAGS:
            refuse(
                "regex",
                f"a regex has no flag `{flag}`",
                place,
                "the flags are i, m and s; ^ and $ always match at line ends",
            )
    # Escapes are matched two characters at a time: in `\\\/` the first two are a backslash, the others a slash.
    written = literal[1:end]
    pattern = _REGEX_ESCAPE.sub(lambda match: "/" if match[1] == "/" else match[0], written)
    # One spelling for `/a/mi`, `/a/im` and `/a/iim`: programs that mean the same are equal.
    canonical_flags = "".join(sorted(set(flags)))
    return pattern, canonical_flags
