"""Where these tests run: a folder of its own, without settings of whoever runs them."""

import os
from pathlib import Path

import pytest

from tests.rlmlite.cli.commands import LOG


@pytest.fixture(autouse=True)
def _fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder holds `app.log` and nothing else."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "app.log").write_text(LOG, "utf-8")
    for name in [name for name in os.environ if name.startswith("RLMLITE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that no command was told of. Links of strangers lead there."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "key").write_text("a private key", "utf-8")
    (folder / "key").chmod(0o600)
    return folder
