"""Policy: may this call be made, and may this content be sent there? Pure judgments over origins.

Every value carries *origins*, as bits: `INPUT`, `TOOL`, `LM`, `CONTROLLER`, and one bit for each input by name. Two
questions are answered with them:

* **A tool call** (`judge`): may its arguments come from where they do? A literal of a program comes from the
  controller. Once the controller has seen content of an input, a tool or a model, that content may speak through it,
  so from then on what it writes counts as a model's.
* **Egress**: may content of an input go to this model, or to this tool? Rules name inputs, so the bits of inputs are
  what counts, however the content was processed in between.

Example: `mail` is a tool with side effects and no rule of its own; `context` is an input.

    mail(to="ann@example.org")          controller, not exposed      allowed
    mail(to=context.lines[0])           input                        asked for: "to comes from input"
    mail(to="ann@example.org")          controller, exposed          asked for: "the call itself comes from lm", ...

Not here: who is asked (`actions.calls.tools` makes the request), nor what a model does with what it is sent.
"""

from collections.abc import Iterable, Mapping

import msgspec

from rlmlite_kernel.evaluation.taint import CONTROLLER, FOREIGN, ORIGINS, input_bit, origin_words
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.settings import CONTROLLER_ROLE, Policy, Settings, Tool, ToolRule, Verdict

ANY = "*"
"""Stands for every tool, argument or input that has no rule of its own."""

CALL = "the call itself"
"""Stands among the arguments for the decision to call at all, and to call this tool."""

QUESTION = "question"
"""Stands among the inputs for the question of a nested run. `sub_rlm` gives no input this name."""

_SEVERITY: tuple[Verdict, ...] = ("allow", "ask", "deny")

_EVERY_ORIGIN = ~0


class Judgment(msgspec.Struct, frozen=True):
    """What a policy says of one call, and why it is not simply allowed."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def rule_of(policy: Policy, name: str) -> ToolRule:
    """The rule for a tool. A policy without a table of tools allows all; one with a table denies what it omits."""
    if policy.tools is None:
        return ToolRule()
    # The tool's own rule, else the one for every tool, else none: what a table does not mention is not permitted.
    return policy.tools.get(name) or policy.tools.get(ANY) or ToolRule(rule="deny")


def judge(tool: Tool, rule: ToolRule, arguments: Mapping[str, int], spoken: int) -> Judgment:
    """The verdict on a call whose arguments have these origins; `CALL` is one of them.

    `spoken` are the origins of what the controller writes. The most severe verdict that any argument gives is the
    call's.
    """
    # The rule itself is one verdict; every argument of an origin that is not accepted adds another.
    verdicts = [rule.rule]
    reasons: list[str] = []
    if rule.rule != "allow":
        reasons.append(f"the policy says `{rule.rule}`")
    for argument, origins in arguments.items():
        accepted = _accepted_origins(rule, tool, argument)
        refused = _effective_origins(origins, spoken) & ~accepted
        if refused:
            words = " and ".join(origin_words(refused))
            verdicts.append(rule.otherwise)
            reasons.append(f"{argument} comes from {words}")
    # All reasons are given, not only the worst: whoever is asked to approve has to weigh each of them.
    most_severe = max(verdicts, key=_SEVERITY.index)
    return Judgment(most_severe, tuple(reasons))


def _effective_origins(origins: int, spoken: int) -> int:
    """The origins as they count: what a controller wrote has those of what it has seen."""
    return origins | spoken if origins & CONTROLLER else origins


def _accepted_origins(rule: ToolRule, tool: Tool, argument: str) -> int:
    """The origins that an argument may have. That something was computed is never a reason to refuse it."""
    if rule.accepts is None:
        return ~FOREIGN if tool.side_effects else _EVERY_ORIGIN
    if argument == CALL and CALL not in rule.accepts and not tool.side_effects:
        # What such a tool is told may matter, but that it is called changes nothing outside.
        return _EVERY_ORIGIN
    words = rule.accepts.get(argument, rule.accepts.get(ANY, ()))
    accepted_bits = sum(bit for bit, word in ORIGINS.items() if word in words)
    # What the controller wrote, or the kernel computed, every rule accepts.
    return ~FOREIGN | accepted_bits


def permits_model(policy: Policy, model: str) -> bool:
    """Whether a model may play a role at all."""
    return policy.models is None or _matches(policy.models, model)


class Egress:
    """Which inputs' content may not go where. Inputs are known by their place among the run's inputs.

    The question of a nested run may hold content of its parent's inputs, so it counts as one more input, the last:
    `question` are the inputs that it was made of.
    """

    def __init__(self, policy: Policy, inputs: Iterable[str], question: tuple[str, ...] | None = None) -> None:
        # An input of a nested run stands under the rules of all the inputs that it was made of.
        self._under = {name: policy.under.get(name, (name,)) for name in inputs}
        if question is not None:
            self._under[QUESTION] = question
        self._names = list(self._under)
        self._rules = [_rules_of(policy, names) for names in self._under.values()]

    @property
    def input_bits(self) -> int:
        """The origin bits of all inputs."""
        return sum(input_bit(number) for number in range(len(self._names)))

    @property
    def ruled(self) -> int:
        """The origin bits of the inputs whose content may not go everywhere."""
        return sum(input_bit(number) for number, rules in enumerate(self._rules) if rules)

    @property
    def question_bit(self) -> int:
        """The origin bit of the question of a nested run; 0 if the question is under no rule."""
        return input_bit(self._names.index(QUESTION)) if self._under.get(QUESTION) else 0

    def barred(self, destination: str) -> int:
        """The bits of the inputs whose content may not be sent to a model, or to `tool:NAME`."""
        bits = 0
        for number, rules in enumerate(self._rules):
            is_permitted = all(_matches(rule, destination) for rule in rules)
            if not is_permitted:
                bits |= input_bit(number)
        return bits

    def input_names(self, origins: int) -> tuple[str, ...]:
        """The names of the inputs among some origins."""
        return tuple(name for number, name in enumerate(self._names) if origins & input_bit(number))

    def rules_of(self, origins: int) -> tuple[str, ...]:
        """The names of the inputs whose rules content of these origins is under, each once, in their order."""
        # A dict as an ordered set: the names go into a genesis, so their order must not differ between machines.
        rules: dict[str, None] = {}
        for name in self.input_names(origins):
            rules.update(dict.fromkeys(self._under[name]))
        return tuple(rules)

    def check(self, origins: int, destination: str) -> None:
        """Raise `Fault("egress")` if content of these origins may not be sent there."""
        barred = self.input_names(origins & self.barred(destination))
        if barred:
            names = ", ".join(f"`{name}`" for name in barred)
            raise Fault("egress", f"the policy keeps {names} from {destination}; nothing was sent")


def barred_from_controllers(settings: Settings, egress: Egress) -> int:
    """The bits of inputs whose content no observation may show.

    A controller may take over from another, so what one of them may not be sent is shown to none.
    """
    bits = 0
    for name, role in settings.roles.items():
        if name.startswith(CONTROLLER_ROLE):
            bits |= egress.barred(role.model)
    return bits


def _rules_of(policy: Policy, names: Iterable[str]) -> list[tuple[str, ...]]:
    """The lists of permitted destinations for content of some inputs; each of them must permit a destination."""
    rules: list[tuple[str, ...]] = []
    for each in names:
        rule = policy.egress.get(each, policy.egress.get(ANY))
        # Without a rule of its own or for every input, content may go anywhere.
        if rule is not None:
            rules.append(rule)
    return rules


def _matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns is the name, or ends with `*` and is how the name begins."""
    for pattern in patterns:
        # Only a last `*` has a meaning: `openai/*`. Elsewhere it is a character of the name.
        is_prefix = pattern.endswith(ANY)
        if name == pattern or (is_prefix and name.startswith(pattern[:-1])):
            return True
    return False
