"""What a fresh process is asked to do, whichever system does it. It needs the standard library alone, as the peers do.

A `Job` holds a script: what the controller says, turn by turn, once in Python and once in the action language.
`Watch` is the model on both ends. It takes no time, and notes when it was asked.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Turn(NamedTuple):
    """One reply of the controller: a program in both languages, and the expression it answers with, if it answers.

    `form` is how the program is wrapped: `own` as the system's prompt asks for it, `python` or `repl` in a fence of
    that name, `open` in the system's own fence without its end, `prose` not at all (`python` is then the text).
    `between` are words after the program: the answer then stands in a fence of its own after them. `first` is an answer
    that the program gives before that.
    """

    python: str
    actions: str
    python_answer: str = ""
    action_answer: str = ""
    form: str = "own"
    between: str = ""
    first: str = ""


class Job(NamedTuple):
    """A script over an input. `seconds` is what the system itself is told to stop after, if it has such a setting.

    `keep`: whether it writes the record that it can write. `runs` after one that is not counted; 0 runs it cold, once,
    and weighs its memory. `calls` caps sub-calls (0: no cap). `typed` asks for a whole number. `shares`: the
    same prompt is to be one call, where the system has such a setting.
    """

    system: str
    path: str
    question: str
    turns: tuple[Turn, ...]
    place: str
    keep: bool = True
    runs: int = 0
    max_turns: int = 20
    calls: int = 0
    typed: bool = False
    fails_on: str = ""
    seconds: float = 0.0
    shares: bool = False

    def text(self) -> str:
        """For the process's standard input."""
        return json.dumps(self._asdict())

    @classmethod
    def read(cls, text: str) -> "Job":
        """The other way round."""
        given = json.loads(text)
        return cls(**{**given, "turns": tuple(Turn(*turn) for turn in given["turns"])})


class Answer(NamedTuple):
    """What a system gave back: the value, why there is none, and the record that it keeps in memory, if it does."""

    value: Any
    end: str = ""
    kept: str = ""


def reply_of(turn: Turn, code: str, answer: Callable[[str], str], given: str, own: str) -> str:
    """A turn as a reply of a controller: the program and its answer, in one fence or in two.

    `answer` writes how an expression is given as the answer, `given` is that of this turn, empty for none.
    """
    last = answer(given) if given else ""
    if turn.first:
        code = f"{code}\n{answer(turn.first)}"
    if not turn.between:
        return fenced("\n".join(part for part in (code, last) if part), turn.form, own)
    # A system that wants no fence is sent the one that models write all the same.
    own = own or "python"
    return f"{fenced(code, 'own', own)}\n\n{turn.between}\n\n{fenced(last, 'own', own)}"


def fenced(code: str, form: str, own: str) -> str:
    """A program as a reply; `own` is the name of the system's own fence, or nothing if it wants none."""
    if form == "own" and not own:
        return code
    if form == "open":
        return f"```{own}\n{code}\n"
    return f"```{own if form == 'own' else form}\n{code}\n```"


SLOW, SLOW_SECONDS = "Take your time.", 3.0
"""A prompt that holds these words is answered after so many seconds."""


class CallFailedError(Exception):
    """The sub-model's call fails."""


class Watch:
    """The scripted models, and what they saw.

    The last reply of the script is repeated, as a model would that insists. `sub_calls` counts calls as they begin.
    """

    def __init__(self, replies: Sequence[str], fails_on: str = "", weigh: bool = False) -> None:
        self.asked: list[float] = []
        self.answered: list[float] = []
        self.prompts: list[str] = []
        self.sub_calls = 0
        self.held = self.worker_peak = 0
        self._replies, self._fails_on, self._weigh = replies, fails_on, weigh
        self._lock = threading.Lock()

    def controller(self, prompt: Callable[[], str] | None = None) -> str:
        """The next reply. `prompt` is called, after the clock was read, only where prompts are looked at."""
        self.asked.append(time.perf_counter())
        self.weigh()
        if prompt is not None:
            self.prompts.append(prompt())
        reply = self._replies[min(len(self.asked), len(self._replies)) - 1]
        self.answered.append(time.perf_counter())
        return reply

    def sub(self, prompt: str) -> str:
        """Whether the prompt holds INFO. Raises `CallFailedError` for one that holds `fails_on`."""
        with self._lock:
            self.sub_calls += 1
        if self._fails_on and self._fails_on in prompt:
            raise CallFailedError("the model's server is not available")
        if SLOW in prompt:
            time.sleep(SLOW_SECONDS)
        return "yes" if "INFO" in prompt else "no"

    def weigh(self) -> None:
        """Note what this process and its workers hold now, and the most that its workers held, if that is wanted."""
        if not self._weigh:
            return
        workers = [pid for pid in _processes() if _parent(pid) == os.getpid()]
        self.held = max(self.held, sum(memory("RssAnon", pid) for pid in ("self", *workers)))
        self.worker_peak = max(self.worker_peak, sum(memory("VmHWM", pid) for pid in workers))


def memory(field: str, pid: str = "self") -> int:
    """Bytes, by a field of a process's status; 0 where the system does not say or the process has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def _processes() -> list[str]:
    try:
        return [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _parent(pid: str) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[1])
