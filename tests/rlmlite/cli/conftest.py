"""Where the command line of these tests runs."""

import os
from pathlib import Path

import pytest

from tests.rlmlite.cli.commands import LOG


@pytest.fixture(autouse=True)
def _fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder holds `app.log` and nothing else; no settings of whoever runs the tests are seen."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.log").write_text(LOG, "utf-8")
    for name in [name for name in os.environ if name.startswith("RLMLITE_") and name != "RLMLITE_HOME"]:
        monkeypatch.delenv(name)
