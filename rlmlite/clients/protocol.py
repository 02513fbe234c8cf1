"""The one thing that a model must be able to do here."""

from typing import Protocol, runtime_checkable

from rlmlite_kernel.effects import Request, Result
from rlmlite_kernel.settings import Role


class Client(Protocol):
    """A model behind a role.

    A fault of the provider is a `Failed`, never an exception and never a text that looks like an answer.
    What it raises is a bug or a broken host, and stops the run.
    One that is an async context manager too is held while a fan-out lasts, so that it can keep its connections.
    Retry, timeouts and rate limits are the client's own: a run never sees an attempt.
    """

    @property
    def model(self) -> str:
        """The model string that names this client in a trace, such as `extractive:`."""
        ...

    async def complete(self, text: str, request: Request) -> Result:
        """The answer to the prompt `text`, which is `request.prompt` rendered."""
        ...


@runtime_checkable
class Metered(Client, Protocol):
    """A client that knows how its calls are reserved. Of one that is not metered the price is unknown."""

    def role(self) -> Role:
        """Its model string, longest answer and prices."""
        ...
