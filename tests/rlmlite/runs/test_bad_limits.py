"""A setting that cannot be is refused where it is made, with the package's own error and the name of the field."""

import math
from typing import Any

import pytest

import rlmlite
from rlmlite import Limits, Policy
from rlmlite_kernel import SettingsError
from rlmlite_kernel.records.settings import Role, Settings, Tool, ToolParam, ToolRule

BAD = [1.5, 1.0, -1, True, math.nan, math.inf, "5", "x", [1]]
"""No whole numbers from 0 on."""


@pytest.mark.parametrize("name", Limits.__struct_fields__)
def test_a_limit_is_a_whole_number(name: str) -> None:
    """Every one of them, in Python and in the kernel alone; only those without a default may be `None`."""
    values: list[Any] = [*BAD, *([] if getattr(Limits(), name) is None else [None])]
    for value in values:
        with pytest.raises(rlmlite.SettingError, match=rf"^Limits\.{name}="):
            Limits(**{name: value})
    good: dict[str, Any] = {name: 7}
    assert getattr(Limits(**good), name) == 7


@pytest.mark.parametrize("value", [value for value in BAD if value != "5"])
def test_so_it_is_by_name(value: Any) -> None:
    """In a table, as Python, a file, the environment and the flags give it; there digits are a number."""
    with pytest.raises(rlmlite.SettingError, match="limit turns="):
        rlmlite.execute("x = 1", "a", limits={"turns": value}, trace=False)


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (Policy, {"actions": "search"}, r"Policy\.actions="),
        (Policy, {"actions": (1,)}, r"Policy\.actions="),
        (Policy, {"models": {"a": 1}}, r"Policy\.models="),
        (Policy, {"tools": {"a": "allow"}}, r"Policy\.tools="),
        (Policy, {"egress": {"a": 5}}, r"Policy\.egress="),
        (Policy, {"strict": 1}, r"Policy\.strict="),
        (ToolRule, {"rule": "maybe"}, r"ToolRule\.rule="),
        (ToolRule, {"calls": -1}, r"ToolRule\.calls="),
        (ToolRule, {"timeout_ms": 0.5}, r"ToolRule\.timeout_ms="),
        (Role, {"model": 5}, r"Role\.model="),
        (Role, {"model": "m", "max_output_tokens": -1}, r"Role\.max_output_tokens="),
        (Role, {"model": "m", "bytes_per_1000_tokens": 0}, r"Role\.bytes_per_1000_tokens="),
        (Role, {"model": "m", "input_price": 0.5}, r"Role\.input_price="),
        (Tool, {"help": None}, r"Tool\.help="),
        (ToolParam, {"name": "a", "required": "yes"}, r"ToolParam\.required="),
        (Settings, {"limits": {"turns": -1}}, r"Settings\.limits="),
        (Settings, {"scope": {"a": 1}}, r"Settings\.scope="),
    ],
)
def test_settings_of_the_kernel_are_checked(kind: Any, fields: dict[str, Any], message: str) -> None:
    """Policies, rules, roles and tools too: nothing that is read later can have a type that it may not have."""
    with pytest.raises(SettingsError, match=message) as found:
        kind(**fields)

    assert isinstance(found.value, rlmlite.RlmliteError)
    assert isinstance(found.value, ValueError)
