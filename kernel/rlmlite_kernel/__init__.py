"""The kernel of rlmlite: a pure, replayable executor of action programs. Start at `run.machine`.

The action table is `actions.table`; what a host needs to add actions is in `table`.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlmlite_kernel.actions.table import ACTIONS
    from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result, Usage, render
    from rlmlite_kernel.faults import SettingsError
    from rlmlite_kernel.observation.evidence import Evidence
    from rlmlite_kernel.program.ast import Parsed, Program
    from rlmlite_kernel.program.checker import Scope, all_problems, check
    from rlmlite_kernel.program.problems import Problem, Unparsed, explain
    from rlmlite_kernel.records.records import Entry, Spoken
    from rlmlite_kernel.records.refs import KnownSalts, RunKey, Salts
    from rlmlite_kernel.records.settings import Limits, Policy, Role, Sampling, Settings, Tool, ToolParam, ToolRule
    from rlmlite_kernel.run.hosts.controller import CallSpentError, record_reply, request_reply
    from rlmlite_kernel.run.hosts.results import NotSuspendedError, ResultsError
    from rlmlite_kernel.run.machine import (
        Done,
        Suspended,
        TurnsSpentError,
        add,
        advance,
        ask,
        begin,
        resume,
        seal,
    )
    from rlmlite_kernel.run.questions import RoomSpentError
    from rlmlite_kernel.run.snapshots.graph import UnkeptError
    from rlmlite_kernel.run.snapshots.passing import load_run, save_run
    from rlmlite_kernel.run.snapshots.snapshot import SnapshotError
    from rlmlite_kernel.run.status import conclusion
    from rlmlite_kernel.run.steps.answers import Answer
    from rlmlite_kernel.run.steps.price import Price, price
    from rlmlite_kernel.run.steps.state import State
    from rlmlite_kernel.values.blobs import BlobMissingError, Blobs, InputChangedError, MemoryBlobs
    from rlmlite_kernel.values.inputs import Derivation, Input, Source, SourceFile
    from rlmlite_kernel.values.values import Text, documents

__all__ = [
    "ACTIONS",
    "Answer",
    "Answered",
    "BlobMissingError",
    "Blobs",
    "CallSpentError",
    "Derivation",
    "Done",
    "Entry",
    "Evidence",
    "Failed",
    "Input",
    "InputChangedError",
    "KnownSalts",
    "Limits",
    "MemoryBlobs",
    "NotSuspendedError",
    "Parsed",
    "Policy",
    "Price",
    "Problem",
    "Program",
    "Request",
    "Result",
    "ResultsError",
    "Role",
    "RoomSpentError",
    "RunKey",
    "Salts",
    "Sampling",
    "Scope",
    "Settings",
    "SettingsError",
    "SnapshotError",
    "Source",
    "SourceFile",
    "Spoken",
    "State",
    "Suspended",
    "Text",
    "Tool",
    "ToolParam",
    "ToolRule",
    "TurnsSpentError",
    "UnkeptError",
    "Unparsed",
    "Usage",
    "add",
    "advance",
    "all_problems",
    "ask",
    "begin",
    "check",
    "conclusion",
    "documents",
    "explain",
    "load_run",
    "price",
    "record_reply",
    "render",
    "request_reply",
    "resume",
    "save_run",
    "seal",
]

_HOMES = {
    "ACTIONS": "rlmlite_kernel.actions.table",
    "Answer": "rlmlite_kernel.run.steps.answers",
    "Answered": "rlmlite_kernel.effects.requests",
    "BlobMissingError": "rlmlite_kernel.values.blobs",
    "Blobs": "rlmlite_kernel.values.blobs",
    "CallSpentError": "rlmlite_kernel.run.hosts.controller",
    "Derivation": "rlmlite_kernel.values.inputs",
    "Done": "rlmlite_kernel.run.machine",
    "Entry": "rlmlite_kernel.records.records",
    "Evidence": "rlmlite_kernel.observation.evidence",
    "Failed": "rlmlite_kernel.effects.requests",
    "Input": "rlmlite_kernel.values.inputs",
    "InputChangedError": "rlmlite_kernel.values.blobs",
    "KnownSalts": "rlmlite_kernel.records.refs",
    "Limits": "rlmlite_kernel.records.settings",
    "MemoryBlobs": "rlmlite_kernel.values.blobs",
    "NotSuspendedError": "rlmlite_kernel.run.hosts.results",
    "Parsed": "rlmlite_kernel.program.ast",
    "Policy": "rlmlite_kernel.records.settings",
    "Price": "rlmlite_kernel.run.steps.price",
    "Problem": "rlmlite_kernel.program.problems",
    "Program": "rlmlite_kernel.program.ast",
    "Request": "rlmlite_kernel.effects.requests",
    "Result": "rlmlite_kernel.effects.requests",
    "ResultsError": "rlmlite_kernel.run.hosts.results",
    "Role": "rlmlite_kernel.records.settings",
    "RoomSpentError": "rlmlite_kernel.run.questions",
    "RunKey": "rlmlite_kernel.records.refs",
    "Salts": "rlmlite_kernel.records.refs",
    "Sampling": "rlmlite_kernel.records.settings",
    "Scope": "rlmlite_kernel.program.checker",
    "Settings": "rlmlite_kernel.records.settings",
    "SettingsError": "rlmlite_kernel.faults",
    "SnapshotError": "rlmlite_kernel.run.snapshots.snapshot",
    "Source": "rlmlite_kernel.values.inputs",
    "SourceFile": "rlmlite_kernel.values.inputs",
    "Spoken": "rlmlite_kernel.records.records",
    "State": "rlmlite_kernel.run.steps.state",
    "Suspended": "rlmlite_kernel.run.machine",
    "Text": "rlmlite_kernel.values.values",
    "Tool": "rlmlite_kernel.records.settings",
    "ToolParam": "rlmlite_kernel.records.settings",
    "ToolRule": "rlmlite_kernel.records.settings",
    "TurnsSpentError": "rlmlite_kernel.run.machine",
    "UnkeptError": "rlmlite_kernel.run.snapshots.graph",
    "Unparsed": "rlmlite_kernel.program.problems",
    "Usage": "rlmlite_kernel.effects.requests",
    "add": "rlmlite_kernel.run.machine",
    "advance": "rlmlite_kernel.run.machine",
    "all_problems": "rlmlite_kernel.program.checker",
    "ask": "rlmlite_kernel.run.machine",
    "begin": "rlmlite_kernel.run.machine",
    "check": "rlmlite_kernel.program.checker",
    "conclusion": "rlmlite_kernel.run.status",
    "documents": "rlmlite_kernel.values.values",
    "explain": "rlmlite_kernel.program.problems",
    "load_run": "rlmlite_kernel.run.snapshots.passing",
    "price": "rlmlite_kernel.run.steps.price",
    "record_reply": "rlmlite_kernel.run.hosts.controller",
    "render": "rlmlite_kernel.effects.requests",
    "request_reply": "rlmlite_kernel.run.hosts.controller",
    "resume": "rlmlite_kernel.run.machine",
    "save_run": "rlmlite_kernel.run.snapshots.passing",
    "seal": "rlmlite_kernel.run.machine",
}
"""The module of each name, imported when the name is first used: nobody waits for what is not used."""


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of a package whose names are defined in the modules `homes` (PEP 562).

        import rlmlite_kernel          nothing else is imported
        rlmlite_kernel.price           imports `rlmlite_kernel.run.steps.price`, and keeps the name in the package

    It stands here because every package of ours imports this one.
    """
    namespace = vars(sys.modules[package])

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = namespace[name] = getattr(importlib.import_module(homes[name]), name)
        return value

    def names() -> list[str]:
        return sorted({*namespace, *homes})

    return find, names


if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
