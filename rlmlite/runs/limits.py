"""Budgets and keys as people write them: `sub_calls=200`, `prompt_bytes=5_000_000`, 64 hex digits."""

from collections.abc import Iterable

import msgspec

from rlmlite.errors import SettingError
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.settings import Limits


def limits(given: Iterable[str]) -> Limits:
    """The default limits with some replaced, from `name=value`. Raises `SettingError`."""
    names = Limits.__struct_fields__
    found: dict[str, int | None] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if name not in names:
            hint = did_you_mean(name, names) or "limits: " + ", ".join(names)
            raise SettingError(f"no limit `{name}`; {hint}")
        if not equals:
            raise SettingError(f"limit {name} has no value; write {name}=NUMBER")
        found[name] = _amount(name, value)
    return msgspec.structs.replace(Limits(), **found)


def _amount(name: str, value: str) -> int | None:
    if value == "none" and getattr(Limits(), name) is None:
        return None
    if not value.isascii() or not value.replace("_", "").isdigit():
        raise SettingError(f"limit {name}={value}: expected a whole number, 0 or more")
    return int(value)
