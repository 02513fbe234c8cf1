"""Texts of Python with expressions in them, f"…": in a prompt the placeholders that they look like, elsewhere a sum.

    sub_lm(f"Is {x} late?")              sub_lm("Is {x} late?")                prompts fill in names by themselves
    final(f"{count(hits)} errors")       final(str(count(hits)) + " errors")
    sub_lm(f"Is {hits[0].text} late?")   sub_lm("Is " + str(hits[0].text) + " late?")

What a prompt shows of each row or chunk has to be a plain name there, and numbers have no formats: those are refused.
"""

import functools
import re
from typing import Final

from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_grammar.syntax.names import F_STRING
from rlmlite_grammar.syntax.reader import read
from rlmlite_kernel.program.ast import Binary, Call, Expr, Lit, Parsed, Unread

_HOLE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_PATH: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_FORMAT: Final = re.compile(r"(![rsa])?(:[^\]\"']*)?=?\s*\Z")
_INSIDE: Final = "x = "


def read_f_string(node: Expr, place: Place) -> Rewrite | Unread | None:
    """The text as a template or a sum, or why it is neither."""
    if not isinstance(node, Call) or node.name != F_STRING or F_STRING in place.table or len(node.args) != 1:
        return None
    text = node.args[0]
    if not isinstance(text, Lit) or not isinstance(text.v, str):
        return None
    holes = [match[1] for match in _HOLE.finditer(text.v) if match[1] is not None]
    if not holes:
        return Rewrite(Lit(text.v.replace("{{", "{").replace("}}", "}")), 'f"..."', '"..."')
    param = place.param
    is_template = param is not None and param.kind == "template"
    if is_template and all(map(_PATH.fullmatch, holes)):
        return Rewrite(text, 'f"..."', '"..."')
    if param is not None and param.kind == "template" and param.holes != "variables":
        hint = "a prompt shows names: assign the value to x before and write {x}; fields of the row are {text}, {line}"
        return Unread("template", f"`{{{_clip(holes)}}}` is no name", hint)
    return _read_sum(text.v)


def _read_sum(text: str) -> Rewrite | Unread:
    parts: list[Expr] = []
    last = 0
    literal = ""
    for match in _HOLE.finditer(text):
        literal += text[last : match.start()]
        last = match.end()
        if match[1] is None:
            literal += match[0][0]
            continue
        value = _value(match[1])
        if isinstance(value, Unread):
            return value
        parts += (Lit(literal), Call("str", (value,)))
        literal = ""
    parts.append(Lit(literal + text[last:]))
    total = functools.reduce(_plus, (part for part in parts if part != Lit("")))
    return Rewrite(total, 'f"...{x}"', '"..." + str(x)')


def _plus(left: Expr, right: Expr) -> Expr:
    return Binary("+", left, right)


def _value(hole: str) -> Expr | Unread:
    """The expression between braces."""
    cut = _FORMAT.search(hole)
    expression = hole[: cut.start()] if cut else hole
    if cut and cut[2]:
        hint = f"there are no formats such as `{cut[2]}`; `str(round(x, 2))` has two decimals"
        return Unread("type", f"`{{{hole[:40]}}}` has a format", hint)
    reading = read(f"{_INSIDE}{expression}")
    if isinstance(reading, Parsed) and len(reading.program.body) == 1:
        return reading.program.body[0].value
    return Unread("syntax", f"`{{{hole[:40]}}}` is no expression", 'join texts and values with +: "n is " + str(n)')


def _clip(holes: list[str]) -> str:
    return next(hole for hole in holes if not _PATH.fullmatch(hole))[:40]
