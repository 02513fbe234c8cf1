"""`ReaderLimits`: how much a reader is willing to spend on a trace, whoever wrote it.

A trace is data from somebody. Its sizes, counts and depths are that person's claims, and so are the limits in its
genesis: a run whose genesis permits 2^53 bytes of values replays with exactly that permission. So each of them is
compared with what the *reader* allows before anything is spent on it. Nothing is cut or lowered in silence: over a
bound, reading ends with an `OverLimitError` that names the bound, what was found, and how to raise it.

    genesis: limits.value_bytes 9007199254740991     reader: value_bytes 2,000,000,000
    -> value_bytes: the trace claims 9,007,199,254,740,991, this reader allows 2,000,000,000;
       allow more with --allow value_bytes=9007199254740991

The defaults let through what honest runs write: inputs of 1 GB, fan-outs of 100,000 calls, default limits tenfold.
Not here: the bounds of the format itself, which no reader can raise (`format.checks`).
"""

import re

import msgspec

from rlmlite_kernel.records.settings import Limits
from rlmlite_traces.errors import OverLimitError

MEGABYTE = 1024 * 1024


class ReaderLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reader of traces allows. Names in `_bytes` are bytes, the rest are counts.

    Files: `records_bytes`, `calls_bytes` and `blobs_bytes` are the sizes of `trace.jsonl`, `effects.jsonl` and
    `blobs.jsonl`; `content_bytes` that of one file below `blobs/`, `large_bytes` of all of them together;
    `line_bytes` the length of a record or a call, `signature_bytes` the size of `trace.dsse.json`.
    Counts: `records`, `calls` and `blobs` are lines of the three files. `prompt_parts` are parts of recipes, a head's
    counted once for each of its calls.
    JSON that is decoded from contents (settings, programs, sources, answers, inputs from memory): `json_bytes` for
    descriptions, `json_items` for all values in one document, `json_depth` levels. `statements` are those of one
    program.
    Nested runs: `nested_depth` levels below the trace, `nested_traces` in all, each counted once.
    Inputs: `inputs` in a genesis, `input_files` that they name in all; `searched_bytes` are read to look for them,
    `derived_bytes` are unpacked, decoded and converted again.
    A run without the flag `CHARGED_BEFORE`, which is not charged for the work on its values: `uncharged_work` in units
    of `search_work`, `uncharged_bytes` of values that one step holds.
    What a genesis may claim, by the name of its limit: `turns` to `search_work`.
    """

    records_bytes: int = 512 * MEGABYTE
    calls_bytes: int = 1024 * MEGABYTE
    blobs_bytes: int = 4096 * MEGABYTE
    content_bytes: int = 2048 * MEGABYTE
    large_bytes: int = 16 * 1024 * MEGABYTE
    line_bytes: int = 16 * MEGABYTE
    signature_bytes: int = MEGABYTE
    records: int = 500_000
    calls: int = 1_000_000
    blobs: int = 2_000_000
    prompt_parts: int = 20_000_000
    json_bytes: int = 64 * MEGABYTE
    json_items: int = 20_000_000
    json_depth: int = 200
    statements: int = 1_000
    nested_depth: int = 8
    nested_traces: int = 10_000
    inputs: int = 10_000
    input_files: int = 1_000_000
    searched_bytes: int = 64 * 1024 * MEGABYTE
    derived_bytes: int = 16 * 1024 * MEGABYTE
    uncharged_work: int = 20_000_000_000
    uncharged_bytes: int = 1_000_000_000
    turns: int = 2_000
    steps: int = 50_000
    sub_calls: int = 1_000_000
    tool_calls: int = 1_000_000
    depth: int = 8
    call_prompt_bytes: int = 16 * MEGABYTE
    prompt_bytes: int = 10_000_000_000
    output_tokens: int = 1_000_000_000
    observation_bytes: int = 16 * MEGABYTE
    value_bytes: int = 2_000_000_000
    variables: int = 10_000
    chunks: int = 10_000_000
    search_work: int = 100_000_000_000

    def check(self, bound: str, found: int, what: str = "the trace has") -> None:
        """Raise `OverLimitError` if `found` is more than the bound of this name."""
        allowed: int = getattr(self, bound)
        if found > allowed:
            raise OverLimitError(bound, allowed, found, what)


READER_LIMITS = ReaderLimits()
"""The defaults."""

CLAIMS = tuple(name for name in ReaderLimits.__struct_fields__ if name in Limits.__struct_fields__)
"""The limits of a genesis that bound what its replay costs, each with a bound of the same name here."""


def check_json(content: bytes, limits: ReaderLimits) -> None:
    """Raise `OverLimitError` for JSON that is too long to be decoded, or has too many values.

    Decoded, an empty list takes twenty times the two bytes that it is written in. Every value but the first has a
    comma or an opening bracket before it, so their number, counted where they stand in text too, bounds that of values.
    """
    limits.check("json_bytes", len(content), "a program, a source or settings have bytes:")
    check_items(content, limits)


def check_items(content: bytes, limits: ReaderLimits) -> None:
    """Raise `OverLimitError` for JSON with too many values."""
    limits.check("json_items", sum(map(content.count, (b",", b"[", b"{"))), "a JSON document has values:")


_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]')


def check_depth(content: bytes, limits: ReaderLimits) -> None:
    """Raise `OverLimitError` for JSON that is nested too deep. It looks at each byte: for short documents."""
    opening = content.count(b"[") + content.count(b"{")
    if opening <= limits.json_depth:
        return  # as it is for nearly all of them
    depth = deepest = 0
    for match in _BRACKETS.finditer(content):
        if match[0] in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in b"]}":
            depth -= 1
    limits.check("json_depth", deepest, "a program is nested to level")
