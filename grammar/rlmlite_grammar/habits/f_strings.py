"""Texts of Python with expressions in them, f"…": in a prompt the placeholders that they look like, elsewhere a sum.

    sub_lm(f"Is {x} late?")              sub_lm("Is {x} late?")                prompts fill in names by themselves
    final(f"{count(hits)} errors")       final(str(count(hits)) + " errors")
    sub_lm(f"Is {hits[0].text} late?")   sub_lm("Is " + str(hits[0].text) + " late?")

Places that `"{} of {}".format(a, b)` and `"%d hits" % n` fill are such a sum too.

What a prompt shows of each row or chunk has to be a plain name there, and numbers have no formats: those are refused.
"""

import functools
import re
from collections.abc import Mapping
from typing import Final

from rlmlite_grammar.diagnosis.scan import lexemes
from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_grammar.spelling.holes import Body, split_body
from rlmlite_grammar.spelling.respelling import respell
from rlmlite_grammar.syntax.names import F_STRING, METHOD
from rlmlite_grammar.syntax.reader import read
from rlmlite_kernel.program.ast import Binary, Call, Expr, ListOf, Lit, Parsed, Unread

_HOLE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_PATH: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_INSIDE: Final = "x = "


def read_f_string(node: Expr, place: Place) -> Rewrite | Unread | None:
    """The text as a template or a sum, or why it is neither."""
    if not isinstance(node, Call) or node.name != F_STRING or F_STRING in place.table or len(node.args) != 1:
        return None
    text = node.args[0]
    if not isinstance(text, Lit) or not isinstance(text.v, str):
        return None
    body = split_body(text.v)
    if body is None:
        # Not Python, but a prompt with braces that are text, as in an example of JSON.
        holes = [match[1] for match in _HOLE.finditer(text.v) if match[1] is not None]
    else:
        holes = [text.v[part.start : part.stop] for part in body.parts if part.is_hole]
    if not holes:
        return Rewrite(Lit(_without_doubles(text.v)), 'f"..."', '"..."')
    param = place.param
    is_template = param is not None and param.kind == "template"
    if is_template and all(map(_PATH.fullmatch, holes)):
        return Rewrite(text, 'f"..."', '"..."')
    if param is not None and param.kind == "template" and param.holes != "variables":
        hint = "a prompt shows names: assign the value to x before and write {x}; fields of the row are {text}, {line}"
        return Unread("template", f"`{{{_clip(holes)}}}` is no name", hint)
    if body is None:
        hint = "each brace opens or closes an expression; one that is text is doubled: {{ and }}"
        return Unread("syntax", "a text with expressions has a brace that belongs to none", hint)
    return _read_sum(text.v, body)


def _read_sum(text: str, body: Body) -> Rewrite | Unread:
    parts: list[Expr] = []
    for part in body.parts:
        piece = text[part.start : part.stop]
        if part.is_hole:
            value = _value(piece)
            if isinstance(value, Unread):
                return value
            parts.append(Call("str", (value,)))
        elif piece:
            parts.append(Lit(_without_doubles(piece)))
    return Rewrite(functools.reduce(_plus, parts), 'f"...{x}"', '"..." + str(x)')


def _without_doubles(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


_PLACE: Final = re.compile(r"\{\{|\}\}|\{(\w*)\}|%%|%[sd]")
"""A place to fill of `.format` or of `%`, or a brace or sign that is doubled."""


def read_format(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A text with places to fill, as a sum; one with a format, or with other places than values, has its sentence."""
    match node:
        case Call(name=name, args=(Lit(v=str() as text), *values), named=named) if name == f"{METHOD}format":
            total = _fill(text, tuple(values), {item.name: item.value for item in named}, "{")
            return None if total is None else Rewrite(total, '"{}".format(x)', 'str(x) + "..."')
        case Binary(op="%", left=Lit(v=str() as text), right=right) if not isinstance(right, ListOf):
            total = _fill(text, (right,), {}, "%")
            return None if total is None else Rewrite(total, '"%s" % x', 'str(x) + "..."')
    return None


def _fill(text: str, values: tuple[Expr, ...], named: Mapping[str, Expr], sign: str) -> Expr | None:
    """The text with its places filled; none if a place has no value, or a value no place."""
    parts: list[Expr] = []
    last, literal, number = 0, "", 0
    used: set[str] = set()
    for match in _PLACE.finditer(text):
        written = match[0]
        literal += text[last : match.start()]
        last = match.end()
        if not written.startswith(sign) and not (sign == "{" and written == "}}"):
            literal += written
        elif len(written) == 2 and written[0] == written[1]:
            literal += written[0]
        else:
            key = match[1] or str(number)
            value = named.get(key, values[int(key)] if key.isdigit() and int(key) < len(values) else None)
            if value is None:
                return None
            number += 1
            used.add(key)
            parts += (Lit(literal), Call("str", (value,)))
            literal = ""
    rest = literal + text[last:]
    # A sign that stands between the places begins one that is not read here, such as `{:.2f}`.
    if len(used) != len(values) + len(named) or sign in _PLACE.sub("", text):
        return None
    return functools.reduce(_plus, (part for part in (*parts, Lit(rest)) if part != Lit("")))


def _plus(left: Expr, right: Expr) -> Expr:
    return Binary("+", left, right)


def _value(hole: str) -> Expr | Unread:
    """The expression between braces."""
    stop = _end_of_expression(hole)
    expression, form = hole[:stop], hole[stop:]
    if ":" in form:
        form = form[form.index(":") :]
        hint = f"there are no formats such as `{form}`; `str(round(x, 2))` has two decimals"
        return Unread("type", f"`{{{hole[:40]}}}` has a format", hint)
    text = f"{_INSIDE}{expression}"
    reading = read(text)
    if not isinstance(reading, Parsed):
        spelled = respell(text)
        reading = reading if spelled is None else read(spelled.text)
    if isinstance(reading, Parsed) and len(reading.program.body) == 1:
        return reading.program.body[0].value
    return Unread("syntax", f"`{{{hole[:40]}}}` is no expression", 'join texts and values with +: "n is " + str(n)')


def _end_of_expression(hole: str) -> int:
    """Where the expression ends and its format begins: `x` of `x:.2f`, `x!r` and `x=`; a slice stands in brackets."""
    depth, stop = 0, len(hole.rstrip().removesuffix("="))
    for lexeme in lexemes(hole):
        if lexeme.kind == "bracket":
            depth += 1 if lexeme.text in "([{" else -1
        elif not depth and lexeme.kind == "sign" and lexeme.text[0] in ":!" and lexeme.text != "!=":
            return lexeme.start
    return stop


def _clip(holes: list[str]) -> str:
    return next(hole for hole in holes if not _PATH.fullmatch(hole))[:40]
