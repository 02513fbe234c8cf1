"""Where these tests work: a folder of their own, with a log that is open."""

from pathlib import Path

import pytest

from rlmlite.cli.output.logs import log


@pytest.fixture(autouse=True)
def _fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is empty. A command before may have left the log with a standard error that is closed."""
    monkeypatch.chdir(tmp_path)
    log.configure(verbose=False)
