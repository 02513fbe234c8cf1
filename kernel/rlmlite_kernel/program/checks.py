"""What an action requires of the arguments of a call together, beyond what each parameter's kind requires.

A row of the action table lists such checks. A check is a function of a `CheckedCall` and of a `Report`, which it calls
for every mistake. Those here are small values rather than closures, so that decode grammars can read them too.

    ExactlyOneOf(("query", "template"))      search(log, "a")                       nothing to report
                                             search(log)                            `search` takes either a query or ...
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from rlmlite_kernel.program.ast import Call, Expr

Report: TypeAlias = Callable[[str, str, Expr, str], None]
"""Told of a mistake: its code, its message, the node, a hint."""


class CheckedCall(msgspec.Struct, frozen=True):
    """One call as checks see it: the arguments by parameter, further named ones in `extra`, the action's signature."""

    node: Call
    arguments: Mapping[str, Expr]
    extra: Mapping[str, Expr]
    signature: str


Check: TypeAlias = Callable[[CheckedCall, Report], None]
"""Reports what is wrong with a call before anything runs."""


class ExactlyOneOf(msgspec.Struct, frozen=True):
    """One of these parameters has to be given, and no two: `search(x, query)` or `search(x, template="...")`."""

    params: tuple[str, ...]

    def __call__(self, call: CheckedCall, report: Report) -> None:
        """See `Check`."""
        given = sum(name in call.arguments for name in self.params)
        if given == 1:
            return
        # Only the first may be given by position; the others are written with their name.
        first, *others = self.params
        choices = " or ".join([f"a {first}", *(f"{name}=" for name in others)])
        message = f"`{call.node.name}` takes either {choices}"
        report("arguments", message, call.node, f"it is {call.signature}")
