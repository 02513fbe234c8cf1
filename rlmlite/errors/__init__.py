"""Errors that the front door raises for mistakes of its user, before a program runs. Each says what to do.

Checks of single values are in `checks`, files that cannot become text in `unreadable`. Not here: mistakes in a program,
which are data (`rlmlite_kernel.program.problems`), and faults of a trace (`rlmlite_traces.errors`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

# `faults` alone, which imports nothing: a worker needs the errors. The kernel raises these two for what it is given.
from rlmlite_kernel.faults import RlmliteError as RlmliteError
from rlmlite_kernel.faults import SettingError as SettingError

if TYPE_CHECKING:  # a worker, and much else, needs the errors and nothing of the kernel
    from rlmlite_kernel.effects.requests import Request


class InputError(RlmliteError):
    """An input that cannot be loaded: missing, unreadable, binary, or with a name that programs cannot use."""


class ModelError(RlmliteError):
    """A model that is not available: an unknown scheme, an unreadable script, a role without a model."""


MORE_MEMORY = "free some, or raise --max-memory (max_memory); all that is recorded is kept"
"""What to do where memory ran out."""


class OutOfMemoryError(RlmliteError):
    """Memory ran out outside of any step: in the driver, or while a trace was written.

    The trace on disk is sound. A session can be opened again, to go on or to give the turn up (`Session.abandon`).
    """


class AcceptError(RlmliteError):
    """The host's own `accept` function raised, or returned something that is no reason. No model is told of it."""


class CallsWaitingError(RlmliteError):
    """A session cannot continue before these calls are answered (`Session.answer`). Nothing is lost."""

    def __init__(self, calls: "Sequence[Request]") -> None:
        super().__init__(f"{len(calls):,} calls wait for answers")
        self.calls = tuple(calls)
