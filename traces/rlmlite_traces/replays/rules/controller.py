"""The controller's part of a turn: who spoke, on which call, and what a replay can know of it.

A replay takes the reply as recorded. Everything around it follows from the genesis and the state:

    origin                       `controller` where a model was called or a reply is recorded, else `host`
    call.role, model, tokens     those of the role in the genesis
    call.prompt, prompt_bytes    the prompt, rendered again: by whoever can (`ControllerCheck`)
    reply                        read again, by the recorded grammar: by the same

What is left as recorded is what only the provider and the host knew: the reply, what it used, whether it was cached,
and why there is none.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from rlmlite_kernel import State
from rlmlite_kernel.records.records import Spoken, Turn
from rlmlite_kernel.records.settings import CONTROLLER_ROLE
from rlmlite_traces.format.reader import CheckedTrace

HOST, CONTROLLER = "host", "controller"
"""Who spoke, as turns record it."""


class Finding(msgspec.Struct, frozen=True):
    """What a check of a turn found: a field that differs, or, with `unchecked`, why something was not checked.

    `unchecked` names what was left out (`prompts`), with the reason in `computed`.
    """

    field: str = ""
    recorded: str = ""
    computed: str = ""
    unchecked: str = ""


class ControllerCheck(Protocol):
    """Renders prompts and reads replies again, which takes knowledge that this layer does not have."""

    def follow(self, before: State, trace: CheckedTrace, first: int, stop: int) -> Sequence[Finding]:
        """What differs in a turn or a question (the records `first` to `stop - 1`), or was not checked.

        It is given each of them once, in order, with the state before it.
        """
        ...


def check_speaker(before: State, turn: Turn) -> Finding | None:
    """What of a turn cannot have been so: who spoke, and the fields of the call that the genesis decides."""
    call, origin = turn.call, turn.origin
    expected = HOST if call is None and turn.reply is None else CONTROLLER
    if origin != expected:
        return Finding("origin", origin, expected)
    if call is None:
        return None
    role = before.settings.roles.get(call.role)
    if role is None or not call.role.startswith(CONTROLLER_ROLE):
        known = [name for name in before.settings.roles if name.startswith(CONTROLLER_ROLE)]
        return Finding("call.role", call.role, " or ".join(known) or "no controller")
    # A later version may record more of a call; then it is another kernel, and this one cannot vouch for it.
    computed = Spoken(
        role=call.role,
        model=role.model,
        prompt=call.prompt,
        prompt_bytes=call.prompt_bytes,
        max_output_tokens=role.max_output_tokens,
        usage=call.usage,
        cached=call.cached and turn.reply is not None,
        error=call.error,
        # How a client asked is its own word, as the reply is; `verify` has checked that it is a known one.
        sampling=call.sampling,
    )
    for name in Spoken.__struct_fields__:
        here, there = getattr(computed, name), getattr(call, name)
        if here != there:
            return Finding(f"call.{name}", str(there), str(here))
    return None
