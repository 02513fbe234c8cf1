"""Traces on disk: write them, check them, recover them, execute them again.

Start at `Log` (one writer), `verify` (is it unaltered?) and `replay` (did the kernel really do this?).
"""

from typing import TYPE_CHECKING

from rlmlite_kernel import lazy_names

if TYPE_CHECKING:
    from rlmlite_traces.blobs.directory import DirectoryStore
    from rlmlite_traces.blobs.stores import FileBlobs
    from rlmlite_traces.errors import (
        BlobAbsentError,
        BlobMismatchError,
        BlobUnreferencedError,
        InputDiffersError,
        KeyExistsError,
        KeyFileError,
        LevelError,
        MissingExtraError,
        NestedDiffersError,
        OtherRootError,
        OverLimitError,
        PackBrokenError,
        PackChangedError,
        PackEncryptedError,
        RootMismatchError,
        RootsFileError,
        SignatureError,
        StoreBusyError,
        StoreCorruptError,
        StoreError,
        StoreMissingError,
        StoreReadOnlyError,
        StoreWriteError,
        TraceBrokenError,
        TraceError,
        TraceExistsError,
        TraceLockedError,
        TraceMissingError,
        TraceSealedError,
        TraceWriteError,
        UnknownFormatError,
    )
    from rlmlite_traces.files.index_folder import IndexFolder
    from rlmlite_traces.files.mapped import DigestCache, HashedFile
    from rlmlite_traces.format.contents import Presence
    from rlmlite_traces.format.reader import CheckedTrace, Level, SignatureCheck, UncheckedTrace
    from rlmlite_traces.format.show import neutral, show
    from rlmlite_traces.format.verify import verify
    from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
    from rlmlite_traces.nested.walk import NestedTrace, Standing, nested_place, nested_traces
    from rlmlite_traces.replays.beginning import allow_claims
    from rlmlite_traces.replays.rebuild import Derive
    from rlmlite_traces.replays.replay import replay
    from rlmlite_traces.replays.rules.controller import ControllerCheck, Finding
    from rlmlite_traces.replays.rules.nested_requests import contradicts_request
    from rlmlite_traces.replays.verdicts import Difference, Replayed, Unfinished, Verdict
    from rlmlite_traces.sharing.known_roots import Known, KnownRoot, KnownRoots, RootStanding, witness
    from rlmlite_traces.sharing.packing.along import AlongCheck
    from rlmlite_traces.sharing.packing.input_files import InputSearch
    from rlmlite_traces.sharing.packing.pack import Packed, pack
    from rlmlite_traces.sharing.packing.unpack import Unpacked, unpack
    from rlmlite_traces.sharing.signing.keys import PrivateKey, PublicKey, generate_key
    from rlmlite_traces.sharing.signing.sign import Signed, claimed_signers, sign
    from rlmlite_traces.writing.log import Log
    from rlmlite_traces.writing.recovery import Recovered, recover

__all__ = [
    "READER_LIMITS",
    "AlongCheck",
    "BlobAbsentError",
    "BlobMismatchError",
    "BlobUnreferencedError",
    "CheckedTrace",
    "ControllerCheck",
    "Derive",
    "Difference",
    "DigestCache",
    "DirectoryStore",
    "FileBlobs",
    "Finding",
    "HashedFile",
    "IndexFolder",
    "InputDiffersError",
    "InputSearch",
    "KeyExistsError",
    "KeyFileError",
    "Known",
    "KnownRoot",
    "KnownRoots",
    "Level",
    "LevelError",
    "Log",
    "MissingExtraError",
    "NestedDiffersError",
    "NestedTrace",
    "OtherRootError",
    "OverLimitError",
    "PackBrokenError",
    "PackChangedError",
    "PackEncryptedError",
    "Packed",
    "Presence",
    "PrivateKey",
    "PublicKey",
    "ReaderLimits",
    "Recovered",
    "Replayed",
    "RootMismatchError",
    "RootStanding",
    "RootsFileError",
    "SignatureCheck",
    "SignatureError",
    "Signed",
    "Standing",
    "StoreBusyError",
    "StoreCorruptError",
    "StoreError",
    "StoreMissingError",
    "StoreReadOnlyError",
    "StoreWriteError",
    "TraceBrokenError",
    "TraceError",
    "TraceExistsError",
    "TraceLockedError",
    "TraceMissingError",
    "TraceSealedError",
    "TraceWriteError",
    "UncheckedTrace",
    "Unfinished",
    "UnknownFormatError",
    "Unpacked",
    "Verdict",
    "allow_claims",
    "claimed_signers",
    "contradicts_request",
    "generate_key",
    "nested_place",
    "nested_traces",
    "neutral",
    "pack",
    "recover",
    "replay",
    "show",
    "sign",
    "unpack",
    "verify",
    "witness",
]

_HOMES = {
    "AlongCheck": "rlmlite_traces.sharing.packing.along",
    "BlobAbsentError": "rlmlite_traces.errors",
    "BlobMismatchError": "rlmlite_traces.errors",
    "BlobUnreferencedError": "rlmlite_traces.errors",
    "CheckedTrace": "rlmlite_traces.format.reader",
    "ControllerCheck": "rlmlite_traces.replays.rules.controller",
    "Derive": "rlmlite_traces.replays.rebuild",
    "Difference": "rlmlite_traces.replays.verdicts",
    "DigestCache": "rlmlite_traces.files.mapped",
    "DirectoryStore": "rlmlite_traces.blobs.directory",
    "FileBlobs": "rlmlite_traces.blobs.stores",
    "Finding": "rlmlite_traces.replays.rules.controller",
    "HashedFile": "rlmlite_traces.files.mapped",
    "IndexFolder": "rlmlite_traces.files.index_folder",
    "InputDiffersError": "rlmlite_traces.errors",
    "InputSearch": "rlmlite_traces.sharing.packing.input_files",
    "KeyExistsError": "rlmlite_traces.errors",
    "KeyFileError": "rlmlite_traces.errors",
    "Known": "rlmlite_traces.sharing.known_roots",
    "KnownRoot": "rlmlite_traces.sharing.known_roots",
    "KnownRoots": "rlmlite_traces.sharing.known_roots",
    "Level": "rlmlite_traces.format.reader",
    "LevelError": "rlmlite_traces.errors",
    "Log": "rlmlite_traces.writing.log",
    "MissingExtraError": "rlmlite_traces.errors",
    "NestedDiffersError": "rlmlite_traces.errors",
    "NestedTrace": "rlmlite_traces.nested.walk",
    "OtherRootError": "rlmlite_traces.errors",
    "OverLimitError": "rlmlite_traces.errors",
    "PackBrokenError": "rlmlite_traces.errors",
    "PackChangedError": "rlmlite_traces.errors",
    "PackEncryptedError": "rlmlite_traces.errors",
    "Packed": "rlmlite_traces.sharing.packing.pack",
    "Presence": "rlmlite_traces.format.contents",
    "PrivateKey": "rlmlite_traces.sharing.signing.keys",
    "PublicKey": "rlmlite_traces.sharing.signing.keys",
    "READER_LIMITS": "rlmlite_traces.limits",
    "ReaderLimits": "rlmlite_traces.limits",
    "Recovered": "rlmlite_traces.writing.recovery",
    "Replayed": "rlmlite_traces.replays.verdicts",
    "RootMismatchError": "rlmlite_traces.errors",
    "RootStanding": "rlmlite_traces.sharing.known_roots",
    "RootsFileError": "rlmlite_traces.errors",
    "SignatureCheck": "rlmlite_traces.format.reader",
    "SignatureError": "rlmlite_traces.errors",
    "Signed": "rlmlite_traces.sharing.signing.sign",
    "Standing": "rlmlite_traces.nested.walk",
    "StoreBusyError": "rlmlite_traces.errors",
    "StoreCorruptError": "rlmlite_traces.errors",
    "StoreError": "rlmlite_traces.errors",
    "StoreMissingError": "rlmlite_traces.errors",
    "StoreReadOnlyError": "rlmlite_traces.errors",
    "StoreWriteError": "rlmlite_traces.errors",
    "TraceBrokenError": "rlmlite_traces.errors",
    "TraceError": "rlmlite_traces.errors",
    "TraceExistsError": "rlmlite_traces.errors",
    "TraceLockedError": "rlmlite_traces.errors",
    "TraceMissingError": "rlmlite_traces.errors",
    "TraceSealedError": "rlmlite_traces.errors",
    "TraceWriteError": "rlmlite_traces.errors",
    "UncheckedTrace": "rlmlite_traces.format.reader",
    "Unfinished": "rlmlite_traces.replays.verdicts",
    "UnknownFormatError": "rlmlite_traces.errors",
    "Unpacked": "rlmlite_traces.sharing.packing.unpack",
    "Verdict": "rlmlite_traces.replays.verdicts",
    "allow_claims": "rlmlite_traces.replays.beginning",
    "claimed_signers": "rlmlite_traces.sharing.signing.sign",
    "contradicts_request": "rlmlite_traces.replays.rules.nested_requests",
    "generate_key": "rlmlite_traces.sharing.signing.keys",
    "nested_place": "rlmlite_traces.nested.walk",
    "nested_traces": "rlmlite_traces.nested.walk",
    "neutral": "rlmlite_traces.format.show",
    "pack": "rlmlite_traces.sharing.packing.pack",
    "recover": "rlmlite_traces.writing.recovery",
    "replay": "rlmlite_traces.replays.replay",
    "show": "rlmlite_traces.format.show",
    "sign": "rlmlite_traces.sharing.signing.sign",
    "unpack": "rlmlite_traces.sharing.packing.unpack",
    "verify": "rlmlite_traces.format.verify",
    "witness": "rlmlite_traces.sharing.known_roots",
}
"""The module of each name, imported when the name is first used: nobody waits for what is not used."""

if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
