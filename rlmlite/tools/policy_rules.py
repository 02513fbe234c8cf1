"""The rules of a policy as a run has them, wherever they come from, and what they name that the run does not have.

The file that they may be written in is read by `policy_file`, which needs pydantic; most runs have no such file.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from rlmlite.errors import SettingError
from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.effects.policy import ANY, CALL
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.settings import Policy, Tool


class Rules(msgspec.Struct, frozen=True):
    """A policy, with the digest of its file (SHA-256, hex; empty if there was none).

    `stricter` are the tools that it says have side effects, `harmless` those that it says have none.
    """

    policy: Policy = Policy()
    digest: str = ""
    stricter: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()

    def declared(self, name: str, tool: Tool) -> Tool:
        """A tool's declaration under this policy. Raises `SettingError` where it would be made less strict."""
        if tool.side_effects and name in self.harmless:
            raise SettingError(
                f"the policy says that `{name}` has no side effects, the tool says that it has; only the tool itself "
                "can say so: rlmlite.tool(side_effects=False)"
            )
        return msgspec.structs.replace(tool, side_effects=True) if name in self.stricter else tool


def unmet(policy: Policy, inputs: Iterable[str], tools: Mapping[str, Tool], models: Iterable[str]) -> Iterator[str]:
    """What a policy names that this run does not have: most likely a slip, so the user is told."""
    known = list(inputs)
    yield from _unknown("input", policy.egress, known)
    yield from _unknown("tool", policy.tools or (), tools)
    for name, rule in (policy.tools or {}).items():
        if name in tools:
            arguments = [param.name for param in tools[name].params]
            yield from _unknown(f"argument of `{name}`", rule.accepts or (), [*arguments, CALL])
    yield from _unknown("action", policy.actions or (), [*ACTIONS, *tools])
    playing = [*models, *(f"tool:{name}" for name in tools)]
    for name in dict.fromkeys([*(policy.models or ()), *(each for rule in policy.egress.values() for each in rule)]):
        if name not in playing and not name.endswith(ANY):  # a pattern is for models of other runs too
            yield f"the policy names {name}, which is no model and no tool of this run"


def _unknown(what: str, named: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    there = list(known)
    for name in named:
        if name not in there and name != ANY:
            hint = did_you_mean(name, there) or f"there are: {', '.join(there) or 'none'}"
            yield f"the policy names the {what} `{name}`, which this run does not have; {hint}"
