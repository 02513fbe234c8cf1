"""A run in which every controller obeys a script, and a record of all that reaches a model or a tool.

Three levels: `outer` is the run's controller, `inner` that of its nested runs, `deep` that of theirs. All of them may
see `patients`; the model `sub` and the tools `look` and `send` may not. `echo` is a tool that may.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlmlite import Limits, Outcome, Scripted, run, tool
from rlmlite.tools.approvals import Approval
from rlmlite_kernel.effects.requests import Request
from rlmlite_kernel.records.settings import Policy, ToolRule

SECRET = "hunter2correcthorse"
INPUTS: Mapping[str, object] = {"patients": f"name,note\nann,{SECRET}\n", "weather": "sunny\ncold\n"}
SEEING = ("scripted:outer", "scripted:inner", "scripted:deep", "tool:echo")
EGRESS: dict[str, tuple[str, ...]] = {"patients": SEEING}
# No call is asked for or denied by its origins: only egress stands in the way.
OPEN = {name: ToolRule(otherwise="allow") for name in ("look", "send", "echo")}
POLICY = Policy(tools=OPEN, egress=EGRESS)


class Stage:
    """What became of the scripts: calls of `look` and `send`, prompts of `sub`, approvals, prompts of controllers."""

    def __init__(
        self,
        outer: Sequence[str],
        inner: Sequence[str] = (),
        deep: Sequence[str] = (),
        *,
        inputs: Mapping[str, object] = INPUTS,
        policy: Policy = POLICY,
        limits: Limits | None = None,
        trace: Path | None = None,
        answers: bool = False,
    ) -> None:
        self.looked: list[str] = []
        self.sent: list[str] = []
        self.read: list[str] = []
        self.asked: list[Approval] = []
        self.shown: dict[str, list[str]] = {"outer": [], "inner": [], "deep": []}
        self._answers = answers
        settings: dict[str, Any] = {
            "controller": self._controller("outer", outer),
            "nested": [self._controller("inner", inner), self._controller("deep", deep)],
            "sub": Scripted(self._sub, "scripted:sub"),
            "tools": self._tools(),
        }
        self.outcome: Outcome = run(
            "What is it?",
            dict(inputs),
            policy=policy,
            approve=self._approve,
            limits=limits or Limits(turns=400, depth=2),
            trace=trace if trace is not None else False,
            **settings,
        )

    @property
    def leaked(self) -> list[str]:
        """All that reached what may not have `patients`."""
        return [*self.looked, *self.sent, *self.read]

    def _controller(self, name: str, programs: Sequence[str]) -> Scripted:
        script = iter(programs)

        def say(prompt: str, _: Request) -> str:
            self.shown[name].append(prompt)
            return next(script, 'final("end")')

        return Scripted(say, f"scripted:{name}")

    def _sub(self, prompt: str, _: Request) -> str:
        self.read.append(prompt)
        return "said"

    def _approve(self, approval: Approval) -> bool:
        self.asked.append(approval)
        return self._answers

    def _tools(self) -> list[Any]:
        def send(to: str) -> str:
            """Sends."""
            self.sent.append(to)
            return "sent"

        @tool(side_effects=False)
        def look(key: str) -> str:
            """Looks."""
            self.looked.append(key)
            return "found"

        @tool(side_effects=False)
        def echo(key: str) -> str:
            """Gives back."""
            return key

        return [send, look, echo]
