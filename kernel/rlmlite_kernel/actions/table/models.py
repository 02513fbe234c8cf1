"""Actions that call models, and runs of their own."""

from rlmlite_kernel.actions.calls import nested, reduce, row_batches, sub_lm
from rlmlite_kernel.actions.table.shared import ROWS
from rlmlite_kernel.program.action_table import Action, Param

_ROLE = Param("role", "text", "which model answers", default="sub", named_only=True)
_SCHEMA = Param("schema", "schema", "the form of the answer", default=None, named_only=True)
_BATCH = Param("batch", "int", "rows a call", default=20, least=1, named_only=True)


ACTIONS = (
    Action(
        name="extract_over_chunks",
        family="models",
        params=(
            Param("chunks", "rows", "chunks, hits, or any rows"),
            Param("prompt", "template", "the question, with {chunk} where the text goes"),
            _SCHEMA,
            _ROLE,
            Param("on_error", "word", "what a failed call does", "null", None, ("null", "fail"), False, False, True),
            Param("min_ok", "int", "so many calls must succeed", default=1, least=0, named_only=True),
        ),
        ask=sub_lm.ask_over_chunks,
        with_taint=True,
        result="a list of answers in the chunks' order",
        example='{"label": "spam"}',
        help="asks a model about every chunk; null where a call failed",
        extra="values for placeholders",
        cost="sub_calls, tokens",
    ),
    Action(
        name="sub_lm",
        family="models",
        params=(Param("prompt", "template", "the question, with {name} for values"), _SCHEMA, _ROLE),
        ask=sub_lm.ask_sub,
        with_taint=True,
        result="the answer: text, or a value of the schema",
        help="asks a model once",
        extra="values for placeholders",
        cost="sub_calls, tokens",
        example='"The disk was full."',
    ),
    Action(
        name="classify",
        family="models",
        params=(
            ROWS,
            Param("prompt", "template", "the question about each row"),
            Param("labels", "any", 'the answers there may be, such as ["spam", "ham"]', named_only=True),
            _BATCH,
            _ROLE,
        ),
        ask=row_batches.ask_classify,
        with_taint=True,
        result="the rows {..., label}",
        example='{"text": "win a prize", "label": "spam"}',
        help="one label for each row, many rows a call; what lacks is asked for again, then null and in .failed",
        extra="values for placeholders",
        cost="sub_calls, tokens",
    ),
    Action(
        name="extract_over_rows",
        family="models",
        params=(
            ROWS,
            Param("prompt", "template", "the question about each row"),
            Param("schema", "schema", "the form of one row's answer", named_only=True),
            _BATCH,
            _ROLE,
        ),
        ask=row_batches.ask_over_rows,
        with_taint=True,
        result="the rows {..., and each field of the schema, else answer}",
        example='{"text": "paid 12 EUR", "amount": 12}',
        help="one answer for each row, many rows a call; what lacks is asked for again, then null and in .failed",
        extra="values for placeholders",
        cost="sub_calls, tokens",
    ),
    Action(
        name="reduce",
        family="models",
        params=(
            Param("items", "rows", "texts, chunks, or any rows"),
            Param("prompt", "template", "what to make of several, with {items} where they go"),
            Param("fan_in", "int", "how many go into one call", default=8, least=2),
            _SCHEMA,
            _ROLE,
        ),
        ask=reduce.ask_reduce,
        with_taint=True,
        result="the answer: text, or a value of the schema",
        example='"Three outages, all of the disk."',
        help="merges many texts into one, a few at a time, level by level",
        extra="values for placeholders",
        cost="sub_calls, tokens",
    ),
    Action(
        name="sub_rlm",
        family="models",
        params=(
            Param("question", "template", "the question, with {name} for values"),
            Param("depth", "int", "how deep it may nest further, this run included", default=None, least=1),
            Param("share", "any", "its part of every budget that is left", default=0.5, named_only=True),
        ),
        ask=nested.ask_rlm,
        with_taint=True,
        result="the answer's value",
        help="a run of its own that explores the inputs it is given: context=part_of_the_text",
        extra="its inputs",
        cost="a share of what is left",
        example='"The disk was full from 08:14 on."',
    ),
)
