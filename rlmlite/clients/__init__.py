"""Model clients: what answers the kernel's requests.

Start at `interface.protocol.Client`, the one thing that a client must be; `registry.client` turns a model string into
one. `openai` asks servers; `mailbox` asks people, by files; `replay` answers from a trace, `scripted` from a script,
`extractive` by picking sentences.
"""

from typing import TYPE_CHECKING

from rlmlite_kernel import lazy_names

if TYPE_CHECKING:
    from rlmlite.clients.extractive.client import Extractive
    from rlmlite.clients.interface.options import ATTEMPTS, Calling
    from rlmlite.clients.interface.protocol import Client, Constrained, Metered, ProgramRequest, ToolRequest, role
    from rlmlite.clients.mailbox import Mailbox
    from rlmlite.clients.openai.client import ModelServer
    from rlmlite.clients.registry import client
    from rlmlite.clients.scripted import Scripted

__all__ = [
    "ATTEMPTS",
    "Calling",
    "Client",
    "Constrained",
    "Extractive",
    "Mailbox",
    "Metered",
    "ModelServer",
    "ProgramRequest",
    "Scripted",
    "ToolRequest",
    "client",
    "role",
]

_HOMES = {
    "ATTEMPTS": "rlmlite.clients.interface.options",
    "Calling": "rlmlite.clients.interface.options",
    "Client": "rlmlite.clients.interface.protocol",
    "Constrained": "rlmlite.clients.interface.protocol",
    "Extractive": "rlmlite.clients.extractive.client",
    "Mailbox": "rlmlite.clients.mailbox",
    "Metered": "rlmlite.clients.interface.protocol",
    "ModelServer": "rlmlite.clients.openai.client",
    "Scripted": "rlmlite.clients.scripted",
    "ProgramRequest": "rlmlite.clients.interface.protocol",
    "ToolRequest": "rlmlite.clients.interface.protocol",
    "client": "rlmlite.clients.registry",
    "role": "rlmlite.clients.interface.protocol",
}
"""The module of each name, imported when the name is first used: nobody waits for what is not used."""

if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
