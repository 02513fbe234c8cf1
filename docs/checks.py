"""The tables of `docs/reference/checks.md`: what `verify` and `replay` check. A code without a meaning fails a test."""

import inspect
from typing import Final

from docs.tables import code, prose, table
from rlmlite_traces import Verdict
from rlmlite_traces.errors import (
    BlobAbsentError,
    BlobMismatchError,
    BlobUnreferencedError,
    LevelError,
    OverLimitError,
    RootMismatchError,
    TraceMissingError,
    UnknownFormatError,
)
from rlmlite_traces.format.showing.checks import CHECKS
from rlmlite_traces.limits import CLAIMS, READER_LIMITS, ReaderLimits

DIFFERENCES: Final = {
    "settings": "the settings can be read, and a run can be begun with them",
    "actions": "the action table is the one of the trace (another one is reported as `engines`)",
    "origin": "`controller` spoke where a model was called or there is a reply, else `host`",
    "call.role, call.model, ...": "role, model and tokens of the controller's call are those of the genesis",
    "call.prompt": "the prompt, rendered again, has the recorded commitment (`trace replay`; a `ControllerCheck`)",
    "a field of the genesis": "inputs, scope, parent, grammar and first state follow from the settings and the inputs",
    "ast, diagnostics": (
        "what was read of a reply is readable, every place in it lies in its text, and the text gives the same again"
    ),
    "turn": "there was a turn left for it",
    "kind": "a step belongs to a turn, and a turn has as many steps as its program gives",
    "text": "there was room for the question",
    "effects.jsonl[i].field": "the calls of a step follow from its arguments; `i` counts its lines, heads included",
    "a field of a step": "reads, writes, refs, observation, coverage, costs, status, code and state are computed again",
    "a field of the seal": "the outcome and its reason fit the state, and the result is the answer",
}
"""What a replay compares, by the field that `Difference.field` names. Every record is compared, in order."""

VERDICTS: Final = {
    Verdict.REPRODUCED: "every record was computed again, and is the same",
    Verdict.FORGED: "a record is not what the kernel computes from the ones before it",
    Verdict.ENGINES: (
        "a step differs in what another version of an engine computed, or the action table is another one; "
        "it is not shown to be genuine"
    ),
    Verdict.UNVERIFIABLE: (
        "no difference in what could be checked; an input is missing, or prompts or texts could not be made again"
    ),
}


_BOUNDS: Final = {
    "records_bytes": "bytes of `trace.jsonl`",
    "calls_bytes": "bytes of `effects.jsonl`",
    "blobs_bytes": "bytes of `blobs.jsonl`",
    "content_bytes": "bytes of one file in `blobs/`",
    "large_bytes": "bytes of all files in `blobs/`",
    "line_bytes": "bytes of a record or a call",
    "signature_bytes": "size of `trace.dsse.json`",
    "records": "records",
    "calls": "lines of calls",
    "blobs": "contents",
    "prompt_parts": "parts of prompts, those of a round counted for each of its calls",
    "json_bytes": "bytes of settings, a program or a source",
    "json_items": "values in one JSON document",
    "json_depth": "levels of a program",
    "statements": "statements of a program",
    "nested_depth": "levels of nested runs",
    "nested_traces": "nested runs, each counted once",
    "inputs": "inputs",
    "input_files": "files that inputs name",
    "searched_bytes": "bytes of files in which inputs are looked for",
    "derived_bytes": "bytes that are unpacked, decoded and converted again",
    "uncharged_work": "work on values in a run that is not charged for it (of an older version), in units of "
    "`search_work`",
    "uncharged_bytes": "bytes of values that a step of such a run holds",
}
"""What a reader's limit bounds. Those that are not here bound the limit of the same name in a genesis."""


def bounds() -> str:
    """The reader's limits, with their defaults."""
    rows: list[tuple[str, str, str]] = []
    for name in ReaderLimits.__struct_fields__:
        meaning = f"what the settings of a run may permit of `{name}`" if name in CLAIMS else _BOUNDS[name]
        rows.append((code(name), f"{getattr(READER_LIMITS, name):,}", meaning))
    return table(("limit", "default", "bounds"), rows)


def checks() -> str:
    """The rules of the format."""
    return table(("check", "what holds"), [(code(name), prose(meaning)) for name, meaning in CHECKS.items()])


def errors() -> str:
    """What `verify` raises besides."""
    kinds = (
        BlobAbsentError,
        BlobMismatchError,
        BlobUnreferencedError,
        UnknownFormatError,
        RootMismatchError,
        LevelError,
        TraceMissingError,
        OverLimitError,
    )
    rows = [(code(kind.__name__), prose((inspect.getdoc(kind) or "").partition("\n")[0])) for kind in kinds]
    return table(("error", "means"), rows)


def differences() -> str:
    """What `replay` compares."""
    rows = [
        (code(field) if field.isidentifier() or "[" in field else field, what) for field, what in DIFFERENCES.items()
    ]
    return table(("field", "what is checked"), rows)


def verdicts() -> str:
    """What `replay` says."""
    return table(("verdict", "means"), [(code(verdict.value), what) for verdict, what in VERDICTS.items()])
