"""rlmlite: answers over inputs far larger than a model's window, by programs whose every step leaves a receipt.

Start at `run`: a controller model answers a question over inputs by programs, and you get an `Outcome`.
`execute` runs a program of your own. `Session` keeps variables and one trace over many of either.
The language is in `rlmlite_grammar`, what a step does in `rlmlite_kernel`, receipts on disk in `rlmlite_traces`.
Importing this is cheap: each name is loaded when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlmlite.agent import arun, run, stream
    from rlmlite.agent.session import Session
    from rlmlite.clients import Client, Extractive, Scripted, client
    from rlmlite.errors import InputError, ModelError, RlmliteError, SettingError
    from rlmlite.inputs import Reading, Url
    from rlmlite.runs.execute import execute, execute_async
    from rlmlite.runs.outcome import Outcome
    from rlmlite.tools.approvals import Approval
    from rlmlite.tools.functions import tool
    from rlmlite_kernel.records.settings import Limits, Policy

__all__ = [
    "Approval",
    "Client",
    "Extractive",
    "InputError",
    "Limits",
    "ModelError",
    "Outcome",
    "Policy",
    "Reading",
    "RlmliteError",
    "Scripted",
    "Session",
    "SettingError",
    "Url",
    "arun",
    "client",
    "execute",
    "execute_async",
    "run",
    "stream",
    "tool",
]

_HOMES = {
    "arun": "rlmlite.agent.ask",
    "run": "rlmlite.agent.ask",
    "stream": "rlmlite.agent.ask",
    "Session": "rlmlite.agent.session",
    "Approval": "rlmlite.tools.approvals",
    "Policy": "rlmlite_kernel.records.settings",
    "tool": "rlmlite.tools.functions",
    "execute": "rlmlite.runs.execute",
    "execute_async": "rlmlite.runs.execute",
    "Client": "rlmlite.clients",
    "Extractive": "rlmlite.clients",
    "Scripted": "rlmlite.clients",
    "client": "rlmlite.clients",
    "InputError": "rlmlite.errors",
    "ModelError": "rlmlite.errors",
    "RlmliteError": "rlmlite.errors",
    "SettingError": "rlmlite.errors",
    "Reading": "rlmlite.inputs",
    "Url": "rlmlite.inputs",
    "Outcome": "rlmlite.runs.outcome",
    "Limits": "rlmlite_kernel.records.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rlmlite' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
