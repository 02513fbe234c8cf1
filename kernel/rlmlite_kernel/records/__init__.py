"""Receipts as data: records, refs, canonical bytes, the Merkle tree, and the settings that a run is begun with."""

from rlmlite_kernel.records.records import (
    AnyRecord,
    Blob,
    Child,
    EffectRecord,
    Effects,
    Entry,
    Genesis,
    InputEntry,
    Observed,
    Ref,
    Seal,
    Span,
    Spoken,
    Step,
    Turn,
    Written,
)

__all__ = [
    "AnyRecord",
    "Blob",
    "Child",
    "EffectRecord",
    "Effects",
    "Entry",
    "Genesis",
    "InputEntry",
    "Observed",
    "Ref",
    "Seal",
    "Span",
    "Spoken",
    "Step",
    "Turn",
    "Written",
]
