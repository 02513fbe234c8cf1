"""Many runs in one process, with faults and cancellations at random: none touches another, and nothing is left over."""

import asyncio
import gc
import os
import random
import threading
from pathlib import Path

import pytest

import rlmlite
from rlmlite_kernel import Answered, Failed, Request
from rlmlite_kernel.effects.requests import Result
from rlmlite_traces import Level, Verdict, replay, verify

RUNS = 32
FAN_OUT = 'a = extract_over_chunks(context.lines, "Read {text}", mark="m")'


class Unsteady:
    """A controller and sub of one run: slow, failing and talking nonsense as its own chance decides."""

    model = "scripted:"

    def __init__(self, number: int) -> None:
        self._number, self._chance = number, random.Random(number)
        self.wrong: list[str] = []

    async def complete(self, text: str, request: Request) -> Result:
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(self._chance.random() / 500)
        if f"run {self._number} " not in text:
            self.wrong.append(text)
        if request.role == "sub":
            return Failed("rate") if self._chance.random() < 0.1 else Answered(f"read by {self._number}")
        return Answered(self._chance.choice(["nonsense", FAN_OUT, "x = nosuch", "final(first(context.lines).text)"]))


def context(number: int) -> str:
    return "".join(f"run {number} line {line}\n" for line in range(8))


async def one(number: int, folder: Path) -> tuple[Unsteady, rlmlite.Outcome | None]:
    """A run that may be cancelled at a random moment."""
    client = Unsteady(number)
    work = asyncio.ensure_future(
        rlmlite.arun(f"run {number} ?", context(number), controller=client, trace=folder / f"{number}.rlm")
    )
    if number % 3 == 0:
        await asyncio.sleep(random.Random(-number).random() / 20)
        work.cancel()
    try:
        return client, await work
    except asyncio.CancelledError:
        return client, None


def handles() -> tuple[int, int]:
    """Open files and threads of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by /proc")
def test_thirty_two_runs_at_once(tmp_path: Path) -> None:
    """Isolated, without leaks, and every trace verifies and replays."""

    async def all_of_them(folder: Path) -> list[tuple[Unsteady, rlmlite.Outcome | None]]:
        found = await asyncio.gather(*(one(number, folder) for number in range(RUNS)))
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return found

    asyncio.run(all_of_them(tmp_path / "before"))  # what is made once for good is made here
    open_before = handles()
    found = asyncio.run(all_of_them(tmp_path / "traces"))

    assert handles() == open_before
    cancelled = 0
    for number, (client, outcome) in enumerate(found):
        assert client.wrong == []
        checked = verify(tmp_path / "traces" / f"{number}.rlm")
        assert replay(checked, recorded_paths=True).verdict is Verdict.REPRODUCED
        if outcome is None:
            cancelled += 1
            assert checked.level is Level.OPEN
        else:
            assert checked.root == outcome.root
            assert outcome.value in (None, f"run {number} line 0")
    assert 0 < cancelled < RUNS
