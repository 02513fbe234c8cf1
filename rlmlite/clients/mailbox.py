"""Calls as files, so that a person or another program can answer them.

For each call `DIR/ID.request.json` is written, and its answer is awaited:

- `DIR/ID.answer.txt` is the reply, without the final newline that editors add. It counts once it is not empty and has
  stopped growing: two looks in a row, 0.2 s apart, must find the same size.
- `DIR/ID.answer.json` is one line of a script (see `scripted`): `"text"`, `{"text": ...}`, `{"json": ...}` or
  `{"error": "refused"}`. It counts once it parses, since half a document does not.

So whoever answers needs neither a lock nor a rename. The request itself is written under another name and renamed, so
that nobody reads half of one.

Others write into the folder, so what has the name of an answer may be none. Only a plain file is read, and no link is
followed; whatever else is there fails the call, with words:

    ID.answer.txt -> ~/.ssh/id_ed25519     failed: a link
    ID.answer.txt (a pipe, a folder)       failed at once: opening does not wait
    ID.answer.json, nested 1,000 deep      failed: no text that follows could make it valid

Requests hold what a run has read, so they are for this user alone (0600), as is a folder that is made for them (0700).

The same call of the same run has the same id, so a call that was answered is not asked again. Nothing is deleted, and
there is no time limit: a run that was stopped continues where it was.
"""

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec

from rlmlite.clients.interface.options import LONGEST_REPLY
from rlmlite.clients.scripted import parse_line
from rlmlite.errors import ModelError, SettingError
from rlmlite.guard.json_text import TooDeepError
from rlmlite.guard.places import make_private_folder, write_private
from rlmlite.guard.regular_file import read_regular
from rlmlite.guard.terminal import harmless_json, one_line
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Request, Result
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
        _make_folder(folder)

    @property
    def model(self) -> str:
        """See `Client.model`."""
        return f"mailbox:{self._folder}"

    def role(self) -> Role:
        """See `Metered.role`. Whoever answers is not paid through this client."""
        return Role(model=self.model, input_price=0, output_price=0)

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`. Waits as long as it takes.

        Raises `ModelError` if the request cannot be written.
        """
        try:
            return await self._wait(text, request)
        except SettingError as error:
            reason = one_line(str(error))
            # Said aloud, since a program may go on without the answer.
            self._tell_once(f"a call failed: {reason}")
            return Failed("unavailable", NO_USE, reason)

    async def _wait(self, text: str, request: Request) -> Result:
        """The answer. Raises `SettingError` for what has its name and can never be one."""
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
        """Write the request, whole or not at all. Raises `ModelError`."""
        path = self._folder / f"{request.id}.request.json"
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
        # People print it on terminals, which a prompt must not be able to control.
        wanted = (harmless_json(document) + "\n").encode()
        # From before this run was stopped. Anything else of this name would be answered in place of the request.
        if _holds(path, wanted):
            return
        try:
            write_private(path, wanted)
        except OSError as error:
            raise ModelError(f"{self.model}: {path.name} cannot be written: {error.strerror}") from None

    def _read_answer(self, id_: str, previous_size: int) -> Result | int:
        """The answer; or the size of a text that may still grow, 0 if there is none yet. Raises `SettingError`."""
        # JSON first: whoever writes it means more than a text.
        line = _read_bytes(self._folder / f"{id_}.answer.json")
        if line:
            # An invalid answer does not fail the call: it may be unfinished, or whoever wrote it can mend the file.
            try:
                return _parse_answer(line)
            except TooDeepError as error:
                raise SettingError(f"{id_}.answer.json is no answer: {error}") from None
            except (msgspec.MsgspecError, ValueError) as error:
                self._tell_once(f"{id_}.answer.json is not a valid answer yet: {one_line(str(error))}")
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


def _make_folder(folder: Path) -> None:
    """Make the folder if there is none. Raises `ModelError`, also for one in which anybody could answer."""
    try:
        if not folder.is_dir():
            make_private_folder(folder)
        mode = folder.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelError(f"mailbox:{folder}: the folder cannot be created: {reason}") from None
    # A folder that was there may be shared with whoever answers, but not with everybody. Windows has no such modes.
    if os.name == "posix" and mode & stat.S_IWOTH:
        raise ModelError(f"mailbox:{folder}: anybody on this machine could answer there; run chmod o-w on the folder")


def _read_bytes(path: Path) -> bytes:
    try:
        return read_regular(path, LONGEST_REPLY).content
    except FileNotFoundError:
        return b""


def _holds(path: Path, content: bytes) -> bool:
    """Whether a plain file has this content. `False` for whatever else there is, which a rename then replaces."""
    try:
        return read_regular(path, len(content)).content == content
    except (FileNotFoundError, SettingError):
        return False


def _parse_answer(line: bytes) -> Result:
    # The form of a script's line, so that a file of answers can be turned into a script.
    when, reply = parse_line(line.decode())
    if when is not None:
        raise ValueError("an answer must not have `when`, which is for rules of a script")
    return Answered(reply) if isinstance(reply, str) else reply
