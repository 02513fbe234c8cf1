"""Chat completions: the prompt is one user message, the answer is the first choice.

    request   {"model": ..., "messages": [{"role": "user", "content": PROMPT}], ...}
    reply     {"choices": [{"message": {"content": ANSWER}, "finish_reason": "stop"}], "usage": {...}}

A stream brings the message in pieces (`delta`), and is put together to the same reply: text is joined, and so are the
arguments of each tool call, by its `index`. It is whole when a `finish_reason` and then `[DONE]` have come.
"""

from typing import Annotated, Any

import msgspec

from rlmlite.clients.forms.ways import CHAT_WAYS
from rlmlite.clients.interface.prices import Price
from rlmlite.clients.openai.wire import (
    ErrorBody,
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


class _FunctionCall(msgspec.Struct, omit_defaults=True):
    name: str | None = None
    arguments: str | None = None


class _CustomCall(msgspec.Struct, omit_defaults=True):
    name: str | None = None
    input: str | None = None


class _ChatToolCall(msgspec.Struct, omit_defaults=True):
    index: int = 0
    function: _FunctionCall | None = None
    custom: _CustomCall | None = None


class _Message(msgspec.Struct, omit_defaults=True):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ChatToolCall] | None = None


class _CompletionChoice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    # Usage stays raw: one that makes no sense must not make the answer unreadable.
    choices: Annotated[list[_CompletionChoice], msgspec.Meta(min_length=1)]
    usage: msgspec.Raw = msgspec.Raw(b"null")


class _ChunkChoice(msgspec.Struct):
    index: int = 0
    delta: _Message = msgspec.field(default_factory=_Message)
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_ChunkChoice] = []
    usage: msgspec.Raw = msgspec.Raw(b"null")
    error: ErrorBody | None = None


class _PromptDetails(msgspec.Struct):
    cached_tokens: TokenCount | None = None


class _CompletionUsage(msgspec.Struct):
    prompt_tokens: TokenCount | None = None
    completion_tokens: TokenCount | None = None
    prompt_tokens_details: _PromptDetails | None = None


_COMPLETION = msgspec.json.Decoder(_Completion)
_USAGE = msgspec.json.Decoder(_CompletionUsage | None)
_CHUNK = msgspec.json.Decoder(_Chunk)
_DONE = b"[DONE]"


class Chat:
    """The `WireFormat` of chat completions."""

    path = "/chat/completions"
    ways = CHAT_WAYS

    def body(self, text: str, tool: ProgramTool | None, hint: str = "") -> dict[str, Any]:
        """See `WireFormat.body`."""
        told = [{"role": "system", "content": hint}] if hint else []
        body: dict[str, Any] = {"messages": [*told, {"role": "user", "content": text}]}
        if tool is None:
            return body
        # The kernel describes tools as the Responses API does: {"type": "function", "name": ..., "parameters": ...}.
        # Chat completions have the same fields one level deeper: {"type": "function", "function": {"name": ...}}.
        kind = tool["type"]
        definition = {name: value for name, value in tool.items() if name != "type"}
        if kind == "custom":
            grammar = {name: value for name, value in tool["format"].items() if name != "type"}
            definition["format"] = {"type": "grammar", "grammar": grammar}
        return body | {
            "tools": [{"type": kind, kind: definition}],
            "tool_choice": {"type": kind, kind: {"name": tool["name"]}},
            "parallel_tool_calls": False,
        }

    def sampling_fields(self, sampling: Sampling) -> dict[str, dict[str, Any]]:
        """See `WireFormat.sampling_fields`."""
        return {name: {name: value} for name, value in settings_of(sampling).items()}

    def streaming_fields(self) -> dict[str, Any]:
        """See `WireFormat.streaming_fields`."""
        return {"stream": True, "stream_options": {"include_usage": True}}

    def new_assembler(self) -> "ChatAssembler":
        """See `WireFormat.new_assembler`."""
        return ChatAssembler()

    def is_complete(self, content: bytes) -> bool:
        """See `WireFormat.is_complete`."""
        return decode_or_none(_COMPLETION, content) is not None

    def read_error(self, content: bytes) -> ReplyError | None:
        """See `WireFormat.read_error`."""
        return read_error_reply(content)

    def read_result(self, content: bytes, price: Price | None, tool: ProgramTool | None = None) -> Result:
        """See `WireFormat.read_result`."""
        completion = _COMPLETION.decode(content)
        usage = _read_usage(completion.usage, price)
        choice = completion.choices[0]
        message = choice.message
        # Before the content: an answer that was cut off has one, too.
        if choice.finish_reason == "length":
            return Failed("too_long", usage)
        if choice.finish_reason == "content_filter":
            return Failed("filtered", usage)
        if message.refusal is not None:
            return Failed("refused", usage)
        if tool is not None and message.tool_calls:
            return Answered("\n".join(map(_program_of, message.tool_calls)), usage)
        if message.content is None:
            return Failed("schema", usage)
        return Answered(message.content, usage)


class ChatAssembler:
    """Puts the chunks of one completion together: see the module."""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, _ChatToolCall] = {}
        self._finish_reason: str | None = None
        self._usage = b"null"

    def add(self, data: bytes) -> bytes | None:
        """See `StreamAssembler.add`."""
        if data == _DONE:
            return self._assemble()
        chunk = _CHUNK.decode(data)
        # An error ends the stream, and the chunk is an error reply as it stands.
        if chunk.error is not None:
            return data
        # Every chunk has the field, null but in the last one.
        if bytes(chunk.usage) != b"null":
            self._usage = bytes(chunk.usage)
        for choice in chunk.choices:
            # Only one choice is asked for; a server that sends more is read as `read_result` reads it, by the first.
            if choice.index == 0:
                self._add_choice(choice)
        return None

    def _add_choice(self, choice: _ChunkChoice) -> None:
        delta = choice.delta
        if delta.content is not None:
            self._content.append(delta.content)
        if delta.refusal is not None:
            self._refusal.append(delta.refusal)
        # Pieces of several calls may alternate; the index says which call a piece belongs to.
        for call in delta.tool_calls or []:
            whole = self._calls.setdefault(call.index, _ChatToolCall(call.index))
            whole.function = _join_functions(whole.function, call.function)
            whole.custom = _join_customs(whole.custom, call.custom)
        self._finish_reason = choice.finish_reason or self._finish_reason

    def _assemble(self) -> bytes:
        if self._finish_reason is None:
            raise ValueError("the stream ended before its answer did")
        # None, not "", where nothing came: an empty text would be an answer.
        content = "".join(self._content) if self._content else None
        refusal = "".join(self._refusal) if self._refusal else None
        calls = [self._calls[index] for index in sorted(self._calls)]
        message = _Message(content, refusal, calls or None)
        choice = _CompletionChoice(message, self._finish_reason)
        # Encoded, to be read again like any other reply: streamed or whole, there is one way from reply to result.
        completion = _Completion([choice], msgspec.Raw(self._usage))
        return msgspec.json.encode(completion)


def _join_functions(one: _FunctionCall | None, other: _FunctionCall | None) -> _FunctionCall | None:
    """Two pieces of a call of a function. The name comes in the first piece, the arguments in all of them."""
    if one is None or other is None:
        return one or other
    arguments = (one.arguments or "") + (other.arguments or "")
    return _FunctionCall(one.name or other.name, arguments)


def _join_customs(one: _CustomCall | None, other: _CustomCall | None) -> _CustomCall | None:
    """Two pieces of a call of a custom tool."""
    if one is None or other is None:
        return one or other
    input_text = (one.input or "") + (other.input or "")
    return _CustomCall(one.name or other.name, input_text)


def _program_of(call: _ChatToolCall) -> str:
    """What a tool call says: the input of a custom tool, or the program in a function's arguments."""
    if call.function is not None:
        name, arguments = call.function.name or "", call.function.arguments or ""
        return program_from_call(name, arguments)
    if call.custom is not None:
        return call.custom.input or ""
    return ""


def _read_usage(raw: msgspec.Raw, price: Price | None) -> Usage:
    """What a call used; unknown if the reply does not say, or says something that makes no sense."""
    usage = decode_or_none(_USAGE, raw)
    if usage is None:
        return Usage()
    details = usage.prompt_tokens_details
    cached_tokens = None if details is None else details.cached_tokens
    return usage_of(usage.prompt_tokens, usage.completion_tokens, cached_tokens, price)
