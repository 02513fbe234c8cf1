"""A trace with one nested run, made by hand: the smallest one in which each of the two says what the other repeats.

`Pair()` is sound. A test changes one thing that one of them says, and everything that follows from hashes is computed
again: so what is left to find is the contradiction.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from rlmlite_kernel.records.call_lines import COMMITMENT_DIGITS, lines_of, request_id
from rlmlite_kernel.records.evolution import FORMAT, LOSSES_ARE_PARTIAL
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import (
    Blob,
    Child,
    EffectRecord,
    Effects,
    Entry,
    Genesis,
    InputEntry,
    Question,
    Record,
    Remark,
    Seal,
    Spoken,
    Step,
    Turn,
    Written,
)
from rlmlite_kernel.records.refs import blob, commit_value, commit_value_digest
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.inputs import Source, SourceFile
from rlmlite_kernel.values.values import descriptor
from tests.traces import handmade
from tests.traces.handmade import SALTS, state

ID = request_id("r1", 1, 0, 0, 0)
PART = Text("ab" * 32, 10, 30)
QUESTION = b"How many?"
FINDINGS = b'{"basis":"given"}'
WARNING = Remark(code="input", example=None, input="log")


class Pair:
    """The entries of a parent and its child, and the files of both. Change entries, then ask for `files`."""

    def __init__(
        self, flags: tuple[int, ...] = (LOSSES_ARE_PARTIAL,), settings: Mapping[str, Any] | None = None
    ) -> None:
        self.flags = flags
        self.child = _child(flags, {"limits": {"depth": 0}} | dict(settings or {}))
        self.call = _call()
        self.genesis: dict[str, Any] = {}
        self.settings: bytes = b"{}"
        self.result, self.findings = b"7", FINDINGS
        self.additions: list[Entry] = []
        self.is_complete = True

    def change(self, kind: type[Record], **fields: Any) -> "Pair":
        """Another value of some fields of the child's record of a kind."""
        at = next(at for at, entry in enumerate(self.child) if isinstance(entry.record, kind))
        self.child[at] = Entry(msgspec.structs.replace(self.child[at].record, **fields), self.child[at].blobs)
        return self

    def recorded(self, **fields: Any) -> "Pair":
        """Another value of some fields of what the parent recorded of the child."""
        assert self.call.child is not None
        self.call = msgspec.structs.replace(self.call, child=msgspec.structs.replace(self.call.child, **fields))
        return self

    def answered(self, result: bytes, findings: bytes = FINDINGS) -> "Pair":
        """Another answer in the parent, and other findings."""
        self.result, self.findings = result, findings
        self.called(result=blob(SALTS, result).ref)
        return self.recorded(evidence=blob(SALTS, findings).ref)

    def called(self, **fields: Any) -> "Pair":
        """Another value of some fields of the parent's call."""
        self.call = msgspec.structs.replace(self.call, **fields)
        return self

    def files(self) -> dict[str, bytes]:
        """The files of both, with every hash computed anew."""
        files, root = handmade.encode(self.child)
        assert self.call.child is not None
        child = msgspec.structs.replace(self.call.child, root=self.call.child.root or root)
        mine, _ = handmade.encode(self._parent(msgspec.structs.replace(self.call, child=child)))
        folder = f"nested/{ID}.rlm/"
        below = {folder + name: content for name, content in files.items()} if self.is_complete else {}
        return {"": b"", **mine, "nested/": b"", folder: b"", **below}

    def _parent(self, call: EffectRecord) -> list[Entry]:
        settings, ast, result, asked = (blob(SALTS, text) for text in (self.settings, b"a step", self.result, QUESTION))
        findings = blob(SALTS, self.findings)
        genesis = _genesis(self.flags, settings, (), None)
        genesis = msgspec.structs.replace(genesis, **self.genesis)
        failed = int(call.result is None)
        effects = Effects(n=1, root=root_of(lines_of([call])), failed=failed)
        step = Step(turn=1, step=1, op="sub_rlm", ast=ast.ref, effects=effects, state=state(1))
        kept = [asked] if call.recipe else []
        kept += [result] if call.result is not None else []
        kept += [findings] if call.child is not None and call.child.evidence is not None else []
        seal = Seal(steps=1, outcome="completed", reason="no_answer", state=state(1))
        return [
            Entry(genesis, (settings,)),
            *self.additions,
            Entry(Turn(turn=1, origin="host", state=state(0))),
            Entry(step, (ast, *kept), (call,)),
            Entry(seal),
        ]


def _genesis(flags: tuple[int, ...], settings: Blob, inputs: tuple[InputEntry, ...], parent: str | None) -> Genesis:
    return Genesis(
        run="r1",
        v=FORMAT,
        flags=flags,
        kernel="0.1.0",
        engines={},
        actions=state(-3),
        settings=settings.ref,
        inputs=inputs,
        state=state(0),
        parent=parent,
    )


def _call() -> EffectRecord:
    salt = blob(SALTS, b"a step").salt
    rendered = commit_value_digest(salt, hashlib.sha256(QUESTION).digest())[:COMMITMENT_DIGITS]
    used = {"steps": 1, "turns": 1, "tool_calls.mail": 1, "value_bytes": 99}
    calls = {"controller": 1, "input_tokens": 3, "known_input_tokens": 1, "known_output_tokens": 1}
    calls |= {"output_tokens": 4, "tokens": 7}
    findings = blob(SALTS, FINDINGS).ref
    return EffectRecord(
        step=1,
        index=0,
        id=ID,
        effect="rlm",
        role="rlm",
        model="",
        max_output_tokens=0,
        recipe=(blob(SALTS, QUESTION).ref,),
        rendered=rendered,
        prompt_bytes=len(QUESTION),
        result=blob(SALTS, b"7").ref,
        error="",
        usage=(3, 4, None),
        cached=False,
        inputs={"part": commit_value(salt, descriptor(PART))},
        child=Child("", "completed", "", used, evidence=findings, warnings=(WARNING,), calls=calls),
    )


def _child(flags: tuple[int, ...], settings: Mapping[str, Any]) -> list[Entry]:
    file = SourceFile("a.log", PART.blob, 100)
    kept = blob(SALTS, msgspec.json.encode(settings))
    source = blob(SALTS, msgspec.json.encode(Source(kind="text", files=(file,), part=(PART.start, PART.stop))))
    entry = InputEntry(name="part", kind="text", ref=state(7), size=20, source=source.ref)
    asked, reply, ast, read = (blob(SALTS, text) for text in (QUESTION, b"final(7)", b"the step", b"the program"))
    result, findings, example = (blob(SALTS, text) for text in (b'{"value":7}', FINDINGS, b"an example"))
    call = Spoken(
        role="controller", model="m", prompt=state(9), prompt_bytes=9, max_output_tokens=9, usage=(3, 4, None)
    )
    used = {"steps": 1, "tool_calls.mail": 1, "value_bytes": 5, "turns": 0}
    seal = Seal(
        steps=1,
        outcome="completed",
        result=result.ref,
        state=state(1),
        findings=findings.ref,
        warnings=(msgspec.structs.replace(WARNING, example=example.ref),),
    )
    written = Written("question", "text", 9, state(8))
    turn = Turn(turn=1, origin="lm", reply=reply.ref, ast=read.ref, call=call, used={"turns": 1}, state=state(0))
    return [
        Entry(_genesis(flags, kept, (entry,), ID), (kept, source)),
        Entry(Question(text=asked.ref, writes=written, state=state(0)), (asked,)),
        Entry(turn, (read, reply)),
        Entry(Step(turn=1, step=1, op="final", ast=ast.ref, used=used, state=state(1)), (ast,)),
        Entry(seal, (result, findings, example)),
    ]
