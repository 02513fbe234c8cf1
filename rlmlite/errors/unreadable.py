"""`UnreadableError`: why a file cannot become text. `BrokenArchiveError`: why an archive cannot be read to its end.

If the user named that file, it is an error of the input. In a folder or an archive the file is skipped and the reason
recorded. So nothing here decides whether a run stops.
"""

import importlib
from typing import Any


class UnreadableError(Exception):
    """A file that is not text and cannot be converted to it.

    `reason` is short and the same for all files of its sort, so that skipped files can be counted by it; `detail` says
    more about this file; `remedy` says what to do.
    """

    def __init__(self, reason: str, detail: str = "", remedy: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail, self.remedy = reason, detail, remedy

    @property
    def brief(self) -> str:
        """The reason as it is recorded for a skipped file: `damaged: gzip: CRC check failed`."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason

    def __str__(self) -> str:
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"is {self.reason}{f' ({self.detail})' if self.detail else ''}{remedy}"


class ParserError(UnreadableError):
    """A file whose parser, in its worker, raised, crashed or was stopped."""


class BrokenArchiveError(Exception):
    """An archive that is damaged or ends early, so that its other members are not known."""

    def __str__(self) -> str:
        return f"is damaged, or ends early: {self.fault}"

    @property
    def fault(self) -> str:
        """What was found, such as `tar: unexpected end of data`."""
        return super().__str__()


class StoppedArchiveError(BrokenArchiveError):
    """An archive whose parser crashed or was stopped, so that its other members are not known."""

    def __str__(self) -> str:
        return self.fault


def import_extra(module: str, extra: str) -> Any:
    """The module of an optional dependency. Raises `UnreadableError` that says which extra to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise _missing(extra) from None


def require_extra(module: str, extra: str) -> None:
    """Look whether an optional dependency is installed, without importing it. Raises as `import_extra`."""
    from importlib.util import find_spec  # here, because few files need it

    if find_spec(module) is None:
        raise _missing(extra)


def _missing(extra: str) -> UnreadableError:
    return UnreadableError("not readable without another library", f"pip install 'rlmlite[{extra}]'")
