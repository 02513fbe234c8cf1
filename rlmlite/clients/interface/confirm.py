"""Asking the person at the terminal before calls that may cost much: `confirm_above`."""

import logging
import sys
from collections.abc import Callable

from rlmlite.clients.interface.prices import dollars
from rlmlite.terminal import confirmed

_LOG = logging.getLogger("rlmlite")


class Confirm:
    """Asks once the most that the run can have cost passes `above`. What was agreed to is not asked again.

    A model of unknown price passes every bound. Without a terminal nobody can agree, so the calls are not made.
    """

    def __init__(self, above: int, tell: Callable[[str], None] = _LOG.warning) -> None:
        self._tell = tell
        self._agreed: int | None = above
        self._bound: int | None = 0
        self.declined = False

    def __call__(self, calls: int, bound: int | None) -> bool:
        """See `Permit`."""
        if not calls or self._agreed is None:  # nothing new, or the unknown was agreed to
            return True
        total = None if bound is None or self._bound is None else self._bound + bound
        if (total is None or total > self._agreed) and not self._ask(calls, bound, total):
            self.declined = True
            return False
        self._bound = total
        self._agreed = None if total is None else max(self._agreed, total)
        return True

    def _ask(self, calls: int, bound: int | None, total: int | None) -> bool:
        cost = "at an unknown price" if bound is None else f"that may cost up to {dollars(bound)}"
        whole = "" if total is None or total == bound else f" ({dollars(total)} with those before)"
        question = f"{calls:,} calls {cost}{whole}"
        if not sys.stdin.isatty():
            self._tell(f"not made: {question}, and there is no terminal to ask at; agree with --yes")
            return False
        return confirmed(f"{question}. Go on?")
