"""The table of `docs/reference/limits.md`. A limit without a meaning here fails `make docs`."""

from typing import Final

from docs.tables import code, table
from rlmlite_kernel.records.settings import Limits, Role, Sampling

LIMITS: Final = {
    "turns": "turns of a run, with one program each",
    "steps": "steps in a run; each nested call is a step",
    "sub_calls": "calls of models by programs; those of controllers are bounded by `turns`, those of nested runs too",
    "tool_calls": "tool calls of a run",
    "depth": "levels of nested runs",
    "call_prompt_bytes": "bytes of one prompt; only a longer one fails, as `too_long`",
    "prompt_bytes": "bytes of all prompts together",
    "output_tokens": "output tokens of all calls together, as requested",
    "observation_bytes": "bytes of one turn's observation",
    "value_bytes": "bytes in all variables; text by reference takes 24, whatever its length",
    "variables": "variables, inputs included",
    "chunks": "chunks made in a run",
    "search_work": "work units of searches: the bytes of each window, times its matches plus one",
    "tokens": "tokens of calls, as the provider reports them",
    "cost_nano": "cost of calls in nano-dollars",
}
"""What each limit bounds."""

ROLE: Final = {
    "model": "the model string",
    "max_output_tokens": "the most tokens that an answer may have",
    "bytes_per_1000_tokens": "prompt bytes that count as 1,000 tokens in a reservation",
    "input_price": "nano-dollars per 1,000 tokens of prompt; `null` means unknown",
    "output_price": "nano-dollars per 1,000 tokens of answer; `null` means unknown",
    "window": "tokens that the model can read and answer with in all; a call that reserves more is not made",
    "cache": "whether the same prompt is one call in a run",
    "sampling": "what of temperature, top_p, seed, stop and reasoning_effort is asked for",
    "window_source": "who said the window: `host`, `client`, `server`, `price list`",
    "purpose": "what the role is for, in words for the controller",
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
    default, required = Role(model=""), "model"
    return table(
        ("setting", "default", "means"),
        (
            (code(name), "required" if name == required else _setting(getattr(default, name)), ROLE[name])
            for name in Role.__struct_fields__
        ),
    )


def _amount(value: int | None) -> str:
    return "no limit" if value is None else f"{value:,}"


def _setting(value: object) -> str:
    if value == "" or isinstance(value, Sampling):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else "`null`"
