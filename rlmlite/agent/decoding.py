"""Constrained decoding: how a controller's client is to hold it to the language, if it can.

A client says with `decode` how its calls for programs look:

    None, "none"       the reply is text, and the program is read from it
    "tool"             a function `program(text)`, whose argument is the program
    "grammar"          a custom tool whose argument is held to the grammar of this turn: the variables and tools of now
    anything else      the forms of this turn, of which the client makes the one that its server takes

All of it follows from the run's state alone, so a run that is opened again asks in the same way.
"""

import msgspec

from rlmlite.clients import Client, Constrained, ProgramRequest, ToolRequest
from rlmlite.clients.interface.program_forms import ProgramForms
from rlmlite_grammar.decode import ProgramTool, Vocabulary, custom_tool, decode_grammar, function_tool
from rlmlite_kernel import Request
from rlmlite_kernel.run.steps.state import State


class Offer(msgspec.Struct, frozen=True):
    """What a request for a program carries: a tool, or the forms to choose from; neither for words only."""

    tool: ProgramTool | None = None
    forms: ProgramForms | None = None

    @property
    def size_bytes(self) -> int:
        """The bytes that it adds to a prompt. What a decoder is held to beside the prompt is not read by the model."""
        return 0 if self.tool is None else len(msgspec.json.encode(self.tool))

    def added_to(self, request: Request) -> Request:
        """The request, with what is offered."""
        fields = msgspec.structs.asdict(request)
        if self.tool is not None:
            return ToolRequest(**fields, tool=self.tool)
        return request if self.forms is None else ProgramRequest(**fields, forms=self.forms)


def offer_of(client: Client | None, state: State, *, last: bool) -> Offer:
    """What is offered for the next program. `last`: the forms permit nothing but an answer."""
    decode = client.decode if isinstance(client, Constrained) else None
    if decode is None or decode == "none":
        return Offer()
    if decode == "tool":
        return Offer(function_tool())
    names = vocabulary(state, last=last)
    if decode != "grammar":
        return Offer(forms=ProgramForms(names))
    try:
        return Offer(custom_tool(decode_grammar(names)))
    except ValueError:
        # There is no grammar without a name to use, or without `final`. Then the reply is read as text.
        return Offer()


def vocabulary(state: State, *, last: bool = False) -> Vocabulary:
    """What the next program of a run may name. Without a call left it may name no model, so it cannot waste a turn."""
    settings = state.settings
    permitted = settings.policy.actions
    has_sub_calls = state.left("sub_calls") > 0
    has_tool_calls = state.left("tool_calls") > 0
    return Vocabulary(
        table=state.run.table,
        variables=tuple(state.variables),
        inputs=frozenset(state.run.inputs),
        permitted=None if permitted is None else frozenset(permitted),
        roles=tuple(settings.roles) if has_sub_calls else (),
        tools=tuple(settings.tools) if has_tool_calls else (),
        only_final=last,
    )
