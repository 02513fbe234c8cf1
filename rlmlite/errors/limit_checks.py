"""The check of the setting `limits`, as `checks` has those of single values."""

import msgspec

from rlmlite.errors import SettingError, checks
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.settings import Limits


def limits_of(name: str, value: object) -> Limits:
    """The default limits with some replaced: `Limits(...)`, or numbers by name."""
    pairs = msgspec.structs.asdict(value) if isinstance(value, Limits) else checks.table(name, value)
    known = Limits.__struct_fields__
    # A misspelt limit that was let pass would be a run without that limit.
    for limit in pairs:
        if limit not in known:
            listed = ", ".join(known)
            hint = did_you_mean(limit, known) or f"limits: {listed}"
            raise SettingError(f"no limit `{checks.cut(limit)}`; {hint}")
    amounts = {limit: _amount(limit, amount) for limit, amount in pairs.items()}
    return msgspec.structs.replace(Limits(), **amounts)


def _amount(limit: str, value: object) -> int | None:
    # Only a limit that has no default may be `none`: with the others, every run is bounded.
    is_optional = getattr(Limits(), limit) is None
    if is_optional and value in (None, "none"):
        return None
    amount = checks.whole_number(value)
    if amount is None or amount < 0:
        raise SettingError(f"limit {limit}={checks.cut(value)}: expected a whole number, 0 or more")
    return amount
