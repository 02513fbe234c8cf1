"""Actions that read text as a value."""

from rlmlite_kernel.actions.texts import json_parse
from rlmlite_kernel.program.action_table import Action, Param

ACTIONS = (
    Action(
        name="json_parse",
        family="parse",
        params=(Param("text", "any", "a JSON text"),),
        run=json_parse.json_parse,
        result="the value",
        help="reads a JSON text; a fault if it is not valid JSON",
        example='{"user": "ann", "n": 3}',
    ),
)
