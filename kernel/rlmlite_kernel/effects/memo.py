"""What a run remembers of its calls, so that the same prompt to the same model is one call.

Only for roles that allow it (`Role.cache`). A call is known by its role, which fixes the model and how it is asked, the
digest of its prompt and the form of its answer:

    turn 1    a = sub_lm("Who?", role="judge")     called, answered
    turn 2    b = sub_lm("Who?", role="judge")     the same answer, at once; nothing is charged, and the record of this
                                                   call names the other one (`same_as`)

- Only good answers are remembered. One that failed, or is not of the form, does not keep a later statement from asking.
- Prompts that hold what is withheld from the controller are never shared: whether a second call was charged would tell
  that two texts are equal.
- The digest of a state commits to what is remembered, since it decides what a later turn calls.

Not here: calls of one turn that wait for each other (`run.turns.sharing`).
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from rlmlite_kernel.effects.calls import Ask, CallSet
from rlmlite_kernel.effects.requests import NO_USE, Answered, Result
from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.records.evolution import CALLS_ARE_SHARED


class Known(NamedTuple):
    """A call that was made: its id and its result."""

    id: str
    result: Result

    def shared(self) -> Result:
        """The result as another call has it that was not made: nothing was used for it."""
        if isinstance(self.result, Answered):
            return msgspec.structs.replace(self.result, usage=NO_USE, cached=False, sampling={})
        return msgspec.structs.replace(self.result, usage=NO_USE, sampling={})


MadeCalls: TypeAlias = tuple[Ask, Sequence[Result | None], Mapping[int, str]]
"""The calls of a round: their results, `None` for one that was not made, and by index the ids of those that are shared
with it."""


class Memo(msgspec.Struct, frozen=True, eq=False):
    """The good answers of a run by the keys of their calls. `digest` commits to them; it is empty if there are none."""

    entries: Mapping[str, Known] = {}
    digest: str = ""

    def learn(self, rounds: Iterable[MadeCalls], flags: Collection[int], barred: int) -> "Memo":
        """The same with the good answers of a step's calls, in their order."""
        new: dict[str, Known] = {}
        digest = self.digest
        for ask, results, same_as in rounds:
            if not may_share(ask, flags, barred):
                continue
            for index, result in enumerate(results):
                if index in same_as or result is None or not is_good(ask, index, result):
                    continue
                key = key_of(ask.calls, index)
                if key in self.entries or key in new:
                    continue
                new[key] = Known(request_id(*ask.calls.place, index), result)
                assert isinstance(result, Answered)
                text = hashlib.sha256(result.text.encode("utf-8", "backslashreplace")).hexdigest()
                digest = hashlib.sha256(f"{digest}/{key}/{new[key].id}/{text}".encode()).hexdigest()
        return Memo({**self.entries, **new}, digest) if new else self


NO_MEMO = Memo()
"""Nothing is remembered."""


def may_share(ask: Ask, flags: Collection[int], barred: int) -> bool:
    """Whether calls are shared with others of the same prompt."""
    is_allowed = ask.calls.kind == "lm" and ask.calls.model.cache and CALLS_ARE_SHARED in flags
    return is_allowed and not ask.calls.prompts.origins & barred


def is_good(ask: Ask, index: int, result: Result) -> bool:
    """Whether a result is an answer that a later call may take as its own."""
    return isinstance(result, Answered) and not ask.what_is_wrong(index, result.text)


def key_of(calls: CallSet, index: int) -> str:
    """What a call is known by: SHA-256 (hex) of role, prompt and form."""
    schema = b"" if calls.prompts.schema is None else msgspec.json.encode(calls.prompts.schema)
    return hashlib.sha256(b"\0".join([calls.role.encode(), calls.digest(index).encode(), schema])).hexdigest()
