"""tool_over_rows: a tool is called once for each row, with arguments from the row.

    stock = tool_over_rows(orders, "stock", {part: .id})      3 orders: 3 calls
    -> the orders {..., result}; stock.failed is [{"index": 1, "error": "raised"}], and its result is null

Every call is judged as if it stood alone (`actions.calls.tools`), and all of them before the first: if one may not be
made, or if they do not fit what is left of the budgets, none is made. That there is a call for a row was decided by the
rows, so their origins count as a choice of the tool.

Where calls need approval, each of them is asked for with its own arguments, in a round before; the rows that were
refused have `denied` for their error. A tool with side effects is then called row by row, each in a round of its own:
what it does outside happens in the order of the rows. Others are called together.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial, reduce
from operator import or_

import msgspec

from rlmlite_kernel.actions.calls.over_rows.columns import Column, columns_of
from rlmlite_kernel.actions.calls.over_rows.results import RowResults
from rlmlite_kernel.actions.calls.tools import (
    approval_of,
    approves,
    as_json,
    check_names,
    pass_gates,
    tool_counter,
    tool_named,
)
from rlmlite_kernel.effects.calls import Ask, CallSite, calls_outside, next_round
from rlmlite_kernel.effects.holdings import Holding
from rlmlite_kernel.effects.prompts import Prompts
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import TOOL, TaintedValue
from rlmlite_kernel.evaluation.texts import has_field
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Expr, Lit, Obj
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.settings import Tool
from rlmlite_kernel.values.values import Rows, Value


class _RowCalls(msgspec.Struct, frozen=True, eq=False):
    """The calls as they will be made, by row: their arguments as canonical JSON, and why somebody is asked first."""

    name: str
    rows: TaintedValue
    columns: Mapping[str, Column]
    arguments: Sequence[str]
    origins: int
    reasons: tuple[str, ...]
    in_turn: bool

    def prompts(self, texts: Sequence[str], rows: Sequence[int]) -> Prompts:
        """These texts, each for one of the rows, and what the arguments of that row hold."""
        table = self.rows.value
        spans = table.spans if isinstance(table, Rows) else None

        def holding_of(column: Column, index: int) -> Holding:
            return Holding(column.values[rows[index]], self.rows.words, spans, rows[index])

        holdings = [partial(holding_of, column) for column in self.columns.values()]
        return Prompts([list(texts)], len(texts), self.origins, holdings)


def ask_tool_over_rows(
    context: StepContext,
    place: CallSite,
    rows: TaintedValue,
    tool: TaintedValue,
    args: Expr | None,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """The calls, or the approvals that they need first. Raises `Fault` if one of them may not be made."""
    name = tool_named(tool, context)
    table = context.require_rows(rows.value, "what tool_over_rows goes over")
    count, own_rows = len(table), TaintedValue(table, rows.origins, rows.sources, rows.words)
    columns = _columns(name, args, own_rows, context)
    chosen_by = tool.origins | rows.origins
    origins_of = {key: column.origins for key, column in columns.items()}
    reasons = pass_gates(name, origins_of, chosen_by, count, context)
    # Now, and not with the calls: nobody is asked to approve of what cannot be made.
    left = context.budget_left("tool_calls")
    if count > left:
        raise Fault("budget", f"{count:,} rows x 1 call > {left:,} tool_calls left; use top(...) or where(...)")
    plain = [as_json(_of_row(columns, row), context) for row in range(count)]
    calls = _RowCalls(
        name,
        own_rows,
        columns,
        [value_bytes(arguments).decode() for arguments in plain],
        reduce(or_, origins_of.values(), chosen_by),
        reasons,
        context.settings.tools[name].side_effects,
    )
    results = RowResults(own_rows, "result", TOOL, calls.origins)
    everyone = tuple(range(count))
    if not reasons:
        return _ask_calls(calls, everyone, results, place, context)
    questions = [approval_of(name, arguments, origins_of, reasons) for arguments in plain]
    approvals = calls_outside("approve", name, Prompts([list(questions)], count), place, context)
    return Ask(approvals, partial(_take_approvals, calls, results, next_round(place)))


def _of_row(columns: Mapping[str, Column], row: int) -> dict[str, TaintedValue]:
    return {key: TaintedValue(column.values[row], column.origins) for key, column in columns.items()}


def _columns(name: str, args: Expr | None, rows: TaintedValue, context: StepContext) -> dict[str, Column]:
    """The arguments of all calls: as the program says, or the fields that are called as the tool's parameters are."""
    tool, table = context.settings.tools[name], context.require_rows(rows.value, "rows")
    if args is None or (isinstance(args, Lit) and args.v is None):
        fields = [param.name for param in tool.params if has_field(table, param.name, context)]
        check_names(name, tool, fields)
        return {field: Column(access.column_cells(table, field, context), rows.origins) for field in fields}
    expressions = _expressions(name, tool, args)
    check_names(name, tool, expressions)
    return columns_of(expressions, rows, context)


def _expressions(name: str, tool: Tool, args: Expr) -> dict[str, Expr]:
    """The row expression of each argument. A tool with one parameter takes a bare one as well."""
    if isinstance(args, Obj):
        return {pair.key: pair.value for pair in args.pairs}
    if len(tool.params) == 1:
        return {tool.params[0].name: args}
    known = ", ".join(param.name for param in tool.params) or "none"
    raise Fault("arguments", f"the arguments of `{name}` must be {{name: .field}}; it takes: {known}")


def _take_approvals(
    calls: _RowCalls, so_far: RowResults, place: CallSite, context: StepContext, results: Sequence[Result]
) -> TaintedValue | Ask:
    """The calls of the rows that were approved. Raises `Fault("denied")` if there are none."""
    approved = tuple(row for row, result in enumerate(results) if approves(result))
    refused = [row for row in range(len(results)) if row not in set(approved)]
    if refused and not approved:
        why = "; ".join(calls.reasons)
        raise Fault("denied", f"`{calls.name}` was not called: none of {len(refused):,} calls was approved; {why}")
    return _ask_calls(calls, approved, so_far.with_errors(dict.fromkeys(refused, "denied")), place, context)


def _ask_calls(
    calls: _RowCalls, rows: tuple[int, ...], so_far: RowResults, place: CallSite, context: StepContext
) -> Ask:
    """The calls of these rows: all at once, or the first of them where they have side effects."""
    now = rows[:1] if calls.in_turn else rows
    prompts = calls.prompts([calls.arguments[row] for row in now], now)
    requests = calls_outside("tool", calls.name, prompts, place, context)
    settle = partial(_take_results, calls, now, rows[len(now) :], so_far, next_round(place))
    return Ask(requests, settle, whole=False, counters=(tool_counter(calls.name),))


def _take_results(
    calls: _RowCalls,
    now: tuple[int, ...],
    later: tuple[int, ...],
    so_far: RowResults,
    place: CallSite,
    context: StepContext,
    results: Sequence[Result],
) -> TaintedValue | Ask:
    """The calls of the rows that are left, or the rows with all results."""
    values: dict[int, Value] = {}
    errors: dict[int, str] = {}
    for row, result in zip(now, results, strict=True):
        if isinstance(result, Answered):
            values[row] = _read(result, row, errors)
        else:
            errors[row] = result.error
    _quote_tool(calls.name, results, context)
    so_far = so_far.with_values(values).with_errors(errors)
    if later:
        return _ask_calls(calls, later, so_far, place, context)
    return so_far.joined(context)


def _read(result: Answered, row: int, errors: dict[int, str]) -> Value:
    """What a tool has returned for a row, as a value; an error if it is no JSON."""
    try:
        value: Value = read_json(result.text)
    except Fault as fault:
        errors[row] = fault.code
        return None
    return value


def _quote_tool(name: str, results: Sequence[Result], context: StepContext) -> None:
    """Warn of what the tool said of calls that failed: its words are untrusted, so they are quoted."""
    said = Counter(result.detail for result in results if not isinstance(result, Answered) and result.detail)
    if said:
        first = next(iter(said))
        times = f" of {said.total():,} calls, the first time" if said.total() > 1 else ""
        context.warn(f"`{name}` reported{times}:", first, code="tool_said")
