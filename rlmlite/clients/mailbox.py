"""Calls as files, so that a person or another program can answer them.

For each call `DIR/ID.request.json` is written, and its answer is awaited:

- `DIR/ID.answer.txt` is the reply, without the final newline that editors add. It counts once it is not empty and has
  stopped growing: two looks in a row, 0.2 s apart, must find the same size.
- `DIR/ID.answer.json` is one line of a script (see `scripted`): `"text"`, `{"text": ...}`, `{"json": ...}` or
  `{"error": "refused"}`. It counts once it parses, since half a document does not.

So whoever answers needs neither a lock nor a rename. The request itself is written under another name and renamed, so
that nobody reads half of one.

The same call of the same run has the same id, so a call that was answered is not asked again. Nothing is deleted, and
there is no time limit: a run that was stopped continues where it was.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from rlmlite.clients.scripted import parse_line
from rlmlite.errors import ModelError
from rlmlite.guard.terminal import harmless_json
from rlmlite_kernel.effects.requests import Answered, Request, Result
from rlmlite_kernel.records.settings import Role

POLL_SECONDS = 0.2
"""How often an answer is looked for. A text that stays the same for so long is taken to be finished."""


class _RequestFile(msgspec.Struct, frozen=True):
    """The content of a request's file. `kind` is `lm` or `approve`, `digest` the SHA-256 of the prompt."""

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
        self._messages: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelError(f"mailbox:{folder}: the folder cannot be created: {error.strerror}") from None

    @property
    def model(self) -> str:
        """See `Client.model`."""
        return f"mailbox:{self._folder}"

    def role(self) -> Role:
        """See `Metered.role`. Whoever answers is not paid through this client."""
        return Role(model=self.model, input_price=0, output_price=0)

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`. Waits as long as it takes."""
        # From before this run was stopped, or written ahead. A text with a previous size of 0 never counts as finished.
        answer = self._read_answer(request.id, 0)
        if not isinstance(answer, int):
            return answer
        self._write_request(text, request)
        self._tell_once(f"waiting for answers in {self._folder}: write ID.answer.txt beside each ID.request.json")
        # Polled: a watch would need another library, and people take seconds anyway.
        size = answer
        while True:
            await asyncio.sleep(self._poll)
            answer = self._read_answer(request.id, size)
            if not isinstance(answer, int):
                return answer
            size = answer

    def _write_request(self, text: str, request: Request) -> None:
        """Write the request, whole or not at all."""
        path = self._folder / f"{request.id}.request.json"
        # From before this run was stopped. Its content follows from its id, so it would be written the same again.
        if path.exists():
            return
        content = _RequestFile(
            id=request.id,
            kind=request.kind,
            role=request.role,
            model=request.model,
            max_output_tokens=request.max_output_tokens,
            digest=request.digest,
            prompt=text,
        )
        compact = msgspec.json.encode(content)
        document = msgspec.json.format(compact, indent=2).decode()
        # With the process id in its name, since two processes may resume the same run.
        unfinished = path.with_suffix(f".{os.getpid()}")
        # People print it on terminals, which a prompt must not be able to control.
        unfinished.write_text(harmless_json(document) + "\n", "utf-8")
        unfinished.replace(path)

    def _read_answer(self, id_: str, previous_size: int) -> Result | int:
        """The answer; or the size of a text that may still grow, 0 if there is none yet."""
        # JSON first: whoever writes it means more than a text.
        line = _read_bytes(self._folder / f"{id_}.answer.json")
        if line:
            # An invalid answer does not fail the call: it may be unfinished, or whoever wrote it can mend the file.
            try:
                return _parse_answer(line)
            except (msgspec.MsgspecError, ValueError) as error:
                self._tell_once(f"{id_}.answer.json is not a valid answer yet: {error}")
        text = _read_bytes(self._folder / f"{id_}.answer.txt")
        is_finished = bool(text) and len(text) == previous_size
        if not is_finished:
            return len(text)
        try:
            return Answered(text.decode().removesuffix("\n"))
        except UnicodeDecodeError:
            # As above: told once, and looked at again.
            self._tell_once(f"{id_}.answer.txt is not UTF-8; save it as UTF-8")
            return len(text)

    def _tell_once(self, message: str) -> None:
        # Answers are looked for several times a second, and many calls wait at once.
        if message not in self._messages:
            self._messages.add(message)
            self._tell(f"{self.model}: {message}")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _parse_answer(line: bytes) -> Result:
    # The form of a script's line, so that a file of answers can be turned into a script.
    when, reply = parse_line(line.decode())
    if when is not None:
        raise ValueError("an answer must not have `when`, which is for rules of a script")
    return Answered(reply) if isinstance(reply, str) else reply
