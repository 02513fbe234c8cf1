"""How many calls are under way at a time, over a run and all runs nested in it.

Without this, each nested run would have workers of its own: four of them with `workers=2` make eight calls at a time.
There are three kinds of slots, since a call of one kind can wait for one of another. A nested run waits for its
controller and for what its programs call, and holds its own slot meanwhile; were these slots of one kind, two nested
runs could hold both and wait for a third for ever. For the same reason each level of nesting has slots of its own.

    workers = 2      2 calls of programs (models, tools)      over all runs of the tree
                     2 calls of controllers                   over all runs of the tree
                     2 nested runs                            at each level of the tree

A level only ever waits for the levels below it, and the lowest waits for nobody, so nothing can lock up.
A person who is asked to approve takes no slot: nobody knows how long that takes.
"""

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rlmlite_kernel.effects.requests import Request
from rlmlite_kernel.records.settings import CONTROLLER_ROLE

if TYPE_CHECKING:
    import asyncio  # with the first call: a run without calls starts sooner

_LEAF: Final = "leaf"


class _NoSlot:
    """Stands for a slot where none is needed."""

    async def __aenter__(self) -> None:
        """Enter at once."""

    async def __aexit__(self, *_: object) -> None:
        """Leave."""


class Slots:
    """The slots of a tree of runs. `renew` before the first call of an event loop: a semaphore belongs to its loop."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self.renew()

    def renew(self) -> None:
        """Free them all. Nothing may be under way."""
        self._semaphores: defaultdict[str | int, asyncio.Semaphore] = defaultdict(self._semaphore)

    def slot(self, request: Request, level: int) -> "asyncio.Semaphore | _NoSlot":
        """What to hold while a call is under way, of a run that is nested so deep (0: not at all)."""
        match request.kind:
            case "rlm":
                return self._semaphores[level]
            case "approve" | "clock":
                return _NoSlot()
            case "lm" if request.role.startswith(CONTROLLER_ROLE):
                return self._semaphores[CONTROLLER_ROLE]
        return self._semaphores[_LEAF]

    def _semaphore(self) -> "asyncio.Semaphore":
        import asyncio

        return asyncio.Semaphore(self._workers)
