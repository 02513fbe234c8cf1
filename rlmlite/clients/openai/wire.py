"""What the two APIs of OpenAI have in common: a wire's form, how a call's usage and an error in a reply are read.

The wires themselves are `openai_chat` and `openai_responses`. Replies are read strictly: what is not of their form is
no answer. Of a reply only what is used is read, so that what servers add beside it does no harm.
"""

from typing import Annotated, Any, Final, Protocol, TypeAlias

import msgspec

from rlmlite.clients.interface.prices import Price
from rlmlite_grammar.decode import PROGRAM, ProgramTool
from rlmlite_kernel.effects.requests import Result, Usage

Tokens: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class Events(Protocol):
    """A stream that is put together."""

    def take(self, data: bytes) -> bytes | None:
        """One event. Gives the whole reply, in the form that it has without streaming, once it is there.

        Raises `ValueError` or `msgspec.MsgspecError` for what belongs into no stream.
        """
        ...


class Wire(Protocol):
    """How one of the APIs is spoken."""

    @property
    def path(self) -> str:
        """Where it is asked, below the server's address."""
        ...

    def body(self, text: str, tool: ProgramTool | None) -> dict[str, Any]:
        """The fields that hold the prompt, and the tool by whose call it is to be answered."""
        ...

    def streaming(self) -> dict[str, Any]:
        """The fields that ask for a stream, with its usage."""
        ...

    def events(self) -> Events:
        """For the events of one stream."""
        ...

    def readable(self, content: bytes) -> bool:
        """Is it a reply that has come to an end?"""
        ...

    def error(self, content: bytes) -> "Trouble | None":
        """What went wrong, when a reply that is not `readable` says so."""
        ...

    def read(self, content: bytes, price: Price | None, tool: ProgramTool | None) -> Result:
        """The result of a reply that is `readable`. One that was cut off is no answer: it would be cut silently."""
        ...


class Trouble(msgspec.Struct, frozen=True):
    """An error that came with HTTP 200, with the status that it would have had without streaming."""

    status: int
    document: dict[str, Any]


class SaidError(msgspec.Struct):
    """An error as servers spell it."""

    code: str | int | None = None
    message: str | None = None
    param: str | None = None


_STATUSES: Final = {
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "bio_policy": 400,
    "misalignment_policy_violation": 400,
}
"""Codes of errors that asking again does not mend, or not at once. Any other may pass, as a 500 may."""


def trouble(said: SaidError) -> Trouble:
    """An error in a reply, as an HTTP status would have told it."""
    coded = isinstance(said.code, int) and 400 <= said.code < 600
    status = said.code if coded and isinstance(said.code, int) else _STATUSES.get(str(said.code), 500)
    return Trouble(status, {"error": msgspec.to_builtins(said) | {"code": str(said.code)}})


def usage(read_: int | None, written: int | None, cached: int | None, price: Price | None) -> Usage:
    """What a call used, and what that costs; unknown is unknown."""
    cost = None
    if price is not None and read_ is not None and written is not None:
        cost = price.cost(read_, cached or 0, written)
    return Usage(read_, written, cost)


class _Arguments(msgspec.Struct, forbid_unknown_fields=True):
    text: str


_ARGUMENTS = msgspec.json.Decoder(_Arguments)


def program_of(name: str, arguments: str) -> str:
    """The program in a call of the function `program(text)`.

    Arguments that are none are the reply just as they came: it costs a turn, as any reply that is no program does.
    """
    if name != PROGRAM:
        return arguments
    try:
        return _ARGUMENTS.decode(arguments).text
    except (msgspec.MsgspecError, UnicodeError):
        return arguments
