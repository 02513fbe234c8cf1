"""What a user can get wrong before a program runs. Each error says what was found and what to do.

Not here: what is wrong with a program (data, see `rlmlite_kernel.problems`) or with a trace (`rlmlite_traces`).
"""

from collections.abc import Sequence

from rlmlite_kernel.effects.requests import Request


class RlmliteError(Exception):
    """Base of the errors that the front door raises for something that its user can mend."""


class InputError(RlmliteError):
    """An input that cannot be taken: missing, unreadable, binary, badly named."""


class ModelError(RlmliteError):
    """A model that cannot be had: an unknown scheme, a script that cannot be read, a role that nobody plays."""


class SettingError(RlmliteError):
    """A limit, a run key or a trace folder that makes no sense."""


class CallsWaitingError(RlmliteError):
    """A session cannot go on before these calls are answered (`Session.answer`). Nothing is lost."""

    def __init__(self, calls: Sequence[Request]) -> None:
        super().__init__(f"{len(calls):,} calls wait for answers")
        self.calls = tuple(calls)
