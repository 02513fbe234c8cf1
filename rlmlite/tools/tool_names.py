"""Tools by name: `MODULE:NAME` or `FILE.py:NAME`. Not here: importing them (`loading`), which takes pydantic."""

import msgspec

from rlmlite.guard.trust.trusted import PinnedFile

PYTHON = ".py"
"""The end of a place that is a file and not a module."""


class PinnedTool(msgspec.Struct, frozen=True):
    """A tool in a file that a trusted settings file names: the file must be what it was when it was trusted."""

    file: PinnedFile
    name: str


def file_of_tool(tool: object) -> str | None:
    """The file of `FILE.py:NAME`; None for any other tool."""
    place = tool.rpartition(":")[0] if isinstance(tool, str) else ""
    return place if place.endswith(PYTHON) else None


def name_of_tool(tool: str) -> str:
    """The name of `FILE.py:NAME` or `MODULE:NAME`."""
    return tool.rpartition(":")[2]
