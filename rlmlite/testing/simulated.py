"""A model client that answers and fails on a schedule, in an order of its own.

    client = SimulatedClient([Turnout(text="yes"), Turnout(failure="rate")], seed=3)
    rlmlite.run("How many?", "app.log", controller=Scripted([...]), sub=client)
    client.requests

What a call comes to follows from its id (`rlmlite_kernel.testing.Simulator`); only *when* it ends is drawn from `seed`.
"""

import asyncio
import random
from collections.abc import Sequence

from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.records.settings import Role
from rlmlite_kernel.testing.examples.effects import Turnout
from rlmlite_kernel.testing.play.simulator import Simulator

_LONGEST_WAIT = 8
"""Turns of the event loop that a call may wait."""


class SimulatedClient:
    """Answers by a schedule. It costs nothing."""

    def __init__(self, schedule: Sequence[Turnout], *, seed: int = 0, model: str = "simulated:") -> None:
        self._simulator, self._chance, self._model = Simulator(schedule), random.Random(seed), model

    @property
    def model(self) -> str:
        """See `Client.model`."""
        return self._model

    @property
    def requests(self) -> list[Request]:
        """What was asked, in the order of the answers."""
        return self._simulator.requests

    def role(self) -> Role:
        """See `Metered.role`."""
        return Role(model=self._model, input_price=0, output_price=0)

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`."""
        for _ in range(self._chance.randrange(_LONGEST_WAIT)):
            await asyncio.sleep(0)
        return self._simulator(request, text)
