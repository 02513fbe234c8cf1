"""Clients that make no call: for roles that somebody plays by hand, and for clients that cannot be rebuilt.

A session that is opened again has a role for each model that its trace names. Where no client can stand behind a role,
one of these does, so that everything else about the session works.
"""

from rlmlite.errors import ModelError
from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.records.settings import Role

BY_HAND = "hand:"
"""The model string of a role whose calls somebody answers by hand."""


class ByHand:
    """Placeholder for a client, for calls that somebody answers by hand."""

    model = BY_HAND

    def role(self) -> Role:
        """How its calls are reserved: they cost nothing."""
        return Role(model=BY_HAND, input_price=0, output_price=0)

    async def complete(self, text: str, request: Request) -> Result:
        """Never called: a session stops before."""
        raise RuntimeError("a call by hand has no client")


class MissingClient:
    """Placeholder for a client that cannot be rebuilt from its model string. Pass the client to `Session(...)`.

    Calling it raises. A trace records the model string of each role, and that is enough for `"openai:gpt-5"`. It is not
    for an object of the host's own class, nor where an API key is missing. Opening the session must work all the same:
    most of what one does with it needs no model.
    """

    def __init__(self, model: str, error: ModelError) -> None:
        self.model, self._error = model, error

    async def complete(self, text: str, request: Request) -> Result:
        """Raises the `ModelError` that making the client raised."""
        raise self._error
