"""Model clients: what answers a kernel's requests. Start at `Client`; `client` turns a model string into one."""

from rlmlite.clients.extractive.client import Extractive
from rlmlite.clients.interface.options import ATTEMPTS, Calling
from rlmlite.clients.interface.protocol import Client, Constrained, Metered, ToolRequest, role
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
    "Scripted",
    "ToolRequest",
    "client",
    "role",
]
