"""Is the controller stuck? A function of what was said and done since the question, and of nothing else.

It is when it says the same and sees the same again, when nothing that it writes succeeds, or when nothing new comes of
it. The first time it is told so. If that does not help, the next controller takes over; after the last, the run ends.
"""

from collections.abc import Iterator, Sequence

import msgspec

from rlmlite.runs.history import HOST, Did, Exchange
from rlmlite.runs.settings import PATIENCE


class Standing(msgspec.Struct, frozen=True):
    """Which controller's turn it is (its place in the list), what it is to be told, and whether the last was silent."""

    place: int = 0
    signal: str = ""
    silent: bool = False


def standing(exchanges: Sequence[Exchange], patience: int = PATIENCE) -> Standing:
    """How things stand after these turns."""
    place, signal = 0, ""
    silent = False
    window: list[Exchange] = []
    for exchange in exchanges:
        if exchange.origin == HOST:
            continue
        window.append(exchange)
        found, silent = _why(window, patience), exchange.silent
        if silent or (found and signal):
            place, signal, window = place + 1, "", []
        else:
            signal = found
    return Standing(place, signal, silent)


def _why(window: Sequence[Exchange], patience: int) -> str:
    """Why these turns of one controller are stuck, in words for it; empty if they are not."""
    last = window[-1]
    if any(_same(last, other) for other in window[:-1]):
        return "you wrote this program before and saw the same. Try something else, or answer with what you have."
    if len(window) >= patience and all(exchange.fruitless for exchange in window[-patience:]):
        return f"your last {patience} programs failed as a whole. Write one simple statement and look at its result."
    idle = 2 * patience
    if len(window) >= idle and not any(_news(window[:-idle], window[-idle:])):
        return f"your last {idle} programs brought nothing new. Try something else, or answer with what you have."
    return ""


def _same(one: Exchange, other: Exchange) -> bool:
    return one.program == other.program and one.observation == other.observation


def _news(before: Sequence[Exchange], after: Sequence[Exchange]) -> Iterator[bool]:
    """For each turn, whether it made a value or saw a part of an input that there was not before."""
    made = {_made(step) for exchange in before for step in exchange.steps}
    seen = {exchange.seen for exchange in before if exchange.seen}
    for exchange in after:
        fresh = {_made(step) for step in exchange.steps if step.status == "ok" and step.op != "note"} - made
        yield bool(fresh) or (bool(exchange.seen) and bool(seen) and exchange.seen not in seen)
        made |= fresh
        seen.add(exchange.seen)


def _made(step: Did) -> tuple[str, str, str]:
    return step.op, step.ref, step.text
