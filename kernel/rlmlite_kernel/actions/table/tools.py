"""Actions that call the host's tools."""

from rlmlite_kernel.actions.calls import tools
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import ONE_TOOL_CALL

ACTIONS = (
    Action(
        name="tool_call",
        family="tools",
        params=(
            Param("name", "any", "the name of the tool"),
            Param("args", "any", "its arguments: {name: value}", default=None),
        ),
        ask=tools.ask_tool,
        # The policy judges where each argument comes from.
        with_taint=True,
        # A tool may change things outside, so its calls are made one at a time, in the order of the program.
        barrier=True,
        result="what the tool gives",
        help="calls a tool of the host; name(argument=value) does the same",
        cost=ONE_TOOL_CALL,
        example='{"temperature": 12}',
    ),
)
