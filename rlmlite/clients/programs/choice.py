"""The way in which one client asks for programs: what was set, what its server says, what it has refused.

    --decode auto          GET /props says llama.cpp          asked with `grammar`, at every turn
    --decode json-schema   HTTP 400 for `response_format`     asked with `json_object`, from now on
    any                    HTTP 400 for the last way          asked in words, from now on

What is settled is remembered as long as the client lives. A refusal is said, once, and never costs the run.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rlmlite.clients.interface.options import Decode
from rlmlite.clients.interface.protocol import ProgramRequest, ToolRequest
from rlmlite.clients.programs.abilities import Look, find_way, takes_lark
from rlmlite.clients.programs.ways import GRAMMARS, WAYS_OF, Way, fields_of, form_of, hint_of, tool_of
from rlmlite_grammar.decode import ProgramTool
from rlmlite_kernel.effects.requests import Request


class ProgramAsk(msgspec.Struct, frozen=True):
    """How one call asks for a program: the tool, the fields of the request, and what the model is told beside it."""

    way: Way = "words"
    tool: ProgramTool | None = None
    fields: Mapping[str, Any] = {}
    hint: str = ""


IN_WORDS: Final = ProgramAsk()


class ProgramWays:
    """The ways that are left for a client, the one that is taken first. See the module."""

    def __init__(self, decode: Decode, model: str, *, is_openai: bool, is_responses: bool) -> None:
        self._decode, self._is_responses = decode, is_responses
        self._ways: tuple[Way, ...] = WAYS_OF.get(decode, ("words",))
        self._is_settled = decode not in ("auto", "gbnf")
        if is_openai and decode == "auto":
            self._ways, self._is_settled = ("lark",) if takes_lark(model) else ("words",), True
        self._refused: set[Way] = set()

    async def settle(self, look: Look) -> None:
        """Find out what the server says, once, before the first program is asked for. One at a time."""
        if self._is_settled:
            return
        way = await find_way(look)
        self._is_settled = True
        if self._decode == "auto" or way in GRAMMARS:
            self._ways = (way,)

    def ask(self, request: Request) -> ProgramAsk:
        """How to ask for a program now; in words for a call that asks for none."""
        if isinstance(request, ToolRequest):
            way: Way = "lark" if request.tool["type"] == "custom" else "tool"
            return IN_WORDS if way in self._refused else ProgramAsk(way, request.tool)
        way = next((way for way in self._ways if way not in self._refused), "words")
        if way == "words" or not isinstance(request, ProgramRequest):
            return IN_WORDS
        try:
            tool = tool_of(way, request.forms)
            fields = fields_of(way, request.forms, is_responses=self._is_responses)
        except ValueError:
            # There is no grammar without a name to use, or without `final`. Then the reply is read as text.
            return IN_WORDS
        return ProgramAsk(way, tool, fields, hint_of(way))

    def refuse(self, way: Way, request: Request) -> str:
        """Note that the server has refused a way. Gives the sentence for the user."""
        self._refused.add(way)
        instead = self.ask(request).way
        how = "in words only" if instead == "words" else f"with `{instead}`"
        return f"it takes no {form_of(way)} for programs as `{way}`; asked {how}"
