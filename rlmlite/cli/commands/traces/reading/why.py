"""`rlmlite trace why`: the steps that an answer, or a variable, rests on, and no others; also as a program."""

from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.opening import reader_limits
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.printing import print_indented, print_json, say
from rlmlite.guard.terminal import one_line
from rlmlite.runs.explain import REDACTED, SupportingStep, UnexplainedError, explain_trace, explained_program
from rlmlite_traces.reading.story import open_story

ANSWER = "answer"
"""The word for the answer; a variable of this name is meant where there is one."""

_SHOWN = 300  # characters of what a step showed


def explain(trace: Path, name: str | None, allow: list[str], *, program: bool, as_json: bool) -> Exit:
    """Print the steps, or the program that they are."""
    return exit_code_of(lambda: _explain(trace, name, allow, program, as_json), as_json=as_json)


def _explain(path: Path, name: str | None, allow: list[str], as_program: bool, as_json: bool) -> Exit:
    trace = open_story(path, reader_limits(allow)).trace
    wanted = None if name == ANSWER else name
    try:
        steps = explain_trace(trace, wanted)
    except UnexplainedError as error:
        log.error(str(error))
        if as_json:
            print_json(status="failed", reason="unverifiable", error=str(error), trace=str(path), root=trace.root)
        return Exit.UNVERIFIABLE
    program = explained_program(steps, wanted) if steps else ""
    if as_json:
        print_json(value=msgspec.to_builtins(steps), program=program, trace=str(path), root=trace.root)
    elif as_program:
        say(program.rstrip("\n"))
    else:
        _print(steps)
    if any(step.text == REDACTED for step in steps):
        log.error("a statement behind it was redacted: what is left is no program")
        return Exit.UNVERIFIABLE
    # There is nothing to explain: nobody answered.
    return Exit.COMPLETED if steps else Exit.FAILED


def _print(steps: tuple[SupportingStep, ...]) -> None:
    if not steps:
        say("there is no answer in this trace; name a variable to see what that rests on")
        return
    for step in steps:
        calls = f", {step.calls:,} calls" if step.calls else ""
        say(f"turn {step.turn}, step {step.step}{calls}")
        print_indented(step.text)
        if step.shown:
            print_indented(f"| {one_line(step.shown, _SHOWN)}")
