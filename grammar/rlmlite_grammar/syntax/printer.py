"""From the AST to text: the one canonical way to write a program.

For every program that the language can say, `parse(show(program)).program == program`. So brackets are written where
the tree needs them, and nowhere else: each kind of node binds with a certain tightness, each place asks for one, and a
node that binds less tightly than its place asks for is put in brackets.

    Binary("*", Binary("+", a, b), c)      (a + b) * c       `*` asks for 6 on its left, `+` binds with 5
    Binary("-", a, Binary("-", b, c))      a - (b - c)       the right side asks for one more than the left

Nothing is checked: what no text can say (a regex with a newline) comes out as text that does not parse.
A statement that could not be read comes out as a comment that says why.
"""

import json
import re
from typing import Final, TypeAlias, assert_never

from rlmlite_grammar.syntax.names import ALIASES, ARROW, F_STRING, LONGEST_NAME, METHOD, RANGE
from rlmlite_kernel.program import ast

# How tightly things bind; those of the operators are in `ast.OPERATORS`, in between.
_ANY: Final = 0
_NOT: Final = 3
_COMPARISON: Final = 4
_MINUS: Final = 7
_VALUE: Final = 8

_Reference: TypeAlias = ast.Rx | ast.Var | ast.Field | ast.Attr | ast.Index | ast.Slice
_Composite: TypeAlias = ast.ListOf | ast.Obj | ast.Call

_NAME: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{LONGEST_NAME - 1}}}")
_BARE_SLASH: Final = re.compile(r"(\\.)|/", re.DOTALL)
_NEEDS_ESCAPES: Final = re.compile(r'"""|[\\\x00-\x08\x0b-\x1f]|\A"|"\Z')


def show(program: ast.Program) -> str:
    """The program as text, one statement per line."""
    return "\n".join(map(_statement, program.body))


def show_expr(node: ast.Expr) -> str:
    """One expression as text."""
    return _expr(node)


def _statement(statement: ast.Statement) -> str:
    if isinstance(statement.value, ast.Unread):
        return f"# not read: {' '.join(statement.value.message.split())}"
    target = "" if statement.target is None else f"{statement.target} = "
    return target + _expr(statement.value)


def _expr(node: ast.Expr, least: int = _ANY) -> str:
    """The text of a node, in brackets when it binds less tightly than its place asks for."""
    tightness, text = _with_tightness(node)
    return text if tightness >= least else f"({text})"


def _with_tightness(node: ast.Expr) -> tuple[int, str]:
    match node:
        case ast.Unread(message=message):
            return _VALUE, _quote(f"not read: {message}")
        case ast.Alt(options=options):
            return _ANY, " | ".join(_expr(option, _ANY + 1) for option in options)
        case ast.Unary(op=op, of=of):
            return _unary(op, of)
        case ast.Binary(op=op, left=left, right=right):
            level = ast.OPERATORS[op]
            # Comparisons do not chain, so neither side may be one; all else groups to the left.
            least_on_left = level + 1 if level == _COMPARISON else level
            left_text = _expr(left, least_on_left)
            right_text = _expr(right, level + 1)
            return level, f"{left_text} {op} {right_text}"
        case ast.Lit(v=value):
            # A negative number was read as a minus and a number, so it binds as a minus does: `(-1).x`, `-1 + a`.
            text = _literal(value)
            tightness = _MINUS if text.startswith("-") else _VALUE
            return tightness, text
        case ast.ListOf() | ast.Obj() | ast.Call():
            return _VALUE, _composite(node)
        case _:
            return _VALUE, _reference(node)


def _unary(op: str, of: ast.Expr) -> tuple[int, str]:
    if op == "not":
        return _NOT, f"not {_expr(of, _NOT)}"
    is_number = isinstance(of, ast.Lit) and isinstance(of.v, int | float) and not isinstance(of.v, bool)
    # The minus of a number, as an operation: `-1` would be read as the number.
    if is_number:
        return _MINUS, f"-({_expr(of)})"
    return _MINUS, f"-{_expr(of, _MINUS)}"


def _reference(node: _Reference) -> str:
    match node:
        case ast.Rx(pattern=pattern, flags=flags):
            escaped = _BARE_SLASH.sub(_escape_slash, pattern)
            return f"/{escaped}/{flags}"
        case ast.Var(name=name):
            return name
        case ast.Field(name=name):
            return f".{name}"
        case ast.Attr(of=of, name=name):
            return f"{_expr(of, _VALUE)}.{name}"
        case ast.Index(of=of, at=at):
            return f"{_expr(of, _VALUE)}[{_expr(at)}]"
        case ast.Slice(of=of, lo=low, hi=high):
            bounds = ":".join("" if bound is None else _expr(bound) for bound in (low, high))
            return f"{_expr(of, _VALUE)}[{bounds}]"
        case _:
            assert_never(node)


def _composite(node: _Composite) -> str:
    match node:
        case ast.ListOf(items=items):
            return f"[{', '.join(map(_expr, items))}]"
        case ast.Obj(pairs=pairs):
            return f"{{{', '.join(map(_pair, pairs))}}}"
        case ast.Call(name=name, args=args, named=named):
            arguments = [_expr(argument) for argument in args]
            arguments += [f"{item.name}={_expr(item.value)}" for item in named]
            if name == RANGE and len(args) == 2:
                return ":".join("" if bound == ast.Lit(None) else _expr(bound) for bound in args)
            if name == ARROW and len(args) == 2:
                return f"{args[0].v if isinstance(args[0], ast.Lit) else _expr(args[0])} => {arguments[1]}"
            if name == F_STRING and len(args) == 1 and isinstance(args[0], ast.Lit):
                return f"f{_expr(args[0])}"
            if name.startswith(METHOD) and args:
                return f"{_expr(args[0], _VALUE)}{name}({', '.join(arguments[1:])})"
            # A tree made by hand may hold an alias; read back, it would have the one name.
            action = ALIASES.get(name, name)
            return f"{action}({', '.join(arguments)})"
        case _:
            assert_never(node)


def _pair(pair: ast.Pair) -> str:
    key = pair.key if _NAME.fullmatch(pair.key) else _quote(pair.key)
    mark = "?" if pair.optional else ""
    return f"{key}{mark}: {_expr(pair.value)}"


def _escape_slash(match: re.Match[str]) -> str:
    # An escape that the pattern has already stays as it is, `\/` among them.
    return match[1] or "\\/"


def _literal(value: ast.Scalar) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    # Python's shortest form of a float that reads back as the same one.
    return repr(value)


def _string(value: str) -> str:
    # Several lines are printed as several lines where nothing in them needs an escape.
    if "\n" in value and not _NEEDS_ESCAPES.search(value):
        return f'"""{value}"""'
    return _quote(value)


def _quote(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
