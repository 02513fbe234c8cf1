"""What a report of egress consists of: rows with how much is known of each, and inputs that were fetched."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import msgspec

Range: TypeAlias = tuple[int, int]

HOW: Final[Mapping[str, str]] = {
    "ranges": "these bytes of the input, and no others",
    "shown": "so many bytes of the input had been shown in observations by then; which ones, no record says",
    "observations": "observations in all, with what they show of inputs; what programs made of inputs is in them too",
    "made": "texts that programs made, of the inputs named",
    "counted": "at least so many bytes of the input were in texts that programs made, by the kernel's own count",
    "arguments": "arguments, which the trace has as text, of the inputs named",
    "words": "words of programs and of rlmlite; whoever wrote them had been shown the inputs named",
    "unknown": "not known: the reason is said below",
}
"""What is known of a row."""


class Sent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one destination got of one input, in one way.

    `kind` is `controller`, `model`, `tool`, `approval` or `nested`; `run` the id of the nested run that sent it.
    `bytes` are distinct ones of an input for `ranges` and `shown`, else the sum over all calls. `of` are inputs that
    may have a part in it. `calls` is how many calls carried it, of which `cached` were answered from a cache, and
    `failed` had no answer.
    """

    kind: str
    destination: str
    how: str
    run: str = ""
    input: str = ""
    path: str = ""
    bytes: int = 0
    ranges: tuple[Range, ...] = ()
    of: tuple[str, ...] = ()
    calls: int = 0
    cached: int = 0
    failed: int = 0


class Fetched(msgspec.Struct, frozen=True):
    """An input that came from an address: its host was asked for it, and got nothing of other inputs."""

    input: str
    host: str
    size: int


class Egress(msgspec.Struct, frozen=True):
    """All that was sent. `shared` calls were not made; `gaps` say what could not be attributed, and why."""

    sent: tuple[Sent, ...]
    fetched: tuple[Fetched, ...]
    shared: int
    gaps: tuple[str, ...]


Marks: TypeAlias = Mapping[tuple[str, str], Iterable[Range]]
"""The ranges of an input that were `shown`, or `read` by models and tools: coverage, as the kernel keeps it."""

MarksBefore: TypeAlias = Mapping[int, Marks]
"""Marks before each turn, by its number, and after the last one: what a replay knows, and records only count."""
