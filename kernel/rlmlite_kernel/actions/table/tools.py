"""Actions that call the host's tools."""

from rlmlite_kernel.actions.calls import tools
from rlmlite_kernel.actions.calls.over_rows import tools as over_rows
from rlmlite_kernel.actions.table.shared import ROWS
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import ONE_TOOL_CALL, CostRule, same_rows
from rlmlite_kernel.records.evolution import FIELDS_OF_PROMPTS

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
        by_row="tool_over_rows(rows, name, {argument: .field})",
        example='{"temperature": 12}',
    ),
    Action(
        name="tool_over_rows",
        family="tools",
        params=(
            ROWS,
            Param("tool", "tool", "the name of the tool"),
            Param("args", "expr", "{argument: .field}; without it the fields with the names of its parameters", None),
        ),
        ask=over_rows.ask_tool_over_rows,
        with_taint=True,
        barrier=True,
        result="the rows {..., result}",
        help="calls a tool once for each row; all calls must fit the budgets; null and in .failed where a call failed",
        cost=CostRule("tool_calls", ("tool_calls",), lambda call: {"tool_calls": call.subject.rows}),
        size=same_rows,
        example='{"city": "Oslo", "result": {"temperature": 12}}',
        since=FIELDS_OF_PROMPTS,
    ),
)
