"""A state machine for Hypothesis over `begin`, `advance`, `resume` and `seal`, to subclass with a table of your own.

    class MyRuns(RunMachine):
        table = TABLE

    TestMyRuns = MyRuns.TestCase

It draws programs, drives each turn through its calls by a simulator, and after every step looks whether what must hold
does: inputs stay, budgets are kept, a state is never changed, a suspension can be resumed twice. In the end the run is
played once more from its records, and has to give the same bytes.

Not here: what single actions have to keep (`check_action`).
"""

from typing import ClassVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.effects.requests import Result, render
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Parsed, Program
from rlmlite_kernel.records.records import Entry, Seal
from rlmlite_kernel.records.settings import Limits, Policy, Settings, Tool, ToolParam, ToolRule
from rlmlite_kernel.run.machine import Done, Suspended, advance, resume, seal
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.testing.examples.effects import INPUTS, SCHEDULES, Turnout
from rlmlite_kernel.testing.examples.programs import programs
from rlmlite_kernel.testing.play.simulator import Simulator
from rlmlite_kernel.testing.play.turns import ROLE, entry_bytes, start_run
from rlmlite_kernel.values.blobs import MemoryBlobs
from rlmlite_kernel.values.values import descriptor_digest

LIMITS = Limits(turns=1_000, steps=2_000, search_work=10**9, value_bytes=10**8)
"""Enough for every example; a run may also be held to less."""

TOOLS = {"look_up": Tool(help="looks something up", params=(ToolParam(name="key"),), side_effects=False)}


class RunMachine(RuleBasedStateMachine):
    """One run, driven by programs that Hypothesis draws.

    A subclass says what to run: `table`, and `settings` with the roles, tools and limits.
    """

    table: ClassVar[Table] = ACTIONS
    settings: ClassVar[Settings] = Settings(
        limits=LIMITS, roles={"sub": ROLE}, tools=TOOLS, policy=Policy(tools={"*": ToolRule(rule="allow")})
    )

    @initialize(inputs=INPUTS, schedule=SCHEDULES)
    def begin_run(self, inputs: dict[str, object], schedule: tuple[Turnout, ...]) -> None:
        """Begin the run."""
        self.inputs, self.simulator = inputs, Simulator(schedule)
        self.blobs = MemoryBlobs()
        self.begun = start_run(inputs, self.blobs, table=self.table, settings=self.settings)
        self.now: Done | Suspended = self.begun
        self.state = self.begun.state
        self.entries: list[Entry] = list(self.begun.entries)
        self.turns: list[tuple[Program, list[list[Result]]]] = []
        self._before = _told_by(self.state)

    @precondition(lambda self: isinstance(self.now, Done))
    @rule(data=st.data())
    def advance_run(self, data: st.DataObject) -> None:
        """A turn, as far as it goes without calls; the same turn again is the same."""
        written = self.state.variables.keys() - self.inputs.keys()
        program = data.draw(programs(self.table, written), label="program")
        self.turns.append((program, []))
        first, again = (advance(self.state, Parsed(program), self.blobs) for _ in range(2))
        assert _told(first) == _told(again), "the same program in the same state gave something else"
        self._go_on_with(first)

    @precondition(lambda self: isinstance(self.now, Suspended))
    @rule()
    def resume_run(self) -> None:
        """The calls have results; the same suspension can be resumed again with the same results."""
        suspended = self.now
        assert isinstance(suspended, Suspended)
        results = [self.simulator(each, render(each.prompt, self.blobs)) for each in suspended.requests]
        self.turns[-1][1].append(results)
        first, again = (resume(suspended, results, self.blobs) for _ in range(2))
        assert _told(first) == _told(again), "the same results for the same calls gave something else"
        self._go_on_with(first)

    @precondition(lambda self: isinstance(self.now, Done))
    @rule()
    def seal_run(self) -> None:
        """A seal says how the run stands, and changes nothing."""
        first, again = seal(self.state), seal(self.state)
        assert entry_bytes([first]) == entry_bytes([again])
        assert isinstance(first.record, Seal)
        assert first.record.state == self.state.digest

    @invariant()
    def inputs_stay(self) -> None:
        """No step changes the state before its turn, nor any input."""
        if not hasattr(self, "state"):
            return
        assert _told_by(self.state) == self._before, "a state has changed after it was made"
        for name in self.inputs:
            assert self.state.variables[name].ref == self.begun.state.variables[name].ref, f"{name} has changed"

    @invariant()
    def budgets_are_kept(self) -> None:
        """Nothing is used beyond its limit, and value bytes are those of the variables."""
        if not hasattr(self, "state"):
            return
        limits = msgspec.structs.asdict(self.state.settings.limits)
        over = [name for name, most in limits.items() if most is not None and self.state.used.get(name, 0) > most]
        # What calls have used is known only when they are back.
        assert set(over) <= {"tokens", "cost_nano"}, f"{over[0]} is over its limit"
        assert self.state.used["value_bytes"] == sum(each.size for each in self.state.variables.values())

    def teardown(self) -> None:
        """The run once more, told the results that it had: the same bytes."""
        if not hasattr(self, "state"):
            return
        blobs = MemoryBlobs()
        begun = start_run(self.inputs, blobs, table=self.table, settings=self.settings)
        state, entries = begun.state, list(begun.entries)
        for program, rounds in self.turns:
            now = advance(state, Parsed(program), blobs)
            entries.extend(now.entries)
            for results in rounds:
                assert isinstance(now, Suspended)
                now = resume(now, results, blobs)
                entries.extend(now.entries)
            if isinstance(now, Done):
                state = now.state
        assert entry_bytes(entries) == entry_bytes(self.entries), "a replay gave other records"

    def _go_on_with(self, now: Done | Suspended) -> None:
        self.now = now
        self.entries.extend(now.entries)
        if isinstance(now, Done):
            self.state, self._before = now.state, _told_by(now.state)


def _told(now: Done | Suspended) -> tuple[object, ...]:
    """All that a turn has put out so far."""
    if isinstance(now, Suspended):
        return entry_bytes(now.entries), [(each.id, each.digest) for each in now.requests]
    return entry_bytes(now.entries), now.observation, now.halted, now.state.digest


def _told_by(state: State) -> tuple[object, ...]:
    """All that a state holds, by digests of its values as they are now."""
    values = {name: descriptor_digest(variable.data.value) for name, variable in state.variables.items()}
    return state.digest, dict(state.used), values


RunMachine.TestCase.settings = settings(
    max_examples=50, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
