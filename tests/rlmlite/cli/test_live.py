"""The live view: on a terminal it shows turn, program, fan-out and budgets; nothing in it steers the terminal."""

import io

from rich.console import Console

from rlmlite.cli.output import live
from rlmlite.runs.events import (
    ApprovalAsked,
    ApprovalGiven,
    Cost,
    FanoutProgress,
    ProgramRead,
    StepDone,
    ToolCalled,
    TurnStarted,
)


def test_the_view_of_a_terminal() -> None:
    """All that happens is on it, harmless."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=100)
    with live._Screen(console) as screen:
        screen.tell(TurnStarted(2, "controller", "scripted:", True))
        screen.tell(ProgramRead(2, "x = search(context, /\x1b]0;title\x07/)\n" + "y = 1\n" * 40, ""))
        screen.tell(StepDone(2, 3, 0, "search", "x", "ok", "", "x = 3 hits\n<data>\x1b[2J"))
        screen.tell(
            Cost(
                2,
                {},
                {"turns": {"used": 2, "reserved": 0, "limit": 30}, "tokens": {"used": 7, "reserved": 0, "limit": None}},
            )
        )
        screen.tell(FanoutProgress(3, 40, 100))
        view = screen._view()
    Console(file=(last := io.StringIO()), force_terminal=True, width=100).print(view)
    text = written.getvalue() + last.getvalue()

    assert "40 of 100" in text
    assert "2 of 30" in text
    assert "x = 3 hits" in text
    assert "\x1b]0;" not in text
    assert "\x1b[2J" not in text
    assert last.getvalue().count("y = ") < 40


def test_plain_lines_where_there_is_no_terminal() -> None:
    """One line for what a log should hold."""
    assert live._event_line(TurnStarted(2, "controller", "m", True)) == "turn 2: asking m (the last turn)"
    assert live._event_line(FanoutProgress(2, 1, 2)) == ""
    assert live._event_line(StepDone(2, 3, 0, "search", "", "failed", "query", "")) == "turn 2: search: failed (query)"


def test_an_approval_stops_the_view() -> None:
    """The question is asked on the same terminal; afterwards the view goes on and says what was decided."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=80)
    with live._Screen(console) as screen:
        screen.tell(ToolCalled(2, "look"))
        screen.tell(ApprovalAsked(2, "send"))
        runs = [screen._live.is_started]
        screen.tell(ApprovalGiven(2, "send", False))
        runs.append(screen._live.is_started)
        console.print(screen._view())

    assert runs == [False, True]
    assert "send was not approved" in written.getvalue()
    assert live._event_line(ToolCalled(2, "look")) == "turn 2: calling look"
    assert live._event_line(ApprovalAsked(2, "send")) == "turn 2: send needs an approval"
