"""Actions that call models, and the one that starts a nested run."""

from rlmlite_kernel.actions.calls import nested, nested_settings, reduce, row_batches, sub_lm
from rlmlite_kernel.actions.calls.over_rows import nested as explore
from rlmlite_kernel.actions.table.shared import BATCH, ROLE, ROWS, calls_per_batch
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import (
    ANY_AMOUNT,
    CHECKED_BUDGETS,
    MODEL_BUDGETS,
    ONE_MODEL_CALL,
    CostRule,
    PricedCall,
    Range,
    same_rows,
)
from rlmlite_kernel.program.templates import holes
from rlmlite_kernel.records.evolution import FIELDS_OF_PROMPTS

_WORDS = "sub_calls, tokens"
_SCHEMA = Param("schema", "schema", "the type of the answer", default=None, named_only=True)


def _call_per_chunk(call: PricedCall) -> dict[str, Range]:
    """One call for each chunk. Their prompts hold at least the chunks, if the question shows them."""
    prompt = call.constants.get("prompt")
    names_in_holes: set[str] = set()
    if isinstance(prompt, str):
        names_in_holes = {hole.name for hole in holes(prompt)}
    # A named argument of the same name is shown in place of the chunk.
    names_of_chunk = {"chunk", "text"} - call.extra
    shows_chunk = bool(names_in_holes & names_of_chunk)
    text = call.subject.text_bytes if shows_chunk else ANY_AMOUNT
    return call.model_calls(call.subject.rows, text)


def _call_per_batch(call: PricedCall) -> dict[str, Range]:
    return calls_per_batch(call, call.subject.rows)


def _call_per_merge(call: PricedCall) -> dict[str, Range]:
    """One call for each node of the tree: 20 texts, 8 at a time, are 3 calls and then 1."""
    rows, fan_in = call.subject.rows, call.whole_number("fan_in")
    # A fan-in that the program computes may be as large as there are rows, or the least that is allowed.
    fewest = min(rows.low, 1) if fan_in is None else reduce.calls_to_merge(rows.low, fan_in)
    most = None
    if rows.high is not None:
        # For a model with a window there may be no more than two texts in a call.
        least = fan_in if fan_in is not None and not call.has_window else _LEAST_FAN_IN
        most = reduce.calls_to_merge(rows.high, least)
    return call.model_calls(Range(fewest, most))


_LEAST_FAN_IN = 2


def _up_to_what_is_left(call: PricedCall) -> dict[str, Range]:
    """A nested run may use all of its share, or nothing; the share may be computed."""
    return {name: Range(0, max(0, call.left(name))) for name in _NESTED_BUDGETS}


_NESTED_BUDGETS = tuple(name for name in nested_settings.SHARED if name in CHECKED_BUDGETS | {"steps"})
"""What a nested run uses of its share, besides what is known only when it has ended."""


_DEPTH = Param("depth", "int", "how many levels of nested runs there may be, this one included", default=None, least=1)

ACTIONS = (
    Action(
        name="extract_over_chunks",
        family="models",
        params=(
            Param("chunks", "rows", "chunks, hits, or any rows"),
            Param(
                "prompt",
                "template",
                "the question, with {chunk} where the text of the chunk goes, else at its end",
                holes="a_field",
                appends=FIELDS_OF_PROMPTS,
            ),
            _SCHEMA,
            ROLE,
            Param(
                "on_error",
                "word",
                "what a failed call gives: null in its place, or a failed step",
                default="null",
                words=("null", "fail"),
                named_only=True,
            ),
            Param("min_ok", "int", "how many calls must succeed", default=1, least=0, named_only=True),
        ),
        ask=sub_lm.ask_over_chunks,
        with_taint=True,
        result="a list of answers in the chunks' order",
        example='{"label": "spam"}',
        help="asks a model about each chunk, one call each; the prompt shows it with {chunk}; null where a call failed",
        extra="values for the placeholders of the prompt",
        cost=CostRule(_WORDS, MODEL_BUDGETS, _call_per_chunk),
        size=same_rows,
    ),
    Action(
        name="sub_lm",
        family="models",
        params=(
            Param("prompt", "template", "the question, with {name} where a value goes", holes="variables"),
            _SCHEMA,
            ROLE,
        ),
        ask=sub_lm.ask_sub,
        with_taint=True,
        result="the answer: text, or a value of the schema",
        help="asks a model one question; {name} in the prompt shows a variable",
        extra="values for the placeholders of the prompt",
        cost=ONE_MODEL_CALL,
        example='"The disk was full."',
        by_row="extract_over_rows(rows, prompt, schema={...})",
    ),
    Action(
        name="classify",
        family="models",
        params=(
            ROWS,
            Param("prompt", "template", "the question about each row"),
            Param("labels", "any", 'the possible answers, such as ["spam", "ham"]', named_only=True),
            BATCH,
            ROLE,
        ),
        ask=row_batches.ask_classify,
        with_taint=True,
        result="the rows {..., label}",
        example='{"text": "win a prize", "label": "spam"}',
        help="one label per row, many rows per call; missing answers are requested again, else null and in .failed",
        extra="values for the placeholders of the prompt",
        cost=CostRule(_WORDS, MODEL_BUDGETS, _call_per_batch),
        size=same_rows,
    ),
    Action(
        name="extract_over_rows",
        family="models",
        params=(
            ROWS,
            Param("prompt", "template", "the question about each row"),
            Param("schema", "schema", "the type of the answer to one row", named_only=True),
            BATCH,
            ROLE,
        ),
        ask=row_batches.ask_over_rows,
        with_taint=True,
        result="the rows {..., and each field of the schema, else answer}",
        example='{"text": "paid 12 EUR", "amount": 12}',
        help="one answer per row, many rows per call; missing answers are requested again, else null and in .failed",
        extra="values for the placeholders of the prompt",
        cost=CostRule(_WORDS, MODEL_BUDGETS, _call_per_batch),
        size=same_rows,
    ),
    Action(
        name="reduce",
        family="models",
        params=(
            Param("items", "rows", "texts, chunks, or any rows"),
            Param("prompt", "template", "how to merge several items, with {items} where they go"),
            Param("fan_in", "int", "how many items go into one call", default=8, least=_LEAST_FAN_IN),
            _SCHEMA,
            ROLE,
        ),
        ask=reduce.ask_reduce,
        with_taint=True,
        result="the answer: text, or a value of the schema",
        example='"Three outages, all of the disk."',
        help="merges many texts into one, fan_in per call, level by level; the prompt shows them with {items}",
        extra="values for the placeholders of the prompt",
        cost=CostRule(_WORDS, MODEL_BUDGETS, _call_per_merge),
    ),
    Action(
        name="sub_rlm",
        family="models",
        params=(
            Param("question", "template", "the question, with {name} where a value goes", holes="variables"),
            _DEPTH,
            Param(
                "share",
                "any",
                "the part of each remaining budget that it may use, such as 0.3",
                default=0.5,
                named_only=True,
            ),
        ),
        ask=nested.ask_rlm,
        with_taint=True,
        result="the answer's value",
        help="starts a nested run that explores the inputs you give it: context=part_of_the_text",
        extra="the inputs of the nested run",
        needs_extra=True,
        begins_run=True,
        cost=CostRule("a share of what is left", _NESTED_BUDGETS, _up_to_what_is_left),
        example='"The disk was full from 08:14 on."',
        by_row="explore_over_rows(rows, question)",
    ),
    Action(
        name="explore_over_rows",
        family="models",
        params=(
            ROWS,
            Param("question", "template", "the question about each row, with {field} where a field of it goes"),
            Param(
                "fields", "expr", "the inputs that a row gives: {name: .field}; without it, the row as context", None
            ),
            _DEPTH,
            Param(
                "share",
                "any",
                "the part of what is left that all of them may use",
                default=explore.SHARE,
                named_only=True,
            ),
        ),
        ask=explore.ask_explore_over_rows,
        with_taint=True,
        result="the rows {..., answer}",
        help="starts a nested run for each row, with equal parts of the budgets; null and in .failed without an answer",
        extra="further inputs, the same for every nested run",
        begins_run=True,
        cost=CostRule("a share of what is left", _NESTED_BUDGETS, _up_to_what_is_left),
        size=same_rows,
        example='{"path": "a.py", "answer": "It parses dates."}',
        since=FIELDS_OF_PROMPTS,
    ),
)
