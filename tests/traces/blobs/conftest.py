"""An empty store for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rlmlite_traces import (
    DirectoryStore,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DirectoryStore]:
    with DirectoryStore(tmp_path / "store") as store:
        yield store
