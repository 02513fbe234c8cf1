"""A run with two tools in memory, one with side effects and one without."""

from collections.abc import Mapping

from rlmlite_kernel import (
    Answered,
    Done,
    Failed,
    Limits,
    MemoryBlobs,
    Request,
    Result,
    Role,
    Suspended,
    advance,
    begin,
    resume,
)
from rlmlite_kernel.records.records import Entry, Step
from rlmlite_kernel.records.settings import Policy, Settings, Tool, ToolParam
from rlmlite_kernel.testing.play.turns import KEY, make_input
from tests.kernel.machine import parse_program

TOOLS = {
    "send": Tool(help="Sends.", params=(ToolParam(name="to"), ToolParam(name="body", required=False))),
    "look": Tool(help="Looks.", params=(ToolParam(name="key"),), side_effects=False),
}
YES, NO = '{"approved":true}', '{"approved":false}'


class Bench:
    """A run with tools in memory; every request is answered by rule, and kept."""

    def __init__(
        self,
        inputs: Mapping[str, object] | None = None,
        *,
        policy: Policy | None = None,
        limits: Limits | None = None,
        approve: str = NO,
        roles: Mapping[str, Role] | None = None,
        parent: str | None = None,
    ) -> None:
        self.blobs = MemoryBlobs()
        chosen = Settings(
            limits=limits or Limits(),
            roles=dict(roles or {}),
            tools=TOOLS,
            policy=policy or Policy(),
            parent=parent,
        )
        named = {name: make_input(self.blobs, content) for name, content in (inputs or {}).items()}
        self.done = begin(named, chosen, KEY)
        self.asked: list[Request] = []
        self.entries: list[Entry] = list(self.done.entries)
        self.approve = approve

    def turn(self, program: str) -> list[str]:
        """The codes of its steps, empty for what went well."""
        now: Done | Suspended = advance(self.done.state, parse_program(program), self.blobs)
        found = list(now.entries)
        while isinstance(now, Suspended):
            now = resume(now, [self._answer(request) for request in now.requests], self.blobs)
            found += now.entries
        self.done = now
        self.entries += found
        return [entry.record.code for entry in found if isinstance(entry.record, Step)]

    def kinds(self) -> list[str]:
        """What was asked for."""
        return [request.kind for request in self.asked]

    def _answer(self, request: Request) -> Result:
        self.asked.append(request)
        match request.kind:
            case "approve":
                return Answered(self.approve)
            case "tool":
                return Answered('"sent"')
            case "lm":
                return Answered("said")
        return Failed("unavailable")
