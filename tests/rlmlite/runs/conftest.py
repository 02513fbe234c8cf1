"""Where the runs of these tests are made."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is empty: no settings file, and traces by default go below it."""
    monkeypatch.chdir(tmp_path)
