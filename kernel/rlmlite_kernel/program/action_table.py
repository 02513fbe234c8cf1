"""The action table's shape: what one action is. The rows themselves are in `actions`.

Checking, prices, the controller's card, schemas, the docs page and receipts read these entries, and nothing else.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias

import msgspec

from rlmlite_kernel.records.canonical import value_bytes

Kind: TypeAlias = Literal[
    "any",
    "target",
    "rows",
    "query",
    "pattern",
    "form",
    "expr",
    "key",
    "folds",
    "schema",
    "template",
    "int",
    "text",
    "bool",
    "word",
    "name",
]
"""How an argument is read. `expr` and `key` are row expressions; a `query`'s type decides how it matches, a
`pattern` is a query or a list of [query, replacement], a `form` a /regex/ or a template with {names}."""

REQUIRED: Any = object()
"""Marks a parameter without a default."""


class Param(msgspec.Struct, frozen=True):
    """One parameter.

    `least` bounds an `int` from below, `words` lists what a `word` may be (a regex besides, if `or_query`).
    `many` takes all further positional arguments. `named_only` cannot be given by position.
    """

    name: str
    kind: Kind
    help: str
    default: Any = REQUIRED
    least: int | None = None
    words: tuple[str, ...] = ()
    or_query: bool = False
    many: bool = False
    named_only: bool = False

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is REQUIRED


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One action.

    `result` names what comes back, `example` shows one row of it. `run` is the pure implementation; an action that
    makes calls has `ask` instead, from arguments to a `calls.Ask`.
    `in_rows`: may stand inside a row expression, where it is applied to each row.
    `extra`: says what other keyword arguments mean, where any name is allowed.
    `with_taint`: receives `TaintedValue`s, not bare values. `barrier`: depends on everything before it.
    `shows`: its result goes whole into the observation. `cost` names the resource it is priced in, for people.
    `fused`: around a call of another action, by name, the two are one step of a third, which takes the parameters of
    both but the first of this one.
    """

    name: str
    family: str
    params: tuple[Param, ...]
    result: str
    help: str
    example: str = ""
    run: Callable[..., Any] | None = None
    ask: Callable[..., Any] | None = None
    in_rows: bool = False
    extra: str = ""
    barrier: bool = False
    shows: bool = False
    with_taint: bool = False
    cost: str = "free"
    fused: Mapping[str, str] = {}

    def param(self, name: str) -> Param | None:
        """The parameter of this name."""
        return next((param for param in self.params if param.name == name), None)

    def positional(self) -> tuple[Param, ...]:
        """The parameters that may be given by position."""
        return tuple(param for param in self.params if not param.named_only)

    def signature(self) -> str:
        """`search(target, query, limit=null)`, as people write it."""
        return f"{self.name}({', '.join(map(_spelled, self.params))}{', name=value, ...' if self.extra else ''})"


class Table(Mapping[str, Action]):
    """The actions by name, in the order of the docs. A host's own are added with `extended`."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self._actions = {action.name: action for action in actions}

    def __getitem__(self, name: str) -> Action:
        return self._actions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def extended(self, actions: Iterable[Action]) -> "Table":
        """A table with more actions; a name that is taken is refused."""
        added = list(actions)
        for action in added:
            if action.name in self:
                raise ValueError(f"an action `{action.name}` is there already")
        return Table([*self.values(), *added])

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that changes what programs mean."""
        meaning = [[action.name, _traits(action), list(map(_meaning, action.params))] for action in self.values()]
        return hashlib.sha256(value_bytes(meaning)).hexdigest()


def _traits(action: Action) -> list[Any]:
    calls = action.ask is not None
    traits = [action.result, calls, action.in_rows, bool(action.extra), action.barrier, action.shows, action.with_taint]
    return [*traits, dict(action.fused)] if action.fused else traits


def _meaning(param: Param) -> list[Any]:
    default = [] if param.required else [param.default]
    where = [param.many, param.named_only, param.or_query]
    return [param.name, param.kind, default, param.least, list(param.words), where]


def _spelled(param: Param) -> str:
    if param.many:
        return f"{param.name}, ..."
    if param.required:
        return param.name
    default = msgspec.json.encode(param.default).decode() if param.default is not None else ""
    return f"{param.name}={default}"
