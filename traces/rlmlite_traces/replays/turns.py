"""Turns: one recorded turn is executed again, with the recorded results of its calls and nothing from outside."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from rlmlite_kernel import Answered, Done, Failed, Parsed, State, Suspended, Unparsed, advance, resume
from rlmlite_kernel.effects.requests import Result, Usage
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.ranking.postings import WordIndex
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.records import EffectRecord, Entry, Turn
from rlmlite_kernel.values.blobs import Blobs, Content, InputChangedError
from rlmlite_traces.format.reader import CheckedTrace


class Unreadable(msgspec.Struct, frozen=True):
    """What a turn refers to as its program is none: the field, and why."""

    field: str
    reason: str


class RecordedTurn:
    """What the trace holds of a turn: the records `first` to `stop - 1`, the first of which is its `Turn`."""

    def __init__(self, trace: CheckedTrace, first: int, stop: int) -> None:
        record = trace.records[first]
        assert isinstance(record, Turn)
        self.trace, self.first, self.stop, self.record = trace, first, stop, record
        self.calls: dict[str, EffectRecord] = {
            call.id: call for seq in range(first, stop) for call in trace.effects(seq)
        }

    @property
    def reply(self) -> str | None:
        """The controller's whole reply."""
        return None if self.record.reply is None else self.trace.content(self.record.reply).decode("utf-8", "replace")

    def read_program(self) -> Parsed | Unparsed | Unreadable:
        """The program, or why there was none."""
        field = "ast" if self.record.ast is not None else "diagnostics"
        try:
            said = decode_reading(self.record, self.trace.content)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return Unreadable(field, str(error))
        if said is None:
            return Unreadable(field, "neither a program nor diagnostics")
        return said if _places_are_in_text(said) else Unreadable(field, "a place outside the text")

    def result(self, id_: str) -> Result | None:
        """The recorded result of a call."""
        call = self.calls.get(id_)
        if call is None:
            return None
        usage = Usage(*call.usage)
        if call.result is None:
            detail = "" if call.detail is None else self._content(call.detail)
            return Failed(call.error, usage, detail, call.child)  # type: ignore[arg-type]  # `verify` knows the errors
        return Answered(self._content(call.result), usage, call.cached, call.child)

    def _content(self, ref: str) -> str:
        return self.trace.content(ref).decode("utf-8", "replace")

    def results(self) -> Mapping[str, Result]:
        """All recorded results by the id of their call."""
        return {id_: result for id_ in self.calls if (result := self.result(id_)) is not None}


def _places_are_in_text(said: Parsed | Unparsed) -> bool:
    """Whether every place that is named lies in the text."""
    if isinstance(said, Parsed):
        return all(0 <= place <= len(said.text) for place in said.at)
    return all(0 <= (problem.offset or 0) <= len(said.text) for problem in said.problems)


class ExecutedTurn(msgspec.Struct, frozen=True):
    """A turn, executed again: its entries, the state after it unless it needs calls that are not recorded."""

    entries: tuple[Entry, ...]
    done: Done | None


def execute_turn(
    state: State, said: Parsed | Unparsed, turn: RecordedTurn, blobs: Blobs, *, strict: bool
) -> ExecutedTurn:
    """Run a turn with recorded results.

    A call without one ends it there, or, if `strict`, gets an error as its result, so that the step that made the
    call is the one that differs.
    """
    record = turn.record
    done = advance(state, said, blobs, reply=turn.reply, origin=record.origin, call=record.call)
    entries = [*done.entries]
    while isinstance(done, Suspended):
        results = list(_find_results(done, turn, strict))
        if len(results) < len(done.requests):
            return ExecutedTurn(tuple(entries), None)
        done = resume(done, results, blobs)
        entries += done.entries
    return ExecutedTurn(tuple(entries), done)


def _find_results(suspended: Suspended, turn: RecordedTurn, strict: bool) -> Iterator[Result]:
    for request in suspended.requests:
        result = turn.result(request.id)
        if result is not None:
            yield result
        elif strict:
            yield Failed("unavailable")
        else:
            return


class HaltingBlobs:
    """Blobs that say of an input that it changed, the `at`-th time that a step asks whether it did."""

    def __init__(self, blobs: Blobs, at: int) -> None:
        self._blobs, self._at = blobs, at
        self.asked = 0

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        return self._blobs.read(digest)

    def put(self, content: bytes) -> str:
        """See `Blobs.put`."""
        return self._blobs.put(content)

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        return self._blobs.lines(digest)

    def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """See `Blobs.index`."""
        return self._blobs.index(key, make, stored)

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`."""
        self.asked += 1
        if self.asked == self._at:
            raise InputChangedError("an input", "what it was", "what the run found then")


def execute_halted(state: State, said: Parsed | Unparsed, turn: RecordedTurn, blobs: Blobs) -> ExecutedTurn | None:
    """Run a turn that ended early because a file changed: so far that it gives as many entries as are recorded.

    Which step met the change is not recorded; it is found by halving. `None` if no step can have.
    """
    wanted = turn.stop - turn.first
    counter = HaltingBlobs(blobs, 0)
    execute_turn(state, said, turn, counter, strict=True)
    low, high = 1, counter.asked
    while low <= high:
        at = (low + high) // 2
        executed = execute_turn(state, said, turn, HaltingBlobs(blobs, at), strict=True)
        if len(executed.entries) == wanted:
            return executed
        low, high = (at + 1, high) if len(executed.entries) < wanted else (low, at - 1)
    return None
