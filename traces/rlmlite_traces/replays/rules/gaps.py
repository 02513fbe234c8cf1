"""Gaps: what a replay makes of records that name redacted contents.

The salt of a content goes with it, so a replay cannot compute its ref again. Where the recorded ref is of a content
that was redacted, and another ref was computed for the same place, the recorded one is taken over:

    recorded   {"observation":{"ref":"7f02…","size":80},…}     7f02… was redacted
    computed   {"observation":{"ref":"b1c4…","size":80},…}
    filled     {"observation":{"ref":"7f02…","size":80},…}     equal: the step goes on, but is not counted as executed

Everything else in the record is compared as ever. What still differs may follow from the gap (the salt of an action is
the key of what its step writes), so it is not called forged: the replay ends there, unverifiable.
"""

from typing import Any

import msgspec

from rlmlite_kernel.records.canonical import record_bytes
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.format.verify import blob_refs


class Gaps:
    """The redacted contents of a trace, and the records that name one, themselves or through their calls: `seqs`."""

    def __init__(self, trace: CheckedTrace) -> None:
        self._redacted = trace.redacted.keys()
        self.seqs = {seq for seq in range(trace.size) if self._redacted and self._is_named_by(trace, seq)}

    def _is_named_by(self, trace: CheckedTrace, seq: int) -> bool:
        refs = blob_refs(trace.records[seq], trace.effects(seq), trace.contents)
        return any(ref in self._redacted for ref in refs)

    def fill(self, seq: int, recorded: bytes, computed: bytes) -> bytes:
        """The computed line of the record `seq`, or of one of its calls, with the recorded refs in its gaps."""
        if recorded == computed or seq not in self.seqs:
            return computed
        known, filled = msgspec.json.decode(recorded), msgspec.json.decode(computed)
        filled = self._filled(known, filled)
        if isinstance(filled, dict) and filled.get("effects") and known.get("effects"):
            # The root over lines of calls, which have been compared by now, with their gaps.
            filled["effects"]["root"] = known["effects"]["root"]
        return record_bytes(filled)

    def sentence(self) -> str:
        """Which records cannot be compared whole, for people."""
        count = "a record names" if len(self.seqs) == 1 else f"{len(self.seqs)} records name"
        return f"{len(self._redacted)} redacted, which {count}, the first of them record {min(self.seqs)}"

    def _filled(self, recorded: Any, computed: Any) -> Any:
        if isinstance(recorded, dict) and isinstance(computed, dict):
            return {name: self._filled(recorded.get(name), value) for name, value in computed.items()}
        if isinstance(recorded, list) and isinstance(computed, list) and len(recorded) == len(computed):
            return [self._filled(*pair) for pair in zip(recorded, computed, strict=True)]
        is_gap = isinstance(recorded, str) and recorded in self._redacted and isinstance(computed, str)
        return recorded if is_gap else computed
