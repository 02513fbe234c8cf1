"""Answers from a trace: nobody is asked, and nothing is paid again.

A call is found by its id, as in a run with the same key; else by its prompt, which the trace commits to. The first
call with a prompt gets the first answer recorded for it, and so on; the last one is repeated. A call that the trace
does not hold fails as `unavailable`: nothing is made up.
It plays its model as it was: it has its model string and prices, so that a run with the same key is the same run.
To check a trace, re-execute it with `rlmlite trace replay`; this is for new runs over old answers.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rlmlite.errors import ModelError
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Request, Result, Usage
from rlmlite_kernel.records.records import EffectRecord, Step
from rlmlite_kernel.records.refs import keyed_digest
from rlmlite_kernel.records.settings import Role, Settings
from rlmlite_traces import CheckedTrace, TraceError, verify


class Replay:
    """A trace that answers for one role. See the module."""

    def __init__(self, trace: CheckedTrace, name: str = "sub") -> None:
        self._role = _recorded_role(trace, name)
        self._by_id: dict[str, Result] = {}
        self._by_prompt: dict[str, deque[Result]] = {}
        self._keys: list[bytes] = []
        for key, call in _calls(trace):
            if key not in self._keys:
                self._keys.append(key)
            if call.effect == "lm" and call.role == name:
                result = _result(call, trace)
                self._by_id[call.id] = result
                self._by_prompt.setdefault(call.rendered, deque()).append(result)

    @classmethod
    def read(cls, path: Path, name: str = "sub") -> "Replay":
        """The answers of the trace at `path`. Raises `ModelError`."""
        try:
            return cls(verify(path), name)
        except TraceError as error:
            raise ModelError(f"replay:{path}: {error}") from None

    @property
    def model(self) -> str:
        """See `Client.model`: the recorded one."""
        return self._role.model

    def role(self) -> Role:
        """See `Metered.role`: as recorded."""
        return self._role

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`."""
        if request.id in self._by_id:
            return self._by_id[request.id]
        digest = bytes.fromhex(request.digest)
        for key in self._keys:
            found = self._by_prompt.get(keyed_digest(key, digest))
            if found is not None:
                return found.popleft() if len(found) > 1 else found[0]
        return Failed("unavailable", NO_USE)


def _recorded_role(trace: CheckedTrace, name: str) -> Role:
    settings = msgspec.json.decode(trace.content(trace.genesis.settings), type=Settings)
    if name not in settings.roles:
        raise ModelError(f"the trace has no calls of the role `{name}`")
    return settings.roles[name]


def _calls(trace: CheckedTrace) -> Iterator[tuple[bytes, EffectRecord]]:
    """Each call with the salt that its prompt is committed under: that of its step's statement."""
    salts = trace.salts()
    for seq, record in enumerate(trace.records):
        if isinstance(record, Step) and record.effects is not None:
            salt = salts[hashlib.sha256(trace.content(record.ast)).digest()]
            yield from ((salt, call) for call in trace.effects(seq))


def _result(call: EffectRecord, trace: CheckedTrace) -> Result:
    tokens = Usage(call.usage[0], call.usage[1], 0)
    if call.result is None:
        return Failed(call.error, tokens)  # type: ignore[arg-type]  # verify has seen that it is a Failure
    return Answered(trace.content(call.result).decode(), tokens, cached=True)
