"""The statement that is signed: what a trace is, as an in-toto Statement v1.

    {"_type":"https://in-toto.io/Statement/v1",
     "predicate":{"format":2,"records":6,"root":"56cf…","run":"115e…"},
     "predicateType":"urn:rlmlite:trace:1",
     "subject":[{"digest":{"sha256":"9d0a…"},"name":"trace.jsonl"}]}

The subject is the file `trace.jsonl`, by its SHA-256, which anybody can compute; its records commit to everything else
of the run, nested runs and contents included. The predicate repeats what `verify` finds: the root, over how many
records, of which run, in which format.

It holds no time, so a key signs a trace in one way, and there is one spelling: a verifier makes the statement that the
trace deserves and compares bytes. Nothing that was signed is interpreted, so no reader can be made to see it otherwise.
"""

import hashlib
from typing import Final

import msgspec

from rlmlite_traces.format.lines import RECORDS
from rlmlite_traces.format.reader import SignedRecords

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:rlmlite:trace:1"

_CANONICAL = msgspec.json.Encoder(order="sorted")


class Subject(msgspec.Struct, frozen=True):
    """A file, by its name and its digests."""

    name: str
    digest: dict[str, str]


class Predicate(msgspec.Struct, frozen=True):
    """What is said of a trace."""

    format: int
    records: int
    root: str
    run: str


class Statement(msgspec.Struct, frozen=True):
    """An in-toto Statement v1 about a trace."""

    subject: tuple[Subject, ...]
    predicate: Predicate
    type_: str = msgspec.field(default=STATEMENT_TYPE, name="_type")
    predicate_type: str = msgspec.field(default=PREDICATE_TYPE, name="predicateType")


def statement_of(signed: SignedRecords) -> bytes:
    """The one statement about these records, as bytes."""
    subject = Subject(RECORDS, {"sha256": hashlib.sha256(signed.data).hexdigest()})
    predicate = Predicate(signed.format, signed.size, signed.root, signed.run)
    return _CANONICAL.encode(Statement((subject,), predicate))


def root_in(statement: bytes) -> str:
    """The root that a statement is about, for a message; empty if it is about something else than a trace."""
    try:
        return msgspec.json.decode(statement, type=Statement).predicate.root
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""
