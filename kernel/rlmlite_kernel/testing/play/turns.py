"""One program in a run of its own: inputs and a program go in; variables, records, bytes and the observation come out.

Everything is in memory, under a fixed key, so the same inputs, program and results give the same bytes.

    state = start_run({"text": "one two"}, blobs).state
    play_turn(state, parse("n = count(text)"), blobs).state.variables["n"]
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.effects.requests import Answered, Request, Result, Usage, render
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.records.canonical import record_bytes, value_bytes
from rlmlite_kernel.records.records import Entry, Step
from rlmlite_kernel.records.refs import RunKey
from rlmlite_kernel.records.settings import Limits, Role, Settings
from rlmlite_kernel.run.machine import Done, Suspended, advance, begin, resume
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.inputs import Input, Source, SourceFile
from rlmlite_kernel.values.parsers import NO_PARSER, Parser
from rlmlite_kernel.values.values import Text, documents

KEY = RunKey(bytes(range(32)))
"""The key of every run of the kit, so that each gives the same refs."""

ROLE = Role(model="simulated:", max_output_tokens=10, bytes_per_1000_tokens=1_000, input_price=0, output_price=0)

Answer: TypeAlias = Callable[[Request, str], Result]
"""Answers a request, given its rendered prompt."""


def say_yes(request: Request, prompt: str) -> Result:
    """The same answer to everything."""
    return Answered("yes", Usage(1, 1))


class Played(NamedTuple):
    """What a turn has put out. `before` and `state` are the states before and after it."""

    before: State
    state: State
    entries: tuple[Entry, ...]
    observation: str
    results: tuple[Result, ...]
    blobs: Blobs

    @property
    def steps(self) -> list[Step]:
        """The records of its steps."""
        return [entry.record for entry in self.entries if isinstance(entry.record, Step)]

    @property
    def codes(self) -> list[str]:
        """The code of each step, empty for one that went well."""
        return [step.code for step in self.steps]

    def content(self) -> bytes:
        """Everything that it has put out, as bytes."""
        return entry_bytes(self.entries) + self.observation.encode() + self.state.digest.encode()


def make_input(blobs: Blobs, content: object) -> Input:
    """An input from memory: a `str` is a text, a `dict` whose keys look like paths is documents, else it is JSON.

    An `Input` is one already.
    """
    if isinstance(content, Input):
        return content
    if isinstance(content, str):
        raw = content.encode()
        return Input(Text(blobs.put(raw), 0, len(raw)), Source("text"), raw)
    if isinstance(content, dict) and content and all("." in key for key in content):
        files = [(path, blobs.put(text.encode()), len(text.encode())) for path, text in content.items()]
        return Input(documents(files), Source("documents", "folder", tuple(SourceFile(*file) for file in files)))
    value: Any = content
    return Input(value, Source("json"), value_bytes(content))


def start_run(
    inputs: Mapping[str, object],
    blobs: Blobs,
    *,
    table: Table = ACTIONS,
    settings: Settings | None = None,
) -> Done:
    """A run over these inputs, before its first turn."""
    named = {name: make_input(blobs, content) for name, content in inputs.items()}
    return begin(named, settings or Settings(limits=Limits(), roles={"sub": ROLE}), KEY, table=table)


def play_turn(
    state: State, program: Parsed, blobs: Blobs, *, answer: Answer = say_yes, parser: Parser = NO_PARSER
) -> Played:
    """One whole turn from a state, which stays as it is."""
    now = advance(state, program, blobs, parser=parser)
    entries, results = list(now.entries), list[Result]()
    while isinstance(now, Suspended):
        answers = [answer(request, render(request.prompt, blobs)) for request in now.requests]
        results += answers
        now = resume(now, answers, blobs, parser=parser)
        entries.extend(now.entries)
    return Played(state, now.state, tuple(entries), now.observation, tuple(results), blobs)


def entry_bytes(entries: Iterable[Entry]) -> bytes:
    """Records, effects and blobs as bytes."""
    parts = [
        (record_bytes(entry.record), [record_bytes(line) for line in entry.effects], msgspec.to_builtins(entry.blobs))
        for entry in entries
    ]
    return msgspec.json.encode(parts)
