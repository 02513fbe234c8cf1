"""A client that answers from a script: for tests, demonstrations and oracles.

A script is one of:

- a list of replies, given out in the order in which calls begin (a run begins them in the order of their index);
- rules, each with `when`: the first rule whose words occur in the prompt answers, as often as it is asked;
- a function of the prompt and the request.

If a script runs out, the call fails as `unavailable`: a script never repeats itself and never makes something up.
A script file has one reply or rule per line, in JSON; its rules go first, and the other lines are the list:

    {"when": "spam", "json": {"label": "spam"}}
    "the reply to the first call that no rule answers"
    {"error": "rate"}
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, get_args

import msgspec

from rlmlite.errors import ModelError
from rlmlite.guard.json_text import parse_json
from rlmlite_kernel.effects.requests import Answered, Failed, Failure, Request, Result
from rlmlite_kernel.records.settings import Role

Reply: TypeAlias = str | Result
"""What a script gives for a call: a text, or a whole result (a failure, an answer with its usage)."""

Oracle: TypeAlias = Callable[[str, Request], Reply]
"""A function that answers prompts."""

Script: TypeAlias = Iterable[Reply] | Mapping[str, Reply] | Oracle
"""Replies in order, replies by words of the prompt, or a function."""


class Scripted:
    """Answers from a script. See the module for what a script is."""

    def __init__(self, script: Script, model: str = "scripted:") -> None:
        self._model = model
        self._oracle: Oracle | None = None
        self._rules: tuple[tuple[str, Reply], ...] = ()
        self._replies: deque[Reply] = deque()
        # A mapping is iterable as well, so it is looked for first.
        if isinstance(script, Mapping):
            self._rules = tuple(script.items())
        elif callable(script):
            self._oracle = script
        else:
            self._replies.extend(script)

    @property
    def model(self) -> str:
        """See `Client.model`."""
        return self._model

    def role(self) -> Role:
        """See `Metered.role`."""
        return Role(model=self._model, input_price=0, output_price=0)

    @classmethod
    def read(cls, path: Path) -> "Scripted":
        """A script from a file: see the module. Raises `ModelError`."""
        scripted = cls([], f"scripted:{path}")
        # All at once, so that a mistake in the last line is found before the first call is made.
        lines = list(_parse_file(path))
        scripted._rules = tuple((when, reply) for when, reply in lines if when is not None)
        scripted._replies.extend(reply for when, reply in lines if when is None)
        return scripted

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`."""
        # Nothing is awaited before the reply is taken, so calls get the replies of a list in the order of beginning.
        reply = self._next_reply(text, request)
        if isinstance(reply, str):
            return Answered(reply)
        return reply

    def _next_reply(self, text: str, request: Request) -> Reply:
        if self._oracle is not None:
            return self._oracle(text, request)
        # Rules go before the list, and use nothing of it up.
        for when, reply in self._rules:
            if when in text:
                return reply
        if not self._replies:
            return Failed("unavailable")
        return self._replies.popleft()


class _ScriptLine(msgspec.Struct, forbid_unknown_fields=True):
    """One line of a script file: `text`, `json` or `error`, and `when` for a rule."""

    text: str | None = None
    json: Any = msgspec.UNSET
    error: Failure | None = None
    when: str | None = None


_LINE_FORMS = f"""a line must be a JSON string, or an object with exactly one of \
"text", "json" and "error" ({" ".join(get_args(Failure))}), and "when" for a rule"""


def _parse_file(path: Path) -> Iterable[tuple[str | None, Reply]]:
    try:
        content = path.read_text("utf-8")
    except FileNotFoundError:
        raise ModelError(f"scripted:{path}: the file does not exist") from None
    except OSError as error:
        raise ModelError(f"scripted:{path}: the file cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ModelError(f"scripted:{path}: the file is not UTF-8 (byte {error.start})") from None
    except ValueError as error:  # a NUL byte, which no path may have
        raise ModelError(f"scripted:{str(path)!r} is not a valid path: {error}") from None
    # Not `splitlines`, which also splits at U+2028 and the like, which JSON texts may contain.
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield parse_line(line)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ModelError(f"scripted:{path}, line {number}: {error}; {_LINE_FORMS}") from None


def parse_line(line: str) -> tuple[str | None, Reply]:
    """A line's `when`, or None, and its reply. Raises `ValueError` and `msgspec.MsgspecError`."""
    parsed = parse_json(line)
    if isinstance(parsed, str):
        return None, parsed
    entry = msgspec.convert(parsed, _ScriptLine)
    has_text = entry.text is not None
    has_error = entry.error is not None
    # `json` has a mark of its own for "not given", since `null` is a value.
    has_json = entry.json is not msgspec.UNSET
    replies = sum((has_text, has_json, has_error))
    if replies != 1:
        raise ValueError(f"found {replies} replies")
    if entry.error is not None:
        return entry.when, Failed(entry.error)
    if entry.text is not None:
        return entry.when, entry.text
    # A value becomes text again: a client replies with text, which the kernel then checks against the schema.
    return entry.when, json.dumps(entry.json, ensure_ascii=False)
