"""How commands open a trace: verified whole, within what this reader allows a trace to cost."""

from pathlib import Path

import msgspec

from rlmlite.errors import SettingError
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_traces import READER_LIMITS, CheckedTrace, Level, ReaderLimits, verify


def verify_trace(trace: Path, root: str | None, at_least: str, limits: ReaderLimits) -> CheckedTrace:
    """The trace, checked. Raises what `rlmlite_traces.verify` raises."""
    return verify(trace, root, Level[at_least.upper()], limits)


def reader_limits(allow: list[str]) -> ReaderLimits:
    """What this reader allows a trace to cost: the defaults, or more, from `NAME=NUMBER`. Raises `SettingError`."""
    allowances: dict[str, int] = {}
    for text in allow:
        name, _, number = text.partition("=")
        digits = number.replace("_", "").replace(",", "")
        if not (digits.isascii() and digits.isdigit()):
            raise SettingError(f"--allow {text}: write --allow NAME=NUMBER")
        if name not in ReaderLimits.__struct_fields__:
            known = did_you_mean(name, ReaderLimits.__struct_fields__) or ", ".join(ReaderLimits.__struct_fields__)
            raise SettingError(f"--allow {text}: there is no limit `{name}`; {known}")
        allowances[name] = int(digits)
    return msgspec.structs.replace(READER_LIMITS, **allowances)
