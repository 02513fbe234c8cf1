"""Tools of the host: how a program calls them, and what stands between a program and a call.

A call goes through three gates, in this order, and each of them ends the step with a fault that names the reason:

1. The policy judges it: allow, deny, or ask somebody. It looks at the tool, at where each argument comes from, and at
   whether the controller has seen content of inputs.
2. Egress: content of an input goes to no tool that the input's rules exclude.
3. Its counter: a policy may allow so many calls of one tool.

Where somebody is to be asked, the step has two rounds, so that both are in the receipt:

    send_mail(to="ann", text=summary)
    round 1: kind "approve", the arguments with their origins and reasons    -> {"approved": true}
    round 2: kind "tool", the arguments                                      -> {"id": 17}

The result is a value with the origin `tool`. The error text of a tool is untrusted too: it is quoted as data.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial, reduce
from operator import or_
from typing import Any

import msgspec

from rlmlite_kernel.effects.calls import Ask, CallSite, calls_outside, next_round
from rlmlite_kernel.effects.holdings import Holding
from rlmlite_kernel.effects.policy import CALL, judge, rule_of
from rlmlite_kernel.effects.prompts import Prompts
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import (
    CONTROLLER,
    DERIVED,
    TOOL,
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
from rlmlite_kernel.values.fences import list_names
from rlmlite_kernel.values.values import json_size, kind_of, size_of, to_json

TOOL_COUNTER = "tool_calls."
"""The prefix of budgets that count the calls of one tool: `tool_calls.send_mail`."""


class _ToolCall(msgspec.Struct, frozen=True):
    """A call as it will be made.

    `arguments` is canonical JSON, `origins` where they come from, `reasons` why somebody is asked first,
    `holdings` what the arguments hold of inputs.
    """

    name: str
    arguments: str
    origins: int
    reasons: tuple[str, ...]
    holdings: tuple[Holding, ...]


def add_tools(table: Table, tools: Mapping[str, Tool]) -> Table:
    """The table with an action for each tool, in the order of their names. The action has the name of the tool."""
    return table.extended(_actions(tools)) if tools else table


def _actions(tools: Mapping[str, Tool]) -> Iterable[Action]:
    for name, tool in sorted(tools.items()):
        params: list[Param] = []
        for param in tool.params:
            default = REQUIRED if param.required else None
            params.append(Param(param.name, "any", param.help, default=default))
        yield Action(
            name=name,
            family="tools",
            params=tuple(params),
            ask=partial(_ask_by_name, name),
            # The policy judges each argument by its origins.
            with_taint=True,
            # Tools with side effects run in the order of the program; others may run side by side.
            barrier=tool.side_effects,
            result="what the tool gives",
            help=tool.help,
            cost=ONE_TOOL_CALL,
            by_row=f'tool_over_rows(rows, "{name}", {{argument: .field}})',
        )


def tool_counter(name: str) -> str:
    """The budget that counts the calls of one tool."""
    return TOOL_COUNTER + name


def is_tool(action: Action) -> bool:
    """Whether an action is a tool of the host's."""
    # By its function and not by its family: any action may be given that word.
    return isinstance(action.ask, partial) and action.ask.func is _ask_by_name


def ask_tool(
    context: StepContext,
    place: CallSite,
    name: TaintedValue,
    args: TaintedValue | None,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """`tool_call("name", {argument: value})`. A name that comes from data is judged as an argument would be."""
    tool = tool_named(name, context)
    value = {} if args is None or args.value is None else args.value
    if not isinstance(value, dict):
        raise Fault("type", f"the arguments of a tool must be {{name: value}}, not {kind_of(value)}")
    # A record has one taint for all its fields, so each argument has that of the whole.
    origins = 0 if args is None else args.origins
    words = () if args is None else args.words
    arguments = {key: TaintedValue(item, origins, words=words) for key, item in value.items()}
    # The checker could not look at these names: they are known only now.
    check_names(tool, context.settings.tools[tool], arguments)
    return _begin(tool, arguments, context, place, name.origins)


def _ask_by_name(tool: str, context: StepContext, place: CallSite, /, **arguments: Any) -> Ask:
    """`name(argument=value)`: the tool is the action itself, so the checker has looked at the names already.

    A host names the arguments of its tools, so none of the parameters here takes a name from it.
    """
    names = {param.name for param in context.settings.tools[tool].params}
    # An optional argument that is left out comes as None, its default; the tool then uses a default of its own.
    # An explicit null is a `TaintedValue` and goes through.
    present = {key: value for key, value in arguments.items() if key in names and value is not None}
    return _begin(tool, present, context, place)


def tool_named(name: TaintedValue, context: StepContext) -> str:
    """The name of a tool that there is. Raises `Fault("unknown_name")`."""
    tool, tools = context.require_text(name.value, "the name of a tool"), context.settings.tools
    if tool not in tools:
        all_tools = ", ".join(tools) or "none"
        hint = did_you_mean(tool, tools) or f"tools: {all_tools}"
        # The name may come from data, so it is shown only if it is a plain identifier.
        raise Fault("unknown_name", f"there is no such tool ({list_names([tool])}); {hint}")
    return tool


def check_names(name: str, tool: Tool, arguments: Collection[str]) -> None:
    """Raise `Fault("arguments")` unless a tool takes arguments of these names, and needs no others."""
    known = [param.name for param in tool.params]
    unknown = [key for key in arguments if key not in known]
    if unknown:
        accepted = ", ".join(known) or "none"
        raise Fault("arguments", f"`{name}` does not take: {list_names(unknown)}; it takes: {accepted}")
    required = [param.name for param in tool.params if param.required]
    missing = [f"`{key}`" for key in required if key not in arguments]
    if missing:
        raise Fault("arguments", f"`{name}` also needs {', '.join(missing)}")


def _begin(
    name: str,
    arguments: Mapping[str, TaintedValue],
    context: StepContext,
    place: CallSite,
    name_origins: int = CONTROLLER,
) -> Ask:
    """The call, or the approval that it needs first. `name_origins` is where the choice of this tool comes from.

    Raises `Fault("denied")`, `Fault("egress")` and `Fault("budget")`.
    """
    origins_of = {key: value.origins for key, value in arguments.items()}
    reasons = pass_gates(name, origins_of, name_origins, 1, context)
    plain_arguments = as_json(arguments, context)
    # Canonical JSON: the text is in the receipt, and a replay must make the same bytes.
    arguments_json = value_bytes(plain_arguments).decode()
    origins, _ = merge_taint([*arguments.values(), TaintedValue(None, name_origins)])
    holdings = tuple(Holding(value.value, value.words) for value in arguments.values())
    call = _ToolCall(name, arguments_json, origins, reasons, holdings)
    if not reasons:
        return _ask_call(call, context, place)
    question = approval_of(name, plain_arguments, origins_of, reasons)
    approval = calls_outside("approve", name, Prompts([question]), place, context)
    # The second round makes this very call. Nothing is computed again, so what was approved is what is sent.
    return Ask(approval, partial(_continue_if_approved, call, next_round(place)))


def pass_gates(
    name: str, origins_of: Mapping[str, int], name_origins: int, count: int, context: StepContext
) -> tuple[str, ...]:
    """Why `count` calls need approval; nothing if they may be made at once. The arguments come from these origins.

    Raises `Fault("denied")`, `Fault("egress")` and `Fault("budget")`.
    """
    tool = context.settings.tools[name]
    rule = rule_of(context.settings.policy, name)
    # Gate 1: the policy. The call itself is judged as one more argument: data may have chosen the tool.
    judgment = judge(tool, rule, {CALL: name_origins | CONTROLLER, **origins_of}, context.turn.spoken)
    if judgment.verdict == "deny":
        raise Fault("denied", f"`{name}` was not called: {'; '.join(judgment.reasons)}")
    # Gate 2: egress. The choice counts as content, too: being called tells a tool something about what chose it.
    context.check_egress(reduce(or_, origins_of.values(), name_origins), f"tool:{name}")
    # Gate 3: the counter. It includes the calls that are under way.
    left = None if rule.calls is None else max(0, rule.calls - context.ledger.get(tool_counter(name), 0))
    if left is not None and count > left:
        used_up = f"the policy allows {rule.calls:,} calls of `{name}`, and they are used up"
        raise Fault(
            "budget", used_up if count == 1 else f"{count:,} rows x 1 call of `{name}` > {left:,} still allowed"
        )
    return () if judgment.verdict == "allow" else judgment.reasons


def as_json(arguments: Mapping[str, TaintedValue], context: StepContext) -> dict[str, Any]:
    """The arguments of a call as a tool gets them."""
    for value in arguments.values():
        context.ensure_room(json_size(value.value, context.blobs))
    return {key: to_json(value.value, context.blobs) for key, value in arguments.items()}


def approval_of(name: str, arguments: dict[str, Any], origins_of: Mapping[str, int], reasons: Sequence[str]) -> str:
    """What is asked of whoever approves: the call word for word, and where each part of it comes from."""
    origins = {key: list(origin_words(bits)) for key, bits in origins_of.items()}
    question = {"tool": name, "arguments": arguments, "origins": origins, "reasons": list(reasons)}
    return value_bytes(question).decode()


def _continue_if_approved(call: _ToolCall, place: CallSite, context: StepContext, results: Sequence[Result]) -> Ask:
    """The second round: the call itself. Raises `Fault("denied")` unless somebody has approved it."""
    (result,) = results
    why = "; ".join(call.reasons)
    if not isinstance(result, Answered):
        raise Fault("denied", f"`{call.name}` was not called: nobody approved ({result.error}); {why}")
    if not approves(result):
        raise Fault("denied", f"`{call.name}` was not called: it was not approved; {why}")
    return _ask_call(call, context, place)


def approves(result: Result) -> bool:
    """Whether an approval's answer is `{"approved": true, ...}`. Anything else is a no, text that is not JSON too."""
    if not isinstance(result, Answered):
        return False
    try:
        answer = read_json(result.text)
    except Fault:
        return False
    # `is True`: neither 1 nor "yes" nor "false" passes for a consent.
    return isinstance(answer, dict) and answer.get("approved") is True


def _ask_call(call: _ToolCall, context: StepContext, place: CallSite) -> Ask:
    prompt = Prompts([call.arguments], origins=call.origins, holdings=[partial(_hold, each) for each in call.holdings])
    calls = calls_outside("tool", call.name, prompt, place, context)
    # Counted here and not with the approval: a call that was refused does not use up the policy's count.
    return Ask(calls, partial(_read_result, call), counters=(tool_counter(call.name),))


def _hold(holding: Holding, _: int) -> Holding:
    return holding


def _read_result(call: _ToolCall, context: StepContext, results: Sequence[Result]) -> TaintedValue:
    """The value that the tool returned as JSON. Raises `Fault("calls_failed")`."""
    (result,) = results
    if not isinstance(result, Answered):
        # The words of the tool are untrusted: quoted in a warning, never a part of the fault's message.
        if result.detail:
            context.warn(f"`{call.name}` reported:", result.detail, code="tool_said")
        raise Fault("calls_failed", f"the call to `{call.name}` failed ({result.error})")
    value = read_json(result.text)
    context.ensure_room(size_of(value))
    return TaintedValue(value, TOOL | DERIVED | input_bits_of(call.origins))
