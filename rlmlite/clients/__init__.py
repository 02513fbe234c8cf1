"""Model clients: what answers a kernel's requests. Start at `Client`; `client` turns a model string into one."""

from rlmlite.clients.calling import ATTEMPTS, Calling
from rlmlite.clients.extractive import Extractive
from rlmlite.clients.mailbox import Mailbox
from rlmlite.clients.openai import ModelServer
from rlmlite.clients.protocol import Client, Constrained, Metered, ToolRequest
from rlmlite.clients.registry import client, role
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
