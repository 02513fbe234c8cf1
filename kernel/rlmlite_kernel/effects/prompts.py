"""The calls of one step: prompts as recipes, built when they are read, and their lines for the receipt."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias, Union, overload

import msgspec
import numpy as np

from rlmlite_kernel.effects.requests import (
    Answered,
    EffectKind,
    Nested,
    Part,
    Piece,
    Request,
    Result,
    render_parts,
)
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import FOREIGN, StepContext, TaintedValue
from rlmlite_kernel.evaluation.texts import as_text, follow_path, has_field
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.program.schemas import Schema, spell_schema
from rlmlite_kernel.program.templates import Hole, pieces
from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.records.records import Blob, EffectRecord, Ref, Span
from rlmlite_kernel.records.refs import Salts, blob, keyed_digest
from rlmlite_kernel.records.settings import Role
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.fences import list_names
from rlmlite_kernel.values.values import Rows, Value, descriptor_digest

RowPart = str | Piece | list[Piece]
"""A part that is the same for every call, or one for each."""


class CallSite(NamedTuple):
    """Where calls are made. With the index of a call it makes the call's id, the same in every process."""

    run: str
    turn: int
    step: int
    round: int


class Prompts:
    """The prompts of a step, by index: parts that are shared and parts that differ from row to row.

    `origins` is where what was put into them came from.
    """

    def __init__(self, parts: list[RowPart], count: int = 1, origins: int = 0) -> None:
        self._parts, self._count, self.origins = parts, count, origins

    def __len__(self) -> int:
        return self._count

    def parts(self, index: int) -> tuple[Part, ...]:
        """The recipe of one prompt."""
        return tuple(part[index] if isinstance(part, list) else part for part in self._parts)

    def sizes(self) -> IntArray:
        """The bytes of each prompt."""
        total = np.zeros(self._count, np.int64)
        for part in self._parts:
            if isinstance(part, list):
                total += np.array([piece.size() for piece in part], np.int64)
            else:
                total += len(part.encode()) if isinstance(part, str) else part.size()
        return total


class PromptWriter:
    """Turns a template literal into prompts, one a row or one in all."""

    def __init__(self, context: StepContext, given: dict[str, TaintedValue], rows: TaintedValue | None) -> None:
        self._context, self._given, self._rows = context, given, rows
        self._origins = 0

    def write(self, template: str, schema: Schema | None) -> Prompts:
        """The prompts; a schema is asked for at the end."""
        parts: list[RowPart] = []
        for piece in pieces(template):
            parts.extend([piece] if isinstance(piece, str) else self._hole(piece))
        if self._rows is not None and not any(isinstance(part, list) for part in parts):
            raise Fault("template", "the prompt does not show the chunk: write {chunk} where its text goes")
        if schema is not None:
            parts.append(f"\n\nAnswer with JSON only, of this form: {spell_schema(schema)}")
        return Prompts(parts, 1 if self._rows is None else len(self._table()), self._origins)

    def _table(self) -> Rows:
        assert self._rows is not None
        return self._context.require_rows(self._rows.value, "what the calls go over")

    def _hole(self, hole: Hole) -> list[RowPart]:
        if hole.name in self._given:
            return [self._fixed(hole, self._given[hole.name])]
        if self._rows is not None and has_field(self._table(), hole.name, self._context):
            return [self._by_row(hole, self._rows)]
        if hole.name in self._context.variables:
            return [self._fixed(hole, self._context.variables[hole.name])]
        known = [*self._given, *self._context.variables, *(self._table().columns if self._rows is not None else ())]
        raise Fault(
            "template", f"{{{hole}}} names nothing; {did_you_mean(hole.name, known) or 'known: ' + list_names(known)}"
        )

    def _fixed(self, hole: Hole, held: TaintedValue) -> Piece:
        value = follow_path(held.value, hole.path, self._context)
        return self._piece(value, held.origins, str(hole))

    def _by_row(self, hole: Hole, held: TaintedValue) -> list[Piece]:
        cells = access.column_cells(self._table(), hole.name, self._context)
        return [self._piece(follow_path(cell, hole.path, self._context), held.origins, str(hole)) for cell in cells]

    def _piece(self, value: Value, origins: int, source: str) -> Piece:
        self._origins |= origins
        content = value if isinstance(value, str | Text) else as_text(value, self._context)
        if isinstance(content, Text):
            self._context.blobs.digests_read.add(content.blob)
        bare = value is None or isinstance(value, bool | int | float) or not origins & FOREIGN
        return Piece(content, "" if bare else source)


class Calls(Sequence[Request]):
    """The requests of one step and round. `sizes` are the prompts' bytes.

    A request is built when it is read, and not kept: a fan-out over 100,000 chunks holds no more prompts at a time than
    there are calls under way. What is kept of a prompt is its digest, which the record needs.
    """

    def __init__(
        self,
        prompts: Prompts,
        role: str,
        model: Role,
        place: CallSite,
        blobs: Blobs,
        kind: EffectKind = "lm",
        nested: Nested | None = None,
    ) -> None:
        self.prompts, self.role, self.model, self.place, self._blobs = prompts, role, model, place, blobs
        self.kind, self.nested = kind, nested
        self.sizes = prompts.sizes()
        self._digests = [""] * len(prompts)

    def __len__(self) -> int:
        return len(self.prompts)

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> list[Request]: ...
    def __getitem__(self, index: int | slice) -> Request | list[Request]:
        """The request at an index."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        text = self._render(index)
        return Request(
            id=request_id(*self.place, index),
            role=self.role,
            model=self.model.model,
            max_output_tokens=self.model.max_output_tokens,
            prompt=self.prompts.parts(index),
            prompt_bytes=int(self.sizes[index]),
            digest=self._digests[index],
            kind=self.kind,
            nested=self.nested,
            text=text,
        )

    def digest(self, index: int) -> str:
        """SHA-256 (hex) of a rendered prompt."""
        if not self._digests[index]:  # the call was never made: its request was not built
            self._render(index)
        return self._digests[index]

    def _render(self, index: int) -> str:
        """The text of a prompt. Its digest is noted on the way, so that the bytes are built once for both."""
        content = b"".join(render_parts(self.prompts.parts(index), self._blobs))
        self._digests[index] = hashlib.sha256(content).hexdigest()
        return content.decode()

    def read_spans(self, indexes: Sequence[int]) -> list[Text]:
        """The spans of content that these prompts hold."""
        return [
            part.content
            for index in indexes
            for part in self.prompts.parts(index)
            if isinstance(part, Piece) and isinstance(part.content, Text)
        ]


Settle: TypeAlias = Callable[[StepContext, Sequence[Result]], Union[TaintedValue, "Ask"]]
"""Makes a value of the results, by index, or asks again: the next round."""


class Ask(msgspec.Struct, frozen=True, eq=False):
    """What a step wants to call, and what makes a value of the results.

    `whole`: a call that cannot be made fails the step. `counters` are counted up by one a call, besides what the kind
    of call uses; `holds` is reserved for the whole of it, and what is used of it is charged (a nested run's allowance).
    """

    calls: Calls
    settle: Settle
    whole: bool = True
    counters: tuple[str, ...] = ()
    holds: Mapping[str, int] = {}


OUTSIDE = Role(model="", max_output_tokens=0)
"""Stands for the model of a call that is made to none."""


def one_call(
    kind: EffectKind, name: str, prompt: Prompts, place: CallSite, context: StepContext, nested: Nested | None = None
) -> Calls:
    """A single call to something that is no model."""
    return Calls(prompt, name, OUTSIDE, place, context.blobs, kind, nested)


def model_calls(prompts: Prompts, role: str, place: CallSite, context: StepContext) -> Calls:
    """The calls of whoever plays a role. Raises `Fault` if nobody does, or may not be sent what the prompts hold."""
    model = role_of(role, context)
    context.egress.check(prompts.origins, model.model)
    return Calls(prompts, role, model, place, context.blobs)


def next_round(place: CallSite) -> CallSite:
    """Where the requests of a step's next round are."""
    return place._replace(round=place.round + 1)


class Lines:
    """Writes the `effects.jsonl` lines of one round of a step, from index `first` on, and the blobs that they name."""

    def __init__(self, calls: Calls, key: bytes, salts: Salts, step: int, first: int) -> None:
        self._calls, self._key, self._salts, self._step, self._first = calls, key, salts, step, first
        self._refs: dict[str, Ref] = {}
        self.blobs: dict[Ref, Blob] = {}

    def line(self, index: int, result: Result) -> EffectRecord:
        """The record of one call."""
        calls, usage = self._calls, result.usage
        return EffectRecord(
            step=self._step,
            index=self._first + index,
            first=self._first,
            round=calls.place[3],
            id=request_id(*calls.place, index),
            effect=calls.kind,
            role=calls.role,
            model=calls.model.model,
            max_output_tokens=calls.model.max_output_tokens,
            recipe=tuple(map(self._part, calls.prompts.parts(index))),
            rendered=keyed_digest(self._key, bytes.fromhex(calls.digest(index))),
            prompt_bytes=int(calls.sizes[index]),
            result=self._kept(result.text) if isinstance(result, Answered) else None,
            error="" if isinstance(result, Answered) else result.error,
            detail=None if isinstance(result, Answered) or not result.detail else self._kept(result.detail),
            usage=(usage.input_tokens, usage.output_tokens, usage.cost_nano),
            cached=isinstance(result, Answered) and result.cached,
            inputs=self._given(),
            child=result.child,
        )

    def _given(self) -> dict[str, Ref]:
        nested = self._calls.nested
        if nested is None:
            return {}
        return {name: keyed_digest(self._key, descriptor_digest(value)) for name, value in nested.inputs.items()}

    def _part(self, part: Part) -> Ref | Span:
        if isinstance(part, str):
            return self._kept(part)
        content = part.content
        if isinstance(content, Text):
            return Span(self._commit(content.blob), content.start, content.stop, part.source)
        raw = content.encode()
        return Span(keyed_digest(self._key, hashlib.sha256(raw).digest()), 0, len(raw), part.source)

    def _kept(self, text: str) -> Ref:
        if text not in self._refs:
            entry = blob(self._salts, text.encode())
            self._refs[text] = entry.ref
            self.blobs[entry.ref] = entry
        return self._refs[text]

    def _commit(self, digest: str) -> Ref:
        if digest not in self._refs:
            self._refs[digest] = keyed_digest(self._key, bytes.fromhex(digest))
        return self._refs[digest]


def role_of(name: str, context: StepContext) -> Role:
    """The model behind a role; `Fault` when the run has none of this name."""
    roles = context.settings.roles
    if name not in roles:
        known = ", ".join(f"`{role}`" for role in roles) or "none"
        raise Fault("not_permitted", f"no model plays the role `{name}`; this run has {known}")
    return roles[name]
