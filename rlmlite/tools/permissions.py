"""What a caller grants a run besides models: tools, under a policy, and somebody who approves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import TypeAlias

import msgspec

from rlmlite.tools.approvals import Approver, approver
from rlmlite.tools.functions import Function, PythonTool, tools_of
from rlmlite.tools.policy_file import Rules, rules_of, unmet
from rlmlite.tools.services import Outside, ToolFunction
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.settings import Policy, Settings, Tool

PolicyGiven: TypeAlias = str | PathLike[str] | Policy | None
"""A policy file, or a policy."""

Tools: TypeAlias = Sequence[Function | PythonTool]


class Granted(msgspec.Struct, frozen=True):
    """`scope` is what the genesis records of it besides the settings: the digest of the policy's file."""

    outside: Outside
    policy: Policy
    scope: Mapping[str, str]


class _Stricter:
    """A tool whose declaration the policy has made stricter."""

    def __init__(self, function: ToolFunction, declaration: Tool) -> None:
        self._function, self.declaration = function, declaration

    async def call(self, arguments: str, timeout_ms: int | None) -> Result:
        """See `ToolFunction.call`."""
        return await self._function.call(arguments, timeout_ms)


def granted(tools: Tools, policy: PolicyGiven, approve: Approver | str | None, tell: Callable[[str], None]) -> Granted:
    """The outside of a run. `tell` hears what a person should know. Raises `SettingError`."""
    rules = rules_of(policy)
    functions = {name: _under(rules, name, each) for name, each in tools_of(tools).items()}
    outside = Outside(tools=functions, approve=approver(approve, tell))
    return Granted(outside, rules.policy, {"policy": rules.digest} if rules.digest else {})


def tell_of_unmet(settings: Settings, inputs: Iterable[str], tell: Callable[[str], None]) -> None:
    """Tell of what the policy names that the run has not."""
    models = [role.model for role in settings.roles.values()]
    for warning in unmet(settings.policy, inputs, settings.tools, models):
        tell(warning)


def _under(rules: Rules, name: str, function: ToolFunction) -> ToolFunction:
    declared = rules.declared(name, function.declaration)
    return function if declared is function.declaration else _Stricter(function, declared)
