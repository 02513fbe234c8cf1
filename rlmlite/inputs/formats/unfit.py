"""What cannot become text, and why. Alone it is an error of its input; in a folder or an archive it is left out."""

import importlib
from typing import Any


class UnfitError(Exception):
    """A file that is no text and cannot be made one.

    `reason` is short and the same for all files of its sort; `detail` says more; `remedy` says what to do.
    """

    def __init__(self, reason: str, detail: str = "", remedy: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail, self.remedy = reason, detail, remedy

    @property
    def brief(self) -> str:
        """The reason as it stands beside a file that was left out."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason

    def __str__(self) -> str:
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"is {self.reason}{f' ({self.detail})' if self.detail else ''}{remedy}"


def needed(module: str, extra: str) -> Any:
    """The module of an optional library. Raises `UnfitError` that says how to get it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        remedy = f"pip install 'rlmlite[{extra}]'"
        raise UnfitError("not readable without another library", remedy) from None
