"""The Responses API: one input, and the text or tool call in the output. The server keeps nothing (`store: false`).

    request   {"model": ..., "input": PROMPT, "store": false, ...}
    reply     {"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", ...}]}], ...}

A stream's last event (`response.completed` and others) contains the whole reply, so its other events only show that the
server is alive.
"""

from typing import Any, Literal

import msgspec

from rlmlite.clients.forms.ways import RESPONSES_WAYS
from rlmlite.clients.interface.prices import Price
from rlmlite.clients.openai.wire import (
    ErrorBody,
    ErrorReply,
    ReplyError,
    TokenCount,
    decode_or_none,
    program_from_call,
    read_error_reply,
    settings_of,
    usage_of,
)
from rlmlite_grammar.decode import ProgramTool
from rlmlite_kernel.effects.requests import Answered, Failed, Result, Usage
from rlmlite_kernel.records.settings import Sampling


class _ContentPart(msgspec.Struct):
    type: str
    text: str | None = None
    refusal: str | None = None


class _OutputItem(msgspec.Struct):
    """A message, a tool call, or something that is of no use here, such as reasoning."""

    type: str
    content: list[_ContentPart] | None = None
    name: str = ""
    arguments: str = ""
    input: str = ""


class _IncompleteDetails(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    # Usage stays raw: one that makes no sense must not make the answer unreadable.
    status: Literal["completed", "incomplete"]
    output: list[_OutputItem]
    incomplete_details: _IncompleteDetails | None = None
    usage: msgspec.Raw = msgspec.Raw(b"null")


class _InputDetails(msgspec.Struct):
    cached_tokens: TokenCount | None = None


class _ResponseUsage(msgspec.Struct):
    input_tokens: TokenCount | None = None
    output_tokens: TokenCount | None = None
    input_tokens_details: _InputDetails | None = None


class _ResponseEvent(msgspec.Struct):
    type: str
    response: msgspec.Raw = msgspec.Raw(b"null")
    error: ErrorBody | None = None
    code: str | int | None = None
    message: str | None = None
    param: str | None = None


_LAST_EVENTS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")
_TOOL_CALLS = ("function_call", "custom_tool_call")
_RESPONSE = msgspec.json.Decoder(_Response)
_USAGE = msgspec.json.Decoder(_ResponseUsage | None)
_EVENT = msgspec.json.Decoder(_ResponseEvent)


class Responses:
    """The `WireFormat` of the Responses API."""

    path = "/responses"
    ways = RESPONSES_WAYS

    def body(self, text: str, tool: ProgramTool | None, hint: str = "") -> dict[str, Any]:
        """See `WireFormat.body`."""
        body: dict[str, Any] = {"input": text, "store": False}
        if hint:
            body["instructions"] = hint
        if tool is None:
            return body
        choice = {"type": tool["type"], "name": tool["name"]}
        return body | {"tools": [dict(tool)], "tool_choice": choice, "parallel_tool_calls": False}

    def sampling_fields(self, sampling: Sampling) -> dict[str, dict[str, Any]]:
        """See `WireFormat.sampling_fields`. This API has no seed, and no words to stop at."""
        fields: dict[str, dict[str, Any]] = {}
        for name, value in settings_of(sampling).items():
            if name in ("temperature", "top_p"):
                fields[name] = {name: value}
            elif name == "reasoning_effort":
                fields[name] = {"reasoning": {"effort": value}}
        return fields

    def streaming_fields(self) -> dict[str, Any]:
        """See `WireFormat.streaming_fields`. The last event has the usage anyway."""
        return {"stream": True}

    def new_assembler(self) -> "ResponseAssembler":
        """See `WireFormat.new_assembler`."""
        return ResponseAssembler()

    def is_complete(self, content: bytes) -> bool:
        """See `WireFormat.is_complete`."""
        return decode_or_none(_RESPONSE, content) is not None

    def read_error(self, content: bytes) -> ReplyError | None:
        """See `WireFormat.read_error`. A response that failed has the form of an error reply."""
        return read_error_reply(content)

    def read_result(self, content: bytes, price: Price | None, tool: ProgramTool | None = None) -> Result:
        """See `WireFormat.read_result`."""
        response = _RESPONSE.decode(content)
        usage = _read_usage(response.usage, price)
        # Before the output: an answer that was cut off has some, too.
        if response.status == "incomplete":
            details = response.incomplete_details
            is_filtered = details is not None and details.reason == "content_filter"
            return Failed("filtered" if is_filtered else "too_long", usage)
        calls = [item for item in response.output if item.type in _TOOL_CALLS]
        # Asked for one call, a model may make several: what they say is one program, in their order.
        if tool is not None and calls:
            return Answered("\n".join(map(_program_of, calls)), usage)
        return _read_messages(response.output, usage)


def _read_messages(output: list[_OutputItem], usage: Usage) -> Result:
    """The text of the messages in an output, or the failure that they amount to."""
    parts: list[_ContentPart] = []
    for item in output:
        if item.type == "message":
            parts += item.content or []
    # A refusal counts even with text beside it: half an answer is not one.
    has_refusal = any(part.type == "refusal" for part in parts)
    if has_refusal:
        return Failed("refused", usage)
    texts = [part.text for part in parts if part.type == "output_text" and part.text is not None]
    # No text at all, not even an empty one: only reasoning, or calls of tools that nobody offered.
    if not texts:
        return Failed("schema", usage)
    return Answered("".join(texts), usage)


class ResponseAssembler:
    """Waits for the last event of a response, which contains all of it."""

    def add(self, data: bytes) -> bytes | None:
        """See `StreamAssembler.add`."""
        if data == b"[DONE]":
            raise ValueError("the stream ended before its answer did")
        event = _EVENT.decode(data)
        # A response that failed is whole as well: `read_error` finds the error in it.
        if event.type in _LAST_EVENTS:
            return bytes(event.response)
        if event.type == "error":
            body = event.error or ErrorBody(event.code, event.message, event.param)
            return msgspec.json.encode(ErrorReply(body))
        return None


def _program_of(item: _OutputItem) -> str:
    """What a tool call says: the input of a custom tool, or the program in a function's arguments."""
    if item.type == "function_call":
        return program_from_call(item.name, item.arguments)
    return item.input


def _read_usage(raw: msgspec.Raw, price: Price | None) -> Usage:
    """What a call used; unknown if the reply does not say, or says something that makes no sense."""
    usage = decode_or_none(_USAGE, raw)
    if usage is None:
        return Usage()
    details = usage.input_tokens_details
    cached_tokens = None if details is None else details.cached_tokens
    return usage_of(usage.input_tokens, usage.output_tokens, cached_tokens, price)
