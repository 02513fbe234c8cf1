"""From the grammar's rules to the AST: one small function for each rule, called as the parser goes.

Each returns a `Piece`: a node with its positions. What the grammar cannot say is refused here:
reserved words, keys and arguments written twice, arguments out of order, expressions that are too deep.
"""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec
from lark import Token, Transformer, v_args

from rlmlite_grammar.syntax import literals
from rlmlite_grammar.syntax.layout import DEEPEST, refuse_depth
from rlmlite_grammar.syntax.names import ALIASES, CONSTANTS, checked_key, checked_name
from rlmlite_grammar.syntax.refusal import refuse
from rlmlite_kernel.program import ast

At: TypeAlias = tuple[int, ...]
"""Offsets of nodes, in the order of `ast.walk`."""


class Piece(msgspec.Struct, gc=False):
    """An expression as read so far; `digits` when it is a number just as written: a `-` makes it negative."""

    node: ast.Expr
    at: At
    depth: int = 1
    digits: bool = False


class NamedPiece(msgspec.Struct, gc=False):
    """One `name=value` of a call, or one `key: value` of an object, and where its name is."""

    name: str
    value: Piece
    offset: int
    optional: bool = False


class Body(msgspec.Struct, gc=False):
    """A statement, or all of them, with their positions; `starts` has those of the statements alone."""

    statements: tuple[ast.Statement, ...]
    at: At
    starts: At


@v_args(inline=True)
class Builder(Transformer[Token, Body]):
    """The functions, named as the rules and aliases of `actions.lark`. Holds no state."""

    def start(self, *bodies: Body) -> Body:
        """All statements."""
        starts = tuple(body.starts[0] for body in bodies)
        return Body(tuple(body.statements[0] for body in bodies), _joined(body.at for body in bodies), starts)

    def assign(self, name: Token, value: Piece) -> Body:
        """`name = value`."""
        offset = _offset(name)
        statement = ast.Statement(value.node, checked_name(str(name), offset))
        return Body((statement,), (offset, *value.at), (offset,))

    def alone(self, call: Piece) -> Body:
        """A call as a statement."""
        return Body((ast.Statement(call.node),), (call.at[0], *call.at), (call.at[0],))

    def arguments(self, *given: Piece | NamedPiece) -> tuple[Piece | NamedPiece, ...]:
        """The arguments of a call, in the order written."""
        return given

    def named(self, name: Token, value: Piece) -> NamedPiece:
        """`name=value` in a call."""
        return NamedPiece(checked_name(str(name), _offset(name)), value, _offset(name))

    def call(self, name: Token, given: tuple[Piece | NamedPiece, ...] = ()) -> Piece:
        """`name(…)`; an alias becomes the one name."""
        offset = _offset(name)
        action = checked_name(str(name), offset)
        plain, named = _sorted_out(given)
        node = ast.Call(
            ALIASES.get(action, action),
            tuple([piece.node for piece in plain]),
            tuple([ast.Named(item.name, item.value.node) for item in named]),
        )
        return _outer(node, offset, [*plain, *(item.value for item in named)])

    def alternatives(self, *options: Piece) -> Piece:
        """`a | b | c`."""
        return _outer(ast.Alt(tuple(option.node for option in options)), options[0].at[0], options)

    def binary(self, left: Piece, *rest: Token | Piece) -> Piece:
        """`left operator right`, where the operator is one word or two."""
        operator = " ".join(word for word in rest if isinstance(word, Token))
        right = rest[-1]
        assert isinstance(right, Piece)
        return _outer(ast.Binary(operator, left.node, right.node), left.at[0], (left, right))

    def unary(self, sign: Token, of: Piece) -> Piece:
        """`not x`, `-x`; `-1` is a number."""
        offset = _offset(sign)
        if sign == "-" and of.digits and isinstance(of.node, ast.Lit) and isinstance(of.node.v, int | float):
            return Piece(ast.Lit(-of.node.v), (offset,))
        return _outer(ast.Unary(str(sign), of.node), offset, (of,))

    def name(self, name: Token) -> Piece:
        """A variable, or `true false null`."""
        word = str(name)
        if word in CONSTANTS:
            return Piece(ast.Lit(CONSTANTS[word]), (_offset(name),))
        return Piece(ast.Var(checked_name(word, _offset(name))), (_offset(name),))

    def field(self, dot: Token, name: Token) -> Piece:
        """`.name`."""
        return Piece(ast.Field(checked_key(str(name), _offset(name))), (_offset(dot),))

    def number(self, digits: Token) -> Piece:
        """A number without a sign."""
        value = literals.number(str(digits), _offset(digits))
        return Piece(ast.Lit(value), (_offset(digits),), digits=True)

    def string(self, literal: Token) -> Piece:
        """A text."""
        return Piece(ast.Lit(literals.string(str(literal), _offset(literal))), (_offset(literal),))

    def regex(self, literal: Token) -> Piece:
        """A regular expression."""
        return Piece(ast.Rx(*literals.regex(str(literal), _offset(literal))), (_offset(literal),))

    def list(self, bracket: Token, *items: Piece) -> Piece:
        """`[a, b]`."""
        return _outer(ast.ListOf(tuple(item.node for item in items)), _offset(bracket), items)

    def object(self, brace: Token, *pairs: NamedPiece) -> Piece:
        """`{key: value}`."""
        _refuse_repeats(pairs, "key")
        node = ast.Obj(tuple(ast.Pair(pair.name, pair.value.node, pair.optional) for pair in pairs))
        return _outer(node, _offset(brace), [pair.value for pair in pairs])

    def pair(self, key: Token, value: Piece) -> NamedPiece:
        """`key: value`."""
        return NamedPiece(_key(key), value, _offset(key))

    def optional_pair(self, key: Token, value: Piece) -> NamedPiece:
        """`key?: type`."""
        return NamedPiece(_key(key), value, _offset(key), optional=True)

    def inner(self, inside: Piece) -> Piece:
        """`(…)`, which leaves no node."""
        return Piece(inside.node, inside.at, inside.depth)

    def attribute(self, of: Piece, name: Token) -> Piece:
        """`of.name`."""
        return _outer(ast.Attr(of.node, checked_key(str(name), _offset(name))), of.at[0], (of,))

    def index(self, of: Piece, at: Piece) -> Piece:
        """`of[at]`."""
        return _outer(ast.Index(of.node, at.node), of.at[0], (of, at))

    def slice(self, of: Piece, low: Piece | None, high: Piece | None) -> Piece:
        """`of[low:high]`."""
        node = ast.Slice(of.node, low.node if low else None, high.node if high else None)
        return _outer(node, of.at[0], [piece for piece in (of, low, high) if piece is not None])


def _offset(token: Token) -> int:
    return token.start_pos or 0


def _key(token: Token) -> str:
    offset = _offset(token)
    return literals.string(str(token), offset) if token.type == "STRING" else checked_key(str(token), offset)


def _joined(parts: Iterable[At]) -> At:
    return tuple([offset for part in parts for offset in part])


def _outer(node: ast.Expr, offset: int, inside: Iterable[Piece]) -> Piece:
    """`node` around the pieces inside it, at most `DEEPEST` deep: recursive readers rely on that."""
    at = [offset]
    depth = 0
    for piece in inside:
        at += piece.at
        depth = max(depth, piece.depth)
    if depth >= DEEPEST:
        refuse_depth(offset)
    return Piece(node, tuple(at), depth + 1)


def _sorted_out(given: tuple[Piece | NamedPiece, ...]) -> tuple[list[Piece], list[NamedPiece]]:
    plain: list[Piece] = []
    named: list[NamedPiece] = []
    for argument in given:
        if isinstance(argument, NamedPiece):
            named.append(argument)
        elif named:
            hint = f"give it a name too, or move it before `{named[0].name}=`"
            refuse("order", "an argument without a name stands after one with a name", argument.at[0], hint)
        else:
            plain.append(argument)
    if len(named) > 1:
        _refuse_repeats(named, "argument")
    return plain, named


def _refuse_repeats(items: Iterable[NamedPiece], what: str) -> None:
    seen: set[str] = set()
    for item in items:
        if item.name in seen:
            refuse("duplicate", f"the {what} `{item.name[:40]}` is given twice", item.offset)
        seen.add(item.name)
