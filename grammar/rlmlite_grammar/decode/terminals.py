r"""The terminals of decode grammars: bounded, and in the subset of regular expressions that all decoders share.

No look-around, no lazy quantifiers, no priorities. A decoder takes the longest text that fits a terminal and never goes
back, so no terminal may go on with what could also begin the next one. Two rules of the kernel are kept here:

- a `/regex/` is one that RE2 takes: known escapes, ordered ranges, counts that do not unfold beyond its memory;
- a placeholder of a template is a name; every other brace is one that cannot be read as a placeholder.
"""

from typing import Final

# Characters of texts. Each class is spelled out without what begins the next alternative, so that a decoder never has
# two ways to go on.
_PLAIN: Final = r"""[^"\\\x00-\x1f]|\\["\\\/bfnrt]|\\u00[01][0-9a-f]"""
_LINES: Final = r"""[^"\\\x00-\x08\x0b-\x1f]"""
_NO_HOLE: Final = r"""\{[A-Za-z_][A-Za-z0-9_]{0,63}[^A-Za-z0-9_.}"\\{\x00-\x1f]"""  # {"a": 1} and {a: 1}, but not {a}
_CHAR: Final = rf"""[^"\\{{\x00-\x1f]|\\["\\\/bfnrt]|\{{([^"\\{{A-Za-z_\x00-\x1f]|\\["\\\/bfnrt])|{_NO_HOLE}"""
_CHAR_OF_LINES: Final = (
    r"""[^"\\{\x00-\x08\x0b-\x1f]|\{("{1,2}[^"\\{\x00-\x08\x0b-\x1f]|[^"\\{A-Za-z_\x00-\x08\x0b-\x1f])|""" + _NO_HOLE
)
_ESCAPE: Final = r"\\[dwsDWSnt.\/()\[\]{}+*?|^$\\\-]"
_IN_CLASS: Final = r"""[^\\\[\]\/^\x00-\x1f-]|a-z|A-Z|0-9|a-f|A-F|\\[dwsDWSnt.\/()\[\]{}+*?|^$\\\-]"""
_COUNT: Final = r"[0-9]|[1-4][0-9]"
_RANGE: Final = r"0,[1-9]|1,[2-9]|[2-3],[4-9]|[0-9],[1-4][0-9]"

RX_TEXT: Final = r'"^"? RX_BODY ("|" "^"? RX_BODY)~0..8 "$"?'
"""What stands between the slashes of a regular expression."""

# Every repetition is bounded: decoders compile terminals to automata, and an open end lets a model that has lost the
# thread write one text until its tokens are gone. The bounds are far above what programs need.
TERMINALS: Final = {
    "KEY": r"/[A-Za-z_][A-Za-z0-9_]{0,63}/",
    "INT0": r"/0|[1-9][0-9]{0,14}/",
    **{f"INT{least}": rf"/[{least}-9]|[1-9][0-9]{{1,14}}/" for least in range(1, 10)},
    "NUM": r"/(0|[1-9][0-9]{0,39})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?/",
    "STR": rf'/"({_PLAIN}){{0,1000}}"|"""({_LINES}|"{{1,2}}{_LINES}){{0,2000}}"""/',
    "TEXT": rf'/"({_PLAIN}){{1,1000}}"|"""({_LINES}|"{{1,2}}{_LINES}){{1,2000}}"""/',
    "COMPARE": r"/ (==|!=|<=|>=|<|>|in|not in|contains|not contains) /",
    "MATCHES": r"/ (not )?matches /",
    "MATH": r"/ [+*%-] /",
    "JOIN": r"/ (and|or) /",
    "FOLD": r"/(FOLDS)\(/",
    "CHAR": rf"/{_CHAR}/",
    "CHARS": rf"/{_CHAR_OF_LINES}/",
    "QUOTES": r'/"{1,2}/',
    "PATH": r"/(\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,3}/",
    "FIELD": r'"{" /[A-Za-z_][A-Za-z0-9_]{0,63}/ PATH "}"',
    "BRACED": r'"{" FIELD "}"',
    "RX_ATOM": rf"/{_ESCAPE}|\.|[^\\\/\[\](){{}}*+?|^$.\x00-\x1f]|\[\^?-?({_IN_CLASS}){{1,40}}-?\]/",
    "RX_ITEM": rf"RX_ATOM /([*+?]|\{{({_COUNT}),?\}}|\{{({_RANGE})\}})?\??/ | /\\b/",
    "RX_OPEN": r"/\((\?:|\?<[a-z][a-z0-9_]{0,31}>)?/",
    "RX_SOME": r'RX_ITEM~1..40 ("|" RX_ITEM~1..40)~0..8',
    "RX_INNER": r"RX_OPEN RX_SOME /\)[*+?]?/",
    "RX_MORE": r'(RX_ITEM | RX_INNER)~1..40 ("|" (RX_ITEM | RX_INNER)~1..40)~0..8',
    "RX_OUTER": r"RX_OPEN RX_MORE /\)[*+?]?/",
    "RX_BODY": r"(RX_ITEM | RX_OUTER)~1..120",
    "RX": rf'"/" {RX_TEXT} /\/i?m?s?/',
}
"""Terminals with their definitions. `FOLDS` stands for the names of the folds that the kernel has."""

TEMPLATE: Final = (
    r'"\"" (CHAR | BRACED | {hole})~0..1000 "\""'
    r' | "\"\"\"" (QUOTES? (CHARS | BRACED | {hole}))~0..2000 "\"\"\""'
)
"""A template whose placeholders are `hole`s, on one line or several."""

TEMPLATE_WITH_A_HOLE: Final = (
    r'"\"" (CHAR | BRACED)~0..500 {hole} (CHAR | BRACED | {hole})~0..500 "\""'
    r' | "\"\"\"" (QUOTES? (CHARS | BRACED))~0..1000 QUOTES? {hole}'
    r' (QUOTES? (CHARS | BRACED | {hole}))~0..1000 "\"\"\""'
)
"""The same with at least one placeholder."""
