"""What stands for an argument of each parameter kind: program nodes, and the inputs that they read.

A draft collects inputs while a call is drawn. A node that reads a variable asks the draft for it, and the draft draws
its content once, when it is first asked for: a call that reads no documents has none among its inputs.

    kind "rows" -> Var("rows")                            inputs: {"rows": [{"a": 3, "b": "é"}]}
    kind "rows" -> search(text, /(?<a>.)(?<b>.)/)         inputs: {"text": "one\nERROR two"}
    kind "key"  -> ListOf(Field("a"), Unary("-", Field("b")))

Every record that is drawn has the fields `a` and `b` (`values.FIELDS`), and every expression reads these, or `value`.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from hypothesis import strategies as st

from rlmlite_kernel.program.action_table import Kind, Param
from rlmlite_kernel.program.ast import (
    OPERATORS,
    Binary,
    Call,
    Expr,
    Field,
    ListOf,
    Lit,
    Named,
    Node,
    Obj,
    Pair,
    Rx,
    Unary,
    Var,
)
from rlmlite_kernel.testing.examples.values import DOCUMENT_TEXTS, DOCUMENTS, LISTS, SCALARS, TEXTS, VALUES, tables

Choice = TypeVar("Choice")


class Draft:
    """The inputs of a call that is being drawn, by the names of the variables that it reads."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.inputs: dict[str, object] = {}

    def pick(self, *choices: Choice) -> Choice:
        """One of several."""
        return self.draw(st.sampled_from(choices))

    def node(self, *choices: Expr) -> Expr:
        """One of several nodes."""
        return self.draw(st.sampled_from(choices))

    def make(self, *ways: "Callable[[], Expr]") -> Expr:
        """What one of several ways gives."""
        return self.pick(*ways)()

    def read(self, name: str, content: "st.SearchStrategy[Any]") -> Var:
        """The variable `name`, whose content is drawn if nothing has read it yet."""
        if name not in self.inputs:
            self.inputs[name] = self.draw(content)
        return Var(name)

    def text(self) -> Expr:
        """A text that is an input."""
        return self.read("text", DOCUMENT_TEXTS)


Reader: TypeAlias = Callable[[Draft, Param], Expr]
"""Draws an argument for a parameter."""


def call(name: str, *args: Expr, **named: Expr) -> Call:
    """A call."""
    return Call(name, args, tuple(Named(key, value) for key, value in named.items()))


def record(**fields: Expr) -> Obj:
    """A record."""
    return Obj(tuple(Pair(key, value) for key, value in fields.items()))


_PAIR = Rx("(?<a>.)(?<b>.)")
_PATTERNS = (Rx("e"), Rx("(E)(R)?"), Rx("."), Rx("a[^b]*b|a"), Rx("x*"), Rx("^.", "im"))


def _rows(draft: Draft, param: Param) -> Expr:
    records = draft.read("rows", tables())
    return draft.make(
        lambda: records,
        lambda: draft.read("items", LISTS),
        lambda: call("map", records, record(a=Field("a"), b=Field("b"))),
        lambda: call("search", draft.text(), _PAIR),
        lambda: draft.read("docs", DOCUMENTS),
        lambda: call("chunk", draft.text(), size=Lit(3)),
    )


def _target(draft: Draft, param: Param) -> Expr:
    return draft.make(
        draft.text,
        lambda: draft.read("docs", DOCUMENTS),
        lambda: call("search", draft.text(), _PAIR),
        lambda: call("chunk", draft.text(), size=Lit(5)),
        lambda: draft.read("rows", tables()),
        lambda: draft.read("items", LISTS),
        lambda: Lit(draft.draw(TEXTS)),
    )


def _any(draft: Draft, param: Param) -> Expr:
    return draft.make(
        lambda: Lit(draft.draw(SCALARS)),
        lambda: draft.read("thing", VALUES),
        draft.text,
        lambda: _rows(draft, param),
    )


def _query(draft: Draft, param: Param) -> Expr:
    return draft.make(
        lambda: Lit(draft.pick("e", "ERROR", "é", " ")),
        lambda: draft.pick(*_PATTERNS),
        lambda: ListOf((Lit("one"), Lit("two"))),
        lambda: draft.read("words", st.lists(TEXTS, max_size=4)),
    )


def _pattern(draft: Draft, param: Param) -> Expr:
    pairs = ListOf((ListOf((Lit("e"), Lit("ee"))), ListOf((Rx("(.)n"), Lit("$1")))))
    return draft.make(lambda: _query(draft, param), lambda: pairs)


def _form(draft: Draft, param: Param) -> Expr:
    return draft.node(_PAIR, Lit("{a} {b}"), Lit("{a}={b:int}"))


def _operand(draft: Draft) -> Expr:
    return draft.node(Field("a"), Field("b"), Field("value"), Lit(2), Lit("12"), Lit(None), Lit(0.5))


def _expression(draft: Draft, param: Param) -> Expr:
    operator = draft.pick(*(each for each in OPERATORS if "matches" not in each))
    return draft.make(
        lambda: _operand(draft),
        lambda: Binary(operator, _operand(draft), _operand(draft)),
        lambda: Binary("matches", Field("a"), draft.pick(*_PATTERNS)),
        lambda: record(a=_operand(draft), c=Binary(operator, Field("a"), Field("b"))),
        lambda: call("int", Field("a")),
        lambda: Unary(draft.pick("not", "-"), Field("a")),
    )


def _key(draft: Draft, param: Param) -> Expr:
    return draft.node(
        Field("a"), Field("value"), Unary("-", Field("b")), ListOf((Field("a"), Field("b"))), Var("a"), Field("missing")
    )


def _folds(draft: Draft, param: Param) -> Expr:
    names = ("sum", "avg", "min", "max", "median", "first", "last", "collect", "concat")
    fold = call(draft.pick(*names), Field("b"))
    return record(n=call("count"), f=fold, p=call("percentile", Field("b"), Lit(50)))


def _schema(draft: Draft, param: Param) -> Expr:
    return draft.node(Var("str"), Var("int"), record(n=Var("int")), record(a=Var("str"), b=ListOf((Var("int"),))))


def _template(draft: Draft, param: Param) -> Expr:
    if param.holes == "variables":
        draft.text()
        return Lit("Is {text} so?")
    return Lit(draft.pick("{a}", "{value}", "{a}: {b}{a}", "{text}", "{chunk}", "{items}", "none"))


def _int(draft: Draft, param: Param) -> Expr:
    least = -3 if param.least is None else param.least
    return Lit(draft.draw(st.one_of(st.integers(least, least + 9), st.sampled_from([10**3, 10**12, 2**53]))))


def _text(draft: Draft, param: Param) -> Expr:
    return draft.make(lambda: Lit(draft.draw(TEXTS)), draft.text)


def _bool(draft: Draft, param: Param) -> Expr:
    return Lit(draft.draw(st.booleans()))


def _word(draft: Draft, param: Param) -> Expr:
    words = [Lit(word) for word in param.words]
    return draft.node(*words, *(_PATTERNS if param.or_query or not words else ()))


def _name(draft: Draft, param: Param) -> Expr:
    return Lit(draft.pick("text", "rows", "nothing"))


def _tool(draft: Draft, param: Param) -> Expr:
    return draft.make(lambda: Lit(draft.pick("nothing", "weather")), draft.text)


READERS: Mapping[Kind, Reader] = {
    "any": _any,
    "target": _target,
    "rows": _rows,
    "query": _query,
    "pattern": _pattern,
    "form": _form,
    "expr": _expression,
    "key": _key,
    "folds": _folds,
    "schema": _schema,
    "template": _template,
    "int": _int,
    "text": _text,
    "bool": _bool,
    "word": _word,
    "name": _name,
    "tool": _tool,
}
"""How an argument of each kind is drawn."""


def read_own(draft: Draft, param: Param, contents: "st.SearchStrategy[Any]") -> Expr:
    """An argument from a strategy of the caller's: of program nodes, or of plain data, which becomes an input."""
    content = draft.draw(contents)
    if isinstance(content, Node):
        return content  # type: ignore[return-value]
    # A literal and a text that is an input are the same to a program, and not to an implementation.
    if isinstance(content, str) and draft.draw(st.booleans()):
        return Lit(content)
    if content is None or isinstance(content, bool | int | float):
        return Lit(content)
    draft.inputs[param.name] = content
    return Var(param.name)
