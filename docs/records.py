"""The tables of `docs/reference/records.md`, from the record types. A field without a meaning fails `make docs`."""

import inspect
import types
import typing
from typing import Any, Final

import msgspec

from docs.tables import code, table
from rlmlite_kernel.records.records import (
    EffectRecord,
    Effects,
    Genesis,
    InputEntry,
    Observed,
    Record,
    Seal,
    Spoken,
    Step,
    Turn,
    Written,
)

_ANY: Final = {
    "v": "the number of the trace format",
    "seq": "the record's place in the trace, from 0",
    "prev": "the leaf hash of the record before; 64 zeros for the first",
    "kind": "`genesis`, `turn`, `step` or `seal`",
}

MEANINGS: Final[dict[type[msgspec.Struct], dict[str, str]]] = {
    Genesis: {
        "run": "the run's id, which follows from its key",
        "semantics": "the number of what actions mean; another number is not replayed",
        "kernel": "the version of the kernel",
        "engines": "the versions of the libraries that engines stand on",
        "grammar": "SHA-256 of the grammar",
        "actions": "SHA-256 of the action table",
        "settings": "blob: limits, roles and policy",
        "inputs": "the inputs, see below",
        "scope": "labels of the host",
        "state": "digest of the first state",
        "parent": "the id of the call that a nested run answers; `null` for a run of its own",
    },
    InputEntry: {
        "name": "the variable",
        "kind": "`text`, `documents`, or a kind of JSON value",
        "ref": "ref of the value",
        "size": "bytes of its content",
        "source": "blob: where it came from, with paths, digests and what was left out",
        "sha256": "plain SHA-256 of a single file's text, else `null`",
    },
    Turn: {
        "turn": "number, from 1",
        "origin": "who spoke: `host`, or the controller",
        "reply": "blob: the controller's whole reply, if a model spoke",
        "program": "blob: the text that was read as a program",
        "ast": "blob: the program as data, without its text, if it was read",
        "diagnostics": "blob: the problems, without the text, if it was refused",
        "call": "the controller's own call, see below; `null` if no model spoke",
        "used": "what the turn and the call were charged to each budget",
        "state": "digest of the state before and after",
    },
    Spoken: {
        "role": "which role was asked",
        "model": "the model string",
        "prompt": "commitment to the prompt's text, which is not stored",
        "prompt_bytes": "bytes of the prompt",
        "max_output_tokens": "tokens that the reply could have",
        "usage": "input tokens, output tokens, nano-dollars; `null` is unknown",
        "cached": "whether the reply came from a cache",
        "error": "why there is no reply, else empty",
    },
    Step: {
        "turn": "the turn's number",
        "step": "number, from 1, over the whole run",
        "statement": "which statement of the program, from 0",
        "op": "the action",
        "ast": "blob: the step as data, arguments included",
        "reads": "pairs of a variable's name and its ref",
        "writes": "the variables that were written, see below",
        "effects": "the calls of the step, see below; `null` for none",
        "observation": "what was shown, see below",
        "coverage": "per input: bytes shown, read by a model, scanned so far",
        "priced": "what the calls were known to need before any went out",
        "used": "what was charged to each budget",
        "status": "`ok`, `failed` or `skipped`",
        "code": "the fault's code, empty when ok",
        "state": "digest of the state before and after",
    },
    Written: {
        "name": "the variable",
        "kind": "the kind of its value",
        "ref": "ref of the value",
        "size": "bytes that it holds",
    },
    Observed: {
        "ref": "blob: the text",
        "size": "bytes of it",
        "origins": "where its content came from",
        "cut": "bytes that were left out",
    },
    Effects: {
        "n": "how many lines of `effects.jsonl`",
        "root": "tree head over these lines",
        "ok": "how many have a result",
        "failed": "how many have an error",
    },
    Seal: {
        "steps": "the number of steps",
        "outcome": "`completed`, `partial`, `refused` or `failed`",
        "reason": "why it is not completed, empty otherwise",
        "result": "blob: the answer's value and evidence; `null` without an answer",
        "state": "digest of the last state",
    },
    EffectRecord: {
        "v": "the number of the trace format",
        "kind": "`effect`",
        "step": "the step's number",
        "index": "the call's number in the step, from 0",
        "effect": "what was called: `lm` a model, `tool`, `approve` a person or program, `rlm` a nested run, `clock`",
        "id": "names the call for good: it follows from run, turn, the step's place in the turn, round and index",
        "role": "which role was asked; the name of a tool",
        "model": "the model string; empty if it is no model",
        "max_output_tokens": "tokens that the answer could have",
        "recipe": "the prompt's parts in order: a blob, or a span `[ref, start, stop, source]`",
        "rendered": "commitment to the prompt's text",
        "prompt_bytes": "bytes of the prompt",
        "result": "blob: the reply; `null` if there is none",
        "error": "why there is none, else empty",
        "detail": "blob: what was said of the failure; `null` if nothing was",
        "usage": "input tokens, output tokens, nano-dollars; `null` is unknown",
        "cached": "whether the reply came from a cache",
        "inputs": "refs of the values that a nested run was given, by name",
        "child": "what came of a nested run: its trace's root, how it ended, what it used; `null` for other calls",
    },
}
"""What each field means."""


def record(kind: type[msgspec.Struct]) -> str:
    """A record: what it is, then its fields. The fields that all records share are left out."""
    hints = typing.get_type_hints(kind)
    shared = _ANY if issubclass(kind, Record) else {}
    names = [name for name in (*kind.__struct_fields__, *_tag(kind)) if name not in shared]
    rows = [(code(name), _spelled(hints.get(name, str)), MEANINGS[kind][name]) for name in names]
    return f"{inspect.getdoc(kind)}\n\n{table(_HEADS, rows)}"


def every() -> str:
    """The fields that all records share."""
    rows = [(code(name), _spelled(typing.get_type_hints(Record).get(name, str)), _ANY[name]) for name in _ANY]
    return table(_HEADS, rows)


_HEADS = ("field", "type", "meaning")


def _tag(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    field = kind.__struct_config__.tag_field
    return () if field is None else (field,)


def _spelled(hint: Any) -> str:
    """A type as readers of JSON know it."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(_spelled, arguments)))
    if origin is dict:
        return f"object of {_spelled(arguments[1])}"
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"list of {_spelled(arguments[0])}"
        return "[" + ", ".join(map(_spelled, arguments)) + "]"
    return "object" if hint in MEANINGS else _WORDS.get(hint, "span")


_WORDS: dict[Any, str] = {str: "text", int: "integer", bool: "boolean", type(None): "null"}
