"""Methods, read as the action or the expression that does their work.

    rows.where(.n > 3).count()       count(where(rows, .n > 3))      the value before the dot is the first argument
    text.splitlines()                text.lines
    text.split("\\n")[0]              text.lines[1]                    lines count from 1 here
    rows.head(5)                     rows[0:5]
    df["a"].isin(names)              df["a"] in names

Functions of Python's modules, `re.findall(…)`, are no methods of a value; they have sentences of their own.
"""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_grammar.habits.names import OTHER_NAMES
from rlmlite_grammar.mistakes.functions import FUNCTIONS
from rlmlite_grammar.mistakes.methods import METHODS
from rlmlite_grammar.syntax.names import METHOD
from rlmlite_grammar.syntax.printer import show_expr
from rlmlite_kernel.program.ast import (
    Attr,
    Binary,
    Call,
    Expr,
    Field,
    Index,
    ListOf,
    Lit,
    Named,
    Rx,
    Slice,
    Unread,
    Var,
    children,
    with_children,
)
from rlmlite_kernel.program.binding import bind

MODULES: Final = frozenset(
    (
        *("re", "json", "np", "numpy", "pd", "pandas", "math", "os", "sys", "datetime", "time", "collections"),
        *("itertools", "functools", "statistics", "random", "string", "csv", "io", "Math", "JSON", "console"),
    )
)
"""Names before a dot that are libraries elsewhere; a variable of such a name is a variable."""

_OF_MODULES: Final = {
    ("json", "loads"): "json_parse",
    ("JSON", "parse"): "json_parse",
    ("JSON", "stringify"): "str",
    ("json", "dumps"): "str",
    ("console", "log"): "show",
}

_SENTENCES: Final = {name: entry.hint for table in (FUNCTIONS, METHODS) for entry in table for name in entry.names}

Expression: TypeAlias = Callable[[Expr, tuple[Expr, ...]], Expr | None]


def read_method(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`x.name(…)` as what it means, or the sentence that says what to write."""
    if not isinstance(node, Call) or not node.name.startswith(METHOD):
        return None
    name = node.name.removeprefix(METHOD)
    receiver, *rest = node.args
    if isinstance(receiver, Var) and receiver.name in MODULES and receiver.name not in place.names:
        return _read_function(receiver.name, name, node, place)
    expression = _read_expression(name, receiver, tuple(rest), node)
    if expression is not None and _is_column(receiver) and not place.context.row and "map" in place.table:
        expression = _read_expression(name, Field("value"), tuple(rest), node)
        assert expression is not None  # it has the same arguments
        of = receiver.of if isinstance(receiver, Attr) else receiver
        return Rewrite(Call("map", (of, expression)), f"x.str.{name}(...)", f"map(x, {_words(expression, name)})")
    if expression is not None:
        return Rewrite(expression, f"x.{name}(...)", _words(expression, name))
    action = name if name in place.table else OTHER_NAMES.get(name, "")
    if action in place.table and _is_column(receiver) and place.table[action].in_rows:
        return _read_column(action, receiver, node, place)
    if action in place.table and _is_meant(action, node, place):
        return Rewrite(Call(action, node.args, node.named), f"x.{name}(...)", f"{action}(x, ...)")
    hint = _SENTENCES.get(name, f"there are no methods; an action takes the value as an argument: {_example(place)}")
    return Unread("unknown_action", f"there is no method `.{name}`", hint)


def read_line_from_0(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`x.splitlines()[0]` and `x.split("\\n")[0:5]`: places in a list count from 0, lines from 1."""
    if not isinstance(node, Index | Slice) or not isinstance(node.of, Call) or not node.of.name.startswith(METHOD):
        return None
    name, (receiver, *rest) = node.of.name.removeprefix(METHOD), node.of.args
    lines = _read_expression(name, receiver, tuple(rest), node.of)
    places = children(node)[1:]
    if not isinstance(lines, Attr) or lines.name != "lines" or not all(map(_may_be_number, places)):
        return None
    new = with_children(node, [lines, *map(_from_1, places)])
    return Rewrite(new, _shown_of(f"x.{name}(...)", node), _shown_of("x.lines", new))


def read_indexer(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`rows.iloc[0]` is `rows[0]`, `rows.shape[0]` is `count(rows)`, and `log.lines["text"]` is `log.lines.text`."""
    match node:
        case Index(of=Attr(of=of, name="iloc"), at=at) if not _are_lines(of):
            return Rewrite(Index(of, at), "x.iloc[n]", "x[n]")
        case Index(of=Attr(of=of, name="iloc"), at=at) if _may_be_number(at):
            return Rewrite(Index(of, _from_1(at)), "x.lines.iloc[n]", "x.lines[n+1]")
        case Index(of=Attr(of=of, name="shape"), at=Lit(v=0)):
            return Rewrite(Call("count", (of,)), "x.shape[0]", "count(x)")
        case Index(of=Attr(name="lines") as of, at=Lit(v=str() as name)) if name.isidentifier():
            return Rewrite(Attr(of, name), f'x.lines["{name}"]', f"x.lines.{name}")
    return None


def _shown_of(what: str, part: Expr) -> str:
    """How a part is spelled that is taken of something."""
    return show_expr(with_children(part, [Var(what), *children(part)[1:]]))


def _may_be_number(place: Expr) -> bool:
    return not isinstance(place, Lit) or (isinstance(place.v, int) and not isinstance(place.v, bool))


def _from_1(place: Expr) -> Expr:
    """The number of the line at a place of a list; from the end both count alike."""
    if isinstance(place, Lit) and isinstance(place.v, int):
        return Lit(place.v + 1) if place.v >= 0 else place
    return Binary("+", place, Lit(1))


def _is_meant(action: str, node: Call, place: Place) -> bool:
    """Whether the action takes these arguments; where it does not, the method may still have no sentence of its own."""
    mistakes: list[str] = []
    bind(place.table[action], node, lambda code, message, at, hint: mistakes.append(message))
    name = node.name.removeprefix(METHOD)
    has_sentence = any(name in entry.names for entry in METHODS)
    is_list_extended = action == "extend" and not any(not isinstance(arg, ListOf | Var) for arg in node.args[1:])
    if is_list_extended or (action != name and has_sentence):
        return False
    return not mistakes or not has_sentence


def _is_column(receiver: Expr) -> bool:
    """Whether a method is one of all texts of a column: pandas writes `df["name"].str.contains("a")`."""
    return isinstance(receiver, Attr) and receiver.name == "str"


def _read_column(action: str, receiver: Expr, node: Call, place: Place) -> Rewrite:
    """`df["name"].str.upper()`: the action for each text of a column, or for the field of the row that it is in one."""
    of = receiver.of if isinstance(receiver, Attr) else receiver
    name = node.name.removeprefix(METHOD)
    if place.context.row:
        return Rewrite(Call(action, (of, *node.args[1:]), node.named), f"x.str.{name}(...)", f"{action}(x, ...)")
    each = Call(action, (Field("value"), *node.args[1:]), node.named)
    return Rewrite(Call("map", (of, each)), f"x.str.{name}(...)", f"map(x, {action}(.value, ...))")


def _read_function(module: str, name: str, node: Call, place: Place) -> Rewrite | Unread:
    if module == "re" and name in _OF_PATTERNS and not place.context.row:
        read = _read_pattern(name, node)
        if read is not None:
            return read
    action = _OF_MODULES.get((module, name))
    if action is not None:
        return Rewrite(Call(action, node.args[1:], node.named), f"{module}.{name}(...)", f"{action}(...)")
    hint = _SENTENCES.get(name, "there are no modules; actions are called by their names, as count(x)")
    return Unread("unknown_action", f"there is no `{module}.{name}`", hint)


_OF_PATTERNS: Final = ("findall", "sub", "split")

_GROUP: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(\((?!\?)|\(\?P?<(?![=!]))", re.DOTALL)
"""A sign that is escaped, a class of signs, or, as its own group, the beginning of a group that is counted."""


def _count_groups(pattern: str) -> int:
    return sum(map(bool, _GROUP.findall(pattern)))


def _read_pattern(name: str, node: Call) -> Rewrite | None:
    """`re.findall(p, x)` as the texts of a search, `re.sub` and `re.split` as the actions that do the same."""
    match name, node.args[1:]:
        case "findall", (Lit(v=str() as pattern), text) if not node.named:
            hits = Call("search", (text, Rx(pattern)))
            groups = _count_groups(pattern)
            if groups == 1:
                return Rewrite(
                    Call("map", (hits, Index(Field("groups"), Lit(0)))),
                    "re.findall(p, x)",
                    "map(search(x, /p/), .groups[0])",
                )
            return None if groups else Rewrite(Attr(hits, "match"), "re.findall(p, x)", "search(x, /p/).match")
        case "sub", (Lit(v=str() as pattern), Lit(v=str() as by), text) if not node.named and "\\" not in by:
            return Rewrite(Call("replace", (text, Rx(pattern), Lit(by))), "re.sub(p, r, x)", "replace(x, /p/, r)")
        case "split", (Lit(v=str() as pattern), text) if not node.named and not _count_groups(pattern):
            return Rewrite(Call("split", (text, Rx(pattern))), "re.split(p, x)", "split(x, /p/)")
    return None


def _read_expression(name: str, receiver: Expr, args: tuple[Expr, ...], node: Call) -> Expr | None:
    """The expression that a method is, if it is one and has the arguments for it."""
    reading = _EXPRESSIONS.get(name)
    if reading is None or node.named:
        return None
    # pandas: `.str` leads to the methods of texts.
    of = receiver.of if isinstance(receiver, Attr) and _is_column(receiver) else receiver
    return reading(of, args)


def _lines(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    is_by_newline = len(args) == 1 and args[0] in (Lit("\n"), Lit("\\n"))
    return Attr(of, "lines") if not args or is_by_newline else None


def _split(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    return _lines(of, args) if args else None


def _first_ones(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    count = args[0] if args else Lit(5)
    if len(args) > 1 or not _may_be_number(count):
        return None
    return Slice(of, Lit(1), _from_1(count)) if _are_lines(of) else Slice(of, Lit(0), count)


def _are_lines(of: Expr) -> bool:
    """Whether something is written as the lines of a text, which are numbered from 1; `x.splitlines()` is a list."""
    return isinstance(of, Attr) and of.name == "lines"


def _last_ones(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    count = args[0] if args else Lit(5)
    # Only a negative literal counts from the end.
    match count:
        case Lit(v=int() as number) if not isinstance(number, bool):
            return Slice(of, Lit(-number), None)
        case _:
            return None


def _part(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    return Slice(of, args[0], args[1] if len(args) == 2 else None) if len(args) in (1, 2) else None


def _contains(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    if len(args) != 1:
        return None
    return Binary("matches" if isinstance(args[0], Rx) else "contains", of, args[0])


def _is_in(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    return Binary("in", of, args[0]) if len(args) == 1 else None


def _entry(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    return Index(of, args[0]) if len(args) == 1 else None


def _joined(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    """`", ".join(xs)`: the separator stands before the dot."""
    if len(args) != 1 or not isinstance(of, Lit) or not isinstance(of.v, str):
        return None
    return Call("render", (args[0], Lit("{value}")), (Named("sep", of),))


def _itself(of: Expr, args: tuple[Expr, ...]) -> Expr | None:
    return None if args else of


def _field(name: str) -> Expression:
    return lambda of, args: None if args else Attr(of, name)


_FIRST_ONES: Final = ("head", "take", "limit")

_EXPRESSIONS: Final[dict[str, Expression]] = {
    **dict.fromkeys(("splitlines", "readlines", "lines"), _lines),
    "split": _split,
    **dict.fromkeys(_FIRST_ONES, _first_ones),
    "tail": _last_ones,
    **dict.fromkeys(("slice", "substring"), _part),
    **dict.fromkeys(("contains", "includes"), _contains),
    **dict.fromkeys(("isin", "is_in"), _is_in),
    "get": _entry,
    "join": _joined,
    **dict.fromkeys(("tolist", "to_list", "toArray", "copy", "reset_index", "read", "collect", "compute"), _itself),
    **{name: _field(name) for name in ("start", "end", "text", "line")},
}
"""Methods that are expressions here. One that does not have the arguments for it gets its sentence."""


def _words(expression: Expr, name: str) -> str:
    """How a note spells what a method is read as."""
    match expression:
        case Attr(name=field):
            return f"x.{field}"
        case Slice(lo=Lit(v=0)):
            return "x[0:n]"
        case Slice(lo=Lit(v=1)) if name in _FIRST_ONES:
            return "x[1:n+1]"
        case Slice():
            return "x[-n:]" if name == "tail" else "x[a:b]"
        case Binary(op=op):
            return f"x {op} ..."
        case Index():
            return "x[...]"
        case Call(name=action):
            return f"{action}(x, ...)"
        case _:
            return "x"


def _example(place: Place) -> str:
    return "`count(x)`" if "count" in place.table else "`action(x)`"
