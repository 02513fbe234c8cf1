"""The ways to begin a run, each with a program or a question; a value for every setting."""

import asyncio
from collections.abc import Callable
from typing import Any

import rlmlite
from rlmlite import Limits, Scripted
from rlmlite.clients import Calling
from rlmlite_kernel.records.settings import Policy

PROGRAM = "final(count(context.lines))"
TEXT = "a\nb\n"


def look_up(word: str) -> str:
    """Looks a word up."""
    return word


VALUES: dict[str, Any] = {
    "controller": Scripted(lambda _text, _request: PROGRAM),
    "sub": "extractive:",
    "nested": ["extractive:"],
    "roles": {"judge": "extractive:", "sub": {"temperature": 0.5, "stop": ["END"]}},
    "limits": Limits(turns=9),
    "max_cost": "0.50",
    "confirm_above": 1,
    "permit": lambda _calls, _bound: True,
    "answer_type": int,
    "last_answer": False,
    "require_evidence": True,
    "accept": lambda _answer: None,
    "patience": 2,
    "trace": "t.rlm",
    "run_key": "ab" * 32,
    "scope": {"user": "ann"},
    "on_event": lambda _event: None,
    "tools": [look_up],
    "policy": Policy(),
    "approve": "never",
    "reading": {"encoding": "utf-8"},
    "redact": ["keys", "mail"],
    "copy_inputs": True,
    "store": "store",
    "copy_to": "copies",
    "threads": 1,
    "max_memory": "none",
    "workers": 3,
    "timeout": 5,
    "max_time": 90.0,
    "spend": {"day": "2.00"},
    "retries": 0,
    "stream": True,
    "decode": "tool",
    "temperature": None,
    "max_output_tokens": 100,
    "prices": {"": "0,0"},
    "keys": {"api.host": "HOST_KEY"},
    "tell": lambda _text: None,
    "calling": Calling(workers=2),
}
"""A value for each setting."""


async def _streamed(*arguments: Any, **settings: Any) -> Any:
    return [event async for event in rlmlite.stream(*arguments, **settings)][-1].outcome  # type: ignore[union-attr]


def _in_session(text: str, inputs: str, **settings: Any) -> Any:
    with rlmlite.Session("session.rlm", inputs, **settings) as session:
        return session.exec(text)


ENTRY_POINTS: dict[str, Callable[..., Any]] = {
    "run": lambda **settings: rlmlite.run("How many?", TEXT, **settings),
    "arun": lambda **settings: asyncio.run(rlmlite.arun("How many?", TEXT, **settings)),
    "stream": lambda **settings: asyncio.run(_streamed("How many?", TEXT, **settings)),
    "Session": lambda **settings: _in_session(PROGRAM, TEXT, **settings),
    "execute": lambda **settings: rlmlite.execute(PROGRAM, TEXT, **settings),
    "execute_async": lambda **settings: asyncio.run(rlmlite.execute_async(PROGRAM, TEXT, **settings)),
}
