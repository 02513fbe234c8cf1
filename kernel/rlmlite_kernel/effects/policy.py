"""Policy: may this call be made, and may this content be sent there? Pure judgments over origins.

A literal of a program comes from the controller. Once the controller has seen content of an input, a tool or a model,
that content may speak through it, so from then on what it writes counts as a model's.
Not here: who is asked (`actions.effects` makes the request), nor what a model does with what it is told.
"""

from collections.abc import Iterable, Mapping

import msgspec

from rlmlite_kernel.evaluation.context import CONTROLLER, FOREIGN, LM, ORIGINS, input_bit, origin_words
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.settings import CONTROLLER_ROLE, Policy, Settings, Tool, ToolRule, Verdict

ANY = "*"
"""Stands for every tool, argument or input that has no rule of its own."""


class Judged(msgspec.Struct, frozen=True):
    """What a policy says of one call, and why it is not simply allowed."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def rule_of(policy: Policy, name: str) -> ToolRule:
    """The rule for a tool: the usual one without a policy for tools; with one, what it does not name is denied."""
    if policy.tools is None:
        return ToolRule()
    return policy.tools.get(name) or policy.tools.get(ANY) or ToolRule(rule="deny")


def judge(tool: Tool, rule: ToolRule, arguments: Mapping[str, int], exposed: bool) -> Judged:
    """The verdict on a call whose arguments have these origins, `CALL` among them: the decision to call it at all.

    `exposed`: the controller has seen foreign content.
    """
    reasons = [f"the policy says `{rule.rule}`"] if rule.rule != "allow" else []
    verdicts = [rule.rule]
    for argument, origins in arguments.items():
        foreign = _counted(origins, exposed) & ~_accepted(rule, tool, argument)
        if foreign:
            reasons.append(f"{argument} comes from {' and '.join(origin_words(foreign))}")
            verdicts.append(rule.otherwise)
    return Judged(max(verdicts, key=_SEVERITY.index), tuple(reasons))


CALL = "the call itself"
"""What stands for the decision to call at all, and of this tool, among the arguments."""

_SEVERITY: tuple[Verdict, ...] = ("allow", "ask", "deny")


def _counted(origins: int, exposed: bool) -> int:
    """The origins as they count: a controller that has seen foreign content is a model like any other."""
    return origins | LM if exposed and origins & CONTROLLER else origins


def _accepted(rule: ToolRule, tool: Tool, argument: str) -> int:
    """The origins that an argument may have, as bits; that something was computed is never a reason to refuse it."""
    if rule.accepts is None:
        return ~FOREIGN if tool.side_effects else ~0
    if argument == CALL and CALL not in rule.accepts and not tool.side_effects:
        return ~0  # what a tool without side effects is told may matter, that it is called does not
    words = rule.accepts.get(argument, rule.accepts.get(ANY, ()))
    return ~FOREIGN | sum(bit for bit, word in ORIGINS.items() if word in words)


def permits_model(policy: Policy, model: str) -> bool:
    """Whether a model may play a role at all."""
    return policy.models is None or _matches(policy.models, model)


class Egress:
    """Which inputs' content may not go where, by the numbers of the inputs in their order."""

    def __init__(self, policy: Policy, inputs: Iterable[str]) -> None:
        self._names = list(inputs)
        self._rules = [_rules(policy, name) for name in self._names]

    def barred(self, destination: str) -> int:
        """The origins, as bits, of the inputs that may not be sent to a model or to `tool:NAME`."""
        return sum(
            input_bit(number)
            for number, rules in enumerate(self._rules)
            if not all(_matches(rule, destination) for rule in rules)
        )

    def input_names(self, origins: int) -> tuple[str, ...]:
        """The inputs that some origins name."""
        return tuple(name for number, name in enumerate(self._names) if origins & input_bit(number))

    def check(self, origins: int, destination: str) -> None:
        """Raise `Fault("egress")` if content of these origins may not be sent there."""
        barred = self.input_names(origins & self.barred(destination))
        if barred:
            names = ", ".join(f"`{name}`" for name in barred)
            raise Fault("egress", f"the policy keeps {names} from {destination}; nothing was sent")


def barred_from_controllers(settings: Settings, egress: Egress) -> int:
    """The origins of inputs whose content no observation may show: some controller may not be sent it."""
    barred = 0
    for name, role in settings.roles.items():
        if name.startswith(CONTROLLER_ROLE):
            barred |= egress.barred(role.model)
    return barred


def _rules(policy: Policy, name: str) -> list[tuple[str, ...]]:
    """The lists of destinations, each of which must permit what an input is sent to."""
    found = (policy.egress.get(each, policy.egress.get(ANY)) for each in policy.under.get(name, (name,)))
    return [rule for rule in found if rule is not None]


def _matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns is the name, or ends with `*` and begins it."""
    return any(name.startswith(pattern[:-1]) if pattern.endswith(ANY) else name == pattern for pattern in patterns)
