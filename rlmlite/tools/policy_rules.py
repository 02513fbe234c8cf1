"""The rules of a policy as a run uses them, wherever they come from, and the names in them that the run does not have.

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
    """A policy, with the digest of its file (SHA-256 in hex; empty if there was none).

    `stricter` are the tools that it says have side effects, `harmless` those that it says have none.
    """

    policy: Policy = Policy()
    digest: str = ""
    stricter: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()

    def strengthen(self, name: str, tool: Tool) -> Tool:
        """A tool's declaration under this policy. Raises `SettingError` where the policy would weaken it."""
        # Whether a call has effects is for whoever wrote the function to know; a policy that denies it would lift the
        # protection from a tool that its author warned of.
        if tool.side_effects and name in self.harmless:
            raise SettingError(
                f"the policy says that `{name}` has no side effects, but the tool says that it has; only the tool "
                "itself can say so: rlmlite.tool(side_effects=False)"
            )
        if name not in self.stricter:
            return tool
        return msgspec.structs.replace(tool, side_effects=True)


def unknown_names(
    policy: Policy, inputs: Iterable[str], tools: Mapping[str, Tool], models: Iterable[str]
) -> Iterator[str]:
    """A warning for each name in a policy that this run does not have."""
    rules = policy.tools or {}
    yield from _unknown_in("input", policy.egress, list(inputs))
    yield from _unknown_in("tool", rules, list(tools))
    for name, rule in rules.items():
        # A tool that is itself unknown was warned of above; its arguments cannot be judged.
        if name not in tools or rule.accepts is None:
            continue
        arguments = [param.name for param in tools[name].params]
        # `CALL` stands for the decision to call at all, beside the arguments.
        arguments.append(CALL)
        yield from _unknown_in(f"argument of `{name}`", rule.accepts, arguments)
    # A tool can be called by its own name too, so it may be among the permitted actions.
    yield from _unknown_in("action", policy.actions or (), [*ACTIONS, *tools])
    destinations = [*models, *(f"tool:{name}" for name in tools)]
    yield from _unknown_destinations(policy, destinations)


def _unknown_in(what: str, names: Iterable[str], known: list[str]) -> Iterator[str]:
    for name in names:
        # `*` names no one thing: it stands for all others.
        if name not in known and name != ANY:
            listed = ", ".join(known) or "none"
            hint = did_you_mean(name, known) or f"there are: {listed}"
            yield f"the policy names the {what} `{name}`, which this run does not have; {hint}"


def _unknown_destinations(policy: Policy, known: list[str]) -> Iterator[str]:
    """Models and tools that content may be sent to."""
    names = list(policy.models or ())
    for destinations in policy.egress.values():
        names.extend(destinations)
    # Without repeats, in the order of the policy: one warning per name, the same in every run.
    for name in dict.fromkeys(names):
        # A pattern (`ollama:*`) is for the models of other runs too.
        is_pattern = name.endswith(ANY)
        if name not in known and not is_pattern:
            yield f"the policy names {name}, which is neither a model nor a tool of this run"
