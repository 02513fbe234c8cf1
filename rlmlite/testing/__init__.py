"""The testing kit of what a host brings besides actions: model clients and tools.

    from rlmlite.testing import check_client, check_tool

    def test_my_client_keeps_the_laws():
        check_client(MyClient)

It needs the extra `testing` (Hypothesis). Not here: actions, stores and whole runs (`rlmlite_kernel.testing`).
"""

from typing import TYPE_CHECKING

from rlmlite_kernel import lazy_names

if TYPE_CHECKING:
    from rlmlite.testing.client_laws import check_client
    from rlmlite.testing.simulated import SimulatedClient
    from rlmlite.testing.tool_laws import check_tool

__all__ = ["SimulatedClient", "check_client", "check_tool"]

_HOMES = {
    "SimulatedClient": "rlmlite.testing.simulated",
    "check_client": "rlmlite.testing.client_laws",
    "check_tool": "rlmlite.testing.tool_laws",
}
"""The module of each name, imported when the name is first used."""

if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
