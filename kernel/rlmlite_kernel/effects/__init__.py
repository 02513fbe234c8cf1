"""What a step asks of the outside: requests, their prompts, what they reserve, and whether the policy lets them out."""

from rlmlite_kernel.effects.calls import Ask, CallSite, calls_outside, model_calls, next_round
from rlmlite_kernel.effects.prompts import Prompts, PromptWriter
from rlmlite_kernel.effects.requests import (
    NO_USE,
    Answered,
    EffectKind,
    Failed,
    Failure,
    Nested,
    Part,
    Piece,
    Request,
    Requests,
    Result,
    Usage,
    render,
)
from rlmlite_kernel.records.records import Child
from rlmlite_kernel.values.fences import fenced

__all__ = [
    "NO_USE",
    "Answered",
    "Ask",
    "CallSite",
    "Child",
    "EffectKind",
    "Failed",
    "Failure",
    "Nested",
    "Part",
    "Piece",
    "PromptWriter",
    "Prompts",
    "Request",
    "Requests",
    "Result",
    "Usage",
    "calls_outside",
    "fenced",
    "model_calls",
    "next_round",
    "render",
]
