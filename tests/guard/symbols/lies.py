"""A parsing worker that a text has taken over. The text says which lie it tells."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from rlmlite.guard.code.service import READY, REQUEST
from rlmlite.guard.worker.child import Assignment


def serve_lies(assignment: Assignment) -> Iterator[Any]:
    """In place of `service.serve`."""
    yield READY
    (requests,) = assignment.files
    name_size, size = REQUEST.unpack(os.read(requests, REQUEST.size))
    lie = os.read(requests, name_size + size)[name_size:].decode()
    yield from LIES[lie]()


def _raise() -> Iterator[Any]:
    yield from ()
    raise ValueError("\x1b[2J")


def _end() -> Iterator[Any]:
    yield ["x"], 2, True
    os._exit(0)


def _nest() -> Iterator[Any]:
    value: list[Any] = []
    for _ in range(900):
        value = [value]
    yield value


LIES: dict[str, Callable[[], Iterator[Any]]] = {
    "more definitions than bytes": lambda: iter([(["x"], 1 << 40, True)]),
    "a count below zero": lambda: iter([(["x"], -1, True)]),
    "a count that is no number": lambda: iter([(["x"], "2", True)]),
    "columns without a message": lambda: iter([b"x" * 80]),
    "a message of another form": lambda: iter([{"kind_names": "x"}]),
    "a deep message": _nest,
    "longer columns": lambda: iter([(["x"], 1, True), b"\0" * 4_000_000]),
    "shorter columns, then the next text": lambda: iter([(["x"], 2, True), b"\0" * 41]),
    "messages for columns": lambda: iter([(["x"], 2, True), [0] * 10]),
    "an end in the middle": _end,
    "an exception with an escape": _raise,
}
