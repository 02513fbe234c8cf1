"""The wire formats' common part: their interface, and how usage, errors and tool calls are read from a reply.

The two formats are `chat` and `responses`. They are strict about the fields that they use, so that a reply of
another form is never taken for an answer, and ignore all others, so that what servers add does no harm.
"""

from typing import Annotated, Any, Final, Protocol, TypeAlias, TypeVar

import msgspec

from rlmlite.clients.interface.prices import Price
from rlmlite_grammar.decode import PROGRAM, ProgramTool
from rlmlite_kernel.effects.requests import Form, Result, Usage
from rlmlite_kernel.records.settings import Sampling

TokenCount: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class StreamAssembler(Protocol):
    """Puts the events of one stream together."""

    def add(self, data: bytes) -> bytes | None:
        """Add an event. Returns the whole reply, in the form that it has without streaming, once it is complete.

        Raises `ValueError` or `msgspec.MsgspecError` for an event that does not belong to a stream of this API.
        """
        ...


class WireFormat(Protocol):
    """One of the APIs: how a request is written, and how its reply is read."""

    @property
    def path(self) -> str:
        """The path of the API below the server's address."""
        ...

    @property
    def ways(self) -> tuple[Form, ...]:
        """How a request may carry a schema, in the order in which that is tried."""
        ...

    def body(self, text: str, tool: ProgramTool | None, hint: str = "") -> dict[str, Any]:
        """The fields of a request that hold the prompt, and the tool whose call is to be the answer.

        `hint` is what the model is told beside the prompt, by whoever serves it.
        """
        ...

    def sampling_fields(self, sampling: Sampling) -> dict[str, dict[str, Any]]:
        """For each setting that this API has, the field of a request that says it."""
        ...

    def streaming_fields(self) -> dict[str, Any]:
        """The fields that request a stream, with its usage."""
        ...

    def new_assembler(self) -> StreamAssembler:
        """For the events of one stream."""
        ...

    def is_complete(self, content: bytes) -> bool:
        """Whether a reply is of this API's form and has come to an end."""
        ...

    def read_error(self, content: bytes) -> "ReplyError | None":
        """The error in a reply that is not complete; None if it says nothing of one."""
        ...

    def read_result(self, content: bytes, price: Price | None, tool: ProgramTool | None) -> Result:
        """The result in a complete reply. An answer that was cut off is a failure: nothing may be cut silently."""
        ...


def settings_of(sampling: Sampling) -> dict[str, Any]:
    """The settings that a role says something about; the others are the server's to choose."""
    said = msgspec.structs.asdict(sampling)
    unsaid = msgspec.structs.asdict(Sampling())
    return {name: value for name, value in said.items() if value != unsaid[name]}


class ReplyError(msgspec.Struct, frozen=True):
    """An error that came with HTTP 200, with the status that it would have had without streaming."""

    status: int
    document: dict[str, Any]


class ErrorBody(msgspec.Struct):
    """An error as servers spell it."""

    code: str | int | None = None
    message: str | None = None
    param: str | None = None


class ErrorReply(msgspec.Struct):
    """A reply that is an error."""

    error: ErrorBody


_Form = TypeVar("_Form")


def decode_or_none(decoder: msgspec.json.Decoder[_Form], content: bytes | str | msgspec.Raw) -> _Form | None:
    """The content in the decoder's form; None if it is of another form, or no JSON."""
    try:
        return decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


_ERROR_REPLY = msgspec.json.Decoder(ErrorReply)

_STATUS_OF_CODE: Final = {
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "bio_policy": 400,
    "misalignment_policy_violation": 400,
}
"""Error codes that an immediate retry does not help. Any other error may be passing, as a 500 may."""


def read_error_reply(content: bytes) -> ReplyError | None:
    """The error in a reply `{"error": {...}}`; None for any other content."""
    reply = decode_or_none(_ERROR_REPLY, content)
    return None if reply is None else _with_status(reply.error)


def _with_status(body: ErrorBody) -> ReplyError:
    # Some servers give the HTTP status as the code; else the code says which status it would have been.
    if isinstance(body.code, int) and 400 <= body.code < 600:
        status = body.code
    else:
        status = _STATUS_OF_CODE.get(str(body.code), 500)
    # The SDK reads the document of an error response, and expects the code to be text.
    document = msgspec.to_builtins(body) | {"code": str(body.code)}
    return ReplyError(status, {"error": document})


def usage_of(tokens_in: int | None, tokens_out: int | None, cached: int | None, price: Price | None) -> Usage:
    """What a call used, and what that costs; unknown (None) if a count or the price is."""
    # Never 0 for unknown: a cap on the cost must not be passed in the dark.
    cost = None
    if price is not None and tokens_in is not None and tokens_out is not None:
        cost = price.cost(tokens_in, cached or 0, tokens_out)
    return Usage(tokens_in, tokens_out, cost)


class _ProgramArguments(msgspec.Struct, forbid_unknown_fields=True):
    text: str


_PROGRAM_ARGUMENTS = msgspec.json.Decoder(_ProgramArguments)


def program_from_call(name: str, arguments: str) -> str:
    """The program in a call of the function `program(text)`.

    A call of another function, or with other arguments, is returned as it came. It is not a valid program, so it costs
    the controller a turn, as any reply that is not a program does.
    """
    # Not an error: the reply is judged as a program, and the controller is told what is wrong with it.
    if name != PROGRAM:
        return arguments
    program = decode_or_none(_PROGRAM_ARGUMENTS, arguments)
    return arguments if program is None else program.text
