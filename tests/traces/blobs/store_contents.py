"""Helpers: digests, and contents that an ended process left in a store."""

import hashlib
from pathlib import Path

from rlmlite_traces import (
    DirectoryStore,
)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put_and_close(path: Path, *contents: bytes) -> list[str]:
    """Put contents in a store and close it, so that no lease holds them; returns their digests."""
    with DirectoryStore(path) as store:
        return [store.put(content) for content in contents]
