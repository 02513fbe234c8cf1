"""The kernel of rlmlite: a pure, replayable executor of action programs. Start at `machine`; the table is `actions`."""

from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result, Usage, render
from rlmlite_kernel.observation.evidence import Evidence
from rlmlite_kernel.program.ast import Parsed, Program
from rlmlite_kernel.program.checker import Scope, all_problems, check
from rlmlite_kernel.program.problems import Problem, Unparsed, explain
from rlmlite_kernel.records.records import Entry, Spoken
from rlmlite_kernel.records.refs import KnownSalts, RunKey, Salts
from rlmlite_kernel.records.settings import Limits, Policy, Role, Settings
from rlmlite_kernel.run.machine import (
    Done,
    SettingsError,
    Suspended,
    TurnsSpentError,
    advance,
    begin,
    conclusion,
    resume,
    seal,
)
from rlmlite_kernel.run.price import Price, price
from rlmlite_kernel.run.state import Answer, State
from rlmlite_kernel.values.blobs import BlobMissingError, Blobs, InputChangedError, MemoryBlobs
from rlmlite_kernel.values.inputs import Derivation, Input, Source, SourceFile
from rlmlite_kernel.values.values import Text, documents

__all__ = [
    "ACTIONS",
    "Answer",
    "Answered",
    "BlobMissingError",
    "Blobs",
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
    "Parsed",
    "Policy",
    "Price",
    "Problem",
    "Program",
    "Request",
    "Result",
    "Role",
    "RunKey",
    "Salts",
    "Scope",
    "Settings",
    "SettingsError",
    "Source",
    "SourceFile",
    "Spoken",
    "State",
    "Suspended",
    "Text",
    "TurnsSpentError",
    "Unparsed",
    "Usage",
    "advance",
    "all_problems",
    "begin",
    "check",
    "conclusion",
    "documents",
    "explain",
    "price",
    "render",
    "resume",
    "seal",
]
