"""Approvals: who is asked before a call that the policy does not simply allow.

`approve=` is one of

    a function of an `Approval`    its True or False
    "terminal"                     the person there, who must type y
    "mailbox:DIR"                  whoever writes an answer into DIR (see `rlmlite.clients.mailbox`)
    "never"                        nobody: every such call is denied
    nothing                        nobody: the call is denied; in a session it waits for `answer`

Only an explicit yes is one: an empty line, the end of the input or an unreadable answer is a no. What a person is shown
is exactly what would be called, with every invisible character written out, since a call's arguments may come from an
attacker who would hide half of them.

Not here: which calls need an approval (`rlmlite_kernel.effects.policy`).
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
from rlmlite.guard.terminal import ask_yes_no
from rlmlite.tools.services import ApprovalService
from rlmlite_kernel.effects.requests import NO_USE, Answered, Request, Result

TERMINAL, NEVER, _MAILBOX = "terminal", "never", "mailbox:"


class Approval(msgspec.Struct, frozen=True):
    """What is to be approved: a tool's call with its exact arguments, their origins, and why it needs approval."""

    tool: str
    arguments: dict[str, Any]
    origins: dict[str, tuple[str, ...]]
    reasons: tuple[str, ...]


Approver: TypeAlias = Callable[[Approval], bool | Awaitable[bool]]
"""Returns True for a call that may be made. A plain function is called in the run's own thread, which waits for it."""

_APPROVAL = msgspec.json.Decoder(Approval)
_YES, _NO = Answered('{"approved":true}', NO_USE), Answered('{"approved":false}', NO_USE)
_ANSWERS = {"yes": _YES, "no": _NO}


def make_approval_service(approve: Approver | str | None, tell: Callable[[str], None]) -> ApprovalService | None:
    """Whom a run asks, None for nobody. `tell` is called with what a person should know. Raises `SettingError`."""
    if approve is None:
        return None
    if callable(approve):
        return _FunctionService(approve)
    # "never" is not the same as None: in a session, without anybody to ask, calls wait instead of being denied.
    if approve == NEVER:
        return _FunctionService(lambda _: False)
    if approve == TERMINAL:
        return _FunctionService(lambda approval: ask_at_terminal(approval, tell))
    if approve.startswith(_MAILBOX) and approve != _MAILBOX:
        return _mailbox_service(Path(approve.removeprefix(_MAILBOX)), tell)
    raise SettingError(f"approve must be {TERMINAL}, {_MAILBOX}DIR, {NEVER} or a function, not `{approve}`")


class _FunctionService:
    """The `ApprovalService` of a function."""

    def __init__(self, function: Approver) -> None:
        self._function = function

    async def __call__(self, text: str, request: Request) -> Result:
        """See `ApprovalService`. If the function raises, the run stops and the call is not made."""
        answer = self._function(_APPROVAL.decode(text))
        if inspect.isawaitable(answer):
            answer = await answer
        # A truthy value is not a yes: a forgotten `await` or a returned message would be one.
        if not isinstance(answer, bool):
            raise TypeError(f"an approval must be True or False, not {answer!r}")
        return _YES if answer else _NO


def _mailbox_service(folder: Path, tell: Callable[[str], None]) -> ApprovalService:
    from rlmlite.clients.mailbox import Mailbox

    try:
        box = Mailbox(folder, tell)
    except ModelError as error:
        raise SettingError(str(error)) from None

    async def ask(text: str, request: Request) -> Result:
        result = await box.complete(text, request)
        # `yes` and `no` as texts, for people; anything else is the kernel's to judge, and only `approved: true` passes.
        if isinstance(result, Answered):
            word = result.text.strip().lower()
            answer = _ANSWERS.get(word)
            if answer is not None:
                return answer
        # The mailbox counts as a model elsewhere; an approval uses nothing of a budget.
        return msgspec.structs.replace(result, usage=NO_USE)

    return ask


def ask_at_terminal(approval: Approval, tell: Callable[[str], None]) -> bool:
    """Ask the person at the terminal. Without a terminal nobody can agree: the answer is no, and `tell` says why."""
    import typer

    # Piped input may be data; its first line must not be taken for an answer.
    if not sys.stdin.isatty():
        tell(f"not approved: a call of `{approval.tool}`, since there is no terminal to ask at (--approve mailbox:DIR)")
        return False
    typer.echo(describe(approval), err=True)
    return ask_yes_no("Make this call?")


def describe(approval: Approval) -> str:
    """The approval as lines for a person, in visible characters only."""
    lines = [f"A program wants to call the tool `{approval.tool}`."]
    # Where each argument comes from stands beside it: that is what a person has to judge.
    for name, value in approval.arguments.items():
        origins = ", ".join(approval.origins.get(name, ()))
        lines.append(f"  {name} = {visible_json(value)}")
        lines.append(f"    from: {origins}")
    for reason in approval.reasons:
        lines.append(f"  why you are asked: {reason}")
    return "\n".join(lines)


def visible_json(value: Any) -> str:
    r"""JSON in visible characters: one that controls a terminal or shows as nothing is written as in `\u202e`."""
    # Not `ensure_ascii`, which would hide letters that a person can read: `Müller` is to be shown as it is.
    text = json.dumps(value, ensure_ascii=False)
    visible = []
    for char in text:
        # JSON escapes of one character, without the quotes around them.
        visible.append(json.dumps(char)[1:-1] if _is_invisible(char) else char)
    return "".join(visible)


def _is_invisible(char: str) -> bool:
    # `C` are control and format characters, `Z` separators; of these the plain space is the one that can be seen.
    return char != " " and unicodedata.category(char)[0] in "CZ"
