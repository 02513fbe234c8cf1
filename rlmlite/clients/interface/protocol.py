"""The client interface: `Client` is required; `Metered`, `Constrained` and `Windowed` are optional.

    class Shouting:
        model = "shouting:"

        async def complete(self, text, request):
            return Answered(text.upper())

That is a whole client. The optional parts are recognised by their methods: one with `role()` is `Metered`, so its calls
can be reserved under a cost limit; one with `decode` is `Constrained`, so a controller may answer by calling a tool;
one with `ask_window()` is `Windowed`, so prompts that its model cannot read are not sent.
Not here: which client a model string names (`rlmlite.clients.registry`).
"""

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, runtime_checkable

from rlmlite.clients.interface.options import Decode
from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.records.settings import Role, WindowSource

if TYPE_CHECKING:
    from rlmlite.clients.interface.program_forms import ProgramForms
    from rlmlite_grammar.decode import ProgramTool


class Client(Protocol):
    """The model behind a role.

    A fault of the provider is a `Failed`, never an exception and never text that looks like an answer. An exception is
    a bug or a broken host, and stops the run. A client that is also an async context manager is entered for each
    fan-out, so that it can keep its connections. Retries, timeouts and rate limits are the client's own business: a run
    sees one result for each call, whatever it took to get it.
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
    """A client that knows its prices and its longest answer. The price of any other client is unknown."""

    def role(self) -> Role:
        """Its model string, the tokens of its longest answer, and its prices."""
        ...


@runtime_checkable
class Constrained(Client, Protocol):
    """A client that may hold a controller to the language.

    With `tool` or `grammar` its calls for programs are `ToolRequest`s. With `None` or `none` they are plain requests,
    and with anything else `ProgramRequest`s, of which the client makes the form that its server takes.
    """

    @property
    def decode(self) -> Decode | None:
        """How programs are given; `None` for plain text."""
        ...


@runtime_checkable
class Preparable(Client, Protocol):
    """A client whose first call needs something that takes long to get ready."""

    def get_ready(self) -> None:
        """Begin that in the background, and return at once. A run asks for it before its inputs are loaded."""
        ...


Documents: TypeAlias = dict[str, bytes | None]
"""What one server has said of itself, by what it was asked: empty where it refused, `None` where it did not answer."""


class Window(NamedTuple):
    """Tokens that a model reads and answers with in all, and who said so."""

    tokens: int
    source: WindowSource


@runtime_checkable
class Windowed(Client, Protocol):
    """A client that can find out how many tokens its model reads and answers with in all (see `clients.windows`)."""

    @property
    def server(self) -> str:
        """The address that is asked; clients with the same one are asked one after the other. Empty: none is."""
        ...

    def ask_window(self, documents: Documents) -> int | None:
        """What its server says, in a thread without an event loop. What is in `documents` is not asked for again, and
        what is asked for is added.
        """
        ...

    def published_window(self) -> int | None:
        """What is published of the model, without asking anybody."""
        ...


class ToolRequest(Request, frozen=True, kw_only=True):
    """A request whose answer is a call of a tool; the reply is the argument of that call.

    The tool follows from the run's state. So it is in no record and does not change the request's id.
    """

    tool: "ProgramTool"


class ProgramRequest(Request, frozen=True, kw_only=True):
    """A request for a program, in whichever of the forms the client chooses; the reply is the program as text.

    As a tool, the forms follow from the run's state. The result's `sampling` says which was chosen (`decode`).
    """

    forms: "ProgramForms"


def role(client: Client) -> Role:
    """How the calls of a client are reserved."""
    return client.role() if isinstance(client, Metered) else Role(model=client.model)
