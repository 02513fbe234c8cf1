"""rlmlite: answers over inputs far larger than a model's window, by programs whose every step leaves a receipt.

Start at `run`: a controller model answers a question over inputs by programs, and you get an `Outcome`.
`execute` runs a program of your own. `Session` keeps variables and one trace over many of either.
The language is in `rlmlite_grammar`, what a step does in `rlmlite_kernel`, receipts on disk in `rlmlite_traces`.
Importing this is cheap: each name is loaded when it is first used.
"""

import sys

# `python -m rlmlite` has put the working folder first, and whoever wrote that folder may have put a `typing.py` there.
# So it goes before anything else is imported; `rlmlite.guard.import_path` says more. With `-P` it is not there.
if (
    sys.argv[:1] == ["-m"]
    and any(word.split(".")[0].endswith("rlmlite") for word in sys.orig_argv)
    and not sys.flags.safe_path
):
    del sys.path[0]

from typing import TYPE_CHECKING

from rlmlite_kernel import lazy_names

if TYPE_CHECKING:
    from rlmlite.agent.ask import arun, run, stream
    from rlmlite.agent.execute import execute, execute_async
    from rlmlite.agent.loading import load
    from rlmlite.agent.prompts.card import card
    from rlmlite.agent.prompts.instructions import instructions
    from rlmlite.agent.sessions.forking import fork
    from rlmlite.agent.sessions.session import Session
    from rlmlite.clients.extractive.client import Extractive
    from rlmlite.clients.interface.protocol import Client
    from rlmlite.clients.registry import client
    from rlmlite.clients.scripted import Scripted
    from rlmlite.errors import InputError, ModelError, RlmliteError, SettingError
    from rlmlite.guard.memory import limit_memory
    from rlmlite.inputs.formats.reading import Reading
    from rlmlite.inputs.values import Table, Url
    from rlmlite.inputs.values.loaded import LoadedInputs
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
    "LoadedInputs",
    "ModelError",
    "Outcome",
    "Policy",
    "Reading",
    "RlmliteError",
    "Scripted",
    "Session",
    "SettingError",
    "Table",
    "Url",
    "arun",
    "card",
    "client",
    "execute",
    "execute_async",
    "fork",
    "instructions",
    "limit_memory",
    "load",
    "run",
    "stream",
    "tool",
]

_HOMES = {
    "Approval": "rlmlite.tools.approvals",
    "Client": "rlmlite.clients.interface.protocol",
    "Extractive": "rlmlite.clients.extractive.client",
    "InputError": "rlmlite.errors",
    "Limits": "rlmlite_kernel.records.settings",
    "LoadedInputs": "rlmlite.inputs.values.loaded",
    "ModelError": "rlmlite.errors",
    "Outcome": "rlmlite.runs.outcome",
    "Policy": "rlmlite_kernel.records.settings",
    "Reading": "rlmlite.inputs.formats.reading",
    "RlmliteError": "rlmlite.errors",
    "Scripted": "rlmlite.clients.scripted",
    "Session": "rlmlite.agent.sessions.session",
    "SettingError": "rlmlite.errors",
    "Table": "rlmlite.inputs.values",
    "Url": "rlmlite.inputs.values",
    "arun": "rlmlite.agent.ask",
    "card": "rlmlite.agent.prompts.card",
    "client": "rlmlite.clients.registry",
    "execute": "rlmlite.agent.execute",
    "execute_async": "rlmlite.agent.execute",
    "fork": "rlmlite.agent.sessions.forking",
    "instructions": "rlmlite.agent.prompts.instructions",
    "limit_memory": "rlmlite.guard.memory",
    "load": "rlmlite.agent.loading",
    "run": "rlmlite.agent.ask",
    "stream": "rlmlite.agent.ask",
    "tool": "rlmlite.tools.functions",
}
"""The module of each name, imported when the name is first used: nobody waits for what is not used."""

if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
