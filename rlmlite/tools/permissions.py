"""What a caller grants a run besides models: tools, under a policy, and somebody who approves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from rlmlite.tools.approvals import Approver, approver
from rlmlite.tools.policy_rules import Rules, unmet
from rlmlite.tools.services import Outside, ToolFunction
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.settings import Policy, Settings, Tool

if TYPE_CHECKING:
    from rlmlite.tools.functions import PythonTool

PolicyGiven: TypeAlias = str | PathLike[str] | Policy | None
"""A policy file, or a policy."""

Tools: TypeAlias = "Sequence[Callable[..., Any] | PythonTool]"


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
    functions = {name: _under(rules, name, each) for name, each in _tools_of(tools).items()}
    outside = Outside(tools=functions, approve=approver(approve, tell))
    return Granted(outside, rules.policy, {"policy": rules.digest} if rules.digest else {})


def tell_of_unmet(settings: Settings, inputs: Iterable[str], tell: Callable[[str], None]) -> None:
    """Tell of what the policy names that the run has not."""
    models = [role.model for role in settings.roles.values()]
    for warning in unmet(settings.policy, inputs, settings.tools, models):
        tell(warning)


def rules_of(given: PolicyGiven) -> Rules:
    """The rules of a policy file, or those of a policy. Raises `SettingError`."""
    if given is None:
        return Rules()
    if isinstance(given, Policy):
        return Rules(given)
    from rlmlite.tools.policy_file import read

    return read(Path(given))


def _tools_of(tools: Tools) -> Mapping[str, ToolFunction]:
    if tools == () or tools == []:
        return {}  # pydantic, which tools are checked with, takes longer to import than most programs run
    from rlmlite.tools.functions import tools_of

    return tools_of(tools)


def _under(rules: Rules, name: str, function: ToolFunction) -> ToolFunction:
    declared = rules.declared(name, function.declaration)
    return function if declared is function.declaration else _Stricter(function, declared)
