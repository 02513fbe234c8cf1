"""Model clients: what answers a kernel's requests. Start at `Client`; `client` turns a model string into one."""

from rlmlite.clients.extractive import Extractive
from rlmlite.clients.protocol import Client
from rlmlite.clients.registry import client, role
from rlmlite.clients.scripted import Scripted

__all__ = ["Client", "Extractive", "Scripted", "client", "role"]
