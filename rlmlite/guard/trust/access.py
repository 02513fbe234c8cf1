"""What a caller names again for a run that goes on: inputs, a store, models.

A trace says which files, servers and models its run used. That is not a reason to touch them: it may be a stranger's.
A command line, the environment or a Python call is.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec


class Access(msgspec.Struct, frozen=True):
    """What may be used beyond what the folder's tag allows (`rlmlite.guard.trust.origin`).

    `inputs` says where an input is now, by its name: a path or a URL. `store` is a folder to find inputs in. `models`
    are model strings that may be called, whichever roles they play.
    """

    inputs: Mapping[str, str] = {}
    store: Path | None = None
    models: frozenset[str] = frozenset()


NO_ACCESS = Access()
"""The caller named nothing."""
