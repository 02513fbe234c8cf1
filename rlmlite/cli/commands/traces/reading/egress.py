"""`rlmlite trace egress`: which bytes of which input went to which model, tool or host."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.opening import reader_limits
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.clients.registry import asks_server
from rlmlite.guard.terminal import one_line
from rlmlite_kernel import State
from rlmlite_kernel.records.records import Turn
from rlmlite_traces import CheckedTrace, Finding
from rlmlite_traces.reading.egress.report import egress_of
from rlmlite_traces.reading.egress.sent import HOW, Egress, Marks, Sent
from rlmlite_traces.reading.story import open_story

_RANGES = 8


class Flags(msgspec.Struct, frozen=True):
    """Flags of the command: whether the run is executed again, and where its inputs are then."""

    exact: bool = False
    inputs: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    store: Path | None = None


def print_egress(trace: Path, flags: Flags, allow: list[str], *, as_json: bool) -> Exit:
    """Print what was sent, per destination and input."""
    return exit_code_of(lambda: _print_egress(trace, flags, allow, as_json), as_json=as_json)


def _print_egress(path: Path, flags: Flags, allow: list[str], as_json: bool) -> Exit:
    limits = reader_limits(allow)
    story = open_story(path, limits)
    looks = Looks()
    if flags.exact or flags.inputs:
        from rlmlite.cli.commands.traces.replaying.replay import Again, replay_settings  # to read takes no kernel

        settings = replay_settings(list(flags.read), None)
        again = Again(path, story.trace, settings, list(flags.inputs), flags.store, limits)
        replayed = again.replay_as_far_as_possible(looks)
        if isinstance(replayed, str):
            log.warning(f"it was not executed to its end: {replayed}")
        else:
            looks.end(replayed.state)
    egress = egress_of(story, path, looks.marks, limits)
    if as_json:
        print_json(value=msgspec.to_builtins(egress), how=dict(HOW), trace=str(path), root=story.trace.root)
    else:
        _print(egress)
    return Exit.COMPLETED


class Looks:
    """A `ControllerCheck` that checks nothing: it notes what had been shown and read of inputs before each turn."""

    def __init__(self) -> None:
        self.marks: dict[int, Marks] = {}

    def follow(self, before: State, trace: CheckedTrace, first: int, stop: int) -> Sequence[Finding]:
        """See `ControllerCheck.follow`."""
        record = trace.records[first]
        if isinstance(record, Turn):
            self.marks[record.turn] = before.coverage.marks
        return ()

    def end(self, state: State | None) -> None:
        """Note what had been shown and read in the end; nothing if the replay did not come so far."""
        if state is not None:
            self.marks.setdefault(state.turn + 1, state.coverage.marks)


def _print(egress: Egress) -> None:
    heading = ""
    for each in egress.sent:
        destination = _destination(each)
        if destination != heading:
            print_heading(destination)
            heading = destination
        print_indented(_line(each))
    if not egress.sent:
        say("no call was made: nothing left the run")
    for fetched in egress.fetched:
        say(f"{one_line(fetched.host)} was asked for input {one_line(fetched.input)}: {fetched.size:,} bytes came")
    if egress.shared:
        say(f"{egress.shared:,} calls took the answer of another one, and were not made")
    for gap in egress.gaps:
        say(f"not attributed: {one_line(gap, 400)}", "yellow")
    for how in dict.fromkeys(each.how for each in egress.sent):
        say(f"{how}: {HOW[how]}")


def _destination(each: Sent) -> str:
    whom = one_line(each.destination)
    if each.kind in ("controller", "model"):
        whom = f"{whom} ({'a server' if asks_server(each.destination) else 'this machine'})"
    run = f"nested run {each.run[:8]}: " if each.run else ""
    return f"{run}{each.kind} {whom if each.kind != 'nested' else f'run {whom[:8]}'}"


def _line(each: Sent) -> str:
    name = one_line(":".join(filter(None, (each.input, each.path)))) or "-"
    calls = ["1 call" if each.calls == 1 else f"{each.calls:,} calls"]
    calls += [f"{count:,} {word}" for count, word in ((each.failed, "failed"), (each.cached, "from a cache")) if count]
    of = f" of {one_line(', '.join(each.of))}" if each.of else ""
    listed = ", ".join(f"{start:,}-{stop:,}" for start, stop in each.ranges[:_RANGES])
    more = len(each.ranges) - _RANGES
    ranges = f": {listed}{f' and {more:,} more ranges' if more > 0 else ''}" if listed else ""
    return f"{name}  {each.how}  {each.bytes:,} bytes{of}{ranges} ({', '.join(calls)})"
