"""Sign: whoever has a key vouches for the root of a sealed trace, in `trace.dsse.json` beside its files."""

from pathlib import Path

import msgspec

from rlmlite_traces.errors import SignatureError, TraceMissingError
from rlmlite_traces.files.append_only import WriterLock
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import SIGNATURES
from rlmlite_traces.format.reader import CheckedTrace, Level, SignedRecords, missing_error, open_trace
from rlmlite_traces.format.verify import verify
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.sharing.signing.envelope import MOST_BYTES, add_signature, signatures_in
from rlmlite_traces.sharing.signing.keys import PrivateKey
from rlmlite_traces.sharing.signing.statement import statement_of

_WAIT_SECONDS = 10.0
_LOCK = "lock"


class Signed(msgspec.Struct, frozen=True):
    """A signature that was made: of which root, by the key of which id, and how many the trace has by now."""

    root: str
    keyid: str
    signatures: int


def sign(trace: Path, key: PrivateKey, root: str | None = None, limits: ReaderLimits = READER_LIMITS) -> Signed:
    """Add a signature to a sealed trace, once it is verified. A second one by the same key changes nothing.

    A packed trace cannot be changed: sign first, then pack.

    Raises:
        RootMismatchError: it is not the trace with this `root`.
        LevelError: it is open; a signature of it would not fit what it will be.
        SignatureError: it has an envelope that cannot be read, or that is about another trace.
        TraceLockedError: another process is signing it.
        TraceMissingError: it cannot be written.
        TraceError: as `verify`.
    """
    checked = verify(trace, root, Level.SEALED, limits)
    statement = statement_of(signed_records(checked))
    signature = key.sign(statement)
    with open_trace(trace) as folder:
        if folder.is_packed:
            raise TraceMissingError(trace, "a packed trace is only read; sign its folder, then pack that")
        # One at a time: two that sign at once would each write an envelope without the other's signature.
        lock = WriterLock(folder, _LOCK, _WAIT_SECONDS)
        try:
            envelope = add_signature(_read(folder), statement, key.keyid, signature)
            folder.replace(SIGNATURES, envelope)
            folder.sync()
        except OSError as error:
            raise missing_error(trace / SIGNATURES, error) from None
        finally:
            lock.release()
    return Signed(checked.root, key.keyid, len(signatures_in(envelope, statement)))


def claimed_signers(trace: CheckedTrace) -> tuple[str, ...]:
    """The ids of the keys that a trace says it was signed with. Nobody has compared them with a key.

    Raises `SignatureError` if its envelope cannot be read, or is about another trace.
    """
    if not trace.signatures:
        return ()
    return tuple(each.keyid for each in signatures_in(trace.signatures, statement_of(signed_records(trace))))


def signed_records(trace: CheckedTrace) -> SignedRecords:
    """What is signed of a trace."""
    data, _ = trace.lines
    return SignedRecords(data, trace.root, trace.size, trace.genesis.run, trace.genesis.v)


def _read(folder: Folder) -> bytes:
    if not folder.exists(SIGNATURES):
        return b""
    if folder.status(SIGNATURES).st_size > MOST_BYTES:
        raise SignatureError("envelope", f"at most {MOST_BYTES:,} bytes", f"{folder.status(SIGNATURES).st_size:,}")
    return folder.read(SIGNATURES)
