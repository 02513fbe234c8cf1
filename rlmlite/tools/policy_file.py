"""The policy file: which actions, models and tools a run may use, and where the content of its inputs may go.

    version = 1
    models = ["ollama:*"]

    [egress]
    patients = ["ollama:*"]

    [tools.send_mail]
    rule = "ask"
    calls = 3

It is read once, before the run begins, and the trace keeps it as settings. Nothing that a program, a model or a tool
says can change it. An unknown key is refused, since a misspelt rule would protect nothing.

Not here: the judgments themselves (`rlmlite_kernel.effects.policy`).
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, ValidationError

from rlmlite.errors import SettingError
from rlmlite.guard.trust.trusted import PinnedFile
from rlmlite.tools.policy_rules import Rules
from rlmlite_kernel.effects.policy import CALL
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.settings import Policy, ToolRule, Verdict

VERSION = 1

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_LONGEST = 24 * _UNITS["h"]

AcceptedOrigin: TypeAlias = Literal["input", "tool", "lm"]
"""Origins that a policy may accept. What a program computes from nothing else is always accepted."""


def milliseconds(text: object) -> int:
    """A duration as people write it, in milliseconds: `500ms`, `30s`, `2m`, `1h`. Raises `ValueError`."""
    # pydantic passes on whatever the file has; a bare number would leave the unit to guesswork.
    written = text if isinstance(text, str) else ""
    digits = written.rstrip("msh")
    unit = _UNITS.get(written[len(digits) :])
    # `isdigit` alone also accepts digits of other scripts.
    is_whole_number = digits.isascii() and digits.isdigit()
    if unit is None or not is_whole_number:
        raise ValueError("a duration is a whole number and a unit, such as 500ms, 30s, 2m or 1h")
    duration = int(digits) * unit
    if not 0 < duration <= _LONGEST:
        raise ValueError("a duration is more than 0 and at most 24h")
    return duration


class _TomlTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolTable(_TomlTable):
    """`[tools.NAME]`."""

    rule: Verdict = Field(
        "allow", description="what happens to a call whose arguments are accepted: allow it, ask a person, deny it"
    )
    otherwise: Verdict = Field("ask", description="what happens to a call with an argument that is not accepted")
    accepts: dict[str, tuple[AcceptedOrigin, ...]] | None = Field(
        None,
        description=f"the origins that each argument may have; `*` stands for the other arguments, `{CALL}` for the "
        "decision to call at all. Without it a tool with side effects accepts none, any other tool all",
    )
    calls: StrictInt | None = Field(None, ge=0, description="how often it may be called in a run, nested runs included")
    timeout: Annotated[int, BeforeValidator(milliseconds)] | None = Field(
        None, description="how long a call may take: `500ms`, `30s`, `2m`, `1h`"
    )
    side_effects: StrictBool | None = Field(
        None, description="`true` if the tool has side effects although it declares none; the reverse is refused"
    )
    unknown: Literal["fail", "retry"] = Field(
        "fail",
        description="what happens to a call with side effects that was begun and whose end is unknown, because the "
        "process died",
    )

    def to_rule(self) -> ToolRule:
        """The rule as the kernel knows it."""
        # None is not an empty table: it leaves the default to the kernel, which depends on the tool's side effects.
        accepts: dict[str, tuple[str, ...]] | None = None
        if self.accepts is not None:
            accepts = {name: (*origins,) for name, origins in self.accepts.items()}
        return ToolRule(
            rule=self.rule,
            otherwise=self.otherwise,
            accepts=accepts,
            calls=self.calls,
            timeout_ms=self.timeout,
            unknown=self.unknown,
        )


class PolicyTable(_TomlTable):
    """The whole file."""

    version: Literal[1] = Field(description="the version of the format: 1")
    actions: tuple[str, ...] | None = Field(
        None, description="the permitted actions, including tools; without it all are permitted"
    )
    models: tuple[str, ...] | None = Field(
        None, description="the permitted models; each may end with `*`; without it all are permitted"
    )
    tools: dict[str, ToolTable] | None = Field(
        None,
        description="one table per tool, `*` for tools without one; without any, tools have the defaults of an empty "
        "table",
    )
    egress: dict[str, tuple[str, ...]] = Field(
        {},
        description="for each input the models and tools (`tool:NAME`) that its content may be sent to; each may end "
        "with `*`. `*` stands for the other inputs; an input without a rule may be sent anywhere",
    )
    strict: StrictBool = Field(
        False,
        description="`true`: whatever a controller writes or chooses counts as made of every input that it has learned "
        "of, so that content which it types goes only where that input may",
    )


def read_policy_file(source: Path | PinnedFile) -> Rules:
    """The rules of a file. Raises `SettingError` that names every wrong key."""
    # Read as bytes, once: the digest in the trace is of what was parsed.
    path = source.path if isinstance(source, PinnedFile) else source
    try:
        content = source.read() if isinstance(source, PinnedFile) else source.read_bytes()
        parsed = tomllib.loads(content.decode())
    except FileNotFoundError:
        raise SettingError(f"the policy file {path} does not exist") from None
    except OSError as error:
        raise SettingError(f"the policy file {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingError(f"the policy file {path} is not valid TOML: {error}") from None
    try:
        table = PolicyTable.model_validate(parsed)
    except ValidationError as error:
        mistakes = "; ".join(map(_describe_mistake, error.errors()))
        raise SettingError(f"the policy file {path}: {mistakes}") from None
    return _to_rules(table, hashlib.sha256(content).hexdigest())


def _to_rules(table: PolicyTable, digest: str) -> Rules:
    # A file without `tools` permits every tool; one with an empty table permits none. Hence None is kept.
    rules: dict[str, ToolRule] | None = None
    if table.tools is not None:
        rules = {name: tool.to_rule() for name, tool in table.tools.items()}
    # Compared with `is`: None, the third value, says nothing, and the tool's own declaration counts.
    tools = table.tools or {}
    stricter = {name for name, tool in tools.items() if tool.side_effects is True}
    harmless = {name for name, tool in tools.items() if tool.side_effects is False}
    policy = Policy(
        actions=table.actions,
        models=table.models,
        tools=rules,
        egress=dict(table.egress),
        strict=table.strict,
    )
    return Rules(policy, digest, frozenset(stricter), frozenset(harmless))


def _describe_mistake(error: Any) -> str:
    """A mistake that pydantic found, with its key and what is allowed there."""
    path = error["loc"]
    key = ".".join(str(part) for part in path)
    # pydantic's own words speak of Python types; those that users of TOML would not know are said otherwise.
    match error["type"]:
        case "extra_forbidden":
            # Below the top level only `[tools.NAME]` has keys of a fixed set.
            table = ToolTable if len(path) > 1 else PolicyTable
            known = table.model_fields
            hint = did_you_mean(str(path[-1]), known) or f"there are: {', '.join(known)}"
            return f"there is no key `{key}`; {hint}"
        case "missing":
            return f"the key `{key}` is missing; write `version = {VERSION}`"
        case "value_error":
            return f"`{key}`: {error['ctx']['error']}"
        case "tuple_type":
            return f"`{key}`: a list of texts is expected"
        case "dict_type" | "model_type":
            return f"`{key}`: a table is expected, such as `[{key}]`"
    # pydantic begins its messages with a capital letter; here they follow a colon.
    message = error["msg"]
    return f"`{key}`: {message[0].lower()}{message[1:]}"
