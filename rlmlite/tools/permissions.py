"""Permissions: what a caller grants a run besides models. Tools, under a policy, and somebody who approves their calls.

A policy can only make a tool's declaration stricter: where it says that a tool has side effects, the tool is declared
so, whatever its author said. The reverse is refused (`policy_rules.Rules`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from rlmlite.guard.trust.trusted import PinnedFile
from rlmlite.tools.approvals import Approver, make_approval_service
from rlmlite.tools.policy_rules import Rules, unknown_names
from rlmlite.tools.services import HostServices, ToolFunction
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.settings import Policy, Settings, Tool

if TYPE_CHECKING:
    from rlmlite.tools.functions import PythonTool

PolicySource: TypeAlias = str | PathLike[str] | Policy | PinnedFile | None
"""The path of a policy file, a policy file of known content, or a policy."""

ToolSources: TypeAlias = "Sequence[Callable[..., Any] | PythonTool]"
"""Functions, plain or already made tools."""


class Permissions(msgspec.Struct, frozen=True):
    """What a run may use, under which policy. `scope` is recorded in the genesis: the digest of the policy's file."""

    services: HostServices
    policy: Policy
    scope: Mapping[str, str]


class _StricterTool:
    """A tool whose declaration the policy has made stricter."""

    def __init__(self, function: ToolFunction, declaration: Tool) -> None:
        self._function, self.declaration = function, declaration

    async def call(self, arguments: str, timeout_ms: int | None) -> Result:
        """See `ToolFunction.call`."""
        return await self._function.call(arguments, timeout_ms)


def grant(
    tools: ToolSources, policy: PolicySource, approve: Approver | str | None, tell: Callable[[str], None]
) -> Permissions:
    """The permissions of a run. `tell` is called with what a person should know. Raises `SettingError`."""
    rules = load_rules(policy)
    functions = {}
    # Before anything is asked or run: a policy that weakens a tool stops the run here.
    for name, function in _tools_by_name(tools).items():
        functions[name] = _apply_rules(rules, name, function)
    services = HostServices(tools=functions, approve=make_approval_service(approve, tell))
    scope = {"policy": rules.digest} if rules.digest else {}
    return Permissions(services, rules.policy, scope)


def warn_of_unknown_names(settings: Settings, inputs: Iterable[str], tell: Callable[[str], None]) -> None:
    """Warn of names in the policy that this run does not have: most likely typing errors."""
    models = [role.model for role in settings.roles.values()]
    for warning in unknown_names(settings.policy, inputs, settings.tools, models):
        tell(warning)


def load_rules(policy: PolicySource) -> Rules:
    """The rules of a policy file, or of a policy. Raises `SettingError`."""
    # A policy made in Python has no file, so no digest: the settings in the trace contain all of it.
    if policy is None:
        return Rules()
    if isinstance(policy, Policy):
        return Rules(policy)
    from rlmlite.tools.policy_file import read_policy_file

    return read_policy_file(policy if isinstance(policy, PinnedFile) else Path(policy))


def _tools_by_name(tools: ToolSources) -> Mapping[str, ToolFunction]:
    # pydantic, which checks tools, takes longer to import than most programs run.
    if tools == () or tools == []:
        return {}
    from rlmlite.tools.functions import tools_of

    return tools_of(tools)


def _apply_rules(rules: Rules, name: str, function: ToolFunction) -> ToolFunction:
    # The function stays as it is; only what the kernel is told of it changes.
    declaration = rules.strengthen(name, function.declaration)
    if declaration is function.declaration:
        return function
    return _StricterTool(function, declaration)
