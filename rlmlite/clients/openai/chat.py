"""Chat completions: one user message, the first choice."""

from typing import Annotated, Any

import msgspec

from rlmlite.clients.interface.prices import Price
from rlmlite.clients.openai.wire import SaidError, Tokens, Trouble, program_of, trouble, usage
from rlmlite_grammar.decode import ProgramTool
from rlmlite_kernel.effects.requests import Answered, Failed, Result, Usage


class _Function(msgspec.Struct, omit_defaults=True):
    name: str | None = None
    arguments: str | None = None


class _Custom(msgspec.Struct, omit_defaults=True):
    name: str | None = None
    input: str | None = None


class _ToolCall(msgspec.Struct, omit_defaults=True):
    index: int = 0
    function: _Function | None = None
    custom: _Custom | None = None


class _Message(msgspec.Struct, omit_defaults=True):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: Tokens | None = None


class _Used(msgspec.Struct):
    prompt_tokens: Tokens | None = None
    completion_tokens: Tokens | None = None
    prompt_tokens_details: _Details | None = None


class _Completion(msgspec.Struct):
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1)]
    usage: msgspec.Raw = msgspec.Raw(b"null")


class _Part(msgspec.Struct):
    index: int = 0
    delta: _Message = msgspec.field(default_factory=_Message)
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Part] = []
    usage: msgspec.Raw = msgspec.Raw(b"null")
    error: SaidError | None = None


class _Refused(msgspec.Struct):
    error: SaidError


_COMPLETION = msgspec.json.Decoder(_Completion)
_USED = msgspec.json.Decoder(_Used | None)
_CHUNK = msgspec.json.Decoder(_Chunk)
_REFUSED = msgspec.json.Decoder(_Refused)
_DONE = b"[DONE]"


class Chat:
    """See `Wire`."""

    path = "/chat/completions"

    def body(self, text: str, tool: ProgramTool | None) -> dict[str, Any]:
        """See `Wire.body`."""
        body: dict[str, Any] = {"messages": [{"role": "user", "content": text}]}
        if tool is None:
            return body
        kind = tool["type"]
        given = {name: value for name, value in tool.items() if name != "type"}
        if kind == "custom":
            grammar = {name: value for name, value in tool["format"].items() if name != "type"}
            given["format"] = {"type": "grammar", "grammar": grammar}
        choice = {"type": kind, kind: {"name": tool["name"]}}
        return body | {"tools": [{"type": kind, kind: given}], "tool_choice": choice, "parallel_tool_calls": False}

    def streaming(self) -> dict[str, Any]:
        """See `Wire.streaming`."""
        return {"stream": True, "stream_options": {"include_usage": True}}

    def events(self) -> "ChatEvents":
        """See `Wire.events`."""
        return ChatEvents()

    def readable(self, content: bytes) -> bool:
        """See `Wire.readable`."""
        try:
            _COMPLETION.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        return True

    def error(self, content: bytes) -> Trouble | None:
        """See `Wire.error`."""
        try:
            return trouble(_REFUSED.decode(content).error)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def read(self, content: bytes, price: Price | None, tool: ProgramTool | None = None) -> Result:
        """See `Wire.read`."""
        completion = _COMPLETION.decode(content)
        used = _usage(completion.usage, price)
        choice = completion.choices[0]
        message = choice.message
        if choice.finish_reason == "length":
            return Failed("too_long", used)
        if choice.finish_reason == "content_filter" or message.refusal is not None:
            return Failed("refused", used)
        if tool is not None and message.tool_calls:
            return Answered("\n".join(map(_program, message.tool_calls)), used)
        if message.content is None:
            return Failed("schema", used)
        return Answered(message.content, used)


class ChatEvents:
    """The chunks of a completion. It is whole when a reason to finish came, and then `[DONE]`."""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, _ToolCall] = {}
        self._finished: str | None = None
        self._usage = b"null"

    def take(self, data: bytes) -> bytes | None:
        """See `Events.take`."""
        if data == _DONE:
            return self._whole()
        chunk = _CHUNK.decode(data)
        if chunk.error is not None:
            return data
        if bytes(chunk.usage) != b"null":
            self._usage = bytes(chunk.usage)
        for part in chunk.choices:
            if part.index == 0:
                self._add(part)
        return None

    def _add(self, part: _Part) -> None:
        delta = part.delta
        if delta.content is not None:
            self._content.append(delta.content)
        if delta.refusal is not None:
            self._refusal.append(delta.refusal)
        for call in delta.tool_calls or []:
            known = self._calls.setdefault(call.index, _ToolCall(call.index))
            known.function = _joined_function(known.function, call.function)
            known.custom = _joined_custom(known.custom, call.custom)
        self._finished = part.finish_reason or self._finished

    def _whole(self) -> bytes:
        if self._finished is None:
            raise ValueError("the stream was ended before its answer")
        message = _Message(
            "".join(self._content) if self._content else None,
            "".join(self._refusal) if self._refusal else None,
            [self._calls[index] for index in sorted(self._calls)] or None,
        )
        return msgspec.json.encode(_Completion([_Choice(message, self._finished)], msgspec.Raw(self._usage)))


def _joined_function(one: _Function | None, other: _Function | None) -> _Function | None:
    if one is None or other is None:
        return one or other
    return _Function(one.name or other.name, (one.arguments or "") + (other.arguments or ""))


def _joined_custom(one: _Custom | None, other: _Custom | None) -> _Custom | None:
    if one is None or other is None:
        return one or other
    return _Custom(one.name or other.name, (one.input or "") + (other.input or ""))


def _program(call: _ToolCall) -> str:
    """What a call of a tool says: the input of a custom tool, the program in a function's arguments."""
    if call.function is not None:
        return program_of(call.function.name or "", call.function.arguments or "")
    return (call.custom.input or "") if call.custom is not None else ""


def _usage(raw: msgspec.Raw, price: Price | None) -> Usage:
    """What was used; unknown is unknown, and so is what makes no sense."""
    try:
        used = _USED.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Usage()
    if used is None:
        return Usage()
    details = used.prompt_tokens_details
    return usage(used.prompt_tokens, used.completion_tokens, details.cached_tokens if details else None, price)
