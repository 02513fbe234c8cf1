"""The ways in which a request carries a schema, and which of them a server has refused.

    response_format    {"response_format": {"type": "json_schema", ...}}               OpenAI, vLLM, llama.cpp, Ollama
    text.format        {"text": {"format": {"type": "json_schema", ...}}}              OpenAI's Responses API
    json_object        {"response_format": {"type": "json_object", "schema": ...}}     llama-cpp-python
    json_schema        {"json_schema": ...}                                            llama.cpp
    guided_json        {"guided_json": ...}                                            vLLM before `response_format`
    grammar            {"grammar": "root ::= ..."}                                     servers that know only GBNF
    words              nothing: the prompt asks for the form in words, as it always does

The first way that a server has not refused is taken. A refusal is remembered as long as the client lives: for the way
altogether, or only for the schema that the server could not take. After the last way the words are left, so that no
call is lost for want of a way.

    asked {"response_format": json_schema}    HTTP 400 "unknown type json_schema"     remembered
    asked {"response_format": json_object}    HTTP 200                                the record says `json_object`
    every further call                        asked so at once

What is recorded is how a call was *sent*. Some servers take a field and ignore it; the kernel's check finds that.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from rlmlite.clients.forms.grammars import gbnf_of
from rlmlite.clients.forms.json_schema import FIELD, is_strict, plain_schema, read_strict, strict_schema
from rlmlite_kernel.effects.requests import Form
from rlmlite_kernel.program.schemas import Schema

CHAT_WAYS: Final[tuple[Form, ...]] = ("response_format", "json_object", "json_schema", "guided_json", "grammar")
"""The ways of chat completions, in the order in which they are tried."""

RESPONSES_WAYS: Final[tuple[Form, ...]] = ("text.format",)
"""The way of the Responses API."""

WORDS: Final[Form] = "words"


def _named(schema: Schema) -> dict[str, Any]:
    """The schema as OpenAI's APIs want it: with a name, and strict where that is possible."""
    return {"name": FIELD, "strict": is_strict(schema), "schema": strict_schema(schema)}


_FIELDS: Final[Mapping[Form, Callable[[Schema], dict[str, Any]]]] = {
    "response_format": lambda schema: {"response_format": {"type": "json_schema", "json_schema": _named(schema)}},
    "text.format": lambda schema: {"text": {"format": {"type": "json_schema", **_named(schema)}}},
    "json_object": lambda schema: {"response_format": {"type": "json_object", "schema": plain_schema(schema)}},
    "json_schema": lambda schema: {"json_schema": plain_schema(schema)},
    "guided_json": lambda schema: {"guided_json": plain_schema(schema)},
    "grammar": lambda schema: {"grammar": gbnf_of(schema)},
}

_STRICT: Final = ("response_format", "text.format")
"""The ways whose answers come in the shape of strict mode."""

_ABOUT_FORM: Final = re.compile(
    r"response_format|text\.format|json_schema|json_object|guided_json|grammar|structured", re.I
)
_ABOUT_SCHEMA: Final = re.compile(
    r"invalid (json.?)?schema|schema (is )?(invalid|too)|in schema|additionalProperties", re.I
)


def fields_of(form: Form, schema: Schema) -> dict[str, Any]:
    """The fields of a request that carry a schema this way; none for `words`."""
    return _FIELDS[form](schema) if form in _FIELDS else {}


def read_answer(text: str, form: Form, schema: Schema) -> str:
    """An answer in the form that the prompt asks for."""
    return read_strict(text, schema) if form in _STRICT else text


class Ways:
    """The ways of one client, and what its server has refused of them."""

    def __init__(self, ways: tuple[Form, ...]) -> None:
        self._ways = ways
        self._refused: set[Form] = set()
        self._refused_schemas: set[tuple[Form, bytes]] = set()

    def choose(self, schema: Schema | None) -> Form:
        """How a schema is sent now; `words` without a schema."""
        if schema is not None:
            for form in self._ways:
                if form not in self._refused and (form, _key(schema)) not in self._refused_schemas:
                    return form
        return WORDS

    def refuse(self, form: Form, schema: Schema, words: str, *, passing: bool = False) -> str:
        """Note that a server has refused a way: altogether, or only for a schema that it cannot take, or at which it
        broke down (`passing`). Gives the sentence for the user.
        """
        if passing or _ABOUT_SCHEMA.search(words):
            self._refused_schemas.add((form, _key(schema)))
            return f"it does not take this schema as `{form}`; asked {self._instead(schema)}"
        self._refused.add(form)
        return f"it takes no schema as `{form}`; asked {self._instead(schema)}"

    def _instead(self, schema: Schema) -> str:
        form = self.choose(schema)
        return "for the form in words only" if form == WORDS else f"with `{form}`"


def is_about_form(param: str, words: str) -> bool:
    """Whether a refusal is of the field that carried a schema: by its name, or by what the server says."""
    first = param.partition(".")[0]
    return first in ("response_format", "text", "json_schema", "guided_json", "grammar") or bool(
        _ABOUT_FORM.search(words)
    )


def _key(schema: Schema) -> bytes:
    return msgspec.json.encode(schema)
