"""Calls as files, so that a person or another program answers them.

Of each call `DIR/ID.request.json` is written, and its answer is awaited:

- `DIR/ID.answer.txt` is the reply, without the line end that editors put last. It counts once it is not empty and
  has stopped growing.
- `DIR/ID.answer.json` is a line of a script (see `scripted`): `"text"`, `{"text": ...}`, `{"json": ...}` or
  `{"error": "refused"}`. It counts once it is whole.

A request that is there and answered is not asked again: the same call of the same run has the same id. Nothing is
deleted, and there is no time limit: a run that is stopped goes on where it was.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from rlmlite.clients.scripted import read_line
from rlmlite.errors import ModelError
from rlmlite.terminal import harmless_json
from rlmlite_kernel.effects.requests import Answered, Request, Result
from rlmlite_kernel.records.settings import Role

POLL_SECONDS = 0.2


class _Asked(msgspec.Struct, frozen=True):
    """What a request's file says. `kind` is `lm` or `approve`, `digest` SHA-256 of the prompt."""

    id: str
    kind: str
    role: str
    model: str
    max_output_tokens: int
    digest: str
    prompt: str


class Mailbox:
    """Requests and answers in one folder. See the module for the files."""

    def __init__(self, folder: Path, tell: Callable[[str], None], poll: float = POLL_SECONDS) -> None:
        self._folder, self._tell, self._poll = folder, tell, poll
        self._said: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelError(f"mailbox:{folder}: no folder can be there: {error.strerror}") from None

    @property
    def model(self) -> str:
        """See `Client.model`."""
        return f"mailbox:{self._folder}"

    def role(self) -> Role:
        """See `Metered.role`. Whoever answers is not paid through here."""
        return Role(model=self.model, input_price=0, output_price=0)

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`. Waits as long as it takes."""
        found = self._answer(request.id, 0)
        if not isinstance(found, int):
            return found
        self._ask(text, request)
        self._once(f"waiting for answers in {self._folder}: ID.answer.txt beside each ID.request.json")
        size = found
        while True:
            await asyncio.sleep(self._poll)
            found = self._answer(request.id, size)
            if not isinstance(found, int):
                return found
            size = found

    def _ask(self, text: str, request: Request) -> None:
        """Write the request whole or not at all."""
        place = self._folder / f"{request.id}.request.json"
        if place.exists():
            return  # from before this run was stopped
        asked = _Asked(
            request.id, request.kind, request.role, request.model, request.max_output_tokens, request.digest, text
        )
        part = place.with_suffix(f".{os.getpid()}")
        document = msgspec.json.format(msgspec.json.encode(asked), indent=2).decode()
        part.write_text(harmless_json(document) + "\n", "utf-8")  # people print it on terminals
        part.replace(place)

    def _answer(self, id_: str, size: int) -> Result | int:
        """The answer, or the size of a text that may still grow. `size` is what was seen before; 0 is nothing."""
        line = _read(self._folder / f"{id_}.answer.json")
        if line:
            try:
                return _result(line)
            except (msgspec.MsgspecError, ValueError) as error:  # perhaps not whole yet
                self._once(f"{id_}.answer.json is no answer yet: {error}")
        text = _read(self._folder / f"{id_}.answer.txt")
        if not text or len(text) != size:
            return len(text)
        try:
            return Answered(text.decode().removesuffix("\n"))
        except UnicodeDecodeError:
            self._once(f"{id_}.answer.txt is not UTF-8")
            return len(text)

    def _once(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._tell(f"{self.model}: {what}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _result(line: bytes) -> Result:
    when, reply = read_line(line.decode())
    if when is not None:
        raise ValueError("an answer has no `when`")
    return Answered(reply) if isinstance(reply, str) else reply
