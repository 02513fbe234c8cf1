"""What a nested run may do: the settings that `sub_rlm` makes for it out of those of this run.

Nothing may be gained by nesting: neither budget, nor depth, nor permission.

- Budgets: an allowance, the `share` of everything that is left, is reserved here when the run begins. It is charged
  with what it used when it ends, and the rest comes back.

      limit 100 turns, 20 used, share=0.5   ->  the nested run has 40 turns; it uses 3; 77 are left here

- Depth: at most one less than here.
- Roles: the nested run asks the same models. Its controller is this run's role `rlm`; `rlm_2` becomes `rlm` there, so
  that each level can have a model of its own, and the last of them serves all levels below.
- Policy: the same rules. An input of the nested run is under the rules of every input that it was made of here, so that
  passing content on under another name changes nothing. So is the question, which is in the settings with its label.
"""

from collections.abc import Iterable, Mapping

import msgspec

from rlmlite_kernel.actions.calls.tools import TOOL_COUNTER, tool_counter
from rlmlite_kernel.effects.levels import round_left
from rlmlite_kernel.effects.policy import rule_of
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import FOREIGN, TaintedValue, origin_words
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import EXPOSURE_BY_INPUT, LABELS_OF_QUESTIONS
from rlmlite_kernel.records.settings import CONTROLLER_ROLE, Limits, Policy, QuestionLabel, Settings

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
"""The budgets of which a nested run gets a share, and with which its parent is charged."""

NESTED_ROLE = "rlm"
"""The role that controls nested runs; below it `rlm_2`, and so on. Without one the controller does it."""


def charges_to_parent(used: Mapping[str, int]) -> dict[str, int]:
    """The part of what a nested run used that its parent is charged with."""
    charges: dict[str, int] = {}
    for name, amount in used.items():
        if amount and (name in SHARED or name.startswith(TOOL_COUNTER)):
            charges[name] = amount
    return charges


def share_budgets(context: StepContext, share: object, runs: int = 1) -> dict[str, int]:
    """The allowance of each of so many runs: a part of the share of each budget that is left, the same for all.

    0 stands for a budget without a limit.

    The share is taken as a fraction of whole numbers, so that no rounding differs between machines.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise Fault("bound", "`share` must be more than 0 and at most 1")
    numerator, denominator = share.as_integer_ratio()
    limits = context.settings.limits
    # A nested run is told its limits, which follow from what is left here, and that may follow from any input. The
    # turns of this run alone do not.
    are_own_turns = context.ledger.get("turns", 0) == context.turn.number
    is_rounded = bool(context.egress.ruled) and context.follows(EXPOSURE_BY_INPUT)
    allowance: dict[str, int] = {}
    for name in SHARED:
        has_limit = getattr(limits, name) is not None
        # Tokens and cost are known only afterwards, so the ledger may stand above the limit.
        left = max(0, context.budget_left(name)) if has_limit else 0
        if is_rounded and has_limit and not (name == "turns" and are_own_turns):
            left = round_left(left, getattr(limits, name))
        allowance[name] = left * numerator // (denominator * runs)
    for tool in context.settings.tools:
        calls_allowed = rule_of(context.settings.policy, tool).calls
        if calls_allowed is not None:
            counter = tool_counter(tool)
            calls_left = max(0, calls_allowed - context.ledger.get(counter, 0))
            if is_rounded:
                calls_left = round_left(calls_left, calls_allowed)
            allowance[counter] = calls_left * numerator // (denominator * runs)
    # A nested run needs one turn of one step at least. Any other budget may be empty: it may not be needed.
    for name in ("turns", "steps"):
        if allowance[name] < 1:
            less = "less than one" if runs == 1 else f"less than one for each of {runs:,} nested runs"
            advice = "" if runs == 1 else "; use where(...), top(...) or a larger share"
            shared = f"a share of {share} of the remaining {context.budget_left(name):,} {name}"
            raise Fault("budget", f"{shared} is {less}{advice}")
    return allowance


def nested_settings(
    context: StepContext,
    depth: int | None,
    allowance: dict[str, int],
    inputs: Mapping[str, TaintedValue],
    question: int,
    parent: str,
) -> Settings:
    """The settings of the nested run. `parent` is the id of the request that begins it, `question` are the origins of
    what it is asked.

    Raises `Fault("budget")` if this run is as deep as runs may be.
    """
    ours = context.settings
    if ours.limits.depth < 1:
        raise Fault("budget", "no deeper nested run is allowed here (limit `depth`); use sub_lm or extract_over_chunks")
    deepest = ours.limits.depth - 1
    # The program counts its own level: `depth=1` is a nested run that may not nest again.
    depth_below = deepest if depth is None else min(depth - 1, deepest)
    # A budget without a limit here has none there; its 0 in the allowance only says that nothing is reserved.
    bounded = {name: allowance[name] for name in SHARED if getattr(ours.limits, name) is not None}
    limits: Limits = msgspec.structs.replace(ours.limits, depth=depth_below, **bounded)
    # What is kept back for the last turn shrinks in the same proportion as the limit that it is kept back from.
    kept: dict[str, int] = {}
    for name, amount in ours.kept.items():
        our_limit = getattr(ours.limits, name) or 1
        kept[name] = allowance[name] * amount // our_limit
    roles = {name: ours.roles[role] for name, role in nested_roles(ours.roles).items()}
    return Settings(
        limits=limits,
        kept=kept,
        roles=roles,
        tools=ours.tools,
        policy=_nested_policy(ours.policy, inputs, allowance, context),
        scope=ours.scope,
        parent=parent,
        question=QuestionLabel(
            origins=origin_words(question & FOREIGN),
            inputs=context.egress.rules_of(question),
        ),
    )


def nested_roles(names: Iterable[str]) -> dict[str, str]:
    """The roles of a nested run, each with the role here that plays it.

    `controller, sub, rlm, rlm_2` gives `{sub: sub, controller: rlm, rlm: rlm_2}`.
    """
    known = list(names)
    roles = {name: name for name in known if not name.startswith((CONTROLLER_ROLE, NESTED_ROLE))}
    controllers = [name for name in known if name.startswith(NESTED_ROLE)]
    if controllers:
        roles[CONTROLLER_ROLE] = controllers[0]
    elif CONTROLLER_ROLE in known:
        roles[CONTROLLER_ROLE] = CONTROLLER_ROLE
    # Each level takes one away from the front, except the last: it controls all levels below it.
    below = controllers[1:] or controllers
    return roles | {nested_role(level): name for level, name in enumerate(below, 1)}


def nested_role(level: int) -> str:
    """The role that controls nested runs of a level, from 1."""
    if level == 1:
        return NESTED_ROLE
    return f"{NESTED_ROLE}_{level}"


def _nested_policy(
    policy: Policy, inputs: Mapping[str, TaintedValue], allowance: dict[str, int], context: StepContext
) -> Policy:
    """The same policy, with each new input under the rules of its origins, and each tool's calls at the allowance."""
    spoken = context.turn.spoken if context.follows(LABELS_OF_QUESTIONS) else 0
    under: dict[str, tuple[str, ...]] = {}
    for name, value in inputs.items():
        # What the controller wrote, or chose, may say what it knows.
        under[name] = context.egress.rules_of(value.origins | spoken)
    if policy.tools is None:
        return msgspec.structs.replace(policy, under=under)
    tools = dict(policy.tools)
    for name in context.settings.tools:
        counter = tool_counter(name)
        if counter in allowance:
            # A rule of its own for each tool, since a rule for all (`*`) has one count and the allowances differ.
            tools[name] = msgspec.structs.replace(rule_of(policy, name), calls=allowance[counter])
    return msgspec.structs.replace(policy, under=under, tools=tools)
