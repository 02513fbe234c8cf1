"""The card: the whole action language on a page, for a controller.

It is generated from the action table of the run, so an action and its entry cannot disagree, a tool of the host is
listed like any action, and what the policy forbids is not offered. Every prompt pays for it, so it says only what a
program is written with; `describe("search")` tells the rest.

    - search(target, query=, limit=): hits {doc, line, ...}      in the words of `actions.md`
    - lower, upper, strip(text)                                  those that need no words
    - owner(part) -> a record: who looks after a part            an action of the host, as its row explains it
      part: the name of the part

Not here: the rest of the prompt (`prompt`), the syntax in a dozen lines (`syntax.md`).
"""

from collections.abc import Iterator
from itertools import groupby

from rlmlite.agent.prompts.instructions import card_entries, syntax
from rlmlite_kernel.actions.calls.tools import is_tool
from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.effects.policy import rule_of
from rlmlite_kernel.program.action_table import Action, Table
from rlmlite_kernel.records.settings import Policy

_ALL = Policy()  # permits everything
_DESCRIBE = "describe"
_TOOLS = "tools"
"""The family of the actions that call tools of the host, and of these tools."""


def card(table: Table = ACTIONS, policy: Policy = _ALL) -> str:
    """How programs are written, then each permitted action."""
    has_tools = any(map(is_tool, table.values()))
    offered = [action for action in table.values() if _is_offered(action, policy, has_tools=has_tools)]
    names = {action.name for action in offered}
    more = f'; {_DESCRIBE}("name") tells all about one' if _DESCRIBE in names else ""
    parts = ["# The action language", syntax().rstrip(), f"# Actions{more}"]
    # The table is in the order of its families, so `groupby`, which joins neighbours only, gives each of them once.
    for family, actions in groupby(offered, lambda action: action.family):
        parts.append(f"{family}:")
        parts += _family(list(actions))
    return "\n".join(parts)


def _is_offered(action: Action, policy: Policy, *, has_tools: bool) -> bool:
    """Whether the policy lets a program use it at all, and there is something to use it on."""
    if policy.actions is not None and action.name not in policy.actions:
        return False
    if action.family == _TOOLS and not has_tools:
        return False
    return not is_tool(action) or rule_of(policy, action.name).rule != "deny"


def _family(actions: list[Action]) -> Iterator[str]:
    """The entries of a family; those that need no words stand together at its end."""
    entries = card_entries()
    plain: list[str] = []
    for action in actions:
        entry = entries.get(action.name)
        if entry is None:
            yield from _explained(action)
        elif entry.words:
            yield f"- {entry.usage}: {entry.words}"
        else:
            plain.append(entry.usage)
    if plain:
        yield f"- {', '.join(_with_equal_parameters(plain))}"


def _with_equal_parameters(usages: list[str]) -> Iterator[str]:
    """Usages with those that follow each other and take the same said once: `lower, upper, strip(text)`."""
    for params, group in groupby(usages, lambda usage: usage.partition("(")[2]):
        names = [usage.partition("(")[0] for usage in group]
        yield f"{', '.join(names)}({params}"


def _explained(action: Action) -> Iterator[str]:
    """An action that the card has no entry for, in the words of its row."""
    yield f"- {action.signature()} -> {action.result}: {action.help}"
    if is_tool(action):  # the parameters of other actions are explained by `describe`
        for param in action.params:
            if param.help:
                yield f"  {param.name}: {param.help}"
