"""Approvals: who is asked before a call that the policy does not simply allow.

`approve=` is a function of an `Approval` that says True or False, `"terminal"`, `"mailbox:DIR"`, `"never"`, or nothing:
then nobody is there, and such a call is denied. In a session nobody means that the call waits for `answer`.
Only an explicit yes is one. Not here: which calls need one (`rlmlite_kernel.policy`).
"""

import inspect
import json
import sys
import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from rlmlite.errors import ModelError, SettingError
from rlmlite.terminal import confirmed
from rlmlite.tools.services import Approve
from rlmlite_kernel.effects.requests import NO_USE, Answered, Request, Result

TERMINAL, NEVER, _MAILBOX = "terminal", "never", "mailbox:"


class Approval(msgspec.Struct, frozen=True):
    """What is to be approved: a tool's call with its exact arguments, where each comes from, and why it is asked."""

    tool: str
    arguments: dict[str, Any]
    origins: dict[str, tuple[str, ...]]
    reasons: tuple[str, ...]


Approver: TypeAlias = Callable[[Approval], bool | Awaitable[bool]]
"""Says True for a call that may be made. A plain function is called in the run's own thread, which waits for it."""

_asked = msgspec.json.Decoder(Approval)
_YES, _NO = Answered('{"approved":true}', NO_USE), Answered('{"approved":false}', NO_USE)


def approver(given: Approver | str | None, tell: Callable[[str], None]) -> Approve | None:
    """Whom the run asks. `tell` hears what a person should know. Raises `SettingError`."""
    if given is None:
        return None
    if callable(given):
        return _Asked(given)
    if given == NEVER:
        return _Asked(lambda _: False)
    if given == TERMINAL:
        return _Asked(lambda approval: at_terminal(approval, tell))
    if given.startswith(_MAILBOX) and given != _MAILBOX:
        return _in_mailbox(Path(given.removeprefix(_MAILBOX)), tell)
    raise SettingError(f"approve is {TERMINAL}, {_MAILBOX}DIR, {NEVER} or a function, not `{given}`")


class _Asked:
    """Asks a function."""

    def __init__(self, function: Approver) -> None:
        self._function = function

    async def __call__(self, text: str, request: Request) -> Result:
        """See `Approve`. What the function raises stops the run; the call is not made."""
        answer = self._function(_asked.decode(text))
        if inspect.isawaitable(answer):
            answer = await answer
        if not isinstance(answer, bool):
            raise TypeError(f"an approval is True or False, not {answer!r}")
        return _YES if answer else _NO


def _in_mailbox(folder: Path, tell: Callable[[str], None]) -> Approve:
    from rlmlite.clients.mailbox import Mailbox

    try:
        box = Mailbox(folder, tell)
    except ModelError as error:
        raise SettingError(str(error)) from None

    async def ask(text: str, request: Request) -> Result:
        result = await box.complete(text, request)
        if isinstance(result, Answered) and result.text.strip().lower() in ("yes", "no"):
            return _YES if result.text.strip().lower() == "yes" else _NO
        return msgspec.structs.replace(result, usage=NO_USE)

    return ask


def at_terminal(approval: Approval, tell: Callable[[str], None]) -> bool:
    """Ask the person at the terminal. Without one nobody can agree, and that is said."""
    import typer

    if not sys.stdin.isatty():
        tell(f"not approved: a call of `{approval.tool}`, and there is no terminal to ask at (--approve mailbox:DIR)")
        return False
    typer.echo(told(approval), err=True)
    return confirmed("Make this call?")


def told(approval: Approval) -> str:
    """The approval as lines for a person, of characters that can all be seen."""
    lines = [f"A program wants to call the tool `{approval.tool}`."]
    for name, value in approval.arguments.items():
        lines.append(f"  {name} = {exact(value)}")
        lines.append(f"    from: {', '.join(approval.origins.get(name, ()))}")
    lines += [f"  why you are asked: {reason}" for reason in approval.reasons]
    return "\n".join(lines)


def exact(value: Any) -> str:
    r"""JSON of which every character can be seen: what controls a terminal or shows as nothing is written `\u202e`."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(json.dumps(char)[1:-1] if _unseen(char) else char for char in text)


def _unseen(char: str) -> bool:
    return char != " " and unicodedata.category(char)[0] in "CZ"
