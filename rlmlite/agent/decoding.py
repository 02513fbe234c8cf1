"""How a controller's client is held to programs: the tool by which it is to answer, if it wants one.

The tool follows from the run's state alone: a grammar of the names that there are now, or a function that needs none.
"""

import msgspec

from rlmlite.clients import Client, Constrained
from rlmlite_grammar.decode import ProgramTool, Vocabulary, custom_tool, decode_grammar, function_tool
from rlmlite_kernel.run.state import State


def tool_of(client: Client | None, state: State, *, last: bool) -> ProgramTool | None:
    """The tool by whose call a program is to come; `None` for a client that says it as text.

    `last`: nothing but an answer is permitted.
    """
    decode = client.decode if isinstance(client, Constrained) else None
    if decode is None:
        return None
    if decode == "tool":
        return function_tool()
    try:
        return custom_tool(decode_grammar(vocabulary(state, last=last)))
    except ValueError:  # there is nothing to name, or no `final`: whatever is said is read as text
        return None


def tool_bytes(tool: ProgramTool | None) -> int:
    """What a tool adds to a prompt."""
    return 0 if tool is None else len(msgspec.json.encode(tool))


def vocabulary(state: State, *, last: bool = False) -> Vocabulary:
    """What the next program of a run may name. When no call is left, it may ask no model."""
    policy = state.settings.policy
    return Vocabulary(
        table=state.run.table,
        variables=tuple(state.variables),
        inputs=frozenset(state.run.inputs),
        permitted=None if policy.actions is None else frozenset(policy.actions),
        roles=tuple(state.settings.roles) if state.left("sub_calls") > 0 else (),
        tools=tuple(state.settings.tools) if state.left("tool_calls") > 0 else (),
        only_final=last,
    )
