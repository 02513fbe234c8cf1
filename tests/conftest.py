"""Fixtures that every test may use."""

import atexit
import gc
import logging
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from rlmlite_kernel.engines import use_threads
from tests.quick import quick_tests
from tests.sizes import register_profiles

ROOT = Path(__file__).parents[1]

pytest_plugins = ["tests.traces.verifier.plugin"]

register_profiles()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without collecting garbage, and never look through them for any: they live as long as the process.

    Each of 22,000 tests is some hundred objects, which was a quarter of the time that it took to find them.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        atexit.register(gc.unfreeze)  # libraries complain of objects that are still there when a process has ended
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marker
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests for `make quick`, if that is asked for."""
    if "quick" not in config.option.markexpr:
        return
    for item in quick_tests(items):
        item.add_marker("quick")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` beside the repository, with the data sets of `tests/tasks/`."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("reads data sets from ../shared/data, which is not part of the repository")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the cache, or the state, of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it, or what they trust; and none leaves any to the next."""
    monkeypatch.setenv("RLMLITE_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def _threads_of_its_own() -> Iterator[None]:
    """How many threads the engines use holds for a process, and the command sets it; no test leaves it to the next."""
    yield
    use_threads(1)


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """The command sends the library's log to its standard error, which in a test is closed when the test is over."""
    logger = logging.getLogger("rlmlite")
    handlers = list(logger.handlers)
    yield
    logger.handlers[:] = handlers
