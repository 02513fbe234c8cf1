"""Events of a run, under the name that hosts import. They are defined in `rlmlite.runs.events`."""

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
    WindowKnown,
)
from rlmlite.runs.settings import unheard

__all__ = [
    "ApprovalAsked",
    "ApprovalGiven",
    "Cost",
    "Event",
    "FanoutProgress",
    "Finished",
    "Nested",
    "ProgramRead",
    "StepDone",
    "Tell",
    "ToolCalled",
    "TurnStarted",
    "WindowKnown",
    "unheard",
]
