"""Asking the person at the terminal before calls that may cost much: the setting `confirm_above`.

A person is asked once for each new height. With `confirm_above` at $1.00:

    a fan-out of up to $0.40    in all $0.40    nobody is asked
    another of up to $0.80      in all $1.20    asked; with a yes, $1.20 is agreed to
    another of up to $0.10      in all $1.30    asked again, as it is more than was agreed to

What counts is what calls reserve, so a person agrees to the most that it can be, not to an estimate.
"""

import logging
import sys
from collections.abc import Callable

from rlmlite.clients.interface.prices import dollars
from rlmlite.guard.terminal import ask_yes_no

_LOG = logging.getLogger("rlmlite")


class CostConfirmation:
    """A `Permit` that asks when the run can cost more than was agreed to, which is `above` at first.

    A model of unknown price passes every bound. Without a terminal nobody can agree, so the calls are not made.
    """

    def __init__(self, above: int, tell: Callable[[str], None] = _LOG.warning) -> None:
        self._tell = tell
        self._agreed: int | None = above  # `None`: an unknown cost was agreed to, so any cost is
        self._total: int | None = 0
        self.declined = False

    def __call__(self, calls: int, bound: int | None) -> bool:
        """See `Permit`."""
        if not calls or self._agreed is None:
            return True
        # Once the cost of some calls is unknown, that of all is.
        total = None if bound is None or self._total is None else self._total + bound
        must_ask = total is None or total > self._agreed
        if must_ask and not self._ask(calls, bound, total):
            # The total stays as it was: these calls are not made.
            self.declined = True
            return False
        self._total = total
        # Never lower: with $1.00 agreed to and $0.40 reserved, there is $0.60 to go.
        self._agreed = None if total is None else max(self._agreed, total)
        return True

    def _ask(self, calls: int, bound: int | None, total: int | None) -> bool:
        cost = "at an unknown price" if bound is None else f"that may cost up to {dollars(bound)}"
        before = "" if total is None or total == bound else f" ({dollars(total)} with those before)"
        question = f"{calls:,} calls {cost}{before}"
        # Standard input, where the answer would come from: with `rlmlite ask ... < file` nobody is there to give one.
        if not sys.stdin.isatty():
            self._tell(f"not made: {question}, and there is no terminal to ask at; agree with --yes")
            return False
        return ask_yes_no(f"{question}. Go on?")
