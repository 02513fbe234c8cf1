"""The chain: what a record must be to stand after the ones before it.

Each record holds the leaf hash of the line before it (`prev`), so a line vouches for every line above it. The same
leaf hashes feed a Merkle tree, whose head (`root`) vouches for all lines at once, the last one included.

    seq 0  genesis   prev 000…             leaf hash of its line: 5a1…
    seq 1  turn 1    prev 5a1…             leaf hash: c07…
    seq 2  step 1    prev c07…, state b2…

Whoever changes line 1 must change line 2 too, since its `prev` no longer fits, and so on to the end; then the root
differs. Beside the hashes the chain follows the counts that a run keeps (turns, steps, its state), and nothing may
follow a seal.
The writer and the verifier ask the same `Chain`, so that nothing can be written that would not verify.
Not here: the bytes of lines (`lines`), calls and blobs (`calls`, `contents`).
"""

from collections.abc import Callable
from typing import assert_never, get_args

import msgspec

from rlmlite_kernel.effects.requests import DECODE, Failure, ProgramForm, is_way_of_asking
from rlmlite_kernel.records.merkle import Frontier, leaf
from rlmlite_kernel.records.reasons import HELD
from rlmlite_kernel.records.records import (
    ZERO,
    Addition,
    AnyRecord,
    Checkpoint,
    Genesis,
    Question,
    Redact,
    Seal,
    Step,
    Turn,
)
from rlmlite_traces.errors import TraceBrokenError
from rlmlite_traces.format.lines import RECORDS, encode

STATUSES = ("ok", "failed", "skipped", HELD)
OUTCOMES = ("completed", "partial", "refused", "failed")
FAILURES = frozenset(get_args(Failure))
PROGRAM_FORMS = frozenset(get_args(ProgramForm))

ANSWER = "final"
"""The action that answers. What it gives is the result in the seal."""

DRAFTS = "draft"
"""The action that keeps an answer for the case that no other one is taken."""


class ChainEnd(msgspec.Struct, frozen=True):
    """The end of a chain, as data: the peaks of its tree, and what the next record has to follow from.

    `turn` and `step` are the lines of the last ones, where a seal follows from them; `is_offered`: so does it from an
    answer that was held back, or drafted.
    """

    peaks: tuple[tuple[int, bytes], ...]
    size: int
    prev: str
    state: str
    turns: int
    steps: int
    turn: bytes = b""
    step: bytes = b""
    is_offered: bool = False


class Chain:
    """What is known at the end of a sound sequence of records. `check` a record, then `add` it."""

    def __init__(self) -> None:
        self._tree = Frontier()
        self.prev = ZERO
        self.state = ""
        self.turns = 0
        self.steps = 0
        self.sealed = False
        # What the end of a run follows from: the last turn, unless a question came after it, and its last step.
        self._turn: Turn | None = None
        self._step: Step | None = None
        # Whether there is an answer to the question that a run may end with, though it was not taken.
        self._is_offered = False

    @classmethod
    def at(cls, end: ChainEnd, decode: Callable[[bytes, int], tuple[AnyRecord, str | None]]) -> "Chain":
        """The chain that ends so. `decode` reads the line of a record."""
        chain = cls()
        chain._tree = Frontier(end.peaks, end.size)
        chain.prev, chain.state, chain.turns, chain.steps = end.prev, end.state, end.turns, end.steps
        turn = decode(end.turn, 0)[0] if end.turn else None
        step = decode(end.step, 0)[0] if end.step else None
        chain._turn = turn if isinstance(turn, Turn) else None
        chain._step = step if isinstance(step, Step) else None
        chain._is_offered = end.is_offered
        return chain

    def end(self) -> ChainEnd:
        """The end of this chain, as data."""
        turn = b"" if self._turn is None else encode(self._turn)
        step = b"" if self._step is None else encode(self._step)
        return ChainEnd(
            self._tree.peaks, self.size, self.prev, self.state, self.turns, self.steps, turn, step, self._is_offered
        )

    @property
    def size(self) -> int:
        """The number of records."""
        return self._tree.size

    @property
    def root(self) -> str:
        """The tree head over all lines, in hex."""
        return self._tree.root()

    def place(self, record: AnyRecord) -> AnyRecord:
        """The record with its place, `seq` and `prev`, filled in. The kernel leaves both open."""
        return msgspec.structs.replace(record, seq=self.size, prev=self.prev)

    def check(self, record: AnyRecord, before: str | None = None) -> None:
        """Raise `TraceBrokenError` unless the record can stand here. Changes nothing.

        `before` is the state before the record, if the format writes it down (format 1). In format 2 it is `None`:
        the record before holds that state, so there is nothing to compare.
        """
        # Every line says where it stands, so none can be moved, dropped or repeated.
        self._require_same("seq", self.size, record.seq)
        self._require_same("prev", self.prev, record.prev)
        self._require_same("after-seal", "the end", "another record" if self.sealed else "the end")
        # The genesis fixes what all others mean (settings, flags, inputs), so it is first, and there is only one.
        self._require_same("genesis", self.size == 0, isinstance(record, Genesis))
        if before is not None:
            self._require_same("state", self.state, before)
        self._check_kind(record)

    def add(self, record: AnyRecord, line: bytes) -> None:
        """Go on to the next place. The record is not checked again: call `check` first, or know it to be sound."""
        digest = leaf(line)
        self._tree.add(digest)
        self.prev = digest.hex()
        match record:
            case Step():
                self.steps, self.state = record.step, record.state
                self._step = record
                self._is_offered |= record.status == HELD or (record.op == DRAFTS and record.status == "ok")
            case Turn():
                self.turns, self.state = record.turn, record.state
                self._turn, self._step = record, None
            case Genesis() | Question():
                self.state = record.state
                self._turn = self._step = None
                self._is_offered = False
            case Addition():
                self.state = record.state  # the answer before it stands
            case Checkpoint() | Redact():
                pass  # they are about the run, and change nothing in it
            case Seal():
                self.sealed = True
            case _:
                assert_never(record)

    def _check_kind(self, record: AnyRecord) -> None:
        match record:
            case Step():
                # A step belongs to the turn that began last.
                self._require_same("turn-number", self.turns, record.turn)
                self._require_same("step-number", self.steps + 1, record.step)
                self._require_one_of("status", STATUSES, record.status)
                self._require_same("code", record.status == "ok", record.code == "")
            case Turn():
                self._require_same("turn-number", self.turns + 1, record.turn)
                self._check_call(record)
            case Genesis():
                # One spelling for one set of flags.
                ascending = tuple(sorted(set(record.flags)))
                self._require_same("flags", ascending, record.flags)
            case Question() | Addition() | Redact():
                pass  # only their place and their blobs can be wrong: see `check` and `contents`
            case Checkpoint():
                self._require_same("state", self.state, record.state)
            case Seal():
                # A seal repeats what the chain knows, so that whoever reads only the last line is not misled.
                self._require_same("state", self.state, record.state)
                self._require_same("step-count", self.steps, record.steps)
                self._require_one_of("outcome", OUTCOMES, record.outcome)
                self._check_end(record)
            case _:
                assert_never(record)

    def _check_call(self, turn: Turn) -> None:
        """A controller's call ended in one way, and used no less than nothing."""
        if turn.call is None:
            return
        found = f"a reply: {turn.reply is not None}, the error: {turn.call.error!r}"
        ended_in_one_way = turn.call.error in FAILURES if turn.reply is None else turn.call.error == ""
        self._require(ended_in_one_way, "call-result", "a reply, or one of the known errors", found)
        is_sound = turn.call.prompt_bytes >= 0 and all(amount is None or amount >= 0 for amount in turn.call.usage)
        self._require(is_sound, "usage", "no amount below zero", str(turn.call.usage))
        is_known = is_way_of_asking(turn.call.sampling, DECODE, PROGRAM_FORMS)
        self._require(is_known, "call-sampling", "a known way of asking", repr(turn.call.sampling))

    def _check_end(self, seal: Seal) -> None:
        """A seal tells what the last turn came to, as far as that shows without executing it.

            last turn                    the seal
            its last step is `final`     has a result
            anything else ended it       has none, but for one that was held back, or drafted: then it is partial
            its reply was no program     may be refused; nothing else may

        The rest (which value, which reason) is for `replay`.
        """
        step, has_result = self._step, seal.result is not None
        is_ok = step is not None and step.status == "ok"
        is_final = is_ok and step is not None and step.op == ANSWER
        # A host's own action may answer as well, so a result asks for a step that succeeded, whatever its name.
        fits = has_result if is_final else is_ok or self._is_offered or not has_result
        self._require(fits, "seal-result", f"a result: {is_final}", f"a result: {has_result}")
        was_refused = self._turn is not None and self._turn.diagnostics is not None
        words = {
            "completed": seal.reason == ("" if has_result else "no_answer")
            and not was_refused
            and (is_ok or not has_result),
            "partial": seal.reason != "",
            "failed": seal.reason != "" and not has_result,
            "refused": seal.reason != "" and was_refused,
        }
        found = f"{seal.outcome} ({seal.reason or 'no reason'})"
        self._require(words[seal.outcome], "seal-reason", "an outcome that fits the last turn", found)

    def _require_same(self, check: str, expected: object, found: object) -> None:
        if expected != found:
            raise TraceBrokenError(RECORDS, self.size, check, str(expected), str(found))

    def _require(self, holds: bool, check: str, expected: str, found: str) -> None:
        if not holds:
            raise TraceBrokenError(RECORDS, self.size, check, expected, found)

    def _require_one_of(self, check: str, words: tuple[str, ...], found: str) -> None:
        if found not in words:
            raise TraceBrokenError(RECORDS, self.size, check, " or ".join(words), found)
