"""Memory that runs out at a chosen moment: the n-th call of a Python function of ours raises `MemoryError`.

A trace function that raises does so in the frame that is about to run, as an allocation there would have. So every line
of bookkeeping is struck too, and not only the places where an action asks for much.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CO_COROUTINE, CO_GENERATOR
from pathlib import Path
from types import CodeType, FrameType
from typing import Any


class Strike:
    """Counts the calls; `at` is the one that fails. `struck` says whether it was reached."""

    def __init__(self, at: int, folders: tuple[str, ...]) -> None:
        self.at, self.folders, self.calls, self.struck = at, folders, 0, False
        self._ours: dict[CodeType, bool] = {}

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Called by Python for each call of a function."""
        code = frame.f_code
        is_ours = self._ours.get(code)
        if is_ours is None:
            # No generator and no coroutine: Python may call one only to close it, and then nobody would get the error.
            is_resumed = bool(code.co_flags & (CO_GENERATOR | CO_COROUTINE))
            is_ours = not is_resumed and any(folder in code.co_filename for folder in self.folders)
            self._ours[code] = is_ours
        if not is_ours:
            return
        number = self.calls
        self.calls += 1
        if number == self.at:
            self.struck = True
            raise MemoryError


@contextmanager
def strike(at: int, *packages: str) -> Iterator[Strike]:
    """Let the call `at` of a function of these packages fail, counted from 0; with -1 they are only counted."""
    striking = Strike(at, tuple(str(Path(package)) for package in packages))
    before = sys.gettrace()
    sys.settrace(striking)
    try:
        yield striking
    finally:
        sys.settrace(before)
