"""`sub_rlm`: a question of its own for a nested run, over parts of what this run has.

It gets an allowance: a share of every budget that is left, reserved whole here, and all that it can see. What it does
not use comes back when it ends. Its trace is its own; the root of it stands in this run's record.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from rlmlite_kernel.actions.calls.tools import TOOL_COUNTER, tool_counter
from rlmlite_kernel.effects.policy import rule_of
from rlmlite_kernel.effects.prompts import Ask, Place, PromptWriter, one_call
from rlmlite_kernel.effects.requests import Answered, Nested, Result, request_id
from rlmlite_kernel.evaluation.context import (
    CONTROLLER,
    DERIVED,
    LM,
    StepContext,
    TaintedValue,
    input_bits_of,
    merge_taint,
)
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.settings import CONTROLLER_ROLE, Limits, Policy, Settings
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import DOCUMENTS, Rows, Value, kind_of, plain, plain_size, size_of

ALONE = "context"
"""What the only input of a nested run is called, if it is given none."""

SHARED = (
    "turns",
    "steps",
    "sub_calls",
    "tool_calls",
    "prompt_bytes",
    "output_tokens",
    "value_bytes",
    "chunks",
    "search_work",
    "tokens",
    "cost_nano",
)
"""Budgets of which a nested run gets a share."""

NESTED_ROLE = "rlm"
"""The role that controls nested runs; below it `rlm_2`, and so on. Without one the controller does it."""


def ask_rlm(
    context: StepContext,
    place: Place,
    question: str | TaintedValue,
    depth: int | None,
    share: object,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """The nested run, begun by whoever drives this one."""
    if isinstance(question, TaintedValue):
        inputs, question = {**inputs, "question": question}, "{question}"
    prompts = PromptWriter(context, inputs, None).write(question, None)
    given = {name: held for name, held in inputs.items() if name != "question"}
    if not given:
        raise Fault("arguments", f"a nested run needs an input, such as {ALONE}=logs")
    allowance = _allowance(context, share.value if isinstance(share, TaintedValue) else share)
    settings = _settings(context, depth, allowance, given, request_id(*place, 0))
    origins, _ = merge_taint([*given.values(), TaintedValue(None, prompts.origins | CONTROLLER)])
    controller = settings.roles.get(CONTROLLER_ROLE)
    if controller is not None:
        context.egress.check(prompts.origins, controller.model)
    nested = Nested({name: _input(held, context) for name, held in given.items()}, settings)
    calls = one_call("rlm", NESTED_ROLE, prompts, place, context, nested)
    return Ask(calls, partial(_answered, origins), holds=allowance)


def charges_to_parent(used: Mapping[str, int]) -> dict[str, int]:
    """Of what a nested run used, that which its parent is charged with."""
    return {
        name: amount for name, amount in used.items() if amount and (name in SHARED or name.startswith(TOOL_COUNTER))
    }


def _allowance(context: StepContext, share: object) -> dict[str, int]:
    """The share of each budget that is left; 0 stands for a budget without a limit."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise Fault("bound", "`share` is more than 0 and at most 1")
    upper, lower = share.as_integer_ratio()
    limits = context.settings.limits
    allowance = {
        name: 0 if getattr(limits, name) is None else max(0, context.budget_left(name)) * upper // lower
        for name in SHARED
    }
    for name in context.settings.tools:
        calls, counter = rule_of(context.settings.policy, name).calls, tool_counter(name)
        if calls is not None:
            allowance[counter] = max(0, calls - context.ledger.get(counter, 0)) * upper // lower
    for name in ("turns", "steps"):
        if allowance[name] < 1:
            raise Fault("budget", f"a share of {share} of the {context.budget_left(name):,} {name} left is none")
    return allowance


def _settings(
    context: StepContext, depth: int | None, allowance: dict[str, int], given: dict[str, TaintedValue], parent: str
) -> Settings:
    ours = context.settings
    if ours.limits.depth < 1:
        raise Fault("budget", "nested runs may not go deeper here (limit depth); use sub_lm or extract_over_chunks")
    deeper = ours.limits.depth - 1 if depth is None else min(depth - 1, ours.limits.depth - 1)
    bounded = {name: allowance[name] for name in SHARED if getattr(ours.limits, name) is not None}
    limits: Limits = msgspec.structs.replace(ours.limits, depth=deeper, **bounded)
    kept = {name: allowance[name] * amount // (getattr(ours.limits, name) or 1) for name, amount in ours.kept.items()}
    return Settings(
        limits=limits,
        kept=kept,
        roles={name: ours.roles[role] for name, role in nested_roles(ours.roles).items()},
        tools=ours.tools,
        policy=_policy(ours.policy, given, allowance, context),
        scope=ours.scope,
        parent=parent,
    )


def nested_roles(names: Iterable[str]) -> dict[str, str]:
    """Whom each role of a nested run is played by: the role here.

    What plays `rlm` here controls there, `rlm_2` is `rlm` there, and so on; the last one goes on below.
    """
    known = list(names)
    found = {name: name for name in known if not name.startswith((CONTROLLER_ROLE, NESTED_ROLE))}
    nested = [name for name in known if name.startswith(NESTED_ROLE)]
    if nested or CONTROLLER_ROLE in known:
        found[CONTROLLER_ROLE] = nested[0] if nested else CONTROLLER_ROLE
    return found | {nested_role(level): name for level, name in enumerate(nested[1:] or nested, 1)}


def nested_role(level: int) -> str:
    """The role that controls nested runs of a level, from 1."""
    return NESTED_ROLE if level == 1 else f"{NESTED_ROLE}_{level}"


def _policy(policy: Policy, given: dict[str, TaintedValue], allowance: dict[str, int], context: StepContext) -> Policy:
    """The same policy, under whose rules each new input stands for the inputs that it was made of.

    Of the calls that it allows a tool the nested run has its share.
    """
    under: dict[str, tuple[str, ...]] = {}
    for name, held in given.items():
        under[name] = tuple(
            dict.fromkeys(
                rule for own in context.egress.input_names(held.origins) for rule in policy.under.get(own, (own,))
            )
        )
    fewer = {
        name: msgspec.structs.replace(rule_of(policy, name), calls=allowance[tool_counter(name)])
        for name in context.settings.tools
        if tool_counter(name) in allowance
    }
    tools = policy.tools if policy.tools is None else {**policy.tools, **fewer}
    return msgspec.structs.replace(policy, under=under, tools=tools)


def _input(held: TaintedValue, context: StepContext) -> Value:
    """Text and documents by reference, all else as plain JSON."""
    value = held.value
    if isinstance(value, Text) or (isinstance(value, Rows) and value.kind == DOCUMENTS):
        return value
    context.ensure_room(plain_size(value, context.blobs))
    found: Value = plain(value, context.blobs)
    if not isinstance(found, str | list | dict):
        raise Fault("type", f"an input is text, documents, rows, a list or a record, not {kind_of(value)}")
    return found


def _answered(origins: int, context: StepContext, results: Sequence[Result]) -> TaintedValue:
    """The nested run's answer; one that is partial makes this step's partial too."""
    (result,) = results
    child = result.child
    if not isinstance(result, Answered):
        why = f"{child.status}: {child.reason}" if child is not None else result.error
        raise Fault("calls_failed", f"the nested run gave no answer ({why})")
    if child is not None and child.status != "completed":
        context.mark_partial("nested_partial", f"the nested run ended {child.status} ({child.reason})")
    value = read_json(result.text)
    context.ensure_room(size_of(value))
    return TaintedValue(value, LM | DERIVED | input_bits_of(origins))
