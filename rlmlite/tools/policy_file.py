"""The policy file: which actions, models and tools a run may use, and where the content of its inputs may go.

    version = 1
    models = ["ollama:*"]

    [egress]
    patients = ["ollama:*"]

    [tools.send_mail]
    rule = "ask"
    calls = 3

It is read once, before the run begins; a run keeps its settings in its trace. Nothing that a program, a model or a
tool says can change it. Not here: the judgments themselves (`rlmlite_kernel.policy`).
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, ValidationError

from rlmlite.errors import SettingError
from rlmlite.tools.policy_rules import Rules
from rlmlite_kernel.effects.policy import CALL
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.settings import Policy, ToolRule, Verdict

VERSION = 1

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_LONGEST = 24 * _UNITS["h"]

Foreign: TypeAlias = Literal["input", "tool", "lm"]
"""Origins that a policy may accept; what a program computes from nothing else is always accepted."""


def milliseconds(text: object) -> int:
    """A duration as people write it: `500ms`, `30s`, `2m`, `1h`. Raises `ValueError`."""
    said = text if isinstance(text, str) else ""
    digits = said.rstrip("msh")
    unit = _UNITS.get(said[len(digits) :])
    if unit is None or not (digits.isascii() and digits.isdigit()):
        raise ValueError("a duration is a whole number and a unit, such as 500ms, 30s, 2m or 1h")
    if not 0 < int(digits) * unit <= _LONGEST:
        raise ValueError("a duration is more than 0 and at most 24h")
    return int(digits) * unit


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolTable(_Table):
    """`[tools.NAME]`."""

    rule: Verdict = Field(
        "allow", description="what becomes of a call whose arguments are accepted: it is made, asked about, not made"
    )
    otherwise: Verdict = Field("ask", description="what becomes of a call with an argument that is not accepted")
    accepts: dict[str, tuple[Foreign, ...]] | None = Field(
        None,
        description=f"per argument the origins that it may have; `*` is for the others, `{CALL}` for the decision to "
        "call at all. Without it a tool with side effects accepts none, any other tool all",
    )
    calls: StrictInt | None = Field(None, ge=0, description="how often it may be called in a run, nested runs included")
    timeout: Annotated[int, BeforeValidator(milliseconds)] | None = Field(
        None, description="how long a call may take: `500ms`, `30s`, `2m`, `1h`"
    )
    side_effects: StrictBool | None = Field(
        None, description="`true` says that a tool has side effects that says it has none; never the other way round"
    )
    unknown: Literal["fail", "retry"] = Field(
        "fail", description="what becomes of a call with side effects whose end nobody saw because the process died"
    )

    def rule_of_tool(self) -> ToolRule:
        """As the kernel knows it."""
        return ToolRule(
            rule=self.rule,
            otherwise=self.otherwise,
            accepts=None if self.accepts is None else {name: (*words,) for name, words in self.accepts.items()},
            calls=self.calls,
            timeout_ms=self.timeout,
            unknown=self.unknown,
        )


class PolicyTable(_Table):
    """The whole file."""

    version: Literal[1] = Field(description="the form of the file: 1")
    actions: tuple[str, ...] | None = Field(
        None, description="the permitted actions, tools among them; without it all are"
    )
    models: tuple[str, ...] | None = Field(
        None, description="the permitted models; one may end with `*`; without it all are"
    )
    tools: dict[str, ToolTable] | None = Field(
        None, description="a table a tool, `*` for those without one; without any, tools have the rules of an empty one"
    )
    egress: dict[str, tuple[str, ...]] = Field(
        {},
        description="per input the models and tools (`tool:NAME`) that its content may be sent to; each may end with "
        "`*`. `*` is for inputs without a rule; without one an input may be sent anywhere",
    )


def read(path: Path) -> Rules:
    """The rules of a file. Raises `SettingError` for what they cannot be."""
    try:
        content = path.read_bytes()
        parsed = tomllib.loads(content.decode())
    except FileNotFoundError:
        raise SettingError(f"there is no policy {path}") from None
    except OSError as error:
        raise SettingError(f"the policy {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingError(f"the policy {path} is no TOML: {error}") from None
    try:
        table = PolicyTable.model_validate(parsed)
    except ValidationError as error:
        raise SettingError(f"policy {path}: {'; '.join(map(_fault, error.errors()))}") from None
    return _rules(table, hashlib.sha256(content).hexdigest())


def _rules(table: PolicyTable, digest: str) -> Rules:
    tools = None if table.tools is None else {name: rule.rule_of_tool() for name, rule in table.tools.items()}
    said = {} if table.tools is None else {name: rule.side_effects for name, rule in table.tools.items()}
    return Rules(
        Policy(actions=table.actions, models=table.models, tools=tools, egress=dict(table.egress)),
        digest,
        frozenset(name for name, has in said.items() if has is True),
        frozenset(name for name, has in said.items() if has is False),
    )


def _fault(found: Any) -> str:
    """A mistake with its key, and what is allowed there."""
    key = ".".join(str(part) for part in found["loc"])
    match found["type"]:
        case "extra_forbidden":
            keys = (ToolTable if len(found["loc"]) > 1 else PolicyTable).model_fields
            hint = did_you_mean(str(found["loc"][-1]), keys) or f"there are: {', '.join(keys)}"
            return f"there is no key `{key}`; {hint}"
        case "missing":
            return f"the key `{key}` is missing; write `version = {VERSION}`"
        case "value_error":
            return f"`{key}`: {found['ctx']['error']}"
        case "tuple_type":
            return f"`{key}`: a list of texts is expected"
        case "dict_type" | "model_type":
            return f"`{key}`: a table is expected, such as `[{key}]`"
    return f"`{key}`: {found['msg'][0].lower()}{found['msg'][1:]}"
