"""Actions that read text as a value: by its syntax, or by a model."""

from rlmlite_kernel.actions.calls import extract
from rlmlite_kernel.actions.table.shared import BATCH, ROLE, calls_per_batch
from rlmlite_kernel.actions.texts import json_parse
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import ANY_AMOUNT, MODEL_BUDGETS, CostRule, Extent, PricedCall, Range
from rlmlite_kernel.records.evolution import FIELDS_OF_PROMPTS, TIMES_AND_STEMS


def _call_per_text(call: PricedCall) -> dict[str, Range]:
    """One call for a text, and for rows those of their batches."""
    return calls_per_batch(call, call.extent("text").rows)


ACTIONS = (
    Action(
        name="json_parse",
        family="parse",
        params=(Param("text", "any", "a JSON text"),),
        run=json_parse.json_parse,
        result="the value",
        help="reads a JSON text; a fault if it is not valid JSON, or null with a warning in a row expression",
        in_rows=True,
        in_rows_since=TIMES_AND_STEMS,
        example='{"user": "ann", "n": 3}',
    ),
    Action(
        name="extract",
        family="parse",
        params=(
            Param("schema", "schema", "what to read, such as {who: str, n: int}"),
            Param("text", "any", "a text or a record; of rows, each is read"),
            Param("prompt", "template", "what to look for, in your words", default=None),
            BATCH,
            ROLE,
        ),
        ask=extract.ask_extract,
        with_taint=True,
        result="a value of the schema; of rows, the rows {..., and each field of the schema}",
        example='{"who": "Ann Bell", "n": 3}',
        help="has a model read values out of a text: extract({who: str, n: int}, mail)",
        extra="values for the placeholders of the prompt",
        cost=CostRule("sub_calls, tokens", MODEL_BUDGETS, _call_per_text),
        size=lambda call: Extent(call.extent("text").rows, ANY_AMOUNT),
        by_row="extract(schema, rows)",
        either_way=True,
        since=FIELDS_OF_PROMPTS,
    ),
)
