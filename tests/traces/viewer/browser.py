"""A headless Chromium that is spoken to over two pipes, by its own protocol: nothing is installed for it but itself.

with open_page(path) as page:
    page.run("document.title")          what an expression gives
    page.press("Tab")                   a key, as a keyboard sends it
    page.requests, page.complaints      what it tried to load; errors, and what the policy forbade
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--disable-dev-shm-usage")
_SECONDS = 30


def chromium() -> str:
    """The command, or a skipped test that says what to install."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium here: on Debian and Ubuntu, apt install chromium")
    return found


class Page:
    """A page after another, in one browser."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read, self._id, self._rest, self._session = write, read, 0, b"", ""
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def open(self, file: Path, fragment: str = "") -> None:
        """Attach to a new page, and load the file."""
        self._session = ""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")
        self.requests, self.complaints = [], []
        self.go(file, fragment)

    def go(self, file: Path, fragment: str = "") -> None:
        """Load another file in the same page."""
        self.send("Page.navigate", url=file.resolve().as_uri() + fragment)
        self._until("Page.loadEventFired")

    def run(self, expression: str) -> Any:
        """What an expression gives, as JSON. Raises `AssertionError` for one that throws."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            said = text if kind == "keyDown" else ""
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=said)

    def picture(self) -> bytes:
        """A PNG of it."""
        return base64.b64decode(self.send("Page.captureScreenshot")["data"])

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command."""
        self._id += 1
        message = {"id": self._id, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._id:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def _until(self, method: str) -> None:
        while self._next().get("method") != method:
            pass

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = os.read(self._read, 1 << 20)
            assert block, "the browser has ended"
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        parameters = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(parameters["exceptionDetails"]))
            case "Log.entryAdded":
                self.complaints.append(parameters["entry"]["text"])
        return message


@contextmanager
def browser() -> Iterator[Page]:
    """A browser of its own."""
    command = chromium()
    to_read, to_write = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The browser reads commands from descriptor 3 and writes answers to 4.
        shell = f'exec "$0" "$@" 3<&{to_read[0]} 4>&{to_write[1]}'
        process = subprocess.Popen(
            ["bash", "-c", shell, command, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(to_read[0], to_write[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read[0])
        os.close(to_write[1])
        try:
            yield Page(to_read[1], to_write[0])
        finally:
            process.kill()
            process.wait(_SECONDS)
            os.close(to_read[1])
            os.close(to_write[0])
