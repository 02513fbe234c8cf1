"""The file of a proof, `rlmlite-step/1`: one canonical JSON object, with nothing in it but what the step needs.

    root, size            the trace that it is of
    genesis, record, last lines of the trace, each with its inclusion proof; `last` shows the size
    additions             lines that added inputs or limits before it, in the same way
    before                the lines between the state before and the record, by their hash chain
    table, used, ...      that state, whose digest is in the first of these lines
    values, nodes         what the step reads of it; the ref of each in the table commits to it
    calls, blobs          results of calls, the AST, settings, sources of inputs: a ref commits to each
    contents, larger      contents that it reads, by SHA-256: whole up to 1 MiB, of larger ones the digest
    salts                 of what it makes, so that its refs can be computed
    found, known          circumstances, which no hash commits to: only those without which the record differs

Not here: how one is made (`prove`), and what is made of it (`check`).
"""

from typing import Any, Final

import msgspec

from rlmlite_kernel.run.snapshots.alone import Circumstances
from rlmlite_traces.errors import TraceError
from rlmlite_traces.limits import ReaderLimits, check_json

FORM: Final = "rlmlite-step/1"

LARGEST: Final = 1 << 20
"""Bytes of a content, up to which it is in the file."""

_ENCODER = msgspec.json.Encoder(order="sorted")


class ProofBrokenError(TraceError):
    """A file that is no proof, or proves something else than it says: `what`, and why."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.what, self.why = what, why


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of `trace.jsonl`, and its inclusion proof: hashes in hex, the nearest first."""

    line: str
    path: tuple[str, ...]


class Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A variable as the digest of a state has it. Origins are hex digits."""

    name: str
    kind: str
    ref: str
    size: int
    origins: str


class SaltedText(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A blob of the trace: its salt in hex, and its text, or in base64 what is not UTF-8."""

    salt: str
    text: str | None = None
    base64: bytes | None = None

    def content(self) -> bytes:
        """The bytes that its ref commits to."""
        return _content(self.text, self.base64)


class PlainText(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A content that is known by its SHA-256: its text, or in base64 what is not UTF-8."""

    text: str | None = None
    base64: bytes | None = None

    def content(self) -> bytes:
        """Its bytes."""
        return _content(self.text, self.base64)


class MadeValue(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A value that a program has made: the salt of its commitment in hex, and its node in the graph."""

    salt: str
    node: Any


class StepProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See above. No field has a default: what is left out would be a second spelling of the same proof."""

    form: str
    root: str
    size: int
    genesis: Leaf
    record: Leaf
    last: Leaf | None
    additions: tuple[Leaf, ...]
    before: tuple[str, ...]
    table: tuple[Row, ...]
    used: dict[str, int]
    exposure: str
    memo: str
    values: dict[str, MadeValue]
    nodes: tuple[list[Any], ...]
    calls: tuple[str, ...]
    blobs: tuple[SaltedText, ...]
    salts: tuple[str, ...]
    contents: tuple[PlainText, ...]
    larger: tuple[str, ...]
    known: dict[str, str]
    found: Circumstances


_decoder = msgspec.json.Decoder(StepProof)


encode_canonically = _ENCODER.encode
"""Canonical JSON of anything that may stand in a proof. Raises `UnicodeEncodeError`."""


def encode_proof(proof: StepProof) -> bytes:
    """The file, with a newline at its end. Raises `ProofBrokenError` for text that JSON cannot hold."""
    try:
        return encode_canonically(proof) + b"\n"
    except UnicodeEncodeError as error:
        raise ProofBrokenError("the step", f"it has text that is not valid Unicode: {error.reason}") from None


def decode_proof(data: bytes, limits: ReaderLimits) -> StepProof:
    """A file as a proof. Raises `ProofBrokenError` for any spelling but the canonical one, and `OverLimitError`."""
    check_json(data, limits)
    try:
        proof = _decoder.decode(data)
        canonical = encode_proof(proof)
    except (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError) as error:
        raise ProofBrokenError("the file", f"it is no proof of a step: {error}") from None
    if proof.form != FORM:
        raise ProofBrokenError("the file", f"its form is {proof.form[:40]!r}, and this version reads {FORM!r}")
    if canonical != data:
        raise ProofBrokenError("the file", "it is not spelled canonically, so somebody has changed it")
    return proof


def salted(salt: bytes, content: bytes) -> SaltedText:
    """A blob for the file."""
    plain = plain_text(content)
    return SaltedText(salt.hex(), plain.text, plain.base64)


def plain_text(content: bytes) -> PlainText:
    """A content for the file."""
    try:
        return PlainText(content.decode())
    except UnicodeDecodeError:
        return PlainText(base64=content)


def _content(text: str | None, base64: bytes | None) -> bytes:
    if (text is None) is (base64 is None):
        raise ProofBrokenError("a content", "it needs exactly one of text and base64")
    if text is not None:
        return text.encode()
    assert base64 is not None
    return base64
