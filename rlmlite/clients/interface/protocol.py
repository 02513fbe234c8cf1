"""The one thing that a model must be able to do here, and two that it may."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rlmlite.clients.interface.options import Decode
from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.records.settings import Role

if TYPE_CHECKING:
    from rlmlite_grammar.decode import ProgramTool


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


@runtime_checkable
class Constrained(Client, Protocol):
    """A client that may want its controller's programs by tool calls: its calls for programs are `ToolRequest`s."""

    @property
    def decode(self) -> Decode | None:
        """How; `None` for plain text."""
        ...


class ToolRequest(Request, frozen=True, kw_only=True):
    """A request that is to be answered by a call of a tool; the reply is the tool's argument.

    The tool follows from the run's state, so it is in no record and changes no id.
    """

    tool: "ProgramTool"


def role(client: Client) -> Role:
    """How a client's calls are reserved."""
    return client.role() if isinstance(client, Metered) else Role(model=client.model)
