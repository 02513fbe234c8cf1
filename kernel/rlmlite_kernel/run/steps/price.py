"""The price of a program before it runs: a range per budget, from what is known about the extents of its values.

Each step is priced by its action's row (`CostRule`), its result's extent follows from the row too (`SizeRule`), and the
next step is priced with that. So a step whose inputs exist is priced exactly; one that waits for an earlier result has
an upper bound, or none that is known. No action is named here: a host's action is priced like the kernel's own.

    hits = search(log, "ERROR", limit=50)            search_work: any amount      extent: at most 50 rows
    read = extract_over_chunks(hits, "{text}?")      sub_calls: 0 to 50           extent: as many rows

Not here: refusing a step that needs too much. `effects.reservations` and `StepContext.charge` do that when it runs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rlmlite_kernel.evaluation.access import column_name
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.evaluation.work import free_work
from rlmlite_kernel.program.action_table import Action, Param, Table
from rlmlite_kernel.program.ast import MATCHES, Binary, Call, Expr, ListOf, Lit, Parsed, Var, children
from rlmlite_kernel.program.binding import PLAIN
from rlmlite_kernel.program.checker import Scope, all_problems, check
from rlmlite_kernel.program.costs import (
    ANY_AMOUNT,
    CHECKED_BUDGETS,
    SEARCH_WORK,
    UNKNOWN,
    Extent,
    PricedCall,
    Range,
    UndeclaredCostError,
    exactly,
)
from rlmlite_kernel.program.lowering import PlannedStep, lower, names_in
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.values.columns import Spans
from rlmlite_kernel.values.values import RECORDS, Rows, Text, Value


class Price(msgspec.Struct, frozen=True):
    """What a program will use: in all by budget, and in words per step that uses more than its step.

    `refused` names the budgets whose lower bound is already more than what is left. `problems` are the checker's;
    statements that have some are not priced, since they will not run.
    """

    total: dict[str, Range]
    steps: tuple[tuple[str, dict[str, Range]], ...]
    refused: tuple[str, ...]
    problems: tuple[Problem, ...]


_REFUSING = ("steps", "sub_calls", "tool_calls", "output_tokens", "prompt_bytes", "chunks")
"""The budgets that refuse a step which needs more than is left. A search without enough work gives what it found."""

_Extents = dict[str, Extent]
"""What is known of each variable, the kernel's temporaries among them."""


def price(state: State, parsed: Parsed) -> Price:
    """The price of a program in a state. Nothing runs."""
    table = state.run.table
    scope = Scope(frozenset(state.variables), state.run.inputs, table, state.settings.policy)
    problems = check(parsed, scope)
    extents = {name: _extent_of_value(variable.data) for name, variable in state.variables.items()}
    steps: list[tuple[str, dict[str, Range]]] = []
    total: dict[str, Range] = {"steps": exactly(0)}
    # The lowered steps, as in a turn: so that nested calls are priced one by one, and fused ones as what they become.
    for planned in lower(parsed.program, table, problems):
        if planned.problems:
            continue
        action = table[planned.op]
        call = _priced_call(planned, action, extents, state)
        uses = _uses(planned, action, call, table)
        _add_looking(uses, call, free_work(state.settings.limits.search_work))
        if planned.target is not None:
            # Now, so that the steps further down are priced with what this one will give them.
            extents[planned.target] = action.size(call)
        for name, amount in uses.items():
            total[name] = total.get(name, exactly(0)).plus(amount)
        # Every step uses `steps`. One that uses nothing else is not worth a line.
        if len(uses) > 1:
            label = planned.target or planned.op
            steps.append((f"{label}: {planned.op}", uses))
    # By the lower bound: a program is called too expensive only where that is certain.
    refused = tuple(name for name in total if name in _REFUSING and total[name].low > state.left(name))
    return Price(total, tuple(steps), refused, tuple(all_problems(problems)))


def check_declared(planned: PlannedStep, table: Table, used: Mapping[str, int]) -> None:
    """Raise `UndeclaredCostError` if a step used a budget that no row of its actions names.

    A row that is silent about a budget would be priced as free of it; here it is found out at its first use.
    """
    # The table is asked only for a budget that was used: a step that was refused may name an action that is not in it.
    for name in used:
        if name not in CHECKED_BUDGETS or name in table[planned.op].cost_rule.budgets:
            continue
        # Only now at what is inside of the step's arguments, `matches` and actions applied row by row: going over every
        # expression of every step would cost more than most steps do.
        if name not in _budgets_of_rows(planned, table):
            message = f"`{planned.op}` used {name}, which the cost in its row of the table does not name"
            raise UndeclaredCostError(message)


def _uses(planned: PlannedStep, action: Action, call: PricedCall, table: Table) -> dict[str, Range]:
    """What one step uses: its step, what its own action says, and what is applied to each row inside of it."""
    named = action.cost_rule.uses(call)
    # Its own step, and those that it brings: a nested run's.
    steps = named.pop("steps", exactly(0)).plus(exactly(1))
    uses = {"steps": steps, **named}
    # How many rows there are, and which of them a condition comes to, is not known.
    for name in _budgets_of_rows(planned, table):
        uses[name] = uses.get(name, exactly(0)).plus(ANY_AMOUNT)
    return uses


def _add_looking(uses: dict[str, Range], call: PricedCall, free: int) -> None:
    """Add the work of looking at the arguments, which is nothing where they are known to be few and short."""
    work = 0
    for node in call.arguments.values():
        extent = call.extent_of(node)
        if extent.rows.high is None or extent.text_bytes.high is None:
            # A row expression, or a value of which nothing is known.
            work = free + 1
            break
        work += _MOST_PER_ROW * extent.rows.high + _MOST_PER_BYTE * extent.text_bytes.high
    if work > free:
        uses["search_work"] = uses.get("search_work", exactly(0)).plus(ANY_AMOUNT)


_MOST_PER_ROW, _MOST_PER_BYTE = 5_000, 60
"""What looking at a row or at a byte of text costs at the most, without a row expression: see `evaluation.work`."""


def _budgets_of_rows(planned: PlannedStep, table: Table) -> tuple[str, ...]:
    """The budgets that the expressions in a step's arguments may use: by `matches`, by actions inside of them."""
    budgets: dict[str, None] = {}
    for node in _inside(planned):
        if isinstance(node, Binary) and node.op in MATCHES:
            budgets.update(dict.fromkeys(SEARCH_WORK.budgets))
        elif isinstance(node, Call) and node.name in table:
            budgets.update(dict.fromkeys(table[node.name].cost_rule.budgets))
    return tuple(budgets)


def _inside(planned: PlannedStep) -> Iterator[Expr]:
    """Every node of a step's arguments."""
    bound = planned.bound
    todo: list[Expr] = [*bound.given.values(), *bound.rest, *bound.extra.values()]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(children(node))


def _priced_call(planned: PlannedStep, action: Action, extents: _Extents, state: State) -> PricedCall:
    given = planned.bound.given
    return PricedCall(
        arguments=given,
        extra=frozenset(planned.bound.extra),
        constants=dict(_constants(action, given)),
        first_param=action.params[0].name if action.params else "",
        extent_of=lambda node: _extent_of(node, extents, state),
        roles=state.settings.roles,
        left=state.left,
    )


def _constants(action: Action, given: Mapping[str, Expr]) -> Iterator[tuple[str, Any]]:
    """The arguments whose value is known before the program runs."""
    for param in action.params:
        node = given.get(param.name)
        if isinstance(node, Lit):
            yield param.name, node.v
        elif isinstance(node, Var) and _is_bare_word(param, node):
            yield param.name, node.name
        elif node is None and not param.required and not param.many:
            yield param.name, param.default


def _is_bare_word(param: Param, node: Var) -> bool:
    return param.kind == "word" and node.name in param.words


def _extent_of_value(data: TaintedValue) -> Extent:
    """The extent of a value that exists."""
    value: Value = data.value
    match value:
        case Text():
            return Extent(exactly(1), exactly(len(value)))
        case str():
            return Extent(exactly(1), exactly(len(value.encode())))
        case Rows():
            return Extent(exactly(len(value)), _text_bytes(value))
        case list() | dict():
            return Extent(exactly(len(value)), ANY_AMOUNT)
    return Extent(exactly(1), ANY_AMOUNT)


def _text_bytes(rows: Rows) -> Range:
    """The bytes of the text that actions on rows work on; known where it is spans, and need not be built first."""
    name = column_name(rows, "value") or "value"
    # A record's text is its row of the table, and has no column of its own.
    text = rows.spans if rows.kind == RECORDS else rows.columns.get(name)
    if not isinstance(text, Spans):
        return ANY_AMOUNT
    lengths = (text.stops - text.starts).clip(0)
    return exactly(int(lengths.sum()))


def _extent_of(node: Expr, extents: _Extents, state: State) -> Extent:
    """What is known of the extent of an argument: of a variable, of a literal, or of a part of one variable."""
    match node:
        case Var(name=name):
            return extents.get(name, UNKNOWN)
        case ListOf(items=items):
            return Extent(exactly(len(items)), ANY_AMOUNT)
        case Lit(v=str() as text):
            return Extent(exactly(1), exactly(len(text.encode())))
    # A slice, a field, an element: part of the one variable that it reads. Of two variables it may be anything.
    names = set(names_in(node, PLAIN, state.run.table))
    known = [extents[name] for name in names if name in extents]
    if len(known) != 1:
        return UNKNOWN
    (whole,) = known
    # A text has at most as many lines or pieces as bytes.
    most_rows = whole.text_bytes.high if whole.is_single else whole.rows.high
    return Extent(Range(0, most_rows), whole.text_bytes.at_most())
