"""What the host provides to a run besides models: tools, approvals of their calls, the clock.

The kernel has judged a call before it gets here. What is left is to carry it out at most once. A tool with side effects
has its intent written down first, so that after a crash nobody repeats a call whose end is unknown:

    intend(id) -> durable      call the tool      record the result
                                  ^ a crash here: the call may or may not have had its effect

On the next run such a call is in `intents` without a result. It fails as `unknown`, unless the policy says that it may
be made again (`unknown = "retry"`).
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

import msgspec

from rlmlite_kernel.effects.policy import rule_of
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Request, Result
from rlmlite_kernel.records.settings import Settings, Tool

ApprovalService: TypeAlias = Callable[[str, Request], Awaitable[Result]]
"""Answers a request for an approval, whose text describes it in JSON. Only `{"approved": true}` approves."""


class ToolFunction(Protocol):
    """A tool: its declaration, and the function behind it."""

    @property
    def declaration(self) -> Tool:
        """What the kernel knows of it."""
        ...

    async def call(self, arguments: str, timeout_ms: int | None) -> Result:
        """The value as JSON, for arguments as JSON. A failure is a result, never an exception."""
        ...


class Intents(Protocol):
    """The record of calls with side effects that are about to be made."""

    def intend(self, id_: str) -> None:
        """Record a call. It is durable when this returns."""
        ...

    def intents(self) -> frozenset[str]:
        """The ids of all calls that were recorded, whether or not they have ended."""
        ...


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class HostServices(msgspec.Struct, frozen=True):
    """What a run may use besides models. A call of a service that is missing fails, with a message that says so."""

    tools: Mapping[str, ToolFunction] = {}
    approve: ApprovalService | None = None
    clock: Callable[[], int] = now_ms

    async def call(self, request: Request, text: str, settings: Settings, intents: Intents) -> Result:
        """The result of a request that is neither for a model nor for a nested run."""
        # A kind without a service here, an approval that nobody gives among them, fails like a tool that is missing.
        match request.kind:
            case "tool":
                return await self._call_tool(request, text, settings, intents)
            case "approve" if self.approve is not None:
                return await self.approve(text, request)
            case "clock":
                return Answered(str(self.clock()), NO_USE)
        return Failed("unavailable", NO_USE, "nobody is there to ask")

    async def _call_tool(self, request: Request, text: str, settings: Settings, intents: Intents) -> Result:
        function = self.tools.get(request.role)
        if function is None:
            return Failed("unavailable", NO_USE, "the host does not provide this tool")
        rule = rule_of(settings.policy, request.role)
        if settings.tools[request.role].side_effects:
            was_begun = request.id in intents.intents()
            if was_begun and rule.unknown == "fail":
                return Failed("unknown", NO_USE, "it was begun before and its end is unknown; it is not called again")
            # The order is the point: a crash after this line is seen by the check above, in the next process.
            intents.intend(request.id)
        return await function.call(text, rule.timeout_ms)
