"""The Responses API: one input, and what the output says. Nothing is kept at the server (`store` is false)."""

from typing import Any, Literal

import msgspec

from rlmlite.clients.interface.prices import Price
from rlmlite.clients.openai.wire import SaidError, Tokens, Trouble, program_of, trouble, usage
from rlmlite_grammar.decode import ProgramTool
from rlmlite_kernel.effects.requests import Answered, Failed, Result, Usage


class _Content(msgspec.Struct):
    type: str
    text: str | None = None
    refusal: str | None = None


class _Item(msgspec.Struct):
    """A message, a call of a tool, or something that is not for us, such as reasoning."""

    type: str
    content: list[_Content] | None = None
    name: str = ""
    arguments: str = ""
    input: str = ""


class _Why(msgspec.Struct):
    reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: Tokens | None = None


class _Used(msgspec.Struct):
    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    input_tokens_details: _Details | None = None


class _Response(msgspec.Struct):
    status: Literal["completed", "incomplete"]
    output: list[_Item]
    incomplete_details: _Why | None = None
    usage: msgspec.Raw = msgspec.Raw(b"null")


class _Refused(msgspec.Struct):
    error: SaidError


class _Event(msgspec.Struct):
    type: str
    response: msgspec.Raw = msgspec.Raw(b"null")
    error: SaidError | None = None
    code: str | int | None = None
    message: str | None = None
    param: str | None = None


_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")
_RESPONSE = msgspec.json.Decoder(_Response)
_USED = msgspec.json.Decoder(_Used | None)
_REFUSED = msgspec.json.Decoder(_Refused)
_EVENT = msgspec.json.Decoder(_Event)


class Responses:
    """See `Wire`."""

    path = "/responses"

    def body(self, text: str, tool: ProgramTool | None) -> dict[str, Any]:
        """See `Wire.body`."""
        body: dict[str, Any] = {"input": text, "store": False}
        if tool is None:
            return body
        choice = {"type": tool["type"], "name": tool["name"]}
        return body | {"tools": [dict(tool)], "tool_choice": choice, "parallel_tool_calls": False}

    def streaming(self) -> dict[str, Any]:
        """See `Wire.streaming`: the last event has the usage anyway."""
        return {"stream": True}

    def events(self) -> "ResponseEvents":
        """See `Wire.events`."""
        return ResponseEvents()

    def readable(self, content: bytes) -> bool:
        """See `Wire.readable`."""
        try:
            _RESPONSE.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        return True

    def error(self, content: bytes) -> Trouble | None:
        """See `Wire.error`: a response that failed."""
        try:
            return trouble(_REFUSED.decode(content).error)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def read(self, content: bytes, price: Price | None, tool: ProgramTool | None = None) -> Result:
        """See `Wire.read`."""
        response = _RESPONSE.decode(content)
        used = _usage(response.usage, price)
        if response.status == "incomplete":
            why = response.incomplete_details.reason if response.incomplete_details is not None else None
            return Failed("refused" if why == "content_filter" else "too_long", used)
        calls = [item for item in response.output if item.type in ("function_call", "custom_tool_call")]
        if tool is not None and calls:
            return Answered("\n".join(map(_program, calls)), used)
        said = [part for item in response.output if item.type == "message" for part in item.content or []]
        if any(part.type == "refusal" for part in said):
            return Failed("refused", used)
        texts = [part.text for part in said if part.type == "output_text" and part.text is not None]
        return Answered("".join(texts), used) if texts else Failed("schema", used)


class ResponseEvents:
    """The events of a response: the last one has the whole of it."""

    def take(self, data: bytes) -> bytes | None:
        """See `Events.take`."""
        if data == b"[DONE]":
            raise ValueError("the stream was ended before its answer")
        event = _EVENT.decode(data)
        if event.type in _ENDS:
            return bytes(event.response)
        if event.type == "error":
            said = event.error or SaidError(event.code, event.message, event.param)
            return msgspec.json.encode(_Refused(said))
        return None


def _program(item: _Item) -> str:
    """What a call of a tool says: the input of a custom tool, the program in a function's arguments."""
    return program_of(item.name, item.arguments) if item.type == "function_call" else item.input


def _usage(raw: msgspec.Raw, price: Price | None) -> Usage:
    """What was used; unknown is unknown, and so is what makes no sense."""
    try:
        used = _USED.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Usage()
    if used is None:
        return Usage()
    details = used.input_tokens_details
    return usage(used.input_tokens, used.output_tokens, details.cached_tokens if details else None, price)
