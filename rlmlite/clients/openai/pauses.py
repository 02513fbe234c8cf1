"""Pauses that a server asks for, kept by all workers of a client.

When one of 32 workers is told to slow down, the other 31 would go on and be refused as well, each using up one of its
retries. So a pause is shared: the first reply that asks for one holds back every attempt that has not begun.

    HTTP 429, retry-after: 2                                                      no attempt for 2 s
    HTTP 200, x-ratelimit-remaining-tokens: 0, x-ratelimit-reset-tokens: 1m6.5s   no attempt for 66.5 s
"""

import asyncio
import re
import time
from collections.abc import Mapping

LONGEST_PAUSE = 120.0
"""Seconds. A longer wait is not kept here: the SDK does not retry then either, and the call fails as `rate`."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0}


class Pause:
    """The time before which no attempt may begin. It only ever moves later."""

    def __init__(self) -> None:
        self._until = 0.0

    async def wait(self) -> None:
        """Wait until the pause is over, also if it is extended meanwhile."""
        while (left := self._until - time.monotonic()) > 0:
            await asyncio.sleep(left)

    def extend(self, status: int, headers: Mapping[str, str]) -> None:
        """Note what a reply asks for."""
        seconds = requested_pause(status, headers)
        if 0 < seconds <= LONGEST_PAUSE:
            self._until = max(self._until, time.monotonic() + seconds)


def requested_pause(status: int, headers: Mapping[str, str]) -> float:
    """The seconds that a reply asks everybody to wait: `retry-after`, or until an exhausted limit is reset."""
    pauses = [0.0]
    # With a 503, `retry-after` is about that one call, and the SDK keeps it. A 429 is about all.
    if status == 429:
        for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
            value = headers.get(name, "")
            # A date, the other form that the header may have, is left to the SDK.
            if re.fullmatch(r"\d+(\.\d+)?", value):
                pauses.append(float(value) * unit)
    for resource in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{resource}") == "0":
            reset = headers.get(f"x-ratelimit-reset-{resource}", "")
            # `1m6.5s` is written in parts; a form that is not known has none, and asks for no pause.
            parts = [float(amount) * _SECONDS[unit] for amount, unit in _DURATION.findall(reset)]
            pauses.append(sum(parts))
    # Each of them must be over before a further attempt can succeed.
    return max(pauses)
