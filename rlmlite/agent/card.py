"""The card: the language on a page, for a controller. It is made from the action table, so it cannot be behind it."""

from collections.abc import Iterator
from itertools import groupby

from rlmlite.agent.instructions import syntax
from rlmlite_kernel.actions.calls.tools import is_tool
from rlmlite_kernel.effects.policy import rule_of
from rlmlite_kernel.program.action_table import Action, Table
from rlmlite_kernel.records.settings import Policy


def card(table: Table, policy: Policy) -> str:
    """How programs are written, then every permitted action: signature, result, help, an example of the result."""
    permitted = [action for action in table.values() if _permitted(action, policy)]
    parts = ["# The action language", syntax().rstrip(), "# Actions: name(parameters) -> result"]
    for family, actions in groupby(permitted, lambda action: action.family):
        lines = [line for action in actions for line in _lines(action)]
        parts.append("\n".join([f"{family}:", *lines]))
    return "\n".join(parts)


def _permitted(action: Action, policy: Policy) -> bool:
    """Whether a program may use it at all: a tool that the policy denies is not offered."""
    if policy.actions is not None and action.name not in policy.actions:
        return False
    return not is_tool(action) or rule_of(policy, action.name).rule != "deny"


def _lines(action: Action) -> Iterator[str]:
    yield f"- {action.signature()} -> {action.result}: {action.help}"
    for param in action.params if is_tool(action) else ():
        if param.help:
            yield f"  {param.name}: {param.help}"
    if action.example:
        yield f"  e.g. {action.example}"
