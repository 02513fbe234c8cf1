"""How commands open a trace: verified whole, within what this reader allows a trace to cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rlmlite.errors import SettingError
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_traces import READER_LIMITS, CheckedTrace, Level, ReaderLimits, verify

if TYPE_CHECKING:
    from rlmlite_traces import PublicKey


def verify_trace(
    trace: Path, root: str | None, at_least: str, limits: ReaderLimits, keys: Sequence["PublicKey"] = ()
) -> CheckedTrace:
    """The trace, checked; each of the `keys` must have signed it. Raises what `rlmlite_traces.verify` raises."""
    return verify(trace, root, Level[at_least.upper()], limits, keys)


def read_public_keys(paths: Sequence[Path]) -> "list[PublicKey]":
    """The keys in files. Raises `KeyFileError`."""
    if not paths:
        return []
    from rlmlite_traces import PublicKey  # it needs a library that most verifications do not

    return [PublicKey.read(path) for path in paths]


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
