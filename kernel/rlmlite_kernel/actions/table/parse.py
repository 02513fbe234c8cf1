"""Actions that read text as a value."""

from rlmlite_kernel.actions.texts import json_parse
from rlmlite_kernel.program.action_table import Action, Param

ACTIONS = (
    Action(
        name="json_parse",
        family="parse",
        params=(Param("text", "any", "text that is JSON"),),
        run=json_parse.json_parse,
        result="the value",
        help="text to value; a fault if it is no JSON",
        example='{"user": "ann", "n": 3}',
    ),
)
