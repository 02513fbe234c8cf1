"""The drivers: the same results in whatever order calls end, nothing paid twice, nothing lost."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from rlmlite.runs.driver import drive, drive_in_order
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result
from rlmlite_kernel.values.blobs import InputChangedError


class Asked(Sequence[Request]):
    """Requests that are built when they are read, as the kernel's are."""

    def __init__(self, count: int) -> None:
        self._size = count

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # the overloads of Sequence say nothing here
        if index >= self._size:
            raise IndexError(index)
        return Request(f"{index:032x}", "sub", "m", 100, (str(index),), 1, "0" * 64)


async def instant(request: Request) -> Result:
    return Answered(f"answer {int(request.id, 16)}")


EXPECTED: list[Result] = [Answered(f"answer {index}") for index in range(20)]


def test_a_thousand_completion_orders_give_one_list() -> None:
    """Results are by index, whatever the order in which calls end."""
    orders: set[tuple[str, ...]] = set()

    async def once(seed: int) -> Sequence[Result]:
        chance = random.Random(seed)
        ended: list[str] = []

        async def slow(request: Request) -> Result:
            for _ in range(chance.randrange(6)):
                await asyncio.sleep(0)
            return await instant(request)

        found = await drive(Asked(20), slow, journal=lambda id_, _: ended.append(id_), workers=chance.randrange(1, 25))
        orders.add(tuple(ended))
        return found

    async def all_of_them() -> list[Sequence[Result]]:
        return [await once(seed) for seed in range(1_000)]

    assert asyncio.run(all_of_them()) == [EXPECTED] * 1_000
    assert len(orders) > 500


def test_the_sync_twin_gives_the_same() -> None:
    """A plain function in a loop gives what asyncio gives."""
    assert drive_in_order(Asked(20), lambda request: Answered(f"answer {int(request.id, 16)}")) == EXPECTED
    assert asyncio.run(drive(Asked(20), instant)) == EXPECTED


def test_no_more_calls_at_a_time_than_workers() -> None:
    """The number of workers bounds the calls under way."""
    under_way = most = 0

    async def counted(request: Request) -> Result:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return await instant(request)

    asyncio.run(drive(Asked(100), counted, workers=7))

    assert most == 7


def test_known_calls_are_not_made_again() -> None:
    """What the journal holds is reused; the rest is called, and each once."""
    called: list[str] = []

    async def noted(request: Request) -> Result:
        called.append(request.id)
        return await instant(request)

    known: dict[str, Result] = {f"{index:032x}": EXPECTED[index] for index in range(0, 20, 2)}
    results = asyncio.run(drive(Asked(20), noted, known=known, journal=lambda *_: None))

    assert results == EXPECTED
    assert called == [f"{index:032x}" for index in range(1, 20, 2)]


def test_a_call_that_raises_stops_the_rest_and_keeps_the_journal() -> None:
    """A client's bug is raised as it is; what had ended is in the journal, what had not is cancelled."""
    ended: list[str] = []
    cancelled: list[str] = []

    async def fails_at_ten(request: Request) -> Result:
        index = int(request.id, 16)
        if index == 10:
            raise ZeroDivisionError("a bug")
        try:
            await asyncio.sleep(0 if index < 10 else 60)
        except asyncio.CancelledError:
            cancelled.append(request.id)
            raise
        return await instant(request)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(drive(Asked(1_000), fails_at_ten, journal=lambda id_, _: ended.append(id_), workers=16))

    assert set(ended) <= {f"{index:032x}" for index in range(10)}
    assert (len(ended), len(cancelled)) == (10, 15)


def test_instant_calls_hear_a_cancellation() -> None:
    """A fan-out over a client that never waits can still be stopped, with what was done in the journal."""
    ended: list[str] = []

    async def cancel_soon() -> None:
        task = asyncio.ensure_future(drive(Asked(1_000_000), instant, journal=lambda id_, _: ended.append(id_)))
        while len(ended) < 500:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_soon())

    assert 500 <= len(ended) < 2_000


def test_failures_are_results() -> None:
    """A failed call takes its place in the list."""

    async def refused(_: Request) -> Result:
        return Failed("refused")

    assert asyncio.run(drive(Asked(3), refused)) == [Failed("refused")] * 3


def test_no_requests_are_no_results() -> None:
    """An empty fan-out ends at once."""
    assert asyncio.run(drive(Asked(0), instant)) == []


class Unreadable(Asked):
    """The prompt of the third request cannot be built: its file has changed."""

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # as above
        if index == 2:
            raise InputChangedError("app.log", "what it was", "something else")
        return super().__getitem__(index)  # type: ignore[no-untyped-call]  # as above


def test_a_prompt_that_cannot_be_built_loses_nothing() -> None:
    """Its call is not made; the others are, and the kernel says what happened to the file."""
    results = asyncio.run(drive(Unreadable(20), instant, workers=3))

    assert results == [*EXPECTED[:2], Failed("cancelled"), *EXPECTED[3:]]
