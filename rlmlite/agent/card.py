"""The card: the whole action language on a page, for a controller.

It is generated from the action table of the run, so an action and its entry cannot disagree, a tool of the host is
listed like any action, and what the policy forbids is not offered.
Not here: the rest of the prompt (`prompt`), the syntax in a dozen lines (`prompts/syntax.md`).
"""

from collections.abc import Iterator
from itertools import groupby

from rlmlite.agent.instructions import syntax
from rlmlite_kernel.actions.calls.tools import is_tool
from rlmlite_kernel.effects.policy import rule_of
from rlmlite_kernel.program.action_table import Action, Table
from rlmlite_kernel.records.settings import Policy


def card(table: Table, policy: Policy) -> str:
    """How programs are written, then each permitted action: signature, result, help, an example of the result."""
    offered = [action for action in table.values() if _is_offered(action, policy)]
    parts = ["# The action language", syntax().rstrip(), "# Actions: name(parameters) -> result"]
    # The table is in the order of its families, so `groupby`, which joins neighbours only, gives each of them once.
    for family, actions in groupby(offered, lambda action: action.family):
        parts.append(f"{family}:")
        for action in actions:
            parts += _lines(action)
    return "\n".join(parts)


def _is_offered(action: Action, policy: Policy) -> bool:
    """Whether the policy lets a program use it at all."""
    if policy.actions is not None and action.name not in policy.actions:
        return False
    return not is_tool(action) or rule_of(policy, action.name).rule != "deny"


def _lines(action: Action) -> Iterator[str]:
    yield f"- {action.signature()} -> {action.result}: {action.help}"
    if is_tool(action):  # the parameters of other actions are explained in their help
        for param in action.params:
            if param.help:
                yield f"  {param.name}: {param.help}"
    if action.example:
        yield f"  e.g. {action.example}"
