"""From the grammar's rules to the AST: one small method for each rule, called by lark as it reduces that rule.

No parse tree is built in between; nothing else needs one. A method gets what the methods for its parts returned, and
returns a `Subtree`: the node, and the offsets of it and of all nodes below, in the order in which `ast.walk` visits
them. So messages can point at any node, and the nodes themselves stay free of positions: two programs that differ only
in layout are equal.

    n + 1  at offset 4     Subtree(Binary("+", Var("n"), Lit(1)), at=(4, 4, 8), depth=2)

What a grammar cannot say is refused here: reserved words, keys and arguments given twice, arguments out of order,
expressions that are too deep.
"""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec
from lark import Token, Transformer, v_args

from rlmlite_grammar.syntax import literals
from rlmlite_grammar.syntax.layout import DEEPEST, refuse_depth
from rlmlite_grammar.syntax.names import ALIASES, ARROW, CONSTANTS, F_STRING, METHOD, RANGE, check_key, check_name
from rlmlite_grammar.syntax.refusal import refuse
from rlmlite_kernel.program import ast

At: TypeAlias = tuple[int, ...]
"""Offsets of nodes, in the order of `ast.walk`."""


class Subtree(msgspec.Struct, gc=False):
    """An expression as read so far. `digits`: it is a number as written, which a `-` before it makes negative."""

    node: ast.Expr
    at: At
    depth: int = 1
    digits: bool = False


class NamedSubtree(msgspec.Struct, gc=False):
    """One `name=value` of a call, or one `key: value` of an object; `offset` is that of its name."""

    name: str
    value: Subtree
    offset: int
    optional: bool = False


class Body(msgspec.Struct, gc=False):
    """One statement, or all of them, with the offsets of their nodes; `starts` has those of the statements alone."""

    statements: tuple[ast.Statement, ...]
    at: At
    starts: At


@v_args(inline=True)
class Builder(Transformer[Token, Body]):
    """The methods have the names of the rules and aliases in `actions.lark`. Holds no state."""

    def start(self, *bodies: Body) -> Body:
        """All statements."""
        # Each of `bodies` is one statement, from `assign` or `alone`.
        statements = tuple(body.statements[0] for body in bodies)
        starts = tuple(body.starts[0] for body in bodies)
        return Body(statements, _concatenate(body.at for body in bodies), starts)

    def assign(self, name: Token, value: Subtree) -> Body:
        """`name = value`."""
        offset = _offset(name)
        target = check_name(str(name), offset)
        statement = ast.Statement(value.node, target)
        return Body((statement,), (offset, *value.at), (offset,))

    def alone(self, call: Subtree) -> Body:
        """A call as a statement."""
        # The statement and its call begin at the same place, and each has an offset of its own.
        offset = call.at[0]
        return Body((ast.Statement(call.node),), (offset, *call.at), (offset,))

    def arguments(self, *arguments: Subtree | NamedSubtree) -> tuple[Subtree | NamedSubtree, ...]:
        """The arguments of a call, in the order written."""
        return arguments

    def named(self, name: Token, value: Subtree) -> NamedSubtree:
        """`name=value` in a call."""
        offset = _offset(name)
        return NamedSubtree(check_name(str(name), offset), value, offset)

    def call(self, name: Token, arguments: tuple[Subtree | NamedSubtree, ...] = ()) -> Subtree:
        """`name(…)`; an alias becomes the one name."""
        offset = _offset(name)
        action = check_name(str(name), offset)
        plain, named = _sort_arguments(arguments)
        # Lists rather than generators: this runs for every call of every program.
        plain_nodes = tuple([argument.node for argument in plain])
        named_nodes = tuple([ast.Named(argument.name, argument.value.node) for argument in named])
        node = ast.Call(ALIASES.get(action, action), plain_nodes, named_nodes)
        parts = [*plain, *(argument.value for argument in named)]
        return _enclose(node, offset, parts)

    def method(self, of: Subtree, name: Token, arguments: tuple[Subtree | NamedSubtree, ...] = ()) -> Subtree:
        """`of.name(…)`."""
        called = self.call(name, arguments)
        assert isinstance(called.node, ast.Call)
        node = ast.Call(
            f"{METHOD}{check_key(str(name), _offset(name))}", (of.node, *called.node.args), called.node.named
        )
        # The receiver comes before the arguments; the call itself stands where its name does.
        inside = Subtree(called.node, called.at[1:], called.depth - 1)
        return _enclose(node, _offset(name), (of, inside))

    def arrow(self, name: Token, body: Subtree) -> Subtree:
        """`name => body`."""
        offset = _offset(name)
        parameter = Subtree(ast.Lit(check_name(str(name), offset)), (offset,))
        return _enclose(ast.Call(ARROW, (parameter.node, body.node)), offset, (parameter, body))

    def range_from(self, low: Subtree, high: Subtree | None) -> Subtree:
        """`low:high` as an argument."""
        return _range(low, high, low.at[0])

    def range_to(self, high: Subtree) -> Subtree:
        """`:high` as an argument."""
        return _range(None, high, high.at[0])

    def alternatives(self, *options: Subtree) -> Subtree:
        """`a | b | c`."""
        node = ast.Alt(tuple(option.node for option in options))
        return _enclose(node, options[0].at[0], options)

    def binary(self, left: Subtree, *rest: Token | Subtree) -> Subtree:
        """`left operator right`, where the operator is one word or two."""
        operator = " ".join(word for word in rest if isinstance(word, Token))
        right = rest[-1]
        assert isinstance(right, Subtree)
        node = ast.Binary(operator, left.node, right.node)
        # An operation begins where its left side does, not at its sign.
        return _enclose(node, left.at[0], (left, right))

    def unary(self, sign: Token, of: Subtree) -> Subtree:
        """`not x`, `-x`; `-1` is a number."""
        offset = _offset(sign)
        # The grammar has no negative numbers, or `a -1` would be two values. `-(1)` stays an operation, as written.
        # `of.digits` alone decides; the rest tells the type checker what it implies.
        if sign == "-" and of.digits and isinstance(of.node, ast.Lit) and isinstance(of.node.v, int | float):
            return Subtree(ast.Lit(-of.node.v), (offset,))
        return _enclose(ast.Unary(str(sign), of.node), offset, (of,))

    def name(self, name: Token) -> Subtree:
        """A variable, or `true false null`."""
        word = str(name)
        offset = _offset(name)
        if word in CONSTANTS:
            return Subtree(ast.Lit(CONSTANTS[word]), (offset,))
        return Subtree(ast.Var(check_name(word, offset)), (offset,))

    def field(self, dot: Token, name: Token) -> Subtree:
        """`.name`."""
        # A key and not a name: `.in` is unambiguous after its dot, and data has such fields.
        key = check_key(str(name), _offset(name))
        return Subtree(ast.Field(key), (_offset(dot),))

    def number(self, digits: Token) -> Subtree:
        """A number without a sign."""
        offset = _offset(digits)
        value = literals.number(str(digits), offset)
        return Subtree(ast.Lit(value), (offset,), digits=True)

    def string(self, literal: Token) -> Subtree:
        """A text."""
        offset = _offset(literal)
        value = Subtree(ast.Lit(literals.string(str(literal), offset)), (offset,))
        is_python_s = "f" in literals.prefix(str(literal))
        return _enclose(ast.Call(F_STRING, (value.node,)), offset, (value,)) if is_python_s else value

    def regex(self, literal: Token) -> Subtree:
        """A regular expression."""
        offset = _offset(literal)
        pattern, flags = literals.regex(str(literal), offset)
        return Subtree(ast.Rx(pattern, flags), (offset,))

    def list(self, bracket: Token, *items: Subtree) -> Subtree:
        """`[a, b]`."""
        node = ast.ListOf(tuple(item.node for item in items))
        return _enclose(node, _offset(bracket), items)

    def object(self, brace: Token, *pairs: NamedSubtree) -> Subtree:
        """`{key: value}`."""
        _refuse_repeats(pairs, "key")
        node = ast.Obj(tuple(ast.Pair(pair.name, pair.value.node, pair.optional) for pair in pairs))
        return _enclose(node, _offset(brace), [pair.value for pair in pairs])

    def pair(self, key: Token, value: Subtree) -> NamedSubtree:
        """`key: value`."""
        return NamedSubtree(_key(key), value, _offset(key))

    def optional_pair(self, key: Token, value: Subtree) -> NamedSubtree:
        """`key?: type`."""
        return NamedSubtree(_key(key), value, _offset(key), optional=True)

    def inner(self, inside: Subtree) -> Subtree:
        """`(…)`, which leaves no node."""
        # A copy without `digits`, so that `-(1)` does not become the number -1.
        return Subtree(inside.node, inside.at, inside.depth)

    def attribute(self, of: Subtree, name: Token) -> Subtree:
        """`of.name`."""
        key = check_key(str(name), _offset(name))
        return _enclose(ast.Attr(of.node, key), of.at[0], (of,))

    def index(self, of: Subtree, at: Subtree) -> Subtree:
        """`of[at]`."""
        return _enclose(ast.Index(of.node, at.node), of.at[0], (of, at))

    def slice(self, of: Subtree, low: Subtree | None, high: Subtree | None) -> Subtree:
        """`of[low:high]`."""
        low_node = None if low is None else low.node
        high_node = None if high is None else high.node
        node = ast.Slice(of.node, low_node, high_node)
        parts = [subtree for subtree in (of, low, high) if subtree is not None]
        return _enclose(node, of.at[0], parts)


def _range(low: Subtree | None, high: Subtree | None, offset: int) -> Subtree:
    nothing = Subtree(ast.Lit(None), (offset,))
    bounds = (low or nothing, high or nothing)
    return _enclose(ast.Call(RANGE, tuple(bound.node for bound in bounds)), offset, bounds)


def _offset(token: Token) -> int:
    return token.start_pos or 0


def _key(token: Token) -> str:
    offset = _offset(token)
    # A key in quotes may be any text, of any length: data has such keys.
    if token.type == "STRING":
        return literals.string(str(token), offset)
    return check_key(str(token), offset)


def _concatenate(parts: Iterable[At]) -> At:
    return tuple([offset for part in parts for offset in part])


def _enclose(node: ast.Expr, offset: int, parts: Iterable[Subtree]) -> Subtree:
    """`node` with its parts below it, at most `DEEPEST` deep: recursive readers rely on that."""
    # Its own offset, then those of its parts from left to right: the order of `ast.walk`.
    at = [offset]
    depth = 0
    for subtree in parts:
        at += subtree.at
        depth = max(depth, subtree.depth)
    if depth >= DEEPEST:
        refuse_depth(offset)
    return Subtree(node, tuple(at), depth + 1)


def _sort_arguments(arguments: tuple[Subtree | NamedSubtree, ...]) -> tuple[list[Subtree], list[NamedSubtree]]:
    """Plain arguments and named ones. Refuses a plain one after a named one, and a name given twice."""
    plain: list[Subtree] = []
    named: list[NamedSubtree] = []
    for argument in arguments:
        if isinstance(argument, NamedSubtree):
            named.append(argument)
        elif named:
            hint = f"give it a name too, or move it before `{named[0].name}=`"
            refuse("order", "an argument without a name follows one with a name", argument.at[0], hint)
        else:
            plain.append(argument)
    # Nearly all calls have one named argument at most, which cannot repeat.
    if len(named) > 1:
        _refuse_repeats(named, "argument")
    return plain, named


def _refuse_repeats(items: Iterable[NamedSubtree], what: str) -> None:
    seen: set[str] = set()
    for item in items:
        if item.name in seen:
            refuse("duplicate", f"the {what} `{item.name[:40]}` is given twice", item.offset)
        seen.add(item.name)
