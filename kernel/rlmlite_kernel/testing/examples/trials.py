"""Trials: one call of an action, drawn from its row of the table, with the inputs that it reads.

What a row declares is all that is known of an action, for the checker as for this: kinds, bounds, words, which
arguments exclude each other. So an action that is added tomorrow is tried tomorrow.

    Trial({"rows": [{"a": 1, "b": None}]}, count_by(rows, .a))
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.ast import Call, Expr, Field, Named, Parsed, Program, Statement
from rlmlite_kernel.program.checks import ExactlyOneOf
from rlmlite_kernel.testing.examples.arguments import READERS, Draft, read_own
from rlmlite_kernel.testing.examples.values import tables

RESULT = "result"
"""The variable that a trial writes."""


class Trial(msgspec.Struct, frozen=True):
    """A program of one statement, and the contents of the inputs that it reads, as plain data."""

    inputs: Mapping[str, Any]
    program: Program

    @property
    def parsed(self) -> Parsed:
        """The program, as `advance` takes it."""
        return Parsed(self.program)

    def __str__(self) -> str:
        """For people: the program as data, and its inputs."""
        return f"{msgspec.json.encode(self.program).decode()}\n    over {dict(self.inputs)!r}"


def trials_of(
    action: Action, arguments: "Mapping[str, st.SearchStrategy[Any]] | None" = None
) -> "st.SearchStrategy[Trial]":
    """Trials of an action. `arguments`: what to draw for some of its parameters instead, as data or program nodes."""
    own = dict(arguments or {})
    unknown = sorted(own.keys() - {param.name for param in action.params})
    if unknown:
        raise ValueError(f"`{action.name}` has no parameter `{unknown[0]}`; it is {action.signature()}")

    @st.composite
    def trial(draw: st.DrawFn) -> Trial:
        draft = Draft(draw)
        call = draw_call(draft, action, own)
        target = None if action.ends else RESULT
        return Trial(draft.inputs, Program((Statement(call, target),)))

    return trial()


def draw_call(draft: Draft, action: Action, own: "Mapping[str, st.SearchStrategy[Any]] | None" = None) -> Call:
    """A call of an action; of one that may stand in a row expression, now and then over rows."""
    call = _call(draft, action, own or {})
    is_over_rows = action.in_rows and not own and draft.draw(st.integers(0, 3)) == 0
    return _over_rows(draft, call) if is_over_rows else call


def _call(draft: Draft, action: Action, own: "Mapping[str, st.SearchStrategy[Any]]") -> Call:
    args: list[Expr] = []
    named: list[Named] = []
    for param in _params(draft, action, own):
        if param.many:
            args += [_argument(draft, param, own) for _ in range(draft.draw(st.integers(0, 4)))]
        # By position as long as no parameter before it was left out.
        elif param.required and not named and not param.named_only:
            args.append(_argument(draft, param, own))
        else:
            named.append(Named(param.name, _argument(draft, param, own)))
    if action.needs_extra:
        named.append(Named("context", draft.text()))
    return Call(action.name, tuple(args), tuple(named))


def _params(draft: Draft, action: Action, own: "Mapping[str, Any]") -> Sequence[Param]:
    """The parameters that a call gives: those that are required, some of the others, and of alternatives one."""
    excluded: set[str] = set()
    chosen: set[str] = set()
    for check in action.checks:
        if isinstance(check, ExactlyOneOf):
            one = draft.pick(*check.params)
            chosen.add(one)
            excluded |= {*check.params} - {one}
    left = [param for param in action.params if param.name not in excluded]
    return [
        param
        for param in left
        if param.required or param.many or param.name in chosen or param.name in own or draft.draw(st.booleans())
    ]


def _argument(draft: Draft, param: Param, own: "Mapping[str, st.SearchStrategy[Any]]") -> Expr:
    if param.name in own:
        return read_own(draft, param, own[param.name])
    return READERS[param.kind](draft, param)


def _over_rows(draft: Draft, call: Call) -> Call:
    """The same call for each row of some records, with fields in place of some of its arguments."""
    rows = draft.read("rows", tables())
    args = [Field(draft.pick("a", "b")) if draft.draw(st.booleans()) else arg for arg in call.args]
    return Call("map", (rows, Call(call.name, tuple(args), call.named)))


def draw_trials(action: Action, count: int) -> list[Trial]:
    """So many trials of an action, the same each time, for what has to be done with all of them together."""
    trials: list[Trial] = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(trials_of(action))
    def draw(trial: Trial) -> None:
        trials.append(trial)

    draw()
    return trials
