"""What a run may reach outside besides models: tools, whoever approves of their calls, nested runs, the clock.

The kernel has judged a call before it gets here. What is left to do is to carry it out once: a tool with side effects
has its intent written down first, so that after a crash nobody calls it again without a rule that says so.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

import msgspec

from rlmlite_kernel.effects.policy import rule_of
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Request, Result
from rlmlite_kernel.records.settings import Settings, Tool

Approve: TypeAlias = Callable[[str, Request], Awaitable[Result]]
"""Asked for an approval: gives JSON, `{"approved": true}` or anything else. The text says what it is about, as JSON."""


class ToolFunction(Protocol):
    """A tool: what programs are told of it, and the function behind it."""

    @property
    def declaration(self) -> Tool:
        """What the kernel knows of it."""
        ...

    async def call(self, arguments: str, timeout_ms: int | None) -> Result:
        """The value as JSON, of arguments as JSON; a failure is a result, never an exception."""
        ...


class Intents(Protocol):
    """Where it is written down that a call with side effects is about to be made."""

    def intend(self, id_: str) -> None:
        """Durable when this returns."""
        ...

    def intended(self) -> frozenset[str]:
        """The calls that were begun, by id, with or without an end."""
        ...


def milliseconds() -> int:
    """The time, since 1970."""
    return time.time_ns() // 1_000_000


class Outside(msgspec.Struct, frozen=True):
    """What a run is given of the outside; without a thing a call of it fails, and says so."""

    tools: Mapping[str, ToolFunction] = {}
    approve: Approve | None = None
    clock: Callable[[], int] = milliseconds

    async def call(self, request: Request, text: str, settings: Settings, intents: Intents) -> Result:
        """The result of a call that no model answers and that is no nested run."""
        match request.kind:
            case "tool":
                return await self._tool(request, text, settings, intents)
            case "approve" if self.approve is not None:
                return await self.approve(text, request)
            case "clock":
                return Answered(str(self.clock()), NO_USE)
        return Failed("unavailable", NO_USE, "nobody is there to be asked")

    async def _tool(self, request: Request, text: str, settings: Settings, intents: Intents) -> Result:
        function, rule = self.tools.get(request.role), rule_of(settings.policy, request.role)
        if function is None:
            return Failed("unavailable", NO_USE, "the host has not given this tool")
        if settings.tools[request.role].side_effects:
            if request.id in intents.intended() and rule.unknown == "fail":
                return Failed("unknown", NO_USE, "it was begun before, and nobody saw its end; it is not called again")
            intents.intend(request.id)
        return await function.call(text, rule.timeout_ms)
