"""One question over a short log, put to a controller whose replies are given."""

from typing import Any

import rlmlite
from rlmlite import Outcome, Scripted

LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(100))
LOOK = 'hits = search(context, "ERROR")'
ANSWER = "final(count(hits), evidence=hits)"


def ask(*replies: Any, **settings: Any) -> Outcome:
    """One question, with a controller that says these things."""
    given = {"controller": Scripted(replies), "trace": False, **settings}
    return rlmlite.run("How many errors?", LOG, **given)
