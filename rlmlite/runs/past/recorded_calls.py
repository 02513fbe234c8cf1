"""Results of a run that another run can use again: they were paid for, and cost nothing there.

A call is the same if it is of the same kind, to the same role with the same model, asked in the same way, with the same
prompt and the same form of answer. The second time that it is made it gets the second result, and so on.

    recorded    sub, small:1, "Spam? a" -> yes     sub, small:1, "Spam? a" -> no
    asked       sub, small:1, "Spam? a" -> yes, then no, then: not recorded
                sub, large:1, "Spam? a"            not recorded: it is another model

A controller's prompt is not in the trace, which holds a commitment to it: that is computed again from the prompt of
now. Not here: who makes the calls that are not recorded.
"""

import hashlib
from collections import deque

import msgspec

from rlmlite.runs.history import CONTROLLER
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Request, Result
from rlmlite_kernel.records.records import Ref, Turn
from rlmlite_kernel.records.refs import commit_value
from rlmlite_kernel.values.tables.excerpts import Excerpts
from rlmlite_kernel.values.tables.places import forget_places
from rlmlite_kernel.values.values import Value, descriptor
from rlmlite_traces import CheckedTrace

_JSON = msgspec.json.Encoder(order="sorted")


class RecordedCalls:
    """The results of a trace by what was asked, each to be taken once. `taken` counts those that were."""

    def __init__(self, trace: CheckedTrace) -> None:
        self._by_key: dict[str, deque[Result]] = {}
        self._heard: set[str] = set()
        self._salt = trace.contents.places[trace.genesis.settings].salt
        self._replies: dict[tuple[str, str, Ref], deque[Result]] = {}
        self._by_turn: dict[int, Result] = {}
        self.taken = 0
        for record in trace.records:
            if isinstance(record, Turn) and record.call is not None:
                self._note_reply(trace, record)

    def hear(self, request: Request, result: Result) -> None:
        """Take the result of a call, as a replay gives it. One that is told again is no other."""
        if request.id not in self._heard:
            self._heard.add(request.id)
            self._by_key.setdefault(key_of(request), deque()).append(result)

    def take(self, request: Request, *, is_kept: bool) -> Result | None:
        """The next result of a call; None if there is none. A failure is one only where what was done `is_kept`."""
        prompt = request.prompt[0] if request.prompt else ""
        if is_of_controller(request) and isinstance(prompt, str):
            found = self._replies.get((request.role, request.model, self._commit(prompt)))
        else:
            found = self._by_key.get(key_of(request))
        if not found or (isinstance(found[0], Failed) and not is_kept):
            return None
        self.taken += 1
        return _free(found.popleft(), request)

    def take_reply(self, turn: int, request: Request) -> Result | None:
        """The reply of a turn that is kept, whatever its prompt is now: budgets in it may be other ones."""
        reply = self._by_turn.get(turn)
        if reply is None:
            return None
        self.taken += 1
        return _free(reply, request)

    def _note_reply(self, trace: CheckedTrace, turn: Turn) -> None:
        call = turn.call
        assert call is not None
        result: Result
        if turn.reply is None:
            result = Failed(call.error, NO_USE)  # type: ignore[arg-type]  # `verify` has checked that it is a Failure
        else:
            result = Answered(trace.content(turn.reply).decode("utf-8", "replace"), NO_USE, sampling=call.sampling)
        self._by_turn[turn.turn] = result
        self._replies.setdefault((call.role, call.model, call.prompt), deque()).append(result)

    def _commit(self, text: str) -> Ref:
        return commit_value(self._salt, text.encode("utf-8", "backslashreplace"))


def is_of_controller(request: Request) -> bool:
    """Whether a call asks a controller for its next program."""
    return request.kind == "lm" and request.role.startswith(CONTROLLER)


def key_of(request: Request) -> str:
    """What a call is known by, whatever run makes it."""
    nested: list[object] = []
    if request.nested is not None:
        settings = msgspec.structs.replace(request.nested.settings, parent=None, scope={})
        inputs = {name: hashlib.sha256(_content_of(value)).hexdigest() for name, value in request.nested.inputs.items()}
        nested = [msgspec.to_builtins(settings), inputs]
    asked = (request.kind, request.role, request.model, request.max_output_tokens, request.digest)
    form = None if request.schema is None else msgspec.to_builtins(request.schema)
    return hashlib.sha256(_JSON.encode([asked, msgspec.to_builtins(request.sampling), form, nested])).hexdigest()


def _content_of(value: Value | Excerpts) -> bytes:
    """What identifies an input of a nested run."""
    return value.document if isinstance(value, Excerpts) else descriptor(forget_places(value))


def _free(result: Result, request: Request) -> Result:
    """The result as a run has it that did not make the call: nothing is used for it."""
    if isinstance(result, Answered):
        return msgspec.structs.replace(result, usage=NO_USE, cached=request.kind == "lm")
    return msgspec.structs.replace(result, usage=NO_USE)
