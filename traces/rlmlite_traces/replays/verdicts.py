"""What a replay found, as data.

Not here: exit codes and sentences for people (the command line).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from rlmlite_kernel import Parsed, State, Unparsed
from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.records.call_lines import CallLine
from rlmlite_kernel.records.records import Spoken
from rlmlite_kernel.run.turns.outages import Outage


class Verdict(Enum):
    """What a replay concludes.

    REPRODUCED: every record was computed again, byte for byte.
    FORGED: one record differs, and no other version of an engine explains that.
    ENGINES: one step differs in what an engine computed, and another version of that engine wrote it, which may be the
    reason (`engines`); or another action table did. It is not shown to be genuine.
    UNVERIFIABLE: nothing differs as far as it could be checked, but an input is missing, prompts or texts could not be
    made again, or memory ran out here.
    """

    REPRODUCED = "reproduced"
    FORGED = "forged"
    ENGINES = "engines"
    UNVERIFIABLE = "unverifiable"


class Difference(msgspec.Struct, frozen=True):
    """The first record that differs from what re-execution gives, and the path of the first field that differs.

    `fields` are all fields of the record that differ, where it is one of the log's lines.
    """

    seq: int
    field: str
    recorded: str
    computed: str
    fields: tuple[str, ...] = ()


class Unfinished(msgspec.Struct, frozen=True):
    """The last turn of an open trace, which was killed: `recorded` of its entries are in the log.

    To continue, call `advance` again with the same `said`, `reply`, `origin`, `call`, `outages` and `refusal`; answer
    its calls from `results` and the log's journal before making any; and append the entries from number `recorded` on.
    """

    said: Parsed | Unparsed
    reply: str | None
    origin: str
    call: Spoken | None
    recorded: int
    results: Mapping[str, Result]
    outages: Mapping[int, Outage] = {}
    refusal: str = ""


class MissingFile(msgspec.Struct, frozen=True):
    """A file that is not here with the content that the run read: of which input, what was expected, and why.

    `size` and `digest` are those of its text, `original` is the SHA-256 of the file itself where that is another.
    """

    input: str
    kind: str
    path: str
    size: int
    digest: str
    reason: str
    original: str = ""


class Replayed(msgspec.Struct, frozen=True):
    """The result of a replay: `executed` of `steps` steps were executed again and compared.

    `missing` gives, by input, the reason why it is missing. `engines` gives, by library, the recorded version and the
    installed one where they differ. `state` is the state after the last whole turn, from which a host can continue.
    `not_executed` counts, by code, the steps that the trace says an outage ended: nobody can execute these again, so
    they are taken from the record and are not among the executed ones. `stopped` says where an outage of this machine
    ended the replay, if one did.
    `texts_compared` is false if another version worded the observations: then everything but their texts was compared.
    `unchecked` says what else was left out, and why: `prompts`, `replies`. It is empty, too, if the caller gave nothing
    to check them with (`controller_checked` is false). `nested` are the requests for nested runs, by their id, to be
    compared with the nested traces (`contradicts_request`). `missing_files` are all files that are not here as the run
    read them; `unavailable` are the steps that were taken as recorded, by their numbers, each with the path of the file
    that it needs, or nothing where it reads what such a step has made.
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
    unchecked: dict[str, str] = {}
    controller_checked: bool = False
    not_executed: Mapping[str, int] = {}
    stopped: str = ""
    nested: Mapping[str, Request] = {}
    missing_files: tuple[MissingFile, ...] = ()
    unavailable: Mapping[int, str] = {}


def differing_fields(recorded: dict[str, Any], computed: dict[str, Any]) -> list[str]:
    """The paths of all fields in which two records differ, one level deep in objects."""
    found: list[str] = []
    for name in sorted({*recorded, *computed}):
        here, there = recorded.get(name), computed.get(name)
        if here == there:
            continue
        if isinstance(here or there, dict):
            # A field that one of the two leaves out has its default there: an object without keys.
            keys = sorted({*(here or {}), *(there or {})})
            found += [f"{name}.{key}" for key in keys if (here or {}).get(key) != (there or {}).get(key)]
        else:
            found.append(name)
    return found


CALL_FIELDS = CallLine.__struct_fields__
"""The fields of a call's line, which is an array, in order."""


def first_difference(
    seq: int, recorded: bytes, computed: bytes, inside: str = "", names: tuple[str, ...] = ()
) -> Difference | None:
    """The first difference of two lines, or `None` if they are the same bytes.

    `inside` is a path to put before the field's. `names` are the fields of lines that are arrays.
    """
    if recorded == computed:
        return None
    fields = _decode_fields(recorded, names), _decode_fields(computed, names)
    difference = _find_difference(inside, *fields)
    # Lines that differ although their fields do not: a spelling, which `verify` would have refused.
    field, old, new = difference or (inside, recorded, computed)
    are_records = all(isinstance(each, dict) for each in fields) and not inside
    return Difference(seq, field, _show(old), _show(new), tuple(differing_fields(*fields)) if are_records else ())


def _decode_fields(line: bytes, names: tuple[str, ...]) -> Any:
    fields = msgspec.json.decode(line)
    return dict(zip(names, fields, strict=False)) if isinstance(fields, list) else fields


def _find_difference(path: str, old: Any, new: Any) -> tuple[str, Any, Any] | None:
    """The first place where two values differ: its path and both values there. Keys are visited in sorted order."""
    if isinstance(old, dict) and isinstance(new, dict):
        prefix = f"{path}." if path else ""
        keys = sorted({*old, *new})
        parts = [(prefix + key, old.get(key), new.get(key)) for key in keys]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = zip(old, new, strict=True)
        parts = [(f"{path}[{place}]", *pair) for place, pair in enumerate(pairs)]
    else:
        # The types count too: in Python, True equals 1.
        return None if old == new and type(old) is type(new) else (path, old, new)
    for part in parts:
        difference = _find_difference(*part)
        if difference is not None:
            return difference
    return None


def _show(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
