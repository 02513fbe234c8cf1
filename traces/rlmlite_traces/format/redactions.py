"""Redactions after the seal: which contents were removed from a finished trace, why, and by whom.

They stand in `redactions.jsonl`, a file of its own, so that no byte of `trace.jsonl` changes: its root, inclusion
proofs, signatures and the root that a parent recorded all hold as they did. Each line goes on from the chain:

    trace.jsonl         seq 7  seal     prev 5a1…                     leaf hash: c07…
    redactions.jsonl    seq 8  redact   prev c07…, refs, reason       leaf hash: e44…
                        seq 9  redact   prev e44…, refs, reason

No root vouches for these lines: whoever holds the folder can remove a content, and say so in whatever words. What
cannot be done is to change a content, to remove one and not say so, or to say so of one that is there.
Not here: the redaction record within a run, which is a leaf like any other (`chain`).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from rlmlite_kernel.records.merkle import leaf
from rlmlite_kernel.records.records import Addition, AnyRecord, Genesis, Redact, Ref
from rlmlite_traces.errors import TraceBrokenError
from rlmlite_traces.format.chain import Chain
from rlmlite_traces.format.contents import Contents
from rlmlite_traces.format.lines import HEX, REDACTIONS, decode_redaction, split
from rlmlite_traces.limits import ReaderLimits

_NAMED: Final = "a content that a record names, and that is gone"
FINISH: Final = "it is still here; `rlmlite trace redact` finishes what was begun"


def read_redactions(
    data: bytes, chain: Chain, records: Sequence[AnyRecord], limits: ReaderLimits
) -> tuple[Redact, ...]:
    """The redactions that follow a chain's end, in order. Raises `TraceBrokenError`, `OverLimitError`."""
    limits.check("records", data.count(b"\n"), "redactions.jsonl has lines:")
    redactions: list[Redact] = []
    seen = {ref for record in records if isinstance(record, Redact) for ref in record.refs}
    prev = chain.prev
    for position, (start, stop) in enumerate(split(data, REDACTIONS)):
        limits.check("line_bytes", stop - start, "a redaction has")
        line = data[start:stop]
        record = decode_redaction(line, position)
        _require(chain.sealed, position, "redactions", "a sealed trace", "an open one")
        _require(isinstance(record, Redact), position, "redactions", "a redaction", type(record).__name__.lower())
        assert isinstance(record, Redact)
        seq = chain.size + position
        _require(record.seq == seq, position, "seq", str(seq), str(record.seq))
        _require(record.prev == prev, position, "prev", prev, record.prev)
        _check_refs(record, seen, position)
        seen.update(record.refs)
        prev = leaf(line).hex()
        redactions.append(record)
    return tuple(redactions)


def check_redacted(
    redactions: Sequence[Redact], records: Sequence[AnyRecord], named: Mapping[Ref, None], contents: Contents
) -> None:
    """Raise `TraceBrokenError` unless all that was redacted is named by a record, and gone with its line.

    An input's source names the input's content. Where the source itself is gone, nobody can say what it named, so as
    many contents that nothing names are allowed.
    """
    redacted = {ref for redaction in redactions for ref in redaction.refs}
    entries = (entry for record in records if isinstance(record, Genesis | Addition) for entry in record.inputs)
    allowed = len({entry.source for entry in entries} & redacted)
    for position, redaction in enumerate(redactions):
        for ref in redaction.refs:
            _require(ref not in contents.places, position, "redact", _NAMED, f"{ref[:12]}: {FINISH}")
            allowed -= ref not in named
            _require(allowed >= 0, position, "redact", _NAMED, f"{ref[:12]}, which nothing names")


def _check_refs(record: Redact, seen: set[Ref], position: int) -> None:
    """What a redaction says has one spelling, and no content is redacted twice."""
    refs = record.refs
    is_sound = bool(refs) and list(refs) == sorted(set(refs)) and all(map(HEX.fullmatch, refs))
    _require(is_sound, position, "redactions", "refs in ascending order, each once", f"{len(refs)} otherwise")
    _require(not seen & set(refs), position, "redactions", "contents that were there", "one that was redacted before")
    _require(record.reason != "", position, "redactions", "a reason", "none")


def _require(holds: bool, position: int, check: str, expected: str, found: str) -> None:
    if not holds:
        raise TraceBrokenError(REDACTIONS, position, check, expected, found)
