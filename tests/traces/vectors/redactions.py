"""Traces that were redacted after their seal: sound ones, and ones whose redactions say what is not so."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from rlmlite_kernel.records.merkle import leaf
from rlmlite_kernel.records.records import AnyRecord, Checkpoint, Redact
from rlmlite_traces import READER_LIMITS
from rlmlite_traces.format.lines import BLOBS, RECORDS, REDACTIONS, encode
from rlmlite_traces.sharing.redacting.removal import without
from tests.traces import handmade
from tests.traces.format.sealed_trace import Files, lines_of
from tests.traces.handmade import ref_of, state
from tests.traces.vectors.sound_traces import Build, open_run, redacted, sealed

SOURCE: Final = 1
CONTENT: Final = 2
OBSERVATION: Final = -1
"""Lines of contents of the sealed trace: of an input's source, its content, and something shown."""


def redact(files: Files, *redactions: AnyRecord, gone: Sequence[str] = ()) -> Files:
    """The files with these redactions, each in its place, and without the contents that are `gone`."""
    trace = without(handmade.unchecked_trace(files), gone, READER_LIMITS)
    whole, data = lines_of(files, RECORDS), b""
    prev = leaf(whole[-1].rstrip(b"\n")).hex()
    for seq, redaction in enumerate(redactions, len(whole)):
        place = {name: was for name, was in (("seq", seq), ("prev", prev)) if getattr(redaction, name) in (0, _UNSET)}
        line = encode(msgspec.structs.replace(redaction, **place))
        prev, data = leaf(line).hex(), data + line + b"\n"
    return files | {BLOBS: trace.blobs, REDACTIONS: data}


_UNSET: Final = Redact(refs=(), reason="").prev


def refs(files: Files, *lines: int) -> tuple[str, ...]:
    """The refs of some lines of contents, in order."""
    return tuple(sorted(ref_of(lines_of(files, BLOBS)[line]) for line in lines))


def once(*lines: int) -> Build:
    """The sealed trace without these contents, and a redaction that says so."""

    def build() -> Files:
        gone = refs(sealed(), *lines)
        return redact(sealed(), Redact(refs=gone, reason="a name", who="host"), gone=gone)

    return build


def twice() -> Files:
    """A content of an input, and later its source: then nothing names the content."""
    first, second = refs(sealed(), CONTENT), refs(sealed(), SOURCE)
    lines = Redact(refs=first, reason="a name"), Redact(refs=second, reason="a path", who="host")
    return redact(sealed(), *lines, gone=first + second)


def _said(**fields: Any) -> Build:
    """One content gone, and a redaction of which a field says something else."""

    def build() -> Files:
        gone = refs(sealed(), OBSERVATION)
        return redact(sealed(), Redact(**({"refs": gone, "reason": "a name"} | fields)), gone=gone)

    return build


def _with(change: Callable[[tuple[str, ...]], tuple[str, ...]], *lines: int) -> Build:
    """Contents gone, and a redaction that names them in another way."""

    def build() -> Files:
        gone = refs(sealed(), *lines)
        return redact(sealed(), Redact(refs=change(gone), reason="a name"), gone=gone)

    return build


def _spelled(old: bytes, new: bytes) -> Build:
    def build() -> Files:
        files = once(OBSERVATION)()
        return files | {REDACTIONS: files[REDACTIONS].replace(old, new)}

    return build


def _again() -> Files:
    gone = refs(sealed(), OBSERVATION)
    return redact(sealed(), *(Redact(refs=gone, reason=reason) for reason in ("a name", "once more")), gone=gone)


def _again_after_a_record() -> Files:
    files = redacted()
    record = msgspec.json.decode(lines_of(files, RECORDS)[-2])
    return redact(files, Redact(refs=tuple(record["refs"]), reason="once more"))


def _moved() -> Files:
    """Two redactions, of which the second says that it follows the seal."""
    files = twice()
    first, second = lines_of(files, REDACTIONS)
    after_seal, after_first = (msgspec.json.decode(line)["prev"].encode() for line in (first, second))
    return files | {REDACTIONS: first + second.replace(after_first, after_seal)}


def _of_open_run() -> Files:
    files = open_run()
    gone = refs(files, OBSERVATION)
    return redact(files, Redact(refs=gone, reason="a name"), gone=gone)


def _unsaid() -> Files:
    return {name: content for name, content in once(OBSERVATION)().items() if name != REDACTIONS}


SOUND: Final[dict[str, Build]] = {
    "redacted after the seal": once(OBSERVATION),
    "redacted in two goes, the source last": twice,
    "redacted with its source": once(SOURCE, CONTENT),
}

BROKEN: Final[dict[str, tuple[str, Build]]] = {
    "redactions: of an open trace": ("redactions", _of_open_run),
    "redactions: another record": (
        "redactions",
        lambda: redact(sealed(), Checkpoint(variables=state(1), state=state(3))),
    ),
    "redactions: of nothing": ("redactions", lambda: redact(sealed(), Redact(refs=(), reason="a name"))),
    "redactions: in another order": ("redactions", _with(lambda gone: gone[::-1], OBSERVATION, CONTENT)),
    "redactions: one content twice": ("redactions", _with(lambda gone: gone * 2, OBSERVATION)),
    "redactions: no ref": ("redactions", _with(lambda gone: (*gone, "g" * 64), OBSERVATION)),
    "redactions: what was redacted before": ("redactions", _again),
    "redactions: what a record redacted": ("redactions", _again_after_a_record),
    "redactions: no reason": ("redactions", _said(reason="")),
    "seq: of a redaction": ("seq", _said(seq=3)),
    "prev: of a redaction": ("prev", _said(prev=state(1))),
    "prev: of the second redaction": ("prev", _moved),
    "canonical: a redaction": ("canonical", _spelled(b'"kind"', b' "kind"')),
    "newline: a redaction": ("newline", _spelled(b"\n", b"")),
    "redact: a content that is here": (
        "redact",
        lambda: redact(sealed(), Redact(refs=refs(sealed(), OBSERVATION), reason="a name")),
    ),
    "redact: a content that nothing names": ("redact", _with(lambda _: (state(1),), OBSERVATION)),
    "redact: more contents than sources": (
        "redact",
        _with(lambda gone: tuple(sorted((*gone, state(1), state(2)))), SOURCE, CONTENT),
    ),
    "a content that is gone, and no redaction": ("BlobAbsentError", _unsaid),
}
