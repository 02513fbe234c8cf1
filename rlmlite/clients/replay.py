"""Answers from a trace: no model is asked, and nothing is paid again.

A call is found by its id, as in a run with the same key; else by its prompt, which the trace commits to by a salted
digest (the salt of the step's statement). The first call with a prompt gets the first answer recorded for it, and so
on; the last one is repeated. A call that is not in the trace fails as `unavailable`: nothing is made up.

    recorded    "Spam? a" -> yes,  "Spam? b" -> no,  "Spam? b" -> yes
    asked       "Spam? b" -> no,   "Spam? b" -> yes, "Spam? b" -> yes,  "Spam? c" -> unavailable

It plays its model as it was, with the same model string and prices, so that a run with the same key is the same run.
To check a trace, use `rlmlite trace replay`, which executes it again; this client is for new runs over old answers.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rlmlite.errors import ModelError
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Request, Result, Usage
from rlmlite_kernel.records.call_lines import COMMITMENT_DIGITS
from rlmlite_kernel.records.records import EffectRecord, Step
from rlmlite_kernel.records.refs import commit_value_digest
from rlmlite_kernel.records.settings import SUB_ROLE, Role, Settings
from rlmlite_traces import CheckedTrace, TraceError, verify


class ReplayClient:
    """A trace that answers for one role. See the module."""

    def __init__(self, trace: CheckedTrace, role: str = SUB_ROLE) -> None:
        self._role = _recorded_role(trace, role)
        self._by_id: dict[str, Result] = {}
        self._by_prompt: dict[str, deque[Result]] = {}
        # Every statement has a salt of its own, and a prompt does not say which one it was committed under: all are
        # tried, in the order of the trace.
        self._salts: list[bytes] = []
        for salt, call in _recorded_calls(trace):
            if salt not in self._salts:
                self._salts.append(salt)
            # Calls of tools and of other roles have answers that this model never gave.
            if call.effect != "lm" or call.role != role:
                continue
            result = _recorded_result(call, trace)
            self._by_id[call.id] = result
            # Some traces keep only the first digits of a commitment, so all are compared by those.
            commitment = call.rendered[:COMMITMENT_DIGITS]
            self._by_prompt.setdefault(commitment, deque()).append(result)

    @classmethod
    def read(cls, path: Path, role: str = SUB_ROLE) -> "ReplayClient":
        """The answers of the trace at `path`. Raises `ModelError`."""
        try:
            return cls(verify(path), role)
        except TraceError as error:
            raise ModelError(f"replay:{path}: {error}") from None
        except (msgspec.MsgspecError, UnicodeError, RecursionError, LookupError) as error:
            # Hashes say that these are the recorded bytes, not that they mean anything.
            raise ModelError(f"replay:{path}: its settings or answers cannot be read: {error}") from None

    @property
    def model(self) -> str:
        """See `Client.model`: the recorded one."""
        return self._role.model

    def role(self) -> Role:
        """See `Metered.role`: as recorded."""
        return self._role

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`."""
        # In a run with the same key even equal prompts keep their own answers.
        if request.id in self._by_id:
            return self._by_id[request.id]
        digest = bytes.fromhex(request.digest)
        for salt in self._salts:
            commitment = commit_value_digest(salt, digest)[:COMMITMENT_DIGITS]
            results = self._by_prompt.get(commitment)
            if results is None:
                continue
            # The last one stays: a new run may ask the same more often than the old one did.
            return results.popleft() if len(results) > 1 else results[0]
        return Failed("unavailable", NO_USE)


def _recorded_role(trace: CheckedTrace, role: str) -> Role:
    settings = msgspec.json.decode(trace.content(trace.genesis.settings), type=Settings)
    if role not in settings.roles:
        recorded = ", ".join(settings.roles) or "none"
        raise ModelError(f"the trace has no model for the role `{role}`; its roles: {recorded}")
    return settings.roles[role]


def _recorded_calls(trace: CheckedTrace) -> Iterator[tuple[bytes, EffectRecord]]:
    """Each call, with the salt that its prompt is committed under: that of its step's statement."""
    salts = trace.salts()
    for seq, record in enumerate(trace.records):
        if not isinstance(record, Step) or record.effects is None:
            continue
        # Steps of equal statements share a salt, so it is found by the statement's digest.
        statement = hashlib.sha256(trace.content(record.ast)).digest()
        for call in trace.effects(seq):
            yield salts[statement], call


def _recorded_result(call: EffectRecord, trace: CheckedTrace) -> Result:
    # The tokens as recorded, at no cost: they were paid for in the first run.
    input_tokens, output_tokens = call.usage[0], call.usage[1]
    usage = Usage(input_tokens, output_tokens, 0)
    # A call that failed has no result, and fails again for the same reason.
    if call.result is None:
        return Failed(call.error, usage, sampling=call.sampling)  # type: ignore[arg-type]  # `verify` has checked that it is a Failure
    return Answered(trace.content(call.result).decode(), usage, cached=True, sampling=call.sampling)
