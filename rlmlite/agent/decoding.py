"""Constrained decoding: the tool by which a controller's client is to give its program, if it wants one.

A client says with `decode` what its server can do:

    None        the reply is text, and the program is read from it
    "tool"      a function `program(text)`, whose argument is the program
    "grammar"   a custom tool whose argument is held to the grammar of this turn: the variables and tools of now

The tool follows from the run's state alone, so a run that is opened again asks with the same one.
"""

import msgspec

from rlmlite.clients import Client, Constrained
from rlmlite_grammar.decode import ProgramTool, Vocabulary, custom_tool, decode_grammar, function_tool
from rlmlite_kernel.run.steps.state import State


def tool_of(client: Client | None, state: State, *, last: bool) -> ProgramTool | None:
    """The tool for the next program; `None` for a client that gives it as text.

    `last`: the grammar permits nothing but an answer.
    """
    decode = client.decode if isinstance(client, Constrained) else None
    if decode is None:
        return None
    if decode == "tool":
        return function_tool()
    names = vocabulary(state, last=last)
    try:
        return custom_tool(decode_grammar(names))
    except ValueError:
        # There is no grammar without a name to use, or without `final`. Then the reply is read as text.
        return None


def tool_bytes(tool: ProgramTool | None) -> int:
    """The bytes that a tool adds to a prompt."""
    return 0 if tool is None else len(msgspec.json.encode(tool))


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
