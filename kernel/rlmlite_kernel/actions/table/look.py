"""Actions that show the controller a part of a value."""

from typing import Any

from rlmlite_kernel.actions.table.shared import TARGET
from rlmlite_kernel.actions.texts import look
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import CostRule

# Each turn has room for its observation anew, so looking uses no budget of the run; the words are for the reference.
_OBSERVATION = CostRule("observation")


def _look(
    name: str, run: Any, params: tuple[Param, ...], help_: str, example: str, *, shows_arguments: bool = False
) -> Action:
    return Action(
        name=name,
        family="look",
        params=params,
        run=run,
        help=help_,
        result="what was shown",
        example=example,
        shows=True,
        shows_arguments=shows_arguments,
        cost=_OBSERVATION,
    )


ACTIONS = (
    _look(
        "preview",
        look.preview,
        (
            TARGET,
            Param("head", "int", "how much from the beginning: bytes of a text, or rows", default=None, least=0),
            Param("tail", "int", "how much from the end", default=None, least=0, named_only=True),
            Param("at", "int", "where to start: a byte of a text, or a row", default=0, least=0, named_only=True),
        ),
        "shows the beginning of a value; with tail= its end",
        example="logs: text of 500 bytes at 0, then the text",
    ),
    _look(
        "load",
        look.load,
        (TARGET,),
        "shows a value or a range in full: load(x[a:b])",
        example="load: text of 1,200 bytes at 4,000, then the text",
        shows_arguments=True,
    ),
    _look(
        "show",
        look.show,
        (Param("values", "any", "the values to show", many=True),),
        "shows several values in full",
        example="n: 12",
        shows_arguments=True,
    ),
    _look(
        "describe",
        look.describe,
        (TARGET,),
        'shows what a value is: kind, size, lines or columns, a sample; describe("search") explains an action',
        example="logs: text, 1,800 bytes, 100 lines",
    ),
)
