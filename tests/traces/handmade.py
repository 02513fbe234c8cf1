"""Traces made by hand out of the real record types, for tests that need no kernel."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from rlmlite_kernel.records.call_lines import COMMITMENT_DIGITS, lines_of, request_id
from rlmlite_kernel.records.canonical import record_bytes
from rlmlite_kernel.records.evolution import FORMAT
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import (
    Blob,
    EffectRecord,
    Effects,
    Entry,
    Genesis,
    InputEntry,
    Observed,
    Ref,
    Seal,
    Span,
    Step,
    Turn,
    Written,
)
from rlmlite_kernel.records.refs import RunKey, blob, commit, commit_value
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces import UncheckedTrace
from rlmlite_traces.format import lines, referenced
from rlmlite_traces.format.chain import Chain
from rlmlite_traces.writing.log import Log

KEY = bytes(range(32))
SALTS = RunKey(KEY)


def state(number: int) -> str:
    """A digest that stands for a state."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def genesis() -> Entry:
    """A run with one input from memory."""
    settings, content = blob(SALTS, b"{}"), blob(SALTS, "log lines, Überschrift\n".encode())
    source = blob(SALTS, msgspec.json.encode(Source(kind="text", content=content.ref)))
    entry = InputEntry(name="log", kind="text", ref=state(-1), size=24, source=source.ref, sha256=None)
    record = Genesis(
        run="r1",
        v=FORMAT,
        kernel="0.1.0",
        engines={"re2": "1", "unicode": "15"},
        grammar=state(-2),
        actions=state(-3),
        settings=settings.ref,
        inputs=(entry,),
        scope={"user": "Zoë"},
        state=state(0),
        parent=None,
    )
    return Entry(record, (settings, source, content))


def turn(number: int, at: int, text: str = "x = 1") -> Entry:
    """A turn that parsed, in the state `at`."""
    reply, ast = blob(SALTS, text.encode()), blob(SALTS, b"[[],[],null," + record_bytes_of(text) + b"]")
    record = Turn(
        turn=number,
        origin="lm",
        reply=reply.ref,
        ast=ast.ref,
        state=state(at),
    )
    return Entry(record, (ast, reply))


def record_bytes_of(text: str) -> bytes:
    return msgspec.json.encode(text)


def calls(step_number: int, in_turn: int, count: int, place: int = 0) -> tuple[list[EffectRecord], list[Blob]]:
    """Calls of a step, as a trace gives them back; every third one fails. They share a literal part."""
    part = blob(SALTS, b"Summarise: ")
    kept, made = [part], []
    for index in range(count):
        failed = index % 3 == 2
        reply = blob(SALTS, f"reply {step_number}.{index}".encode())
        if not failed:
            kept.append(reply)
        made.append(
            EffectRecord(
                step=step_number,
                index=index,
                id=request_id("r1", in_turn, place, 0, index),
                role="sub",
                model="m",
                max_output_tokens=64,
                recipe=(part.ref, Span(state(-1), index, index + 5, "log")),
                rendered=commit_value(part.salt, str(index).encode())[:COMMITMENT_DIGITS],
                prompt_bytes=16,
                result=None if failed else reply.ref,
                error="timeout" if failed else "",
                usage=(3, None, 1_500_000_000),
                cached=False,
            )
        )
    return made, kept


def step(number: int, in_turn: int, at: int, count: int = 0, shown: bytes = b"1", first: int = 1) -> Entry:
    """A step from state `at` to the next, with `count` calls."""
    ast, observation = blob(SALTS, f"statement {number}".encode()), blob(SALTS, shown)
    made, kept = calls(number, in_turn, count, number - first)
    failed = sum(1 for call in made if call.error)
    record = Step(
        turn=in_turn,
        step=number,
        statement=0,
        op="ask" if count else "let",
        ast=ast.ref,
        reads=("log",),
        writes=(Written("x", "int", 8, state(at + 500)),),
        effects=Effects(n=count, root=root_of(lines_of(made)), failed=failed) if count else None,
        observation=Observed(ref=observation.ref, size=len(shown), origins=("controller",), cut=0),
        coverage={"log": (0, 0, number)},
        priced={"steps": 1},
        used={"steps": 1},
        state=state(at + 1),
    )
    return Entry(record, (ast, observation, *(kept if count else [])), tuple(made))


def seal(steps: int, at: int) -> Entry:
    """The end of a completed run."""
    result = blob(SALTS, b'{"value":"done"}')
    return Entry(Seal(steps=steps, outcome="completed", reason="", result=result.ref, state=state(at)), (result,))


def run(sealed: bool = True) -> list[Entry]:
    """A small run of every kind of record: two turns, three steps, one of them with calls, bytes that are no text."""
    entries = [
        genesis(),
        turn(1, 0),
        step(1, 1, 0),
        step(2, 1, 1, count=4),
        turn(2, 2, "y = 2"),
        step(3, 2, 2, shown=b"\xff\x00\x9b"),
    ]
    return [*entries, seal(3, 3)] if sealed else entries


def write(path: Path, entries: Iterable[Entry]) -> str:
    """A trace on disk; its root."""
    with Log.create(path, KEY) as log:
        log.extend(entries)
        return log.root


def encode(entries: list[Entry]) -> tuple[dict[str, bytes], str]:
    """The files that a log would write, without a disk and without its checks; the root."""
    chain, blobs, effects, records, large = Chain(), {}, [], [], {}
    for entry in entries:
        for item in entry.blobs:
            blobs[item.ref] = lines.encode_blob(item)
            if len(item.content) > lines.LARGE:
                large[f"blobs/{item.ref}"] = item.content
        effects += lines_of(entry.effects)
        record = chain.place(entry.record)
        records.append(record_bytes(record))
        chain.add(record, records[-1])
    blobs = in_order(entries, blobs)
    whole = [b"".join(line + b"\n" for line in kind) for kind in (records, blobs.values(), effects)]
    return dict(zip(("trace.jsonl", "blobs.jsonl", "effects.jsonl"), whole, strict=True)) | large, chain.root


def in_order(entries: list[Entry], lines_by_ref: dict[Ref, bytes]) -> dict[Ref, bytes]:
    """Lines of blobs in the order in which the entries name them; what nothing names comes last."""
    contents = {blob.ref: blob.content for entry in entries for blob in entry.blobs}
    named: dict[Ref, None] = {}
    for entry in entries:
        named |= dict.fromkeys(referenced.in_order(entry.record, entry.effects, contents.get))
    return {ref: lines_by_ref[ref] for ref in named if ref in lines_by_ref} | lines_by_ref


def files(path: Path) -> dict[str, bytes]:
    """Every file of a trace that is checked."""
    found = {name: (path / name).read_bytes() for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl")}
    return found | {f"blobs/{item.name}": item.read_bytes() for item in sorted((path / "blobs").glob("*"))}


def unchecked_trace(files_: dict[str, bytes]) -> UncheckedTrace:
    """The same files without a disk."""
    large: dict[Ref, Path | bytes] = {
        name.removeprefix("blobs/"): content for name, content in files_.items() if name.startswith("blobs/")
    }
    records, blobs, calls = (files_[name] for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl"))
    return UncheckedTrace(records, blobs, calls, large, redactions=files_.get("redactions.jsonl", b""))


def ref_of(line: bytes) -> Ref:
    """The ref of a line of `blobs.jsonl`."""
    item = lines.decode_blob(line.rstrip(b"\n"), 0)
    if isinstance(item, lines.BlobLine) and item.ref:
        return item.ref
    content = item.text.encode() if isinstance(item, lines.TextLine) else item.base64 or b""
    return commit(item.salt, hashlib.sha256(content).digest())


def with_calls(entry: Entry, made: list[EffectRecord]) -> Entry:
    """The step with these calls in place of its own, and the root that they have."""
    record = entry.record
    assert isinstance(record, Step)
    failed = sum(1 for call in made if call.error)
    rounds = len({call.round for call in made})
    effects = Effects(n=len(made), root=root_of(lines_of(made)), failed=failed, rounds=rounds)
    return Entry(msgspec.structs.replace(record, effects=effects), entry.blobs, tuple(made))
