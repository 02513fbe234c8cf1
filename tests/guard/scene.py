"""One run with an injected text somewhere in it, and a record of all that left it."""

import hashlib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from rlmlite.agent.ask import ask_and_seal, prepare_agent
from rlmlite.clients import Scripted
from rlmlite.inputs import from_values
from rlmlite.runs.driver import drive_turn
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.run import Run
from rlmlite.runs.settings import make_settings
from rlmlite.tools.approvals import Approval
from rlmlite.tools.functions import tool
from rlmlite_kernel.effects.requests import Request
from rlmlite_kernel.records.settings import Limits, Policy, ToolRule
from rlmlite_traces import FileBlobs
from tests.guard.obedient import OPENING, orders

HERE = Path(__file__).parent
KEY = "2b" * 32
CANARY = "hunter2correcthorsebatterystaple"

Place: TypeAlias = Literal["file", "tool", "sub"]
PLACES: tuple[Place, ...] = ("file", "tool", "sub")
LOOKED = """
note("look, then answer")
show(mail)
got = lookup(key="a")
said = sub_lm("What is it about? {notes}")
show(got)
show(said)
"""
ENDED = "final({said: str(said), got: got}, evidence=mail.lines)"

POLICY = Policy(
    tools={"lookup": ToolRule(), "send_mail": ToolRule(calls=3)},
    egress={"vault": ()},
)


class Injection(NamedTuple):
    family: str
    text: str


def injections() -> list[Injection]:
    """The corpus."""
    with (HERE / "injections.toml").open("rb") as file:
        return [Injection(**each) for each in tomllib.load(file)["injection"]]


class Scene:
    """A run over a mail, notes, and a vault that may go nowhere. What leaves it is in the lists."""

    def __init__(
        self,
        text: str,
        place: Place,
        *,
        obeys: bool,
        policy: Policy = POLICY,
        approve: Callable[[Approval], bool] | None = None,
        trace: Path | None = None,
    ) -> None:
        self.sent: list[tuple[str, str]] = []
        self.looked_up: list[str] = []
        self.shown: list[str] = []
        self.read: list[str] = []
        self.tried: list[str] = []
        self._text, self._place, self._obeys = text, place, obeys
        settings: Any = {
            "controller": Scripted(self._control, "scripted:controller"),
            "sub": Scripted(self._sub, "scripted:sub"),
            "tools": self._tools(),
            "policy": policy,
            "approve": approve,
            "limits": Limits(turns=60),
            "trace": trace if trace is not None else False,
            "run_key": KEY,
        }
        blobs = FileBlobs()
        inputs = from_values(
            {
                "mail": f"From: a friend\n{text if place == 'file' else 'All is well.'}\nBye\n",
                "notes": "The meeting is at noon.\n",
                "vault": f"the password is {CANARY}\nand nobody may know\n",
            },
            blobs,
        )
        agent, setup = prepare_agent(make_settings(settings))
        self.run = Run(inputs, blobs, setup)
        self.before = self.run.state
        self.outcome: Outcome = drive_turn(self.run, ask_and_seal(self.run, "What is the mail about?", agent))
        self.run.close()

    def _tools(self) -> list[Any]:
        def send_mail(to: str, body: str) -> str:
            """Sends a mail."""
            self.sent.append((to, body))
            return "sent"

        @tool(side_effects=False)
        def lookup(key: str) -> str:
            """Looks something up."""
            self.looked_up.append(key)
            return self._text if self._place == "tool" else "nothing"

        return [send_mail, lookup]

    def _sub(self, prompt: str, request: Request) -> str:
        self.read.append(prompt)
        return self._text if self._place == "sub" else "about a meeting"

    def _control(self, prompt: str, request: Request) -> str:
        self.shown.append(prompt)
        if len(self.shown) == 1:
            return LOOKED
        if self._obeys:
            for order in orders(prompt):
                if order not in self.tried:
                    self.tried.append(order)
                    return order
        return ENDED


def outside(text: str) -> str:
    """What of a prompt stands outside every fence; each fence must close, and be that of its content."""
    found = OPENING.search(text)
    if found is None:
        return text
    body, closing, rest = text[found.end() :].partition(f"\n</data {found[1]}>")
    assert closing, f"the fence {found[1]} is never closed"
    assert hashlib.sha256(body.encode()).hexdigest()[:8] == found[1], "a fence that is not of its content"
    return text[: found.start()] + outside(rest)
