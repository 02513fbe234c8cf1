"""What a replay found, as data.

Not here: exit codes and sentences for people (the command line).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from rlmlite_kernel import Parsed, State, Unparsed
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.call_lines import CallLine
from rlmlite_kernel.records.records import Spoken


class Verdict(Enum):
    """REPRODUCED: every record was computed again, byte for byte. FORGED: one was not.

    ENGINES: one was not, but other versions of the engines or the kernel wrote it, which may be the reason.
    UNVERIFIABLE: no difference as far as it could be executed; an input is missing.
    """

    REPRODUCED = "reproduced"
    FORGED = "forged"
    ENGINES = "engines"
    UNVERIFIABLE = "unverifiable"


class Difference(msgspec.Struct, frozen=True):
    """The first record that is not what re-execution gives, and the first field in which it is not."""

    seq: int
    field: str
    recorded: str
    computed: str


class Unfinished(msgspec.Struct, frozen=True):
    """The last turn of an open trace: `recorded` of its entries are in the log, and these calls have ended.

    To go on: `advance` again with the same, use `results` and the log's journal before any live call, and append
    the entries from `recorded` on.
    """

    said: Parsed | Unparsed
    reply: str | None
    origin: str
    call: Spoken | None
    recorded: int
    results: Mapping[str, Result]


class Replayed(msgspec.Struct, frozen=True):
    """`executed` of `steps` steps were executed again.

    `texts_compared` is false where another version worded the observations: then all but their texts was compared.
    `missing` says why inputs (by name) could not be had; `engines` what else wrote the trace than what reads it
    (recorded, here). `state` is the state after the last whole turn, from which a host can go on.
    """

    verdict: Verdict
    executed: int
    steps: int
    difference: Difference | None
    missing: dict[str, str]
    engines: dict[str, tuple[str, str]]
    state: State | None
    unfinished: Unfinished | None
    texts_compared: bool = True


CALL_FIELDS = CallLine.__struct_fields__
"""Names for the places of a call's line, which is an array."""


def first_difference(
    seq: int, recorded: bytes, computed: bytes, inside: str = "", names: tuple[str, ...] = ()
) -> Difference | None:
    """Where two lines differ, by the path of the field. Of lines that are arrays, `names` are the fields."""
    if recorded == computed:
        return None
    found = _walk(inside, _with_names(recorded, names), _with_names(computed, names))
    field, old, new = found or (inside, recorded, computed)
    return Difference(seq, field, _text(old), _text(new))


def _with_names(line: bytes, names: tuple[str, ...]) -> Any:
    fields = msgspec.json.decode(line)
    return dict(zip(names, fields, strict=False)) if isinstance(fields, list) else fields


def _walk(path: str, old: Any, new: Any) -> tuple[str, Any, Any] | None:
    if isinstance(old, dict) and isinstance(new, dict):
        parts = [(f"{path}.{key}" if path else key, old.get(key), new.get(key)) for key in sorted({*old, *new})]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        parts = [(f"{path}[{place}]", *pair) for place, pair in enumerate(zip(old, new, strict=True))]
    else:
        return None if old == new and type(old) is type(new) else (path, old, new)
    return next((found for part in parts if (found := _walk(*part)) is not None), None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
