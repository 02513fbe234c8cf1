"""How requests to one server are written, and what is learnt from its refusals.

A server that refuses a field is asked again without it, or with another in its place, and every later request is
written so at once. The user is told, once, and the result of the call says it (`Answered.sampling`).

    HTTP 400, param temperature            asked without a temperature
    HTTP 400, param max_tokens             asked with `max_completion_tokens`
    HTTP 400, param response_format        the schema goes another way (`clients.forms.ways`), at last in words
    HTTP 400 or 500, and a schema was sent, of which the server says nothing
                                           asked in words; if that is answered, the schema was to blame

Not here: attempts, pauses and deadlines (`attempts`), how a reply is read (`chat`, `responses`).
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from rlmlite.clients.forms.ways import WORDS, Ways, fields_of, is_about_form
from rlmlite.clients.interface.options import Calling
from rlmlite.clients.interface.protocol import ToolRequest
from rlmlite.clients.openai.wire import WireFormat
from rlmlite_grammar.decode import ProgramTool
from rlmlite_kernel.effects.requests import FORM, Form, Request

if TYPE_CHECKING:
    from rlmlite.clients.openai.connection import NoReply

_OPTIONAL_FIELDS = {
    "temperature": "it accepts no temperature; asked without it",
    "stream_options": "it accepts no stream_options; asked without it, so the cost of its calls may stay unknown",
    "parallel_tool_calls": "",
}
"""Fields that can be left out for a server that refuses them, and what the user is told; nothing where it is empty."""

_REFUSALS = (400, 404, 422)
"""Statuses of a refusal of something in the request. FastAPI's servers say 422."""

_BREAKDOWNS = (500, 501)
"""Statuses of a server that broke down over a request. Others speak of its load, or of what stands before it."""


class Asked(msgspec.Struct, frozen=True):
    """How a call is asked: the form of its answer by which field, and `doubt`: the way that was left because of an
    error that did not name it.
    """

    form: Form
    doubt: "tuple[Form, NoReply] | None" = None


class RequestWriter:
    """Writes the requests to one model of one server. See the module."""

    def __init__(
        self, name: str, wire: WireFormat, tokens_field: str, calling: Calling, tell: Callable[[str], None]
    ) -> None:
        self._name, self._wire, self._tokens_field, self._tell = name, wire, tokens_field, tell
        self._temperature, self._streams = calling.temperature, calling.stream
        # What is not set is treated like what the server refuses: the field is left out.
        self._refused_fields: set[str] = set()
        if calling.temperature is None:
            self._refused_fields.add("temperature")
        self._ways = Ways(wire.ways)

    def begin(self, request: Request) -> Asked:
        """How a call is asked first."""
        return Asked(self._ways.choose(request.schema))

    def body(self, text: str, request: Request, asked: Asked) -> dict[str, Any]:
        """The request. Written anew for every attempt, since a refusal may have changed what is sent."""
        body = {
            "model": self._name,
            **self._wire.body(text, tool_of(request)),
            self._tokens_field: request.max_output_tokens,
            "temperature": self._temperature,
        }
        if self._streams:
            body |= self._wire.streaming_fields()
        if request.schema is not None:
            body |= fields_of(asked.form, request.schema)
        return {field: value for field, value in body.items() if field not in self._refused_fields}

    def adapt(self, refusal: "NoReply", body: Mapping[str, Any], request: Request, asked: Asked) -> Asked | None:
        """How to ask again after a refusal; `None` if that would not help."""
        if asked.doubt is not None:
            return None
        # Servers name a field inside another by its path: `stream_options.include_usage`.
        field = (refusal.param or "").partition(".")[0]
        if refusal.status == 400 and field == "max_tokens" and field in body:
            # Models that reason want another name for it.
            self._tokens_field = "max_completion_tokens"
            return asked
        # A field that was not sent cannot be left out: another call has learnt it meanwhile, or the server is confused.
        if refusal.status == 400 and field in _OPTIONAL_FIELDS and field in body:
            self._refused_fields.add(field)
            if _OPTIONAL_FIELDS[field]:
                self._tell(_OPTIONAL_FIELDS[field])
            return asked
        return self._adapt_form(refusal, request, asked)

    def _adapt_form(self, refusal: "NoReply", request: Request, asked: Asked) -> Asked | None:
        if request.schema is None or asked.form == WORDS:
            return None
        if refusal.status in _REFUSALS and is_about_form(refusal.param or "", refusal.message):
            self._tell(self._ways.refuse(asked.form, request.schema, refusal.message))
            return Asked(self._ways.choose(request.schema))
        is_unclear = refusal.failure in ("refused", "unavailable") and refusal.status in (*_REFUSALS, *_BREAKDOWNS)
        return Asked(WORDS, (asked.form, refusal)) if is_unclear else None

    def mark_answered(self, request: Request, asked: Asked) -> None:
        """A call was answered: if a way was in doubt for it, that way was to blame."""
        if asked.doubt is None or request.schema is None:
            return
        form, refusal = asked.doubt
        # A breakdown may pass, and may have had another cause: only this schema goes in words from now on.
        passing = refusal.status in _BREAKDOWNS
        self._tell(self._ways.refuse(form, request.schema, refusal.message, passing=passing))

    def sampling(self, request: Request, asked: Asked) -> dict[str, str]:
        """How a call was asked, as its record says it."""
        return {} if request.schema is None else {FORM: asked.form}


def tool_of(request: Request) -> ProgramTool | None:
    """The tool whose call is to be the answer, if there is one."""
    return request.tool if isinstance(request, ToolRequest) else None
