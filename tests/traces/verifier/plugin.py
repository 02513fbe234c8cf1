"""Feeds the traces that tests make to both verifiers, at the end of a run (see `made`).

It is a plugin of the whole suite, named in `tests/conftest.py`, since traces are made everywhere.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from rlmlite_traces.writing.log import Log
from tests.traces import handmade
from tests.traces.verifier import made
from tests.traces.verifier.both import MISSING

_REPORT: Final = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder that workers keep traces in. They have it from the environment."""
    config.stash[_REPORT] = []
    if not _is_worker():
        os.environ[made.FOLDER] = tempfile.mkdtemp(prefix="rlmlite-traces-")


@pytest.fixture(autouse=True, scope="session")
def _logs_are_kept() -> Iterator[None]:
    """What a log wrote is kept when it is closed, and what is made by hand as it is made."""
    close, unchecked_trace = Log.close, handmade.unchecked_trace

    def close_and_keep(log: Log) -> None:
        close(log)
        made.keep_folder(log.path)

    def unchecked_and_keep(files: dict[str, bytes]) -> object:
        made.keep(files)
        return unchecked_trace(files)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Log, "close", close_and_keep)
        patch.setattr(handmade, "unchecked_trace", unchecked_and_keep)
        yield


@pytest.fixture(autouse=True)
def _folders_are_kept(request: pytest.FixtureRequest) -> Iterator[None]:
    """When a test is over, the traces in its own folder are kept."""
    yield
    place = request.node.funcargs.get("tmp_path")
    if isinstance(place, Path):
        made.keep_below(place)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Compare the verifiers, in the process that started the workers."""
    if _is_worker():
        return
    folder = Path(os.environ[made.FOLDER])
    report = session.config.stash[_REPORT]
    if shutil.which("node") is None:
        report.append(MISSING)
    else:
        count, wrong = made.differences(made.kept_in(folder))
        report.append(f"{count:,} traces that tests made were fed to both verifiers: {len(wrong)} differences")
        report += [f"{test}: {mine} in Python, {its} in JavaScript" for test, mine, its in wrong[:20]]
        if wrong:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    shutil.rmtree(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what came of it."""
    for line in config.stash[_REPORT]:
        terminalreporter.write_line(line)


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ
