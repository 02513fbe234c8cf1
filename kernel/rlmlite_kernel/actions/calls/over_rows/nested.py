"""explore_over_rows: a question answered by a nested run for each row.

    found = explore_over_rows(files, "What does {path} write to?", share=0.5)      8 files: 8 nested runs
    -> the files {..., answer}; found.failed is [{"index": 3, "error": "no_answer"}], and its answer is null

Each nested run has one row as its input `context` (the row's text, where rows are pieces of text), or what `fields`
says of the row; further named arguments are inputs of all of them. What they may use is reserved for all before the
first begins: an equal part of the share for each, so the answer to one row does not depend on what another has used.

    29 turns are left, share=0.9, 8 rows   ->   29 * 0.9 / 8 = 3 turns for each; what is not used comes back

A share that gives some run less than one turn is refused, and none begins. What one nested run is to this run, its
evidence, its coverage and its record, is as for `sub_rlm` (`actions.calls.nested`).
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from rlmlite_kernel.actions.calls.nested import ALONE, nested_calls, plain_share, read_answer
from rlmlite_kernel.actions.calls.nested_settings import share_budgets
from rlmlite_kernel.actions.calls.over_rows.columns import Column, columns_of
from rlmlite_kernel.actions.calls.over_rows.results import RowResults
from rlmlite_kernel.effects.calls import Ask, CallSet, CallSite
from rlmlite_kernel.effects.prompts import PromptWriter
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import CONTROLLER, LM, TaintedValue, merge_taint
from rlmlite_kernel.evaluation.texts import line_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Expr, Obj
from rlmlite_kernel.values.columns import Text

SHARE = 0.9
"""The part of what is left that all of them may use. More than `sub_rlm`'s, as it is divided among many."""


def ask_explore_over_rows(
    context: StepContext,
    place: CallSite,
    rows: TaintedValue,
    question: str,
    fields: Expr | None,
    depth: int | None,
    share: object,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """The calls to all nested runs. Raises `Fault("budget")` if they do not fit, and then makes none."""
    table = context.require_rows(rows.value, "what explore_over_rows goes over")
    own_rows = TaintedValue(table, rows.origins, rows.sources, rows.words)
    prompts = PromptWriter(context, inputs, own_rows).write(question, None, must_differ=False)
    columns = _columns(own_rows, fields, context)
    given = [{**inputs, **_of_row(columns, own_rows, row, context)} for row in range(len(table))]
    # No rows, no runs: then nothing has to fit.
    allowance = share_budgets(context, plain_share(share), len(table)) if given else {}
    calls = nested_calls(context, place, prompts, given, depth, allowance)
    parts = [*inputs.values(), own_rows, *(TaintedValue(None, column.origins) for column in columns.values())]
    origins, _ = merge_taint([*parts, TaintedValue(None, prompts.origins | CONTROLLER)])
    results = RowResults(own_rows, "answer", LM, origins)
    return Ask(calls, partial(_join_answers, results, calls, origins), whole=False, holds=allowance)


def _columns(rows: TaintedValue, fields: Expr | None, context: StepContext) -> dict[str, Column]:
    """The inputs that each row gives its run: as the program says, or the row itself as `context`."""
    if isinstance(fields, Obj):
        return columns_of({pair.key: pair.value for pair in fields.pairs}, rows, context)
    if fields is not None:
        return columns_of({ALONE: fields}, rows, context)
    table = context.require_rows(rows.value, "rows")
    values = [line_of(table, item) for item in table.values(context.blobs)]
    return {ALONE: Column(values, rows.origins)}


def _of_row(
    columns: Mapping[str, Column], rows: TaintedValue, row: int, context: StepContext
) -> dict[str, TaintedValue]:
    """The inputs of one run. Of a row that is itself a place in a text, they are made of that place."""
    spans = context.require_rows(rows.value, "rows").spans
    place = None if spans is None else spans.at(row, context.blobs)
    words = (place,) if isinstance(place, Text) else rows.words
    sources = () if spans is None else (spans.take(np.array([row])),)
    return {name: TaintedValue(column.values[row], column.origins, sources, words) for name, column in columns.items()}


def _join_answers(
    so_far: RowResults,
    calls: CallSet,
    origins: int,
    context: StepContext,
    results: Sequence[Result],
) -> TaintedValue:
    """The rows with the answers. A run without one fails its row alone."""
    answers: dict[int, TaintedValue] = {}
    errors: dict[int, str] = {}
    for row, result in enumerate(results):
        try:
            answers[row] = read_answer(origins, calls.nested[row], context, [result])
        except Fault as fault:
            errors[row] = fault.code if isinstance(result, Answered) else result.error
    values = {row: answer.value for row, answer in answers.items()}
    return so_far.with_values(values).with_errors(errors).joined(context, tuple(answers.values()))
