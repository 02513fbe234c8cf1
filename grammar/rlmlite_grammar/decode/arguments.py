"""Which calls a decoder may write, and how the arguments of each stand: what all forms of decode grammars share.

    search(target, query | template=, limit=, where=)    positional: target    exclusive: query, template
                                                         by name: limit, where
    show(*values)                                        repeated: values

There is one way to write each call, so that a decoder has no choice without a meaning. Not here: how a rule or a schema
spells it (`calls`, `structured`).
"""

from typing import Final

import msgspec

from rlmlite_grammar.decode.vocabulary import Vocabulary
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.ast import ASSIGNMENT
from rlmlite_kernel.program.checks import ExactlyOneOf

_TOOL_CALL: Final = "tool_call"
"""The action that calls a tool of the host, by name."""

_KEYWORDS: Final = ("context", "other")
"""What a decoder calls the values that an action needs under names of the caller's own; the first is required."""

_ALONE: Final = ("state", "end")
"""Families whose actions are statements, never a part of one."""


class Calls(msgspec.Struct, frozen=True):
    """The actions that may be called, by where.

    `scalar` may stand inside row expressions, on the fields of a row; `whole` are calls on whole values; `alone` and
    `end` are statements, never a part of one.
    """

    scalar: tuple[Action, ...]
    whole: tuple[Action, ...]
    alone: tuple[Action, ...]
    end: tuple[Action, ...]


class CallForm(msgspec.Struct, frozen=True):
    """The parameters of an action, each in one of four groups, and the `keywords` of arguments that any name may have.

    The order of the groups is that of the call: by position first, then what is one of several, then any number of
    values, and named ones last.
    """

    positional: tuple[Param, ...]
    exclusive: tuple[Param, ...]
    repeated: tuple[Param, ...]
    by_name: tuple[Param, ...]
    keywords: tuple[str, ...]


def calls_of(vocabulary: Vocabulary) -> Calls:
    """The calls that can be written with what there is to name."""
    actions = [action for action in vocabulary.actions() if _can_be_written(action, vocabulary)]
    nested = [action for action in actions if action.family not in _ALONE]
    return Calls(
        scalar=tuple(action for action in nested if action.in_rows),
        whole=tuple(action for action in nested if not action.in_rows),
        # A draft is of the family of the end, but the run goes on after it.
        alone=tuple(action for action in actions if action.family in _ALONE and not action.ends),
        end=tuple(action for action in actions if action.ends),
    )


def call_form(action: Action) -> CallForm:
    """How the arguments of an action stand."""
    alternatives = _alternatives(action)
    positional: list[Param] = []
    exclusive: list[Param] = []
    repeated: list[Param] = []
    by_name: list[Param] = []
    for param in action.params:
        if param.required and not (param.many or param.named_only):
            positional.append(param)
        elif param.name in alternatives:
            exclusive.append(param)
        elif param.many:
            repeated.append(param)
        else:
            by_name.append(param)
    keywords = _KEYWORDS if action.needs_extra else ()
    return CallForm(tuple(positional), tuple(exclusive), tuple(repeated), tuple(by_name), keywords)


def names_tool(param: Param, action: Action) -> bool:
    """Whether a parameter names a tool. The table may say only that it is any value, but the tools are known."""
    return param.kind == "tool" or (action.name == _TOOL_CALL and param.name == "name")


def _can_be_written(action: Action, vocabulary: Vocabulary) -> bool:
    # Programs write `x = ...`, which is a rule of its own (`decode.rules`), never the action behind it.
    if action.name == ASSIGNMENT:
        return False
    if not vocabulary.tools and any(names_tool(param, action) for param in action.params):
        return False
    # The rule of the kind `name` lists the writable variables. With none it does not exist, and a grammar that
    # referred to it would not load.
    names_variable = any(param.kind == "name" for param in action.params)
    return bool(vocabulary.writable) or not names_variable


def _alternatives(action: Action) -> tuple[str, ...]:
    """The parameters of which exactly one is given, if the action has such."""
    for check in action.checks:
        if isinstance(check, ExactlyOneOf):
            return check.params
    return ()
