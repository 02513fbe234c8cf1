"""A run in memory, and a model that answers by rule; shared by the tests of the kernel machine."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite_grammar import parse
from rlmlite_kernel import (
    ACTIONS,
    Answered,
    Blobs,
    Done,
    Entry,
    Limits,
    MemoryBlobs,
    Parsed,
    Policy,
    Request,
    Result,
    Role,
    Settings,
    State,
    Suspended,
    advance,
    begin,
    explain,
    render,
    resume,
)
from rlmlite_kernel.records.evolution import FLAGS
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.table import Table
from rlmlite_kernel.testing.play.turns import KEY, entry_bytes, make_input
from rlmlite_kernel.values.parsers import Parser
from rlmlite_kernel.values.values import to_json

ROLE = Role(model="scripted:x", max_output_tokens=10, bytes_per_1000_tokens=1_000)

LOG = "one\nERROR two\nthree\n"
"""A short text, for runs that are followed step by step."""

Reply = Callable[[str], Result | str]
"""What a model makes of a prompt."""


def parse_program(text: str) -> Parsed:
    """The program that a text is."""
    result = parse(text)
    assert isinstance(result, Parsed), explain(result.problems, text)
    return result


def echo(prompt: str) -> Result | str:
    """The length of the prompt, as text."""
    return f"{len(prompt)} characters"


def answer_request(reply: Reply, request: Request, blobs: Blobs) -> Result:
    """What a model answers to one request."""
    result = reply(render(request.prompt, blobs))
    return Answered(result) if isinstance(result, str) else result


class Machine:
    """One run: programs go in, variables, observations and records come out."""

    def __init__(
        self,
        inputs: Mapping[str, object] | None = None,
        *,
        limits: Limits | None = None,
        role: Role = ROLE,
        roles: Mapping[str, Role] | None = None,
        actions: tuple[str, ...] | None = None,
        policy: Policy | None = None,
        blobs: Blobs | None = None,
        table: Table = ACTIONS,
        parser: Parser = CODE_PARSER,
        flags: Collection[int] = tuple(FLAGS),
    ) -> None:
        self.blobs: Blobs = blobs or MemoryBlobs()
        self.parser = parser
        settings = Settings(
            limits=limits or Limits(), roles={"sub": role, **(roles or {})}, policy=policy or Policy(actions=actions)
        )
        named = {name: make_input(self.blobs, content) for name, content in (inputs or {}).items()}
        self.done = begin(named, settings, KEY, table=table, flags=flags)
        self.entries: list[Entry] = list(self.done.entries)
        self.prompts: list[str] = []
        self.waves: list[int] = []

    @property
    def state(self) -> State:
        """The state now."""
        return self.done.state

    def advance(self, program: str) -> Done | Suspended:
        """One turn as far as it goes by itself; the run itself stays where it is."""
        return advance(self.state, parse_program(program), self.blobs, parser=self.parser)

    def turn(self, program: str, reply: Reply = echo) -> str:
        """One whole turn; gives the observation."""
        now = self.advance(program)
        self.entries.extend(now.entries)
        while isinstance(now, Suspended):
            self.waves.append(len(now.requests))
            self.prompts.extend(render(request.prompt, self.blobs) for request in now.requests)
            results = [answer_request(reply, request, self.blobs) for request in now.requests]
            now = resume(now, results, self.blobs, parser=self.parser)
            self.entries.extend(now.entries)
        self.done = now
        return now.observation

    def value(self, name: str) -> Any:
        """A variable as JSON."""
        return to_json(self.state.variables[name].data.value, self.blobs)

    def tainted(self, name: str) -> Any:
        """A variable with its origins and sources."""
        return self.state.variables[name].data

    def of(self, expression: str, reply: Reply = echo) -> Any:
        """The value of one expression."""
        self.turn(f"it = {expression}", reply)
        assert self.steps()[-1].status == "ok", self.done.observation
        return self.value("it")

    def steps(self) -> list[Step]:
        """The step records of the last turn."""
        turn = self.state.turn
        return [e.record for e in self.entries if isinstance(e.record, Step) and e.record.turn == turn]

    def codes(self) -> list[str]:
        """The code of each step of the last turn, empty for what went well."""
        return [step.code for step in self.steps()]

    def ran(self) -> bytes:
        """Everything that the run has put out, as bytes."""
        return entry_bytes(self.entries)
