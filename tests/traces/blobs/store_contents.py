"""Contents of a store, and where they lie."""

import hashlib
from pathlib import Path

from rlmlite_traces import (
    DirectoryStore,
)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put_and_close(path: Path, *contents: bytes) -> list[str]:
    """Contents that somebody put who is gone."""
    with DirectoryStore(path) as store:
        return [store.put(content) for content in contents]
