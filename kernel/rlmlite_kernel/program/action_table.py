"""The action table's shape: what one action is. The rows themselves are in `actions.table`.

Everything that is known about an action is in its row: how it is called, what it costs, how large its result is, what
is checked before it runs. The checker, prices, the controller's card, decode grammars, the reference and receipts read
rows, and know no action by name. So a host that adds a row (`Table.extended`) gets all of that for its own action too.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias

import msgspec

from rlmlite_kernel.program.checks import Check
from rlmlite_kernel.program.costs import FREE, CostRule, SizeRule, unknown_size
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
    "tool",
]
"""How an argument is read.

`expr` and `key` are row expressions. The type of a `query` decides how it matches. A `pattern` is a query, or a list of
[query, replacement]. A `form` is a /regex/, or a template with {names}. A `tool` is the name of one, bare or as text.
"""

Holes: TypeAlias = Literal["variables", "fields", "a_field"]
"""What the placeholders of a `template` may name.

`variables`: variables and named arguments, so the checker knows them all; such a template may be computed as well.
`fields`: also fields of the rows that it is filled from, which are known only when it runs.
`a_field`: the same, and one of them must be such a field, or every row would give the same text.
"""

REQUIRED: Any = object()
"""Marks a parameter without a default."""


class Param(msgspec.Struct, frozen=True):
    """One parameter.

    `least` bounds an `int` from below. `words` lists what a `word` may be; with `or_query` also a /regex/.
    `many` takes all further positional arguments. `named_only` cannot be given by position.
    `holes` says what the placeholders of a `template` may name; `appends` is the flag since which one that has to show
    a field of the rows, and shows none, has the rows put at its end.
    `since` is the flag (`records.evolution.FLAGS`) with which the parameter came: its default is what was before.
    `or_key`: what is none of the words of a `word` is a key of rows, as `by=user`; it is the flag with which that came.
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
    holes: Holes = "fields"
    since: int | None = None
    or_key: int | None = None
    appends: int | None = None

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is REQUIRED


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One action: a row of the table.

    How it is explained:

    - `family` is the heading that it stands under, `help` is one line.
    - `result` names what comes back, `example` shows one row or value of it.
    - `extra` says what further named arguments mean, where any name is allowed.

    How it works:

    - `run(context, ...)` is the pure implementation. An action that makes calls has `ask(context, place, ...)` instead,
      which gives an `effects.calls.Ask`. Arguments come by parameter; further named ones as `inputs` of `ask`.
    - `with_taint`: arguments come as `TaintedValue`s, not as bare values.
    - `in_rows`: it may stand inside a row expression, where it is applied to each row. `in_rows_since` is the flag
      (`records.evolution.FLAGS`) with which it came to be so, of an action that could not before.
    - `barrier`: it depends on every statement before it, and every statement after depends on it.
    - `gates`: nothing after it runs unless it has succeeded.
    - `shows`: its result goes whole into the observation. `shows_arguments`: that is its arguments, each by itself.
    - `ends`: nothing runs after it. `begins_run`: its call is a nested run.
    - `either_way`: its first two arguments, a schema and what is no schema, may stand in either order.
    - `by_row`: what to write instead where it is applied to a row, if there is something.
    - `fused`: around a call of another action (the key), both are one step of a third (the value), which takes the
      parameters of both but this one's first.

    What is known before it runs:

    - `cost` is what a call may use, besides the work of looking at many rows. `None` is nothing but its step; an action
      with `ask` has to say.
    - `size` is what is known of the result's extent.
    - `checks` are what its arguments have to fulfil together; `needs_extra`: there must be a further named argument.

    `since` is the flag (`records.evolution.FLAGS`) with which the action came: a run without it has no such action.
    """

    name: str
    family: str
    params: tuple[Param, ...]
    result: str
    help: str
    example: str = ""
    extra: str = ""
    run: Callable[..., Any] | None = None
    ask: Callable[..., Any] | None = None
    with_taint: bool = False
    in_rows: bool = False
    in_rows_since: int | None = None
    barrier: bool = False
    gates: bool = False
    shows: bool = False
    shows_arguments: bool = False
    ends: bool = False
    begins_run: bool = False
    fused: Mapping[str, str] = {}
    cost: CostRule | None = None
    size: SizeRule = unknown_size
    checks: tuple[Check, ...] = ()
    needs_extra: bool = False
    either_way: bool = False
    by_row: str = ""
    since: int | None = None

    @property
    def cost_rule(self) -> CostRule:
        """What a call may use; an action that says nothing of it is free."""
        return FREE if self.cost is None else self.cost

    def param(self, name: str) -> Param | None:
        """The parameter of this name."""
        return next((param for param in self.params if param.name == name), None)

    def positional(self) -> tuple[Param, ...]:
        """The parameters that may be given by position."""
        return tuple(param for param in self.params if not param.named_only)

    def signature(self) -> str:
        """`search(target, query, limit=null)`, as people write it."""
        words = [_spell_param(param) for param in self.params]
        if self.extra:
            words.append("name=value, ...")
        return f"{self.name}({', '.join(words)})"


class Table(Mapping[str, Action]):
    """The actions by name, in the order of the docs. A host's own are added with `extended`.

    Raises `ValueError` for a row that cannot work: a name that is used twice, neither or both of `run` and `ask`, calls
    whose cost is not declared.
    """

    def __init__(self, actions: Iterable[Action]) -> None:
        self._actions: dict[str, Action] = {}
        for action in actions:
            _check_row(action)
            if action.name in self._actions:
                raise ValueError(f"an action `{action.name}` is there already")
            self._actions[action.name] = action

    def __getitem__(self, name: str) -> Action:
        return self._actions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def extended(self, actions: Iterable[Action]) -> "Table":
        """This table with more actions. Raises `ValueError` as the class does."""
        return Table([*self.values(), *actions])

    def of(self, flags: Collection[int]) -> "Table":
        """The actions that a run with these flags knows, as it knows them: a program of before means what it meant."""
        return Table(_as_of(flags, action) for action in self.values() if _is_known(action.since, flags))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that changes what programs mean.

        Costs, sizes, checks and words are not in it: they say what happens before a program runs, or explain it. Nor is
        an action or a parameter that came with a flag: whether a run has it, its flags say.
        """
        meaning: list[Any] = []
        for action in self.of(()).values():
            meaning.append([action.name, _traits(action), list(map(_meaning, action.params))])
        return hashlib.sha256(value_bytes(meaning)).hexdigest()


def _is_known(since: int | None, flags: Collection[int]) -> bool:
    return since is None or since in flags


def _as_of(flags: Collection[int], action: Action) -> Action:
    """An action with the parameters that it has in a run with these flags, and where it may stand in one."""
    params = tuple(_param_of(flags, param) for param in action.params if _is_known(param.since, flags))
    in_rows = action.in_rows and _is_known(action.in_rows_since, flags)
    if params == action.params and in_rows == action.in_rows:
        return action
    return msgspec.structs.replace(action, params=params, in_rows=in_rows)


def _param_of(flags: Collection[int], param: Param) -> Param:
    or_key = param.or_key if _is_known(param.or_key, flags) else None
    appends = param.appends if _is_known(param.appends, flags) else None
    is_same = (or_key, appends) == (param.or_key, param.appends)
    return param if is_same else msgspec.structs.replace(param, or_key=or_key, appends=appends)


def _check_row(action: Action) -> None:
    """Refuse a row that would go wrong later, and perhaps in silence."""
    # Both, or neither.
    if (action.run is None) is (action.ask is None):
        raise ValueError(f"the action `{action.name}` needs either `run` or `ask`, one of them")
    # Without this a forgotten cost would price calls of a model as free.
    if action.ask is not None and action.cost is None:
        raise ValueError(
            f"the action `{action.name}` makes calls, so its row has to say what they cost: give it `cost=`, "
            "such as ONE_MODEL_CALL, CALL_PER_ROW, ONE_TOOL_CALL, or FREE for calls that no budget counts"
        )


def _traits(action: Action) -> list[Any]:
    """What of an action, besides its parameters, changes what programs mean. The order is part of the digest."""
    calls = action.ask is not None
    traits = [action.result, calls, action.in_rows, bool(action.extra), action.barrier, action.shows, action.with_taint]
    # Left out where empty, so that the digest of a table without fused actions is what it was before there were any.
    return [*traits, dict(action.fused)] if action.fused else traits


def _meaning(param: Param) -> list[Any]:
    """What of a parameter changes what programs mean. The order is part of the digest."""
    # In a list of its own, since `null` is a default too.
    default = [] if param.required else [param.default]
    where = [param.many, param.named_only, param.or_query]
    return [param.name, param.kind, default, param.least, list(param.words), where]


def _spell_param(param: Param) -> str:
    if param.many:
        return f"{param.name}, ..."
    if param.required:
        return param.name
    # `limit=`: null is what an argument that is not given has, so it says nothing about what to write.
    default = ""
    if param.default is not None:
        default = msgspec.json.encode(param.default).decode()
    return f"{param.name}={default}"
