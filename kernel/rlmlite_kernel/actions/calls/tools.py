"""What lies outside: the host's tools, an approval before them, the clock.

A tool's call is judged by the policy first. Where somebody is to be asked, that is the step's first round, and the
call itself the next one, so that both are in the receipt.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from rlmlite_kernel.effects.policy import CALL, judge, rule_of
from rlmlite_kernel.effects.prompts import Ask, Place, Prompts, next_round, one_call
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import (
    CONTROLLER,
    DERIVED,
    TOOL,
    StepContext,
    TaintedValue,
    input_bits_of,
    merge_taint,
    origin_words,
)
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.action_table import REQUIRED, Action, Param, Table
from rlmlite_kernel.program.costs import ONE_TOOL_CALL
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.settings import Tool
from rlmlite_kernel.values.fences import worded
from rlmlite_kernel.values.values import kind_of, plain, plain_size, size_of

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_LATEST = 253_402_300_800_000  # milliseconds: the year 10000


class _Called(msgspec.Struct, frozen=True):
    """A tool's call as it will be made: the arguments as canonical JSON, where they come from, why it is asked."""

    name: str
    arguments: str
    origins: int
    reasons: tuple[str, ...]


def add_tools(table: Table, tools: Mapping[str, Tool]) -> Table:
    """A table with an action for each tool, of its own name, in the order of their names."""
    return table.extended(_actions(tools)) if tools else table


def _actions(tools: Mapping[str, Tool]) -> Iterable[Action]:
    for name, tool in sorted(tools.items()):
        yield Action(
            name=name,
            family="tools",
            params=tuple(
                Param(param.name, "any", param.help, default=REQUIRED if param.required else None)
                for param in tool.params
            ),
            ask=partial(_ask_by_name, name),
            with_taint=True,
            barrier=tool.side_effects,
            result="what the tool gives",
            help=tool.help,
            cost=ONE_TOOL_CALL,
        )


def is_tool(action: Action) -> bool:
    """Whether an action is a tool of the host's."""
    return isinstance(action.ask, partial) and action.ask.func is _ask_by_name


def ask_tool(
    context: StepContext, place: Place, name: TaintedValue, args: TaintedValue | None, inputs: dict[str, TaintedValue]
) -> Ask:
    """`tool_call("name", {argument: value})`. What had a part in the name had a part in the call."""
    called = context.require_text(name.value, "the name of a tool")
    if called not in context.settings.tools:
        hint = did_you_mean(called, context.settings.tools) or f"tools: {', '.join(context.settings.tools) or 'none'}"
        raise Fault("unknown_name", f"there is no such tool ({worded([called])}); {hint}")
    value = {} if args is None or args.value is None else args.value
    if not isinstance(value, dict):
        raise Fault("type", f"the arguments of a tool are {{name: value}}, not {kind_of(value)}")
    origins = 0 if args is None else args.origins
    given = {key: TaintedValue(item, origins) for key, item in value.items()}
    _check_names(called, context.settings.tools[called], given)
    return _judged(called, given, context, place, name.origins)


def _ask_by_name(
    name: str, context: StepContext, place: Place, inputs: dict[str, TaintedValue], **given: TaintedValue | None
) -> Ask:
    return _judged(name, {key: held for key, held in given.items() if held is not None}, context, place)


def _check_names(name: str, tool: Tool, given: Mapping[str, TaintedValue]) -> None:
    known = [param.name for param in tool.params]
    unknown = [key for key in given if key not in known]
    if unknown:
        raise Fault("arguments", f"`{name}` does not take: {worded(unknown)}; it takes: {', '.join(known) or 'none'}")
    missing = [param.name for param in tool.params if param.required and param.name not in given]
    if missing:
        raise Fault("arguments", f"`{name}` also needs {', '.join(f'`{key}`' for key in missing)}")


def _judged(
    name: str, given: Mapping[str, TaintedValue], context: StepContext, place: Place, chosen: int = CONTROLLER
) -> Ask:
    """The call, or the approval that it needs first. `chosen` is where the choice of this tool comes from.

    Raises `Fault("denied")`.
    """
    tool, rule = context.settings.tools[name], rule_of(context.settings.policy, name)
    origins_of = {CALL: chosen | CONTROLLER, **{key: held.origins for key, held in given.items()}}
    judged = judge(tool, rule, origins_of, context.exposed)
    if judged.verdict == "deny":
        raise Fault("denied", f"`{name}` was not called: {'; '.join(judged.reasons)}")
    origins, _ = merge_taint([*given.values(), TaintedValue(None, chosen)])
    context.egress.check(origins, f"tool:{name}")
    if rule.calls is not None and context.ledger.get(tool_counter(name), 0) >= rule.calls:
        raise Fault("budget", f"the policy allows {rule.calls:,} calls of `{name}`, and they are used up")
    for held in given.values():
        context.ensure_room(plain_size(held.value, context.blobs))
    arguments = {key: plain(held.value, context.blobs) for key, held in given.items()}
    called = _Called(name, value_bytes(arguments).decode(), origins, judged.reasons)
    if judged.verdict == "allow":
        return _call(called, context, place)
    told = {
        "tool": name,
        "arguments": arguments,
        "origins": {key: list(origin_words(held.origins)) for key, held in given.items()},
        "reasons": list(judged.reasons),
    }
    approval = one_call("approve", name, Prompts([value_bytes(told).decode()]), place, context)
    return Ask(approval, partial(_approved, called, next_round(place)))


def _approved(called: _Called, place: Place, context: StepContext, results: Sequence[Result]) -> Ask:
    """The call, once somebody has approved of it."""
    (result,) = results
    why = "; ".join(called.reasons)
    if not isinstance(result, Answered):
        raise Fault("denied", f"`{called.name}` was not called: nobody approved ({result.error}); {why}")
    if not approves(result):
        raise Fault("denied", f"`{called.name}` was not called: it was not approved; {why}")
    return _call(called, context, place)


def approves(result: Result) -> bool:
    """Whether an approval's answer is `{"approved": true, ...}`; anything else, and what is no JSON, is a no."""
    if not isinstance(result, Answered):
        return False
    try:
        answer = read_json(result.text)
    except Fault:
        return False
    return isinstance(answer, dict) and answer.get("approved") is True


TOOL_COUNTER = "tool_calls."
"""What the names of the budgets begin with that count the calls of one tool each."""


def tool_counter(name: str) -> str:
    """The budget that counts the calls of one tool."""
    return TOOL_COUNTER + name


def _call(called: _Called, context: StepContext, place: Place) -> Ask:
    calls = one_call("tool", called.name, Prompts([called.arguments], origins=called.origins), place, context)
    return Ask(calls, partial(_given, called), counters=(tool_counter(called.name),))


def _given(called: _Called, context: StepContext, results: Sequence[Result]) -> TaintedValue:
    """What the tool gave, as a value."""
    (result,) = results
    if not isinstance(result, Answered):
        if result.detail:
            context.warn(f"`{called.name}` said:", result.detail)
        raise Fault("calls_failed", f"the call of `{called.name}` failed ({result.error})")
    value = read_json(result.text)
    context.ensure_room(size_of(value))
    return TaintedValue(value, TOOL | DERIVED | input_bits_of(called.origins))


def ask_now(context: StepContext, place: Place, inputs: dict[str, TaintedValue]) -> Ask:
    """The time, once; replay gives the same again."""
    return Ask(one_call("clock", "clock", Prompts([]), place, context), _time)


def _time(context: StepContext, results: Sequence[Result]) -> TaintedValue:
    (result,) = results
    if not isinstance(result, Answered):
        raise Fault("calls_failed", f"the clock gave no time ({result.error})")
    digits = result.text
    if not (digits.isascii() and digits.isdigit() and int(digits) < _LATEST):
        raise Fault("calls_failed", "the clock's answer is no number of milliseconds since 1970")
    time = _EPOCH + datetime.timedelta(milliseconds=int(digits))
    return TaintedValue(time.isoformat(timespec="milliseconds").replace("+00:00", "Z"), DERIVED)
