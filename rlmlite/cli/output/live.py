"""What a run is doing, on standard error: a view that refreshes itself on a terminal, plain lines elsewhere.

It shows the turn, the program, how far a fan-out has come, and how much of each budget is used. All of it is made
harmless first. Events are all that it knows of the run, so it cannot disturb it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from rlmlite.agent.prompt import ALWAYS, TOLD
from rlmlite.cli.output.usage import budget_line
from rlmlite.guard.terminal import harmless, one_line, own_stream
from rlmlite.runs.events import (
    ApprovalAsked,
    ApprovalGiven,
    Cost,
    Event,
    FanoutProgress,
    Finished,
    Nested,
    ProgramRead,
    StepDone,
    Tell,
    ToolCalled,
    TurnStarted,
)
from rlmlite.runs.settings import unheard

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_PROGRAM_LINES = 12  # on a terminal, where all of it has to fit
_STEPS = 8  # the last ones of a turn
_BAR_WIDTH = 24


@contextmanager
def watch_events(*, quiet: bool) -> Iterator[Tell]:
    """What is told of the events of a run, while it lasts."""
    if quiet:
        yield unheard
    elif sys.stderr.isatty():
        from rich.console import Console

        with _Screen(Console(file=own_stream(sys.stderr))) as screen:
            yield screen.tell
    else:
        yield print_event


def print_event(event: Event) -> None:
    """Print a line for what a log should hold: turns, steps, calls; not every change of a counter."""
    line = _event_line(event)
    if line:
        typer.echo(harmless(line), err=True)


def _event_line(event: Event) -> str:
    match event:
        case TurnStarted():
            last = " (the last turn)" if event.last else ""
            return f"turn {event.turn}: asking {event.model}{last}"
        case ProgramRead() if event.message:
            return f"turn {event.turn}: no program: {one_line(event.message)}"
        case StepDone():
            writes = f" -> {event.writes}" if event.writes else ""
            code = f" ({event.code})" if event.code else ""
            return f"turn {event.turn}: {event.op}{writes}: {event.status}{code}"
        case ToolCalled():
            return f"turn {event.turn}: calling {event.tool}"
        case ApprovalAsked():
            return f"turn {event.turn}: {event.tool} needs an approval"
        case ApprovalGiven():
            answer = "was approved" if event.approved else "was not approved"
            return f"turn {event.turn}: {event.tool} {answer}"
        case FanoutProgress() if event.done == event.total:
            return f"turn {event.turn}: {event.total:,} calls have ended"
        case Nested():
            inner = _event_line(event.event)
            return f"nested run {event.call[:8]}: {inner}" if inner else ""
    # A program that could be read, the cost, the end: the command itself prints what of them is worth a line.
    return ""


class _Screen:
    """The view on a terminal, gone when the run is over."""

    def __init__(self, console: "Console") -> None:
        from rich.live import Live

        self._turn = "starting"
        self._program = ""
        self._steps: list[str] = []
        self._fan_out: FanoutProgress | None = None
        self._cost: Cost | None = None
        self._live = Live(console=console, transient=True, refresh_per_second=8, get_renderable=self._view)

    def __enter__(self) -> "_Screen":
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def tell(self, event: Event) -> None:
        """Change the view by an event."""
        match event:
            case TurnStarted():
                self._turn = _event_line(event)
                self._program, self._steps, self._fan_out = "", [], None
            case ProgramRead():
                self._turn = f"turn {event.turn}"
                self._program = event.message or event.text
            case StepDone():
                first_line, _, _ = event.text.partition("\n")
                self._steps.append(f"{_event_line(event)}  {one_line(first_line, 80)}")
                self._fan_out = None
            case ApprovalAsked():
                self._live.stop()  # the question is asked on this terminal
            case ApprovalGiven():
                self._steps.append(_event_line(event))
                self._live.start()
            case FanoutProgress():
                self._fan_out = event
            case Cost():
                self._cost = event
            case Finished():
                self._turn = "done"
            case Nested():
                line = _event_line(event)  # empty for an event that is not worth one
                self._steps.extend([line] if line else [])

    def _view(self) -> "RenderableType":
        from rich.console import Group
        from rich.syntax import Syntax
        from rich.text import Text

        parts: list[RenderableType] = [Text(harmless(self._turn), style="bold")]
        if self._program:
            first_lines = self._program.split("\n")[:_PROGRAM_LINES]
            shown = harmless("\n".join(first_lines))
            # Python's colours: the language is not Python, but its calls, names and strings look the same.
            parts.append(Syntax(shown, "python", theme="ansi_dark", word_wrap=True, background_color="default"))
        for step in self._steps[-_STEPS:]:
            parts.append(Text(harmless(step), style="dim"))
        parts.append(self._bars())
        return Group(*parts)

    def _bars(self) -> "Table":
        """How far a fan-out has come, and the budgets that have a limit and of which something is used."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        table = Table.grid(padding=(0, 1))
        if self._fan_out is not None:
            done, total = self._fan_out.done, self._fan_out.total
            bar = ProgressBar(total, done, width=_BAR_WIDTH)
            table.add_row("calls", bar, f"{done:,} of {total:,}")
        if self._cost is None:
            return table  # before the first turn has ended
        for name in (*ALWAYS, *TOLD):
            budget = self._cost.budget.get(name, {})
            limit = budget.get("limit")
            charged = (budget.get("used") or 0) + (budget.get("reserved") or 0)
            if charged and limit:
                # A provider may charge more than it said, and no bar can be longer than its whole.
                bar = ProgressBar(limit, min(charged, limit), width=_BAR_WIDTH)
                table.add_row(name, bar, budget_line(budget))
        return table
