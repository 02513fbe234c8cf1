"""What a run may do and what it may cost: limits, roles, tools and policy.

They are fixed when a run begins, and recorded in its genesis, so a replay obeys the same ones.
Not here: how the command line and `rlmlite.toml` spell them (`rlmlite`), how they are enforced (`run`, `effects`).
"""

from functools import cache
from typing import Literal, TypeAlias, TypeVar, get_type_hints

import msgspec
import numpy as np
import numpy.typing as npt

from rlmlite_kernel.faults import SettingsError

Amount = TypeVar("Amount", int, npt.NDArray[np.int64])
"""The number of one call, or an array of them, one per call."""

CONTROLLER_ROLE = "controller"
"""The role that writes programs and sees observations; those that take over from it are `controller_2`, ..."""

SUB_ROLE = "sub"
"""The role that reads pieces of the inputs, unless a program names another."""

REPAIR_ROLE = "repair"
"""The role that mends answers which are not of the form, if a run has it."""


REQUIRE_EVIDENCE = "require_evidence"
"""The gate by which an answer needs verbatim evidence."""

ACCEPT = "accept"
"""The gate by which the host judges an answer."""


_LEAST = {"bytes_per_1000_tokens": 1}
"""The lowest number of a field, where that is not 0."""


class CheckedSettings(msgspec.Struct, frozen=True):
    """Settings whose fields are checked when they are made, however that is: `Limits(turns=1.5)` raises
    `SettingsError`.
    """

    def __post_init__(self) -> None:
        for name, hint in _hints(type(self)).items():
            _check_field(type(self).__name__, name, getattr(self, name), hint)


@cache
def _hints(kind: type[CheckedSettings]) -> dict[str, object]:
    return {name: hint for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__}


def _check_field(kind: str, name: str, value: object, hint: object) -> None:
    """Raise `SettingsError` for a value that a field cannot have."""
    if hint is int or hint == (int | None):
        least = _LEAST.get(name, 0)
        is_number = isinstance(value, int) and not isinstance(value, bool) and value >= least
        is_nothing = value is None and hint is not int
        if is_number or is_nothing:
            return
        expected = f"expected a whole number, {least} or more"
    else:
        try:
            msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            expected = str(error)
        else:
            return
    raise SettingsError(f"{kind}.{name}={_shown(value)}: {expected[0].lower()}{expected[1:]}")


def _shown(value: object) -> str:
    """A value for a message, no longer than a part of a line."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number that is too long to show"
    return text if len(text) <= 60 else f"{text[:60]}..."


class Limits(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hard budgets, which are never exceeded, and two that are settled by what providers report.

    Those two are `tokens` and `cost_nano`; for them `None` is no limit.
    Names in `_bytes` are bytes, `search_work` is work units (window bytes; see `engines.find`), `depth` is how many
    levels of nested runs there may be, and the rest are counts.
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


class Sampling(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a model picks its words, as its role asks for it; what has its default is left to the model's server.

    Which of it a call could not be asked with, since its server refused it, is in that call's record.
    """

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    reasoning_effort: str = ""


WindowSource: TypeAlias = Literal["", "host", "client", "server", "price list"]
"""Who said what a model's window is; empty where nobody did, and in older runs."""


class Role(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model behind a role, how it is asked, and how its calls are reserved.

    A call reserves ceil(prompt bytes x 1000 / bytes_per_1000_tokens) + `max_output_tokens` tokens, and their price in
    nano-dollars per 1,000 tokens (`None`: the price is unknown, which a cost limit refuses).
    `window` is how many tokens the model can read and answer with in all (`None`: unknown), by `window_source`; a call
    that reserves more is not made. `cache`: the same prompt is one call in a run, see `run.turns.sharing`. `purpose` is
    what the role is for, in words for the controller.
    """

    model: str
    max_output_tokens: int = 1_024
    bytes_per_1000_tokens: int = 3_000
    input_price: int | None = None
    output_price: int | None = None
    window: int | None = None
    cache: bool = False
    sampling: Sampling = Sampling()
    window_source: WindowSource = ""
    purpose: str = ""

    @property
    def longest_prompt(self) -> int | None:
        """The bytes of a prompt that fits the window beside the longest answer; `None` if the window is unknown."""
        if self.window is None:
            return None
        return max(0, self.window - self.max_output_tokens) * self.bytes_per_1000_tokens // 1_000

    def reserved_tokens(self, prompt_bytes: Amount) -> Amount:
        """The tokens to reserve for a call: those of its prompt, rounded up, and those of the longest answer."""
        return -(-prompt_bytes * 1_000 // self.bytes_per_1000_tokens) + self.max_output_tokens

    def reserved_cost(self, prompt_bytes: Amount) -> Amount | None:
        """The nano-dollars to reserve for a call; `None` if the price is unknown."""
        if self.input_price is None or self.output_price is None:
            return None
        prompt = self.reserved_tokens(prompt_bytes) - self.max_output_tokens
        return -(-(prompt * self.input_price + self.max_output_tokens * self.output_price) // 1_000)


class ToolParam(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One argument of a tool: its name, its meaning, and whether a call must have it."""

    name: str
    help: str = ""
    required: bool = True


class Tool(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A function of the host that programs may call by its name or with `tool_call(name, args)`.

    `side_effects` says that a call changes something outside the run. `schema` is the JSON schema of the arguments, as
    text; the host checks them against it before the call.
    """

    help: str
    params: tuple[ToolParam, ...] = ()
    side_effects: bool = True
    schema: str = ""


Verdict: TypeAlias = Literal["allow", "ask", "deny"]
"""What a policy says of a call: it is made, somebody must approve it first, or it is not made."""


class ToolRule(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a policy says of one tool.

    `accepts` lists, per argument (`*` for the others), the origins that it may have; `the call itself` stands for the
    decision to call the tool at all. If an argument has another origin, the verdict is `otherwise` instead of `rule`.
    Without `accepts`, a tool with side effects accepts only values that no input, tool or model contributed to, and
    any other tool accepts everything.
    `calls` limits the calls of this tool in a run, `timeout_ms` the time of each.
    `unknown` is for a call with side effects that had begun when the process was killed, so that it may have taken
    effect or not: report it as failed, or make it again.
    """

    rule: Verdict = "allow"
    otherwise: Verdict = "ask"
    accepts: dict[str, tuple[str, ...]] | None = None
    calls: int | None = None
    timeout_ms: int | None = None
    unknown: Literal["fail", "retry"] = "fail"


class Policy(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is permitted; `None` permits everything.

    `actions` and `models` list what is permitted; a model's pattern may end with `*`.
    `tools` has one rule per tool, `*` for those without one; a tool that no rule names is denied.
    `egress` lists, per input (`*` for those without a rule), the patterns of models and tools (`tool:NAME`) that its
    content may be sent to. `under` replaces an input's own rule by those of the inputs that it names: an input of a
    nested run is made from inputs of its parent, and keeps their rules.
    `strict`: whatever a controller writes or chooses counts as made of every input that it has learned of.
    """

    actions: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    tools: dict[str, ToolRule] | None = None
    egress: dict[str, tuple[str, ...]] = {}
    under: dict[str, tuple[str, ...]] = {}
    strict: bool = False


class QuestionLabel(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the question of a nested run comes from.

    `origins` are words of `evaluation.taint.ORIGINS`; `inputs` are the inputs of the run at the root whose rules the
    question is under.
    """

    origins: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


class Change(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What holds from a turn on: roles and limits by name, the policy as a whole; what is not named stays."""

    turn: int
    roles: dict[str, Role] = {}
    limits: dict[str, int | None] = {}
    kept: dict[str, int] | None = None
    policy: Policy | None = None


class Settings(CheckedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything about a run except its inputs and its key. `scope` holds the host's labels (thread, user, ...).

    `gates` are what an answer has to pass besides being seen, by name: `require_evidence`, `accept`.
    `kept` is the part of `tokens` and `cost_nano` that calls of programs may not use: it is held back for the
    controller's last answer. `parent` is the id of the call that a nested run answers, `question` the label of its
    question. `changes` are what a fork does otherwise from a turn on.
    """

    limits: Limits = Limits()
    kept: dict[str, int] = {}
    roles: dict[str, Role] = {}
    tools: dict[str, Tool] = {}
    policy: Policy = Policy()
    scope: dict[str, str] = {}
    parent: str | None = None
    question: QuestionLabel = QuestionLabel()
    gates: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
