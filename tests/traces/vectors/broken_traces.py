"""Traces that each break one rule, at the places which `BROKEN` of the tests of the format does not reach."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.records.merkle import EMPTY_ROOT
from rlmlite_kernel.records.records import (
    Checkpoint,
    Child,
    Entry,
    Redact,
    Span,
    Spoken,
    Turn,
)
from rlmlite_kernel.records.refs import blob
from rlmlite_traces.format import lines
from tests.traces import handmade
from tests.traces.format.old_traces import alter
from tests.traces.format.sealed_trace import Files, lines_of, with_lines
from tests.traces.format.test_checks import (
    all_calls,
    change_call,
    change_record,
    controlled,
    order,
    other_effects,
    replace_in,
)
from tests.traces.handmade import SALTS, state
from tests.traces.vectors.nested_run import ID
from tests.traces.vectors.sound_traces import Build, seal_as, sealed, two_rounds, two_rounds_of, with_large

RECORDS, BLOBS, EFFECTS = "trace.jsonl", "blobs.jsonl", "effects.jsonl"


def in_large(change: Callable[[Files, str], Files]) -> Build:
    """The trace with a large content, and one change of its files. `change` is given the name of the large one."""

    def build() -> Files:
        files = with_large()
        return change(files, next(name for name in files if name.startswith("blobs/")))

    return build


def line_of(name: str, at: int, line: bytes) -> Build:
    """A sealed trace with another line in one place, whatever that does to the hashes."""

    def build() -> Files:
        files = sealed()
        whole = lines_of(files, name)
        whole[at] = line + b"\n"
        return with_lines(files, name, whole)

    return build


def drop_calls_of_steps() -> Files:
    """A step that says it made no calls in one round."""
    return other_effects(n=0, rounds=1, root=EMPTY_ROOT, failed=0)()


def spans_of(*spans: bytes) -> Build:
    """A call whose own spans are others."""
    return replace_in(EFFECTS, 2, b'[["",1,6,""]]', b"[" + b",".join(spans) + b"]")


def blob_line(line: bytes) -> Build:
    """A first line of contents that is another."""
    return line_of(BLOBS, 0, line)


SALT = b'"AAAAAAAAAAAAAAAAAAAAAA=="'


def _truncated(files: Files, name: str) -> Files:
    return files | {name: files[name][:-1]}


def _no_reply(error: str) -> Build:
    """A controller's call without a reply, and why."""

    def build() -> Files:
        entries = handmade.run()
        record = entries[1].record
        assert isinstance(record, Turn)
        call = Spoken(
            role="controller",
            model="m",
            prompt=state(9),
            prompt_bytes=9,
            max_output_tokens=9,
            usage=(0, 0, 0),
            error=error,
        )
        gone = record.reply
        kept = tuple(item for item in entries[1].blobs if item.ref != gone)
        entries[1] = Entry(msgspec.structs.replace(record, reply=None, call=call), kept)
        return handmade.encode(entries)[0]

    return build


def _tools(**fields: object) -> Build:
    return lambda: handmade.encode(two_rounds_of(**fields))[0]


def _same_as_itself() -> Files:
    id_ = request_id("r1", 1, 1, 0, 1)
    return change_call(same_as=id_, usage=(0, 0, 0))()


def _negative() -> Files:
    return other_effects(n=-1, rounds=1, root=EMPTY_ROOT, failed=0)()


def _intwo_rounds_of(old: bytes, new: bytes) -> Build:
    def build() -> Files:
        files = two_rounds()
        whole = lines_of(files, EFFECTS)
        return with_lines(files, EFFECTS, [whole[0], whole[1].replace(old, new, 1), *whole[2:]])

    return build


def _unshared() -> Files:
    """A head that leaves to each call a span that all of them share."""
    part, span = blob(SALTS, b"Summarise: ").ref, Span(state(-1), 0, 5, "log")
    files = all_calls(recipe=(part, span))()
    head, *calls = lines_of(files, EFFECTS)
    head = head.replace(b",0,5,", b",-1,-1,")
    return with_lines(files, EFFECTS, [head, *(call.replace(b'",[],', b'",[["",0,5,""]],') for call in calls)])


def _swapped(files: Files, name: str, at: int) -> Files:
    whole = lines_of(files, name)
    whole[at], whole[at + 1] = whole[at + 1], whole[at]
    return with_lines(files, name, whole)


def _left_out(files: Files, name: str) -> Files:
    return {each: content for each, content in files.items() if each != name}


def _redact(*refs: str) -> Build:
    """A run with a redaction of these contents, which are all there."""

    def build() -> Files:
        *rest, end = handmade.run()
        return handmade.encode([*rest, Entry(Redact(refs=refs, reason="wish")), end])[0]

    return build


def _without_line(name: str, at: int) -> Build:
    def build() -> Files:
        files = sealed()
        whole = lines_of(files, name)
        return with_lines(files, name, [*whole[:at], *whole[at + 1 :]])

    return build


def _with_line(name: str, line: bytes) -> Build:
    return lambda: with_lines(sealed(), name, [*lines_of(sealed(), name), line + b"\n"])


_SMALL_FILE = b'{"ref":"' + b"ab" * 32 + b'","salt":' + SALT + b',"size":3}'


_LONG_TEXT = b"[" + SALT + b',"' + b"x" * 65_537 + b'"]'


MORE_BROKEN: Final[dict[str, tuple[str, Build]]] = {
    "newline: calls": ("newline", lambda: _truncated(sealed(), EFFECTS)),
    "newline: contents": ("newline", lambda: _truncated(sealed(), BLOBS)),
    "genesis: no record": ("genesis", lambda: sealed() | {RECORDS: b""}),
    "genesis: a second one": ("genesis", order(0, 0)),
    "flags: one twice": ("flags", change_record(0, flags=(1, 1))),
    "state: of a checkpoint": (
        "state",
        lambda: handmade.encode([handmade.genesis(), Entry(Checkpoint(variables=state(1), state=state(9)))])[0],
    ),
    "turn-number: of a step": ("turn-number", change_record(5, turn=1)),
    "step-number: skipped": ("step-number", change_record(5, step=4)),
    "code: of a step that is ok": ("code", change_record(2, code="type")),
    "code: none of one that failed": ("code", change_record(2, status="failed")),
    "call-result: neither": ("call-result", _no_reply("")),
    "call-result: an unknown error": ("call-result", _no_reply("bad luck")),
    "call-sampling: other words": ("call-sampling", controlled(sampling={"seed": "17"})),
    "usage: bytes below zero": ("usage", controlled(prompt_bytes=-1)),
    "usage: of a call": ("usage", change_call(usage=(0, -1, 0))),
    "seal-result: none after final": ("seal-result", seal_as({"op": "final"}, result=None, reason="no_answer")),
    "seal-result: after a step that failed": ("seal-result", seal_as({"status": "failed", "code": "type"})),
    "seal-reason: completed with a reason": ("seal-reason", change_record(6, reason="budget")),
    "seal-reason: completed without an answer": ("seal-reason", seal_as({}, result=None)),
    "seal-reason: completed after a refusal": (
        "seal-reason",
        seal_as({}, {"ast": None, "diagnostics": blob(SALTS, b'[[],[],null,"y = 2"]').ref}),
    ),
    "seal-reason: completed with a draft": ("seal-reason", seal_as({"status": "held", "code": "no_evidence"})),
    "seal-reason: partial without one": ("seal-reason", change_record(6, outcome="partial")),
    "seal-reason: failed with an answer": ("seal-reason", change_record(6, outcome="failed", reason="x")),
    "seal-reason: failed without one": ("seal-reason", seal_as({}, result=None, outcome="failed")),
    "seal-reason: refused, but a program": ("seal-reason", change_record(6, outcome="refused", reason="x")),
    "seal-reason: refused without one": (
        "seal-reason",
        seal_as({}, {"ast": None, "diagnostics": blob(SALTS, b'[[],[],null,"y = 2"]').ref}, outcome="refused"),
    ),
    "redact: what is there": ("redact", _redact(blob(SALTS, b"{}").ref)),
    "effects-head: none": ("effects-head", lambda: _swapped(sealed(), EFFECTS, 0)),
    "effects-head: of no calls": ("effects-head", drop_calls_of_steps),
    "effects-head: an id of another place": ("effects-head", replace_in(EFFECTS, 0, b'"id":"', b'"id":"0')),
    "effects-head: less than its calls share": ("effects-head", _unshared),
    "effects-round: more than there are": ("effects-round", other_effects(rounds=2, n=3)),
    "effects-spans: one too many": ("effects-spans", spans_of(b'["",1,6,""]', b'["",1,6,""]')),
    "effects-spans: backwards": ("effects-spans", spans_of(b'["",6,1,""]')),
    "effects-spans: with a source": ("effects-spans", spans_of(b'["",1,6,"log"]')),
    "effects-spans: a text with a range": ("effects-spans", _intwo_rounds_of(b",0,0,", b",0,1,")),
    "effects-place: of another step": ("effects-place", replace_in(EFFECTS, 0, b'"step":2', b'"step":1')),
    "effects-place: before its round": ("effects-place", replace_in(EFFECTS, 0, b'"id"', b'"first":1,"id"')),
    "effects-result: neither": ("effects-result", change_call(result=None)),
    "effects-sampling: of a tool": ("effects-sampling", _tools(sampling={"form": "words"})),
    "effects-sampling: other words": ("effects-sampling", all_calls(sampling={"seed": "17"})),
    "effects-same: its own id": ("effects-same", _same_as_itself),
    "effects-same: with a usage": ("effects-same", change_call(same_as=ID)),
    "effects-same: from a cache": ("effects-same", change_call(same_as=ID, usage=(0, 0, 0), cached=True)),
    "effects-same: of a tool": ("effects-same", _tools(same_as=ID)),
    "effects-kind: unknown": ("effects-kind", all_calls(effect="oracle", usage=(0, 0, 0))),
    "effects-kind: a model with a nested run": ("effects-kind", change_call(child=Child("", "x", "", {}))),
    "effects-kind: a tool from a cache": ("effects-kind", _tools(cached=True)),
    "effects-kind: a tool with a usage": ("effects-kind", all_calls(effect="tool")),
    "effects-kind: a tool with a nested run": ("effects-kind", _tools(child=Child("", "x", "", {}))),
    "effects-root: another root": ("effects-root", other_effects(root=state(1))),
    "effects-root: another count of failures": ("effects-root", other_effects(failed=0)),
    "effects-root: no calls in no rounds": ("effects-root", _negative),
    "size: a long text in its line": ("size", blob_line(_LONG_TEXT)),
    "size: a short file": ("size", blob_line(_SMALL_FILE)),
    "ref: of a file no digest": ("ref", blob_line(_SMALL_FILE.replace(b"ab" * 32, b"ab"))),
    "one-content: none": ("one-content", blob_line(b'{"salt":' + SALT + b"}")),
    "order: of calls": ("order", lambda: _swapped(two_rounds(), BLOBS, -4)),
}
"""The code of the rule, and the trace, by what is wrong."""


OTHERS_BROKEN: Final[dict[str, tuple[str, Build]]] = {
    "a format of the future": ("UnknownFormatError", change_record(0, v=3)),
    "no file of calls": ("TraceMissingError", lambda: {k: v for k, v in sealed().items() if k != EFFECTS}),
    "a content that is gone": ("BlobAbsentError", _without_line(BLOBS, 3)),
    "a content of an input that is gone": ("BlobAbsentError", _without_line(BLOBS, 2)),
    "a large content that is gone": ("BlobAbsentError", in_large(lambda files, name: _left_out(files, name))),
    "a large content that is cut": ("BlobAbsentError", in_large(lambda files, name: files | {name: files[name][:-1]})),
    "a large content that is longer": (
        "BlobMismatchError",
        in_large(lambda files, name: files | {name: files[name] + b"x"}),
    ),
    "a large content that is changed": (
        "BlobMismatchError",
        in_large(lambda files, name: files | {name: b"L" + files[name][1:]}),
    ),
    "a content that nothing names": (
        "BlobUnreferencedError",
        _with_line(BLOBS, lines.encode_blob(blob(SALTS, b"extra"))),
    ),
    "a file that nothing names": ("BlobUnreferencedError", lambda: sealed() | {f"blobs/{state(3)}": b"stray"}),
}
"""The class of the error, and the trace, by what is wrong."""


def _other_version(records: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    calls[0]["v"] = 2


OLD_MORE: Final[dict[str, tuple[str, Build]]] = {"format: of a call": ("format", lambda: alter(_other_version))}
"""The same in format 1."""
