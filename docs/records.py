"""The tables of `docs/reference/records.md`, from the record types. A field without a meaning fails `make docs`."""

import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from docs.tables import code, table
from rlmlite_kernel.records.call_lines import CallLine, CallsHead, Rare
from rlmlite_kernel.records.evolution import FLAGS, FORMAT, RENDERING
from rlmlite_kernel.records.records import (
    Addition,
    Checkpoint,
    Child,
    Effects,
    Genesis,
    InputEntry,
    Observed,
    Question,
    Record,
    Redact,
    Remark,
    Seal,
    Spoken,
    Step,
    Turn,
    Written,
)

_ANY: Final = {
    "seq": "the record's place in the trace, from 0",
    "prev": "the leaf hash of the record before; 64 zeros, and left out, in the first",
    "kind": "`genesis`, `question`, `addition`, `turn`, `step`, `checkpoint`, `redact` or `seal`",
}

_REMARKS: Final = {
    "warnings": "what may be wrong with the result, see below",
    "notes": "what was read or bounded as it was asked, see below",
}

MEANINGS: Final[dict[type[msgspec.Struct], dict[str, str]]] = {
    Genesis: {
        "v": "the number of the trace format",
        "run": "the run's id, which follows from its key",
        "flags": "the changes of meaning that hold in this run, by number",
        "rendering": "the number of the wording of its texts",
        "kernel": "the version of the kernel",
        "engines": "the versions of the libraries that engines stand on",
        "grammar": "SHA-256 of the grammar",
        "actions": "SHA-256 of the action table",
        "settings": "blob: limits, roles with their sampling settings, tools, policy, deadline",
        "inputs": "the inputs, see below",
        "scope": "labels of the host",
        "state": "digest of the first state",
        "parent": "the id of the call that a nested run answers; `null` for a run of its own",
        "strategy": "how the question was answered, if not by the agent loop *(reserved)*",
        "compiled": "digest of strategy, instructions, roles and budgets together *(reserved)*",
        "signature": "blob: the typed contract of inputs and outputs *(reserved)*",
    },
    InputEntry: {
        "name": "the variable",
        "kind": "`text`, `documents`, or a kind of JSON value",
        "ref": "ref of the value",
        "size": "bytes of its content",
        "source": "blob: where it came from, with paths, digests and what was left out",
        "sha256": "plain SHA-256 of a single file's text, else `null`",
    },
    Question: {
        "text": "blob: the question",
        "writes": "the variable that holds it",
        "state": "digest of the state after it",
        "form": "blob: the JSON schema that the answer must match; `null` for none",
        "earlier": "the variable that holds the answer before it, as `writes`; `null` for none",
    },
    Addition: {
        "inputs": "the inputs, as in the genesis, see above",
        "limits": "the limits that are higher from here on, by name; `null` for none",
        "kept": "how much of the limits is held back for the last answer from here on, by name",
        "state": "digest of the state after it",
    },
    Turn: {
        "turn": "number, from 1",
        "origin": "who spoke: `host`, or the controller",
        "reply": "blob: the controller's whole reply, if a model spoke",
        "program": "blob: the text that was read; only format 1 has it apart",
        "ast": "blob: the program as data, and its text unless that is the whole reply",
        "diagnostics": "blob: the problems, and the text, if it was refused",
        "call": "the controller's own call, see below; `null` if no model spoke",
        "used": "what the turn and the call were charged to each budget",
        "state": "digest of the state after it",
        "clock_ms": "milliseconds since 1970 that a deadline was judged by *(reserved)*",
        "held_back": "why the answer of the turn before was not taken *(reserved)*",
        "earlier": "the variable that holds the answer before it, if a program of the host came after one",
        **_REMARKS,
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
        "detail": "blob: what the provider said of the failure *(reserved)*",
        "sampling": "how it was asked, where the role does not say it: the form of its program, what was not sent",
    },
    Step: {
        "turn": "the turn's number",
        "step": "number, from 1, over the whole run",
        "statement": "which statement of the program, from 0",
        "op": "the action",
        "ast": "blob: the step as data, arguments included",
        "reads": "the variables that were read",
        "writes": "the variables that were written, see below",
        "effects": "the calls of the step, see below; `null` for none",
        "observation": "what was shown, see below",
        "coverage": "of the inputs whose totals changed: bytes shown, read by a model, scanned so far",
        "priced": "what the calls were known to need before any went out",
        "used": "what was charged to each budget",
        "status": "`ok`, `failed` or `skipped`",
        "code": "the fault's code, empty when ok",
        "state": "digest of the state after it",
        **_REMARKS,
    },
    Written: {
        "name": "the variable",
        "kind": "the kind of its value",
        "size": "bytes that it holds",
        "ref": "ref of the value",
    },
    Observed: {
        "ref": "blob: the text; `null` if nothing is shown",
        "size": "bytes of it",
        "origins": "where its content came from",
        "cut": "bytes that were left out",
    },
    Effects: {
        "n": "how many calls",
        "root": "tree head over their lines in `effects.jsonl`, heads included",
        "failed": "how many of them have an error",
        "rounds": "how many rounds, each with a head",
    },
    Remark: {
        "code": "what it is about",
        "n": "how often it happened",
        "example": "blob: one example",
        "input": "the input that the example is from",
        "line": "its line there, from 1; 0 if it has none",
    },
    Checkpoint: {
        "variables": "blob: the variable table that the state commits to",
        "state": "digest of the state, which is that of the record before",
    },
    Redact: {
        "refs": "the blobs that were removed",
        "reason": "why",
        "who": "who removed them",
    },
    Seal: {
        "steps": "the number of steps",
        "outcome": "`completed`, `partial`, `refused` or `failed`",
        "reason": "why it is not completed, empty otherwise",
        "result": "blob: the answer's value and evidence; `null` without an answer",
        "findings": "of a nested run, blob: the evidence of its answer and its coverage, for its parent",
        "state": "digest of the last state",
        **_REMARKS,
    },
    CallsHead: {
        "kind": "`calls`",
        "step": "the step's number",
        "id": "the id of its first call: the first 32 hex digits of SHA-256 of `run/turn/statement/round/index`",
        "first": "the index in the step at which the round begins",
        "round": "the number of the round in the step, from 0",
        "n": "how many calls follow",
        "effect": "what was called: `lm` a model, `tool`, `approve` a person or program, `rlm` a nested run, `clock`",
        "role": "which role was asked; the name of a tool",
        "model": "the model string; empty if it is no model",
        "max_output_tokens": "tokens that each answer could have",
        "recipe": "the prompt's parts: a blob, or a span `[ref, start, stop, source]`; -1 or -2 for the calls' own",
        "inputs": "refs of the values that a nested run was given, by name",
        "sampling": "how the calls were asked, where the role does not say it, if all were asked alike",
    },
    CallLine: {
        "index": "the call's number in the step, from 0",
        "prompt_bytes": "bytes of the prompt",
        "rendered": "the first 32 digits of the commitment to the prompt's text",
        "spans": "the spans that stand in the recipe's marked places, in order",
        "result": "blob: the reply; `null` if there is none",
        "usage": "input tokens, output tokens, nano-dollars; `null` is unknown",
        "rare": "what few calls have, see below; else `null`",
    },
    Rare: {
        "error": "why there is no reply",
        "detail": "blob: what was said of the failure",
        "cached": "whether the reply came from a cache",
        "child": "what came of a nested run, see below",
        "same_as": "the id of the call whose result this one took; it was not made, and used nothing",
        "trial": "the number of the repetition of one prompt *(reserved)*",
        "sampling": "how it was asked, where the role does not say it, unless the head says it: see `effects-sampling`",
        "inputs": "refs of the inputs of a nested run, by name, where each call of the round has its own",
    },
    Child: {
        "root": "the root of the nested run's trace",
        "status": "how it ended",
        "reason": "why it is not completed, empty otherwise",
        "used": "what it used of its allowance",
        "evidence": "blob: its findings, those of its seal: the spans that its answer rests on, and its coverage",
        "coverage": "what it showed, read and scanned of the parent's inputs *(reserved)*",
        "warnings": "the warnings of its seal, without examples",
        "notes": "the notes of its seal, without examples",
        "calls": "how many calls of each kind were made below it, and what models reported of them",
    },
}
"""What each field means."""


def record(kind: type[msgspec.Struct]) -> str:
    """A record: what it is, then its fields. The fields that all records share are left out."""
    hints = typing.get_type_hints(kind)
    shared = _ANY if issubclass(kind, Record) else {}
    names = [name for name in (*kind.__struct_fields__, *_tag(kind)) if name not in shared]
    rows = [(code(name), spelled_type(hints.get(name, str)), MEANINGS[kind][name]) for name in names]
    return f"{inspect.getdoc(kind)}\n\n{table(_HEADS, rows)}"


def numbers() -> str:
    """The numbers that a trace of this version holds."""
    flags = ", ".join(f"{number}: {meaning}" for number, meaning in FLAGS.items()) or "none so far"
    rows = [
        ("format", code("v"), str(FORMAT)),
        ("flags", code("flags"), flags),
        ("rendering", code("rendering"), str(RENDERING)),
    ]
    return table(("number", "in the genesis", "today"), rows)


def every() -> str:
    """The fields that all records share."""
    rows = [(code(name), spelled_type(typing.get_type_hints(Record).get(name, str)), _ANY[name]) for name in _ANY]
    return table(_HEADS, rows)


_HEADS = ("field", "type", "meaning")


def _tag(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    field = kind.__struct_config__.tag_field
    return () if field is None else (field,)


def spelled_type(hint: Any, names: Mapping[Any, str] = {}) -> str:
    """A type as readers of JSON know it, and a struct by its name in `names`, if it has one there."""

    def inner(each: Any) -> str:
        return spelled_type(each, names)

    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in names:
        return names[hint]
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(inner, arguments)))
    if origin is dict:
        return f"object of {inner(arguments[1])}"
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"list of {inner(arguments[0])}"
        return "[" + ", ".join(map(inner, arguments)) + "]"
    return "object" if hint in MEANINGS else _WORDS.get(hint, "span")


_WORDS: dict[Any, str] = {str: "text", int: "integer", bool: "boolean", type(None): "null"}
