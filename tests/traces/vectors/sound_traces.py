"""Sound traces, the ground on which vectors stand: each has something that the others have not."""

from collections.abc import Callable
from typing import Final

import msgspec

from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.records.records import (
    Checkpoint,
    Entry,
    Genesis,
    Question,
    Redact,
    Remark,
    Seal,
    Span,
    Step,
    Turn,
    Written,
)
from rlmlite_kernel.records.refs import blob
from tests.traces import handmade
from tests.traces.format.old_traces import KEPT, alter
from tests.traces.format.sealed_trace import Files
from tests.traces.format.test_checks import (
    all_calls,
    controlled,
)
from tests.traces.handmade import SALTS, state
from tests.traces.verifier.both import files_of

Build = Callable[[], Files]
"""Makes the files of a trace."""


def sealed() -> Files:
    """Two turns, three steps, four calls, a blob that is no text."""
    return handmade.encode(handmade.run())[0]


def open_run() -> Files:
    """The same without its seal."""
    return handmade.encode(handmade.run(sealed=False))[0]


def with_large() -> Files:
    """A content in a file of its own."""
    shown = handmade.step(4, 2, 3, shown=b"long " * 13_200)
    return handmade.encode([*handmade.run(sealed=False), shown, handmade.seal(4, 4)])[0]


def redacted() -> Files:
    """A content that is gone, and a record that says so."""
    entries = handmade.run()
    record = entries[1].record
    assert isinstance(record, Turn)
    assert record.reply is not None
    gone = record.reply
    kept = Entry(record, tuple(item for item in entries[1].blobs if item.ref != gone))
    note = Entry(Redact(refs=(gone,), reason="a name", who="host"))
    return handmade.encode([entries[0], kept, *entries[2:-1], note, entries[-1]])[0]


def asked() -> Files:
    """A question with a form, a turn without a program, a checkpoint, a step that failed; not completed."""
    genesis = handmade.genesis()
    text, form, variables = (blob(SALTS, content) for content in (b"How many?", b"{}", b"[]"))
    writes = Written("question", "text", 9, state(30))
    question = Question(text=text.ref, writes=writes, form=form.ref, earlier=writes, state=state(0))
    step = handmade.step(1, 1, 0)
    assert isinstance(step.record, Step)
    example = blob(SALTS, b"1,204.75")
    warned = (Remark(code="not_numbers", n=2, example=example.ref, input="log", line=4),)
    failed = msgspec.structs.replace(step.record, status="failed", code="type", warnings=warned, notes=warned)
    end = Seal(steps=1, outcome="partial", reason="stuck", state=state(1))
    return handmade.encode(
        [
            genesis,
            Entry(question, (text, form)),
            handmade.turn(1, 0),
            Entry(failed, (*step.blobs, example)),
            Entry(Checkpoint(variables=variables.ref, state=state(1)), (variables,)),
            Entry(end),
        ]
    )[0]


def two_rounds() -> Files:
    """Calls in two rounds, to tools and to a person; each call of a round has a text of its own."""
    return handmade.encode(two_rounds_of())[0]


def two_rounds_of(**fields: object) -> list[Entry]:
    entries = handmade.run()
    texts = [blob(SALTS, f"arguments {number}".encode()) for number in range(4)]
    calls = []
    for number, call in enumerate(entries[3].effects):
        round_, first = number // 2, 2 * (number // 2)
        calls.append(
            msgspec.structs.replace(
                call,
                round=round_,
                first=first,
                id=request_id("r1", 1, 1, round_, number - first),
                effect=("tool", "approve")[round_],
                usage=(0, 0, 0),
                recipe=(texts[number].ref, Span(state(number), 0, 5, "log")),
                **fields,
            )
        )
    step = Entry(entries[3].record, (*entries[3].blobs, *texts))
    entries[3] = handmade.with_calls(step, calls)
    part = blob(SALTS, b"Summarise: ").ref
    entries[3] = Entry(entries[3].record, tuple(b for b in entries[3].blobs if b.ref != part), entries[3].effects)
    return entries


def seal_as(last_step: dict[str, object], turn: dict[str, object] | None = None, **fields: object) -> Build:
    """A run with another seal, whose last step, and whose last turn, have other fields."""

    def build() -> Files:
        entries = handmade.run()
        for at, changed in ((4, turn or {}), (5, last_step), (6, fields)):
            record = msgspec.structs.replace(entries[at].record, **changed)
            entries[at] = Entry(record, entries[at].blobs, entries[at].effects)
        if fields.get("result", "") is None:
            entries[6] = Entry(entries[6].record)
        return handmade.encode(entries)[0]

    return build


def _with_source(content: bytes) -> Files:
    """A trace whose input has a source that cannot be read, so that it names no content."""
    entries = handmade.run()
    genesis = entries[0].record
    assert isinstance(genesis, Genesis)
    source = blob(SALTS, content)
    inputs = (msgspec.structs.replace(genesis.inputs[0], source=source.ref),)
    entries[0] = Entry(msgspec.structs.replace(genesis, inputs=inputs), (entries[0].blobs[0], source))
    return handmade.encode(entries)[0]


SOUND: Final[dict[str, Build]] = {
    "sealed": sealed,
    "open": open_run,
    "with a large content": with_large,
    "format 1": lambda: alter(lambda records, calls: None),
    "format 1, nested": lambda: files_of(KEPT / "nested.rlm"),
    "redacted": redacted,
    "asked, failed, checkpoint": asked,
    "two rounds of tools": two_rounds,
    "no calls": lambda: handmade.encode([handmade.genesis(), handmade.turn(1, 0)])[0],
    "a call of a controller": controlled(sampling={"decode": "lark", "stop": "not sent"}),
    "calls with a form": all_calls(sampling={"form": "json_object", "top_p": "not sent"}),
    "an answer that was held back": seal_as(
        {"op": "final", "status": "held", "code": "no_evidence"}, outcome="partial", reason="held"
    ),
    "an answer that was drafted": seal_as({"op": "draft"}, outcome="partial", reason="draft"),
    "refused": seal_as(
        {}, {"ast": None, "diagnostics": blob(SALTS, b'[[],[],null,"y = 2"]').ref}, outcome="refused", reason="x"
    ),
    "calls that share a span": all_calls(recipe=(blob(SALTS, b"Summarise: ").ref, Span(state(-1), 0, 5, "log"))),
    "a source that is no JSON": lambda: _with_source(b"no source"),
    "a source that is none": lambda: _with_source(b"[]"),
    "a file beside the contents": lambda: sealed() | {"blobs/notes.txt": b"no part of it"},
}
"""Traces without a fault, by what they have."""
