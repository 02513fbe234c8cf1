"""A run to replay."""

import pytest

from rlmlite_traces import (
    CheckedTrace,
    FileBlobs,
    Level,
    verify,
)
from tests.traces.replays import real_runs


@pytest.fixture(scope="module")
def honest_run(tmp_path_factory: pytest.TempPathFactory) -> CheckedTrace:
    """A sealed run of four turns over one text from memory."""
    path = tmp_path_factory.mktemp("kept") / "a.rlm"
    blobs = FileBlobs()
    real_runs.record(path, {"log": real_runs.text_input(real_runs.LOG, blobs)}, blobs)
    return verify(path, at_least=Level.SEALED)
