"""A sealed trace as files without a disk, and its lines."""

from rlmlite_traces import (
    CheckedTrace,
    verify,
)
from tests.traces import handmade

Files = dict[str, bytes]


def check(files: Files, root: str | None = None) -> CheckedTrace:
    return verify(handmade.unchecked_trace(files), root)


def lines_of(files: Files, name: str) -> list[bytes]:
    return files[name].splitlines(keepends=True)


def with_lines(files: Files, name: str, changed: list[bytes]) -> Files:
    return files | {name: b"".join(changed)}
