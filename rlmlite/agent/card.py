"""The card: the language on a page, for a controller. It is made from the action table, so it cannot be behind it."""

from collections.abc import Iterator
from itertools import groupby

from rlmlite.agent.words import syntax
from rlmlite_kernel.settings import Policy
from rlmlite_kernel.table import Action, Table


def card(table: Table, policy: Policy) -> str:
    """How programs are written, then every permitted action: signature, result, help, an example of the result."""
    permitted = [action for action in table.values() if policy.actions is None or action.name in policy.actions]
    parts = ["# The action language", syntax().rstrip(), "# Actions: name(parameters) -> result"]
    for family, actions in groupby(permitted, lambda action: action.family):
        lines = [line for action in actions for line in _lines(action)]
        parts.append("\n".join([f"{family}:", *lines]))
    return "\n".join(parts)


def _lines(action: Action) -> Iterator[str]:
    yield f"- {action.signature()} -> {action.result}: {action.help}"
    if action.example:
        yield f"  e.g. {action.example}"
