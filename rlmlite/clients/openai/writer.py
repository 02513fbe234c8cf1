"""How requests to one server are written, and what is learnt from its refusals.

A server that refuses a field is asked again without it, or with another in its place, and every later request is
written so at once. The user is told, once, and the result of the call says it (`Answered.sampling`).

    HTTP 400, param temperature            asked without a temperature; the record says that it was not sent
    HTTP 400, param max_tokens             asked with `max_completion_tokens`
    HTTP 400, param response_format        the schema goes another way (`clients.forms.ways`), at last in words
    HTTP 400 or 500, and a schema was sent, of which the server says nothing
                                           asked in words; if that is answered, the schema was to blame
    HTTP 400, param grammar                a controller is held to the language another way, at last by words

Not here: attempts, pauses and deadlines (`attempts`), how a reply is read (`chat`, `responses`).
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rlmlite.clients.forms.ways import WORDS, Ways, fields_of, is_about_form
from rlmlite.clients.interface.options import Calling
from rlmlite.clients.interface.protocol import ProgramRequest, ToolRequest
from rlmlite.clients.openai.wire import WireFormat, settings_of
from rlmlite.clients.programs.choice import IN_WORDS, ProgramAsk, ProgramWays
from rlmlite.clients.programs.ways import Way, form_of
from rlmlite_kernel.effects.requests import DECODE, FORM, NOT_SENT, Form, Request
from rlmlite_kernel.records.settings import Sampling

if TYPE_CHECKING:
    from rlmlite.clients.openai.connection import NoReply

_OPTIONAL_FIELDS: Final = {
    "stream_options": "it accepts no stream_options; asked without it, so the cost of its calls may stay unknown",
    "parallel_tool_calls": "",
}
"""Fields that can be left out for a server that refuses them, and what the user is told; nothing where it is empty."""

_REFUSALS: Final = (400, 404, 422)
"""Statuses of a refusal of something in the request. FastAPI's servers say 422."""

_ABOUT_PROGRAM: Final = re.compile(
    r"grammar|tool|ebnf|guided|structured|response_format|json_?schema|json_object|schema|text\.format", re.I
)
"""Matches words about what holds a program to its form."""

_BREAKDOWNS: Final = (500, 501)
"""Statuses of a server that broke down over a request. Others speak of its load, or of what stands before it."""

_REFUSING: Final = re.compile(r"support|unknown|unrecogni[sz]ed|unexpected|extra|not permitted|invalid|allowed", re.I)
"""Words of a server that refuses a field which it names only in its message."""


class Asked(msgspec.Struct, frozen=True):
    """How a call is asked: the form of its answer by which field, and `doubt`: the way that was left because of an
    error that did not name it. `program`: how a program is asked for; `program_doubt` as `doubt`.
    """

    form: Form
    doubt: "tuple[Form, NoReply] | None" = None
    program: ProgramAsk = IN_WORDS
    program_doubt: "tuple[Way, NoReply] | None" = None


class RequestWriter:
    """Writes the requests to one model of one server. See the module."""

    def __init__(
        self,
        name: str,
        wire: WireFormat,
        tokens_field: str,
        calling: Calling,
        programs: ProgramWays,
        tell: Callable[[str], None],
    ) -> None:
        self._name, self._wire, self._tokens_field, self._tell = name, wire, tokens_field, tell
        self._temperature, self._streams = calling.temperature, calling.stream
        self._refused_fields: set[str] = set()
        self._refused_settings: set[str] = set()
        self._ways, self._programs = Ways(wire.ways), programs

    def begin(self, request: Request) -> Asked:
        """How a call is asked first."""
        return Asked(self._ways.choose(request.schema), program=self._programs.ask(request))

    def body(self, text: str, request: Request, asked: Asked) -> dict[str, Any]:
        """The request. Written anew for every attempt, since a refusal may have changed what is sent."""
        body = {
            "model": self._name,
            **self._wire.body(text, asked.program.tool, asked.program.hint),
            **asked.program.fields,
            self._tokens_field: request.max_output_tokens,
        }
        if self._streams:
            body |= self._wire.streaming_fields()
        for setting, field in self._wire.sampling_fields(self._sampling_of(request)).items():
            body |= {} if setting in self._refused_settings else field
        if request.schema is not None:
            body |= fields_of(asked.form, request.schema)
        return {field: value for field, value in body.items() if field not in self._refused_fields}

    def _sampling_of(self, request: Request) -> Sampling:
        """The role's, with the client's own temperature where it says none: older traces have none."""
        sampling = request.sampling
        if sampling.temperature is None:
            return msgspec.structs.replace(sampling, temperature=self._temperature)
        return sampling

    def adapt(self, refusal: "NoReply", body: Mapping[str, Any], request: Request, asked: Asked) -> Asked | None:
        """How to ask again after a refusal; `None` if that would not help."""
        if asked.doubt is not None or asked.program_doubt is not None:
            return None
        # Servers name a field inside another by its path: `stream_options.include_usage`.
        field = (refusal.param or "").partition(".")[0]
        # A field that was not sent cannot be left out: another call has learnt it meanwhile, or the server is confused.
        if refusal.status == 400 and field in body:
            if field == "max_tokens":
                # Models that reason want another name for it.
                self._tokens_field = "max_completion_tokens"
                return asked
            if field in _OPTIONAL_FIELDS:
                self._refused_fields.add(field)
                if _OPTIONAL_FIELDS[field]:
                    self._tell(_OPTIONAL_FIELDS[field])
                return asked
        if refusal.status in _REFUSALS and self._drop_setting(field, refusal.message, body, request):
            return asked
        if asked.program.way != "words":
            return self._adapt_program(refusal, request, asked)
        return self._adapt_form(refusal, request, asked)

    def _drop_setting(self, field: str, words: str, body: Mapping[str, Any], request: Request) -> bool:
        """Leave out the setting that a server refuses, if it names one that was sent: as the field, or in its words."""
        for setting, fields in self._wire.sampling_fields(self._sampling_of(request)).items():
            (name,) = fields
            is_named = field == name or (not field and name in words and bool(_REFUSING.search(words)))
            if is_named and name in body:
                self._refused_settings.add(setting)
                self._tell(f"it accepts no {setting}; asked without it")
                return True
        return False

    def _adapt_program(self, refusal: "NoReply", request: Request, asked: Asked) -> Asked | None:
        way = asked.program.way
        if refusal.status in _REFUSALS and _ABOUT_PROGRAM.search(f"{refusal.param} {refusal.message}"):
            self._tell(self._programs.refuse(way, request))
            return msgspec.structs.replace(asked, program=self._programs.ask(request))
        if not _is_unclear(refusal):
            return None
        return msgspec.structs.replace(asked, program=IN_WORDS, program_doubt=(way, refusal))

    def _adapt_form(self, refusal: "NoReply", request: Request, asked: Asked) -> Asked | None:
        if request.schema is None or asked.form == WORDS:
            return None
        if refusal.status in _REFUSALS and is_about_form(refusal.param or "", refusal.message):
            self._tell(self._ways.refuse(asked.form, request.schema, refusal.message))
            return Asked(self._ways.choose(request.schema))
        return Asked(WORDS, (asked.form, refusal)) if _is_unclear(refusal) else None

    def mark_answered(self, request: Request, asked: Asked) -> None:
        """A call was answered: if a way was in doubt for it, that way was to blame."""
        if asked.program_doubt is not None:
            self._tell(self._programs.refuse(asked.program_doubt[0], request))
        if asked.doubt is None or request.schema is None:
            return
        form, refusal = asked.doubt
        # A breakdown may pass, and may have had another cause: only this schema goes in words from now on.
        passing = refusal.status in _BREAKDOWNS
        self._tell(self._ways.refuse(form, request.schema, refusal.message, passing=passing))

    def sampling(self, request: Request, asked: Asked) -> dict[str, str]:
        """How a call was asked, as its record says it: the form, and what of the role's settings was not sent."""
        said: dict[str, str] = {} if request.schema is None else {FORM: asked.form}
        if isinstance(request, ToolRequest | ProgramRequest):
            said[DECODE] = form_of(asked.program.way)
        can_say = self._wire.sampling_fields(request.sampling)
        for setting in settings_of(request.sampling):
            if setting not in can_say:
                self._tell(f"its API has no {setting}; asked without it")
            if setting not in can_say or setting in self._refused_settings:
                said[setting] = NOT_SENT
        return said


def _is_unclear(refusal: "NoReply") -> bool:
    """Whether a refusal may be of something in the request that it does not name."""
    return refusal.failure in ("refused", "unavailable") and refusal.status in (*_REFUSALS, *_BREAKDOWNS)
