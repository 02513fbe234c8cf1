"""Chat completions as they come over the wire, read strictly: what is not of this form is no answer.

Of the reply only what is used is read, so that what servers add beside it does no harm.
"""

from typing import Annotated, TypeAlias

import msgspec

from rlmlite.prices import Price
from rlmlite_kernel.effects import Answered, Failed, Result, Usage

_Tokens: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: _Tokens | None = None


class _Used(msgspec.Struct):
    prompt_tokens: _Tokens | None = None
    completion_tokens: _Tokens | None = None
    prompt_tokens_details: _Details | None = None


class _Completion(msgspec.Struct):
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1)]
    usage: msgspec.Raw = msgspec.Raw(b"null")


_COMPLETION = msgspec.json.Decoder(_Completion)
_USED = msgspec.json.Decoder(_Used | None)


def readable(content: bytes) -> bool:
    """Is it a completion?"""
    try:
        _COMPLETION.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


def read(content: bytes, price: Price | None) -> Result:
    """The result of a completion that is `readable`. An answer that was cut off is none: it would be cut silently."""
    completion = _COMPLETION.decode(content)
    usage = _usage(completion.usage, price)
    choice = completion.choices[0]
    if choice.finish_reason == "length":
        return Failed("too_long", usage)
    if choice.finish_reason == "content_filter" or choice.message.refusal is not None:
        return Failed("refused", usage)
    if choice.message.content is None:
        return Failed("schema", usage)
    return Answered(choice.message.content, usage)


def _usage(raw: msgspec.Raw, price: Price | None) -> Usage:
    """What was used; unknown is unknown, and so is what makes no sense."""
    try:
        used = _USED.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Usage()
    if used is None:
        return Usage()
    cost = None
    if price is not None and used.prompt_tokens is not None and used.completion_tokens is not None:
        cached = used.prompt_tokens_details.cached_tokens if used.prompt_tokens_details is not None else None
        cost = price.cost(used.prompt_tokens, cached or 0, used.completion_tokens)
    return Usage(used.prompt_tokens, used.completion_tokens, cost)
