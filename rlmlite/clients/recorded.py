"""The clients of a run that goes on, by the model strings that its trace recorded.

A trace may be a stranger's, and calling the model that it names would send that stranger the inputs, perhaps with a
key. So a recorded model string is used like this:

    http://host/v1#m   sends prompts away    only if the caller names it again
    ollama:m           the same, on this machine
    scripted:file      reads a file          in a folder that this user began here, or if named
    mailbox:dir        writes into a folder  the same; a relative path only from the working folder of the beginning
    hand:              nobody is called      always

Where there is no client, a placeholder takes the role: opening a session, and most of what one does with it, needs
none.
"""

import shlex
from pathlib import Path

import msgspec

from rlmlite.clients.interface.options import Calling
from rlmlite.clients.interface.placeholders import BY_HAND, ByHand, MissingClient
from rlmlite.clients.interface.protocol import Client
from rlmlite.clients.interface.roles import is_of
from rlmlite.errors import ModelError
from rlmlite.guard.terminal import one_line

_LONGEST = 4_096
"""Characters of a model string in a message: a cut one could not be used."""


class ClientRebuilder(msgspec.Struct, frozen=True):
    """Makes the client of a role. `models` are those that the caller names.

    `is_own` says that this user began the run in its folder, `is_from_here` that it was in this working folder too.
    """

    models: frozenset[str]
    is_own: bool
    is_from_here: bool
    calling: Calling

    def __call__(self, role: str, model: str) -> Client:
        """The client, or a placeholder that raises `ModelError` with what to write when it is called."""
        if model == BY_HAND:
            return ByHand()
        from rlmlite.clients.registry import client

        try:
            self._require_leave(role, model)
            return client(model, self.calling)
        except ModelError as error:
            return MissingClient(model, error)

    def _require_leave(self, role: str, model: str) -> None:
        """Raise `ModelError` unless this model may be used."""
        from rlmlite.clients.registry import asks_server

        if model in self.models:
            return
        _, _, place = model.partition(":")
        leads_elsewhere = bool(place) and not Path(place).is_absolute() and not self.is_from_here
        if asks_server(model) or not self.is_own or leads_elsewhere:
            raise ModelError(_how_to_name(role, model))
        # A link in the place of the file, or of the folder, could have been put there since.
        if place and Path(place).is_symlink():
            flag = _flag_of(role, model)
            raise ModelError(f"{one_line(model)} is a symbolic link now; name it again if you want it: {flag}")


def make_no_client(role: str, model: str) -> Client:
    """The placeholder for every role, for a command that makes no call."""
    return ByHand() if model == BY_HAND else MissingClient(model, ModelError(_how_to_name(role, model)))


def _how_to_name(role: str, model: str) -> str:
    shown = one_line(model, _LONGEST)
    named = _flag_of(role, shown)
    return f"in this session {shown} plays the role `{one_line(role)}`; it is called only if you name it: {named}"


def _flag_of(role: str, model: str) -> str:
    """The flag that names the model of a role."""
    # Quoted, since somebody may copy it into a shell, and a stranger may have written it.
    quoted = shlex.quote(one_line(model, _LONGEST))
    for family, flag in (("controller", "--controller"), ("rlm", "--nested"), ("sub", "--sub")):
        if is_of(role, family):
            return f"{flag} {quoted}"
    return f"--role {shlex.quote(one_line(role))}={quoted}"
