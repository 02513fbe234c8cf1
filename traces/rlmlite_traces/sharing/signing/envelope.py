"""The envelope `trace.dsse.json`: a statement and its signatures, by DSSE v1.

    {"payload":"eyJf…","payloadType":"application/vnd.in-toto+json",
     "signatures":[{"keyid":"7c1e…","sig":"mZq…"}, …]}

What a key signs is not the payload alone but `DSSEv1 28 application/vnd.in-toto+json 315 {"_type":…`, the type and the
payload each with its length before it, so that no signature of another kind of thing can be taken for one of this.
Like every line of a trace, an envelope has one spelling. A signature that no one asks about is not looked at: whoever
demands one names its key, and a key that signed is known by its id.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Final

import msgspec

from rlmlite_traces.errors import SignatureError
from rlmlite_traces.sharing.signing.statement import root_in

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
MOST_BYTES: Final = 1024 * 1024
"""Of an envelope: five thousand signatures."""

_CANONICAL = msgspec.json.Encoder(order="sorted")


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature in base64, and the id of its key."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payload in base64, its type, and the signatures of both."""

    payload: str
    payloadType: str  # as the format has it
    signatures: tuple[Signature, ...]


def signed_message(statement: bytes) -> bytes:
    """What a key signs: the pre-authentication encoding of DSSE."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(statement), statement)


def add_signature(envelope: bytes, statement: bytes, keyid: str, signature: bytes) -> bytes:
    """The envelope with one more signature, or a new one if it is empty.

    Raises `SignatureError` for one that cannot be read, or is about something else.
    """
    signatures = signatures_in(envelope, statement) if envelope else ()
    others = tuple(each for each in signatures if each.keyid != keyid)
    added = Signature(keyid, base64.b64encode(signature).decode())
    whole = Envelope(base64.b64encode(statement).decode(), PAYLOAD_TYPE, (*others, added))
    return _CANONICAL.encode(whole) + b"\n"


def signatures_in(envelope: bytes, statement: bytes) -> tuple[Signature, ...]:
    """The signatures in an envelope about this statement; whether they are sound is not asked.

    Raises `SignatureError` for an envelope that cannot be read, or is about something else.
    """
    try:
        read = msgspec.json.decode(envelope, type=Envelope)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise SignatureError("envelope", "a DSSE envelope", str(error)) from None
    if _CANONICAL.encode(read) + b"\n" != envelope:
        raise SignatureError("envelope", "the one spelling of what it says", "another one")
    if read.payloadType != PAYLOAD_TYPE:
        raise SignatureError("envelope", PAYLOAD_TYPE, read.payloadType)
    payload = _decode(read.payload)
    if payload != statement:
        root, found = root_in(statement), root_in(payload) or "something else"
        what = "another statement about it" if found == root else f"one about {found}"
        raise SignatureError("other-trace", f"the statement about {root}", what)
    return read.signatures


def check_envelope(envelope: bytes, statement: bytes, keyid: str, verifies: Callable[[bytes, bytes], bool]) -> None:
    """Raise `SignatureError` unless the envelope holds a signature of the statement by the key of this id."""
    if not envelope:
        raise SignatureError("keyid", f"a signature by the key {keyid}", "none: the trace is not signed")
    signatures = signatures_in(envelope, statement)
    ours = [each for each in signatures if each.keyid == keyid]
    if not ours:
        others = ", ".join(each.keyid for each in signatures) or "none"
        raise SignatureError("keyid", f"a signature by the key {keyid}", f"signatures by {others}")
    message = signed_message(statement)
    if not all(verifies(message, _decode(each.sig)) for each in ours):
        raise SignatureError("signature", f"a signature that the key {keyid} made", "another one")


def _decode(text: str) -> bytes:
    """Base64 in its one spelling."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if base64.b64encode(content).decode() != text:
        raise SignatureError("envelope", "base64", text[:40])
    return content
