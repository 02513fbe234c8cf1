"""Runs of generated programs over every action, as traces in memory, and proofs of all their records."""

from collections.abc import Iterator

import msgspec
from hypothesis import strategies as st

from rlmlite_kernel import ACTIONS, Parsed, seal
from rlmlite_kernel.effects.requests import NO_USE, Request, Result, render
from rlmlite_kernel.program.ast import Call, Program, Statement, Var
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.records import Entry, Step, Turn
from rlmlite_kernel.run.machine import Suspended, TurnsSpentError, advance, resume
from rlmlite_kernel.testing import INPUTS, SCHEDULES, RunMachine, Simulator, programs, start_run
from rlmlite_kernel.testing.examples.programs import TARGETS
from rlmlite_traces import CheckedTrace, FileBlobs, verify
from rlmlite_traces.proofs.form import StepProof
from rlmlite_traces.proofs.prove import prove
from tests.traces.handmade import encode, unchecked_trace


@st.composite
def played_runs(draw: st.DrawFn, turns: int = 3) -> tuple[CheckedTrace, FileBlobs]:
    """A run over generated inputs: its trace, and the contents that it was over."""
    blobs = FileBlobs()
    inputs = {name: _as_read(value) for name, value in draw(INPUTS).items()}
    simulator = Simulator(draw(SCHEDULES))
    begun = start_run(inputs, blobs, settings=RunMachine.settings)
    state, entries = begun.state, list[Entry](begun.entries)
    count = draw(st.integers(1, turns))
    for number in range(count):
        program = draw(programs(ACTIONS, state.variables.keys() - inputs.keys()))
        if number == count - 1:
            # An answer ends a program, so it is not drawn with the others.
            answer = Call("final", (Var(draw(st.sampled_from([*inputs, *TARGETS]))),))
            program = Program((*program.body, Statement(answer)))
        try:
            now = advance(state, Parsed(program), blobs)
        except TurnsSpentError:
            break
        entries += now.entries
        while isinstance(now, Suspended):
            results = [_of_a_log(each, simulator(each, render(each.prompt, blobs))) for each in now.requests]
            now = resume(now, results, blobs)
            entries += now.entries
        state = now.state
    files, _ = encode([*entries, seal(state)])
    return verify(unchecked_trace(files)), blobs


def _as_read(value: object) -> object:
    """The value of an input as a replay reads it from the trace: its keys are sorted, and 1.0 is 1."""
    return value if isinstance(value, str) else read_json(value_bytes(value).decode())


def _of_a_log(request: Request, result: Result) -> Result:
    """The result as a log takes it: only models use anything."""
    return result if request.kind in ("lm", "rlm") else msgspec.structs.replace(result, usage=NO_USE)


def proofs_of(trace: CheckedTrace, blobs: FileBlobs) -> Iterator[StepProof]:
    """The proof of each step and each turn."""
    for record in trace.records:
        if isinstance(record, Step | Turn):
            yield prove(trace, record.seq, blobs=blobs)
