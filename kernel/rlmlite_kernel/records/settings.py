"""What a run may do and may cost: limits, roles, tools and policy, fixed at `begin` and recorded in the genesis."""

from typing import Literal, TypeAlias, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

Amount = TypeVar("Amount", int, npt.NDArray[np.int64])
"""One call's number, or an array of them, one a call."""

CONTROLLER_ROLE = "controller"
"""The role that writes programs and sees observations; those that take over from it are `controller_2`, ..."""

SUB_ROLE = "sub"
"""The role that reads pieces of the inputs, unless a program names another."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hard budgets, never exceeded, then the two settled ones (`tokens`, `cost_nano`; `None` is no limit).

    Bytes are bytes, `search_work` is work units (window bytes; see `engines.find`), `depth` is how many levels of
    nested runs there may be, the rest are counts.
    """

    turns: int = 30
    steps: int = 2_000
    sub_calls: int = 1_000
    tool_calls: int = 100
    depth: int = 1
    call_prompt_bytes: int = 400_000
    prompt_bytes: int = 1_000_000_000
    output_tokens: int = 10_000_000
    observation_bytes: int = 10_000
    value_bytes: int = 256_000_000
    variables: int = 1_000
    chunks: int = 1_000_000
    search_work: int = 20_000_000_000
    tokens: int | None = None
    cost_nano: int | None = None


class Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model behind a role and how its calls are reserved.

    A call reserves ceil(prompt bytes x 1000 / bytes_per_1000_tokens) + `max_output_tokens` tokens, and their price in
    nano-dollars per 1,000 tokens (`None`: the price is unknown, which a cost limit refuses).
    """

    model: str
    max_output_tokens: int = 1_024
    bytes_per_1000_tokens: int = 3_000
    input_price: int | None = None
    output_price: int | None = None

    def reserved_tokens(self, prompt_bytes: Amount) -> Amount:
        """The tokens that a call of so long a prompt reserves: the prompt's, rounded up, and its longest answer."""
        return -(-prompt_bytes * 1_000 // self.bytes_per_1000_tokens) + self.max_output_tokens

    def reserved_cost(self, prompt_bytes: Amount) -> Amount | None:
        """What such a call reserves in nano-dollars; `None` where the price is unknown."""
        if self.input_price is None or self.output_price is None:
            return None
        prompt = self.reserved_tokens(prompt_bytes) - self.max_output_tokens
        return -(-(prompt * self.input_price + self.max_output_tokens * self.output_price) // 1_000)


class ToolParam(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One argument of a tool: its name, what it is, whether a call must give it."""

    name: str
    help: str = ""
    required: bool = True


class Tool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A function of the host's that programs may call by its name or by `tool_call(name, args)`.

    `side_effects`: a call changes something outside. `schema` is the JSON schema of the arguments, as text: the host
    checks them against it before it calls.
    """

    help: str
    params: tuple[ToolParam, ...] = ()
    side_effects: bool = True
    schema: str = ""


Verdict: TypeAlias = Literal["allow", "ask", "deny"]
"""What a policy says of a call: it is made, a person or a program is asked first, it is not made."""


class ToolRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a policy says of one tool.

    `accepts` lists, per argument (`*` for the others), the origins that it may have; an argument of another origin
    makes the call `otherwise`. Without `accepts` a tool with side effects accepts what no input, tool or model had a
    part in, any other tool everything; `the call itself` stands for the decision to call it at all.
    `calls` bounds the calls of this tool in a run, `timeout_ms` the time of each.
    `unknown` is for a call with side effects that was begun, and whose end nobody saw because the process died.
    """

    rule: Verdict = "allow"
    otherwise: Verdict = "ask"
    accepts: dict[str, tuple[str, ...]] | None = None
    calls: int | None = None
    timeout_ms: int | None = None
    unknown: Literal["fail", "retry"] = "fail"


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is permitted; `None` permits all.

    `actions` and `models` list what is permitted; a model's pattern may end with `*`.
    `tools` has a rule a tool, `*` for those without one; a tool that no rule names is denied.
    `egress` lists, per input (`*` for those without a rule), the patterns of models and tools (`tool:NAME`) that its
    content may be sent to. `under` says of an input that it stands under the rules of these names instead of its own:
    a nested run's inputs do, which are made of its parent's.
    """

    actions: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    tools: dict[str, ToolRule] | None = None
    egress: dict[str, tuple[str, ...]] = {}
    under: dict[str, tuple[str, ...]] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything about a run but its inputs and its key. `scope` holds the host's labels (thread, user, ...).

    `kept` is what of `tokens` and `cost_nano` the calls of programs may not use: it is there for the controller's last
    answer. `parent` is the id of the call that a nested run answers.
    """

    limits: Limits = Limits()
    kept: dict[str, int] = {}
    roles: dict[str, Role] = {}
    tools: dict[str, Tool] = {}
    policy: Policy = Policy()
    scope: dict[str, str] = {}
    parent: str | None = None
