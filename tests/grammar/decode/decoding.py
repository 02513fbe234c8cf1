"""Decode grammars at work: llguidance as the decoder, random programs, and the one form that decode grammars have."""

import json
import random
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from llguidance import LLMatcher, LLTokenizer
from msgspec.structs import replace

from rlmlite_grammar.decode import Vocabulary
from rlmlite_kernel import ACTIONS
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.ast import (
    Alt,
    Attr,
    Binary,
    Call,
    Expr,
    Field,
    Index,
    ListOf,
    Lit,
    Named,
    Obj,
    Pair,
    Program,
    Slice,
    Statement,
    Unary,
    Var,
)
from rlmlite_kernel.program.binding import FOLDS, PLAIN, ExprContext, bind, context_inside, context_of, variable_name
from rlmlite_kernel.program.templates import Hole, pieces

INPUTS = ("logs", "question")
MADE = ("rows", "hits")
TOKENS = LLTokenizer("byte")
_CLOSERS = b')]}"/\n'
_SIGNS = b"{\\[(?<>*+.|^$-}_ax0 "


def vocabulary(names: Iterable[str] = (*INPUTS, *MADE), **more: object) -> Vocabulary:
    """The vocabulary that most tests use."""
    given = {"table": ACTIONS, "variables": tuple(names), "inputs": frozenset(INPUTS), **more}
    return Vocabulary(**given)  # type: ignore[arg-type]  # passed on as it is


def matcher(grammar: str) -> LLMatcher:
    """A decoder at the beginning of a program."""
    made = LLMatcher(TOKENS, LLMatcher.grammar_from_lark(grammar))
    assert not made.is_error(), made.get_error()
    return made


def accepts(start: LLMatcher, text: str) -> bool:
    """Whether a decoder could have written all of this text."""
    now = start.deep_copy()
    tokens = TOKENS.tokenize_str(text)
    return now.try_consume_tokens(tokens) == len(tokens) and now.is_accepting()


def prefer(choices: list[int], drawn: random.Random, late: bool) -> list[int]:
    """Among many, mostly what closes something, or a sign that means something."""
    closers = [byte for byte in choices if byte in _CLOSERS]
    if closers and drawn.random() < (0.8 if late else 0.3 if len(choices) > 40 else 0.0):
        return closers
    signs = [byte for byte in choices if byte in _SIGNS]
    return signs if len(choices) > 40 and signs and drawn.random() < 0.6 else choices


def structured_matcher(schema: Mapping[str, object]) -> LLMatcher:
    """A decoder at the beginning of a program as structured data."""
    grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides={"whitespace_flexible": False})
    made = LLMatcher(TOKENS, grammar)
    assert not made.is_error(), made.get_error()
    return made


def prefer_objects(choices: list[int], drawn: random.Random, late: bool) -> list[int]:
    """As `prefer`; where a value may begin, mostly one with something in it."""
    if ord("{") in choices and len(choices) < 40 and not late:
        return [ord("{")] if drawn.random() < 0.8 else choices
    return prefer(choices, drawn, late)


Prefer: TypeAlias = Callable[[list[int], random.Random, bool], list[int]]
"""Which of the allowed bytes a sampler draws from; told whether it is late."""


def sample(start: LLMatcher, drawn: random.Random, most: int = 1_500, like: Prefer = prefer) -> str | None:
    """A random program that a decoder may write; `None` if it did not end within the length."""
    now, said, patience = start.deep_copy(), bytearray(), drawn.randint(20, 200)
    while len(said) < most:
        allowed = now.compute_logit_bias()
        choices = [byte for byte in range(256) if allowed[byte]]
        late = len(said) > patience
        if now.is_accepting() and (late or not choices or drawn.random() < 0.05):
            return said.decode()
        byte = drawn.choice(like(choices, drawn, late))
        now.consume_token(byte)
        said.append(byte)
    return None


class Form:
    """Rewrites a program in the one form that decode grammars have; it does the same as before.

    New variables are `t1`, `t2`, ...; arguments stand as the table has them; keys are `.key`; an argument for a
    placeholder is a variable of its own.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._names = {name: name for name in known}
        self.body: list[Statement] = []
        self.made = 0

    def program(self, program: Program) -> Program:
        """The same program."""
        for statement in program.body:
            value, target = statement.value, statement.target
            if isinstance(value, Call) and value.name == "write_var":
                target, value = variable_name(value.args[0]), value.args[1]
            value = self._expr(value, PLAIN)
            if target is None:
                self.body.append(Statement(value))
            else:
                self._names[target] = self._named(value)
        return Program(tuple(self.body))

    def _named(self, value: Expr) -> str:
        self.made += 1
        self.body.append(Statement(value, f"t{self.made}"))
        return f"t{self.made}"

    def _expr(self, node: Expr, place: ExprContext) -> Expr:
        match node:
            case Var(name=name) if place.key:
                return Field(name)
            case Var(name=name):
                return Var(self._names[name])
            case Call(name=name) if not (place.folds and name in FOLDS):
                return self._call(node, place)
            case Call(args=args):
                return replace(node, args=tuple(self._expr(arg, ExprContext(row=True)) for arg in args))
        return self._outer(node, context_inside(node, place))

    def _outer(self, node: Expr, at: ExprContext) -> Expr:
        """A node, rewritten with everything in it."""
        match node:
            case Attr(of=of) | Unary(of=of):
                return replace(node, of=self._expr(of, at))
            case Index(of=of, at=index):
                return Index(self._expr(of, at), self._expr(index, at))
            case Slice(of=of, lo=lo, hi=hi):
                return Slice(self._expr(of, at), lo and self._expr(lo, at), hi and self._expr(hi, at))
            case Binary(left=left, right=right):
                return replace(node, left=self._expr(left, at), right=self._expr(right, at))
            case ListOf(items=items):
                return ListOf(tuple(self._expr(item, at) for item in items))
            case Obj(pairs=pairs):
                return Obj(tuple(Pair(pair.key, self._expr(pair.value, at), pair.optional) for pair in pairs))
            case Alt(options=options):
                return Alt(tuple(self._expr(option, at) for option in options))
        return node

    def _call(self, call: Call, around: ExprContext) -> Call:
        action = ACTIONS[call.name]
        bound = bind(action, call, lambda *problem: None)
        named = {name: self._names[name] if value == Var(name) else self._named(self._expr(value, PLAIN))
                 for name, value in bound.extra.items()}  # fmt: skip
        holes = {**self._names, **named}
        given = {name: self._argument(action, name, value, around, holes) for name, value in bound.given.items()}
        rest = tuple(self._expr(value, ExprContext(row=around.row)) for value in bound.rest)
        first = [name for name in given if _by_position(action, name)]
        return Call(
            call.name,
            (*(given[param.name] for param in action.params if param.name in first), *rest),
            tuple(Named(param.name, given[param.name]) for param in action.params if param.name in {*given} - {*first}),
        )

    def _argument(self, action: Action, name: str, value: Expr, around: ExprContext, holes: Mapping[str, str]) -> Expr:
        param = action.param(name)
        assert param is not None
        if param.kind == "schema":
            return value
        if param.kind == "word" and isinstance(value, Var) and value.name in param.words:
            return Lit(value.name)
        if param.kind == "template" and isinstance(value, Lit) and isinstance(value.v, str):
            return Lit("".join(_told(piece, holes) for piece in pieces(value.v)))
        return self._expr(value, context_of(param, around))


def _by_position(action: Action, name: str) -> bool:
    param: Param | None = action.param(name)
    return param is not None and (
        (param.required and not param.named_only and not action.either_way)
        or (action.name, name) == ("search", "query")
    )


def _told(piece: str | Hole, holes: Mapping[str, str]) -> str:
    """A piece of a template; its placeholder gets the new name of the variable."""
    if isinstance(piece, Hole):
        return f"{{{'.'.join((holes.get(piece.name, piece.name), *piece.path))}}}"
    return re.sub(r"\{(\w+(\.\w+)*)\}", r"{{\1}}", piece)
