"""How the clients of these tests reach the server that a test starts on this machine."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_proxies_and_short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is asked without a proxy, and asked again after 10 ms rather than half a second."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
