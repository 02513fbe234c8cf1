"""From keywords, or values by name, to `RunSettings`: each value is checked, and what contradicts itself is refused.

limits={"turns": "9"}, max_cost="0.50"   ->   RunSettings(limits=Limits(turns=9, cost_nano=500_000_000), ...)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from rlmlite.clients.interface.cost_permit import Permit
from rlmlite.clients.interface.options import Calling, Decode
from rlmlite.clients.interface.prices import Price, nano
from rlmlite.clients.interface.roles import RoleOptions
from rlmlite.errors import SettingError
from rlmlite.inputs import READING, Reading
from rlmlite.runs.settings.table import SETTINGS, Model, RunSettings
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.settings import Limits, Policy

if TYPE_CHECKING:  # what few runs need
    from rlmlite.clients.bounds.spending import SpendLimits
    from rlmlite.tools.approvals import Approver
    from rlmlite.tools.functions import Function, PythonTool

# `temperature=None` leaves the temperature out of the call. Anywhere else `None` stands for a value that is not given.
_NONE_SAYS_SOMETHING = frozenset({"temperature"})


class SettingKeywords(TypedDict, total=False):
    """The settings as keywords of `run`, `Session`, `execute` and their twins. `RunSettings` says what each means."""

    controller: Model | Sequence[Model] | None
    sub: Model | None
    nested: Model | Sequence[Model] | None
    roles: Mapping[str, Model | RoleOptions | Mapping[str, object]] | None
    limits: Limits | Mapping[str, int | str | None] | None
    max_cost: str | int | float | Decimal | None
    spend: "SpendLimits | Mapping[str, str | int | float | Decimal] | None"
    confirm_above: str | int | float | Decimal | None
    permit: Permit | None
    answer_type: Any
    last_answer: bool | None
    require_evidence: bool | None
    accept: Callable[[Any], str | Iterable[str] | None] | None
    patience: int | None
    trace: str | PathLike[str] | bool | None
    run_key: str | None
    scope: Mapping[str, str] | None
    on_event: Callable[[Any], None] | None
    tools: "Sequence[Function | PythonTool | str] | None"
    policy: str | PathLike[str] | Policy | None
    approve: "Approver | str | None"
    reading: Reading | Mapping[str, object] | None
    redact: "str | Callable[[str], str] | Sequence[str | Callable[[str], str]] | None"
    copy_inputs: bool | None
    store: str | PathLike[str] | None
    copy_to: str | PathLike[str] | None
    threads: int | None
    max_memory: int | str | None
    workers: int | None
    timeout: float | None
    max_time: float | str | None
    retries: int | None
    stream: bool | None
    decode: Decode | None
    temperature: float | None
    max_output_tokens: int | None
    prices: Mapping[str, Price | str] | None
    keys: Mapping[str, str] | None
    tell: Callable[[str], None] | None
    calling: Calling | None


def from_keywords(function: str, keywords: Mapping[str, object]) -> RunSettings:
    """The settings that a Python caller gives `function`.

    Raises `TypeError` for a keyword that is not a setting, as Python does, and `SettingError` for a bad value.
    """
    for name in keywords:
        if name not in SETTINGS:
            raise TypeError(f"{function}() got an unknown setting `{name}`; {hint_for(name)}")
    return make_settings(keywords)


def hint_for(name: str, known: Iterable[str] = SETTINGS) -> str:
    """What to write instead of a name that is not a setting."""
    return did_you_mean(name, known) or f"settings: {', '.join(known)}"


def make_settings(values: Mapping[str, object], explicit: Iterable[str] | None = None) -> RunSettings:
    """The settings of these values by name; `None` stands for a value that was not given. Raises `SettingError`.

    `explicit` are the names that the caller gave, if not all values come from there.
    """
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if value is not None or name in _NONE_SAYS_SOMETHING:
            fields[name] = SETTINGS[name].check(name, value)
    names = frozenset(fields)
    if explicit is not None:
        names &= frozenset(explicit)
    _check_together(fields, names)

    # `max_cost` is the limit `cost_nano` as people write it. From here on there is only the limit.
    if "max_cost" in fields:
        limits = fields.get("limits", Limits())
        fields["limits"] = msgspec.structs.replace(limits, cost_nano=nano(fields["max_cost"]))

    # Whoever reads inputs has it with all else that says how.
    if fields.get("redact") is not None:
        fields["reading"] = msgspec.structs.replace(fields.get("reading", READING), redaction=fields["redact"])

    # The parts of `calling` are settings of their own. A part that is given by itself takes precedence, so that a host
    # can share one `Calling` and still say `timeout=5` for one run.
    whole: Calling = fields.get("calling", Calling())
    parts = msgspec.structs.asdict(whole)
    parts |= {part: fields[part] for part in parts if part in fields}
    # Both are set, the parts and the whole, so that whoever reads either sees the same.
    fields |= parts
    fields["calling"] = Calling(**parts)
    return RunSettings(**fields, explicit=names)


def _check_together(fields: Mapping[str, Any], explicit: frozenset[str]) -> None:
    """Refuse settings that contradict each other. If one of them won, a caller could not see which."""
    has_cost_limit = "limits" in fields and fields["limits"].cost_nano is not None
    if "max_cost" in fields and has_cost_limit:
        raise SettingError("max_cost and the limit cost_nano say the same thing; give one of them")
    sub = fields.get("roles", {}).get("sub")
    if "sub" in fields and sub is not None and sub.model is not None:
        raise SettingError("sub and roles.sub both name the model that reads chunks; give one of them")
    if "permit" in fields and "confirm_above" in fields:
        raise SettingError("permit and confirm_above both say who is asked before calls; give one of them")
    if "copy_to" in fields and ("copy_inputs" in explicit or "store" in explicit):
        raise SettingError("copy_to says where inputs are copied to; leave out copy_inputs and store")
    # A settings file may name the store for all commands without having every run copy into it; a caller who names it
    # means this run.
    if "store" in explicit and not fields.get("copy_inputs"):
        raise SettingError("store says where copies go; add copy_inputs (--copy)")
