"""Roles as a host gives them: by name the model that plays it, and how that is asked.

The setting `roles` is a table. An entry is a model, or a table of `RoleOptions`; on the command line and in variables
each is said by itself:

    roles={"judge": "openai:gpt-5", "sub": {"temperature": 0.7, "seed": 1}}
    --role judge=openai:gpt-5 --role sub.temperature=0.7 --role sub.seed=1
    RLMLITE_ROLES__JUDGE=openai:gpt-5, RLMLITE_ROLES__SUB__TEMPERATURE=0.7

All three are one table by dotted names, `{"judge.model": ..., "sub.temperature": ...}`, so that what comes later wins
option by option. `sub`, `controller` and `rlm` are roles of every run; any other name needs a model.
Not here: the clients behind the roles, and what the genesis records of them (`rlmlite.runs.setup`).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from rlmlite.clients.interface import model_checks
from rlmlite.errors import SettingError, checks
from rlmlite_kernel.actions.calls.nested_settings import NESTED_ROLE
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.settings import CONTROLLER_ROLE, SUB_ROLE, Role, Sampling

_BY_FLAGS: Final = {CONTROLLER_ROLE: "--controller", NESTED_ROLE: "--nested"}
"""Roles that several models may play one after another, and so are given by settings of their own."""

_LONGEST_PURPOSE: Final = 100

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


class RoleOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a host says of one role; `None` leaves a thing as the model's client has it.

    model: who plays it. temperature, top_p, seed, stop, reasoning_effort: how it picks its words, where its API has it.
    max_output_tokens: tokens that an answer may have. window: tokens that it can read and answer with in all.
    cache: whether the same prompt is one call in a run. purpose: what it is for, in words for the controller.
    """

    model: Any = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    reasoning_effort: str | None = None
    max_output_tokens: int | None = None
    window: int | None = None
    cache: bool | None = None
    purpose: str | None = None

    def apply(self, role: Role) -> Role:
        """The role with what is said here."""
        said = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        said.pop("model", None)
        if "window" in said:
            said["window_source"] = "host"
        sampling = {name: said.pop(name) for name in Sampling.__struct_fields__ if name in said}
        return msgspec.structs.replace(role, **said, sampling=msgspec.structs.replace(role.sampling, **sampling))


def _stops(name: str, value: object) -> tuple[str, ...]:
    return tuple(checks.text(name, each) for each in checks.listed(name, value))


def _word(name: str, value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[a-z]{1,20}", value):
        return value
    raise checks.wrong(name, "a word such as low, medium or high", value)


def _purpose(name: str, value: object) -> str:
    text = checks.text(name, value)
    # It is in every prompt of the controller, on one line.
    if not text.isprintable() or not 0 < len(text) <= _LONGEST_PURPOSE:
        raise checks.wrong(name, f"one line of at most {_LONGEST_PURPOSE} characters", value)
    return text


_CHECKS: Final[Mapping[str, Callable[[str, object], Any]]] = {
    "model": model_checks.model,
    "temperature": checks.number(0, 2),
    "top_p": checks.number(0, 1),
    "seed": checks.whole(0, 2**63 - 1),
    "stop": _stops,
    "reasoning_effort": _word,
    "max_output_tokens": checks.whole(1, 10_000_000),
    "window": checks.whole(1, 1_000_000_000),
    "cache": checks.truth,
    "purpose": _purpose,
}


def roles_of(name: str, value: object) -> dict[str, RoleOptions]:
    """The setting `roles`. Raises `SettingError`."""
    options: dict[str, dict[str, Any]] = {}
    for key, entry in flat_roles(checks.table(name, value)).items():
        role, _, option = key.partition(".")
        if not _NAME.fullmatch(role):
            raise SettingError(f"roles: `{checks.cut(role)}` cannot be a role; expected a name such as judge")
        if option not in _CHECKS:
            hint = did_you_mean(option, _CHECKS) or f"options: {', '.join(_CHECKS)}"
            raise SettingError(f"roles.{role} has no option `{checks.cut(option)}`; {hint}")
        if entry is not None:
            options.setdefault(role, {})[option] = _CHECKS[option](f"roles.{role}.{option}", entry)
    found = {role: RoleOptions(**said) for role, said in options.items()}
    _check_models(found)
    return found


def _check_models(found: Mapping[str, RoleOptions]) -> None:
    """Refuse a model where it would play nothing, and a role of a host's own without one. Raises `SettingError`."""
    for role, options in found.items():
        family = next((prefix for prefix in _BY_FLAGS if is_of(role, prefix)), None)
        if family is not None and options.model is not None:
            flag = _BY_FLAGS[family]
            raise SettingError(f"roles.{role} cannot name a model; give it with {flag} MODEL ({flag[2:]}=)")
        if family is None and role != SUB_ROLE and options.model is None:
            raise SettingError(f"roles.{role} has no model; {how_to_give(role)}")


def is_of(role: str, family: str) -> bool:
    """Whether a role is one of a family: `controller_2` is of `controller`."""
    return role == family or re.fullmatch(f"{family}_[0-9]+", role) is not None


def options_of(role: str, found: Mapping[str, RoleOptions]) -> RoleOptions:
    """What a host says of a role: of `controller_2` what it says of it, else what it says of `controller`."""
    family = next((prefix for prefix in _BY_FLAGS if is_of(role, prefix)), role)
    return found.get(role) or found.get(family) or RoleOptions()


def flat_roles(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table by dotted names: `{"judge": {"seed": 1}}` and `{"judge__seed": 1}` are `{"judge.seed": 1}`."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        role, _, option = str(key).replace("__", ".").partition(".")
        if isinstance(value, RoleOptions):
            value = msgspec.structs.asdict(value)
        if not option and isinstance(value, Mapping):
            flat |= {f"{role}.{name}": entry for name, entry in value.items()}
        else:
            flat[f"{role}.{option or 'model'}"] = value
    return flat


def how_to_give(role: str) -> str:
    """What to write to have a model play a role, for people."""
    if is_of(role, CONTROLLER_ROLE):
        return "give one with --controller MODEL, in Python with controller="
    if is_of(role, NESTED_ROLE):
        return "give one with --nested MODEL, in Python with nested="
    if role == SUB_ROLE:
        return "give one with --sub MODEL, in Python with sub="
    return f'give one with --role {role}=MODEL, in Python with roles={{"{role}": MODEL}}'
