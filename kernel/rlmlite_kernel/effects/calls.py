"""The calls of one step: requests that are built when they are read, and what makes a value of their results.

An action that makes calls gives an `Ask`. Its `CallSet` has the sizes of all prompts at once, which is what budgets
need; a request itself (id, text, digest) is made only when a driver reads it. `settle` is called with all results, by
index, and gives the step's value, or another `Ask`: the step's next *round*.

    classify(rows, ...)      round 0: 5 calls     settle: 3 rows lack an answer
                             round 1: 1 call      settle: the rows with their labels

Not here: when calls go out (`run.turns.turn`), whether they fit the budgets (`effects.reservations`), or how a call
stands in the record (`effects.call_records`).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias, Union, overload

import msgspec

from rlmlite_kernel.effects.holdings import HoldingReader
from rlmlite_kernel.effects.prompts import Prompts
from rlmlite_kernel.effects.requests import EffectKind, Nested, Piece, Request, Result, render_parts
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import refusal_of
from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.records.settings import Role
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.fences import list_names


class CallSite(NamedTuple):
    """Where calls are made. With the index of a call it makes the call's id, the same in every process."""

    run: str
    turn: int
    step: int
    round: int


class NestedCall(NamedTuple):
    """What a nested run is begun with; `given` are its inputs as they are here, with where they came from."""

    nested: Nested
    given: Mapping[str, TaintedValue]


class CallSet(Sequence[Request]):
    """The requests of one step and round. `sizes` are the prompts' bytes.

    `bears` is how many of them may fail, if that is known.

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
        nested: Sequence[NestedCall] = (),
    ) -> None:
        self.prompts, self.role, self.model, self.place, self._blobs = prompts, role, model, place, blobs
        self.kind, self.nested = kind, nested
        self.bears: int | None = None
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
        # No negative indexes: an index is part of a call's id, so each call has exactly one.
        if not 0 <= index < len(self):
            raise IndexError(index)
        # First, since it notes the digest that the request carries.
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
            nested=self.nested[index].nested if self.nested else None,
            text=text,
            # A form whose words are data stays in its fence in the prompt: in a schema it would stand without one.
            schema=None if self.prompts.is_form_data else self.prompts.schema,
            step=self.place.step,
            bears=self.bears,
            sampling=self.model.sampling,
        )

    def renumber(self, round_number: int) -> None:
        """Make this the round of its step with this number: an action counts only the rounds that it asks for."""
        self.place = self.place._replace(round=round_number)

    def digest(self, index: int) -> str:
        """SHA-256 (hex) of a rendered prompt."""
        if not self._digests[index]:
            # Its request was never read: a replay has the recorded result without it.
            self._render(index)
        return self._digests[index]

    def _render(self, index: int) -> str:
        """The text of a prompt. Its digest is noted on the way, so that the bytes are built once for both."""
        content = b"".join(render_parts(self.prompts.parts(index), self._blobs))
        self._digests[index] = hashlib.sha256(content).hexdigest()
        return content.decode()

    def texts_held(self, indexes: Sequence[int], reader: HoldingReader) -> None:
        """Have a reader note the texts of inputs that these prompts hold."""
        for index in indexes:
            for holding in self.prompts.holdings(index):
                reader.read(holding)

    def read_spans(self, indexes: Sequence[int]) -> list[Text]:
        """The spans of content that these prompts hold by reference: what counts in older runs."""
        spans: list[Text] = []
        for index in indexes:
            for part in self.prompts.parts(index):
                # Strings that the program made are in no input, so reading them covers nothing.
                if isinstance(part, Piece) and isinstance(part.content, Text):
                    spans.append(part.content)
        return spans


Settle: TypeAlias = Callable[[StepContext, Sequence[Result]], Union[TaintedValue, "Ask"]]
"""Makes a value of the results, by index, or asks again: the next round."""


class Ask(msgspec.Struct, frozen=True, eq=False):
    """What a step wants to call, and what makes a value of the results.

    `whole`: a call that cannot be made fails the step. `counters` are raised by one per call, besides the budget that
    counts calls of this kind. `holds` is reserved for each call while it is out, and what is used of it is charged: a
    nested run's allowance. `check` says what is wrong with the answer to a call, empty if nothing is; without it an
    answer must have the form that its prompt asks for. `is_second`: answers are not asked for again once more.
    """

    calls: CallSet
    settle: Settle
    whole: bool = True
    counters: tuple[str, ...] = ()
    holds: Mapping[str, int] = {}
    check: Callable[[int, str], str] | None = None
    is_second: bool = False

    def what_is_wrong(self, index: int, text: str) -> str:
        """What is wrong with an answer to a call, in words that quote nothing of it; empty if nothing is."""
        if self.check is not None:
            return self.check(index, text)
        schema = self.calls.prompts.schema
        return "" if schema is None else refusal_of(text, schema)


OUTSIDE = Role(model="", max_output_tokens=0)
"""Stands for the model of a call that goes to no model."""


def calls_outside(
    kind: EffectKind,
    name: str,
    prompts: Prompts,
    place: CallSite,
    context: StepContext,
    nested: Sequence[NestedCall] = (),
) -> CallSet:
    """Calls to a tool, an approver, the clock, or nested runs, of which each has its own `nested`."""
    return CallSet(prompts, name, OUTSIDE, place, context.blobs, kind, nested)


def model_calls(prompts: Prompts, role: str, place: CallSite, context: StepContext) -> CallSet:
    """The calls of the model that plays a role.

    Raises `Fault`: `not_permitted` if no model plays it, `egress` if that model may not be sent what the prompts hold.
    """
    model = role_of(role, context)
    # Before a call set exists at all: what may not be sent is not even reserved for.
    context.check_egress(prompts.origins, model.model)
    return CallSet(prompts, role, model, place, context.blobs)


def next_round(place: CallSite) -> CallSite:
    """Where the requests of a step's next round are."""
    return place._replace(round=place.round + 1)


def role_of(name: str, context: StepContext) -> Role:
    """The model behind a role; `Fault` when the run has none of this name."""
    roles = context.settings.roles
    if name not in roles:
        known = ", ".join(f"`{role}`" for role in roles) or "none"
        # The name may come from data, so it is shown only if it is a plain identifier.
        raise Fault("not_permitted", f"no model plays the role {list_names([name])}; this run has {known}")
    return roles[name]
