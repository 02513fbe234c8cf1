"""Actions that change the state, or end the run."""

from rlmlite_kernel.actions import end
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import SEARCH_WORK

ACTIONS = (
    Action(
        name="write_var",
        family="state",
        with_taint=True,
        params=(Param("name", "name", "the variable"), Param("value", "any", "its value")),
        run=end.write_var,
        result="the value",
        help="the same as name = value",
        size=lambda call: call.extent("value"),
        example="12",
    ),
    Action(
        name="note",
        family="state",
        with_taint=True,
        params=(Param("text", "any", "your plan"),),
        run=end.note,
        result="nothing",
        help="a plan in your words, kept",
        example="noted",
    ),
    Action(
        name="forget",
        family="state",
        params=(Param("name", "name", "the variable"),),
        run=end.forget,
        result="nothing",
        help="drops a variable",
        barrier=True,
        example="hits: forgotten",
    ),
    Action(
        name="final",
        family="end",
        with_taint=True,
        params=(
            Param("value", "any", "the answer"),
            Param("evidence", "any", "spans, rows or quotes it rests on", default=None, named_only=True),
        ),
        run=end.final,
        result="the end",
        help="ends the run with the answer",
        barrier=True,
        ends=True,
        cost=SEARCH_WORK,
        example="final: answered, 3 pieces of evidence (given)",
    ),
)
