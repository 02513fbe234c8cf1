"""The table of `docs/reference/limits.md`. A limit without a meaning here fails `make docs`."""

from typing import Final

from docs.tables import code, table
from rlmlite_kernel.records.settings import Limits, Role

LIMITS: Final = {
    "turns": "programs in a run",
    "steps": "steps in a run; a nested call is one",
    "sub_calls": "model calls in a run",
    "tool_calls": "calls of tools in a run",
    "depth": "levels of nested runs",
    "call_prompt_bytes": "bytes of one prompt; a longer one fails by itself as `too_long`",
    "prompt_bytes": "bytes of all prompts together",
    "output_tokens": "tokens that calls may answer with, as requested, together",
    "observation_bytes": "bytes of one turn's observation",
    "value_bytes": "bytes that all variables hold; text by reference takes 24, whatever its length",
    "variables": "variables, inputs included",
    "chunks": "chunks made in a run",
    "search_work": "work units of searches: the bytes of each window, times its matches and one",
    "tokens": "tokens of calls, as reported",
    "cost_nano": "cost of calls in nano-dollars",
}
"""What each limit bounds."""

ROLE: Final = {
    "model": "the model string",
    "max_output_tokens": "tokens that a call may answer with",
    "bytes_per_1000_tokens": "prompt bytes that are counted as 1,000 tokens when a call is reserved",
    "input_price": "nano-dollars for 1,000 tokens of prompt; `null` is unknown",
    "output_price": "nano-dollars for 1,000 tokens of answer; `null` is unknown",
}
"""What each setting of a role means."""

SETTLED: Final = ("tokens", "cost_nano")
"""Limits that are reserved before calls and settled after them."""


def limits() -> str:
    """Every limit with its default."""
    default = Limits()
    return table(
        ("limit", "default", "kind", "bounds"),
        (
            (code(name), _amount(getattr(default, name)), "settled" if name in SETTLED else "hard", LIMITS[name])
            for name in Limits.__struct_fields__
        ),
    )


def role() -> str:
    """Every setting of a role with its default."""
    default = Role(model="")
    return table(
        ("setting", "default", "means"),
        ((code(name), _setting(getattr(default, name)), ROLE[name]) for name in Role.__struct_fields__),
    )


def _amount(value: int | None) -> str:
    return "no limit" if value is None else f"{value:,}"


def _setting(value: object) -> str:
    if value == "":
        return "required"
    return f"{value:,}" if isinstance(value, int) else "`null`"
