"""Model strings: `scheme:rest` names a client."""

from collections.abc import Callable
from pathlib import Path

from rlmlite.clients.extractive import Extractive
from rlmlite.clients.protocol import Client
from rlmlite.clients.scripted import Scripted
from rlmlite.errors import ModelError
from rlmlite_kernel.settings import Role

SCHEMES: dict[str, tuple[str, str]] = {
    "scripted": ("scripted:FILE", "says what the lines of FILE say"),
    "extractive": ("extractive:", "picks sentences by shared words; a baseline that reads no meaning"),
}
"""Each scheme with its form and what it is."""


def client(model: str) -> Client:
    """The client that a model string names. Raises `ModelError`."""
    scheme, _, rest = model.partition(":")
    make = _CLIENTS.get(scheme)
    if make is None:
        known = "; ".join(f"{form} ({what})" for form, what in SCHEMES.values())
        raise ModelError(
            f"no model `{model}`: this version has {known}. "
            "Clients for providers (openai:, anthropic:, ollama:, ...) are not part of it yet"
        )
    return make(rest)


def _scripted(rest: str) -> Client:
    if not rest:
        raise ModelError("scripted: needs a file: scripted:FILE")
    return Scripted.read(Path(rest))


def _extractive(rest: str) -> Client:
    if rest:
        raise ModelError(f"extractive: takes nothing after the colon, found `{rest}`")
    return Extractive()


_CLIENTS: dict[str, Callable[[str], Client]] = {"scripted": _scripted, "extractive": _extractive}


def role(client: Client) -> Role:
    """How a client's calls are reserved. None of this version's clients costs money."""
    return Role(model=client.model, input_price=0, output_price=0)
