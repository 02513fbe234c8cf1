"""In whatever order calls end, a run gives the same bytes."""

import asyncio
import hashlib
import random

from rlmlite.runs.driver import drive
from rlmlite_kernel import Answered, Entry, Failed, Limits, Request, Result, Suspended, Usage, advance, resume
from rlmlite_kernel.testing.play.turns import entry_bytes
from tests.kernel.machine import Machine, parse_program
from tests.sizes import scale

LOG = "".join(f"line {n} {'ERROR' if n % 3 == 0 else 'fine'}\n" for n in range(12))
FAN_OUT = 'parts = chunk(log, size=1, by="lines")\nseen = extract_over_chunks(parts, "{chunk}", schema={n: int})\n'
SEVERAL = (
    FAN_OUT
    + """
others = extract_over_chunks(parts[0:5], "Again {chunk}", on_error="null")
one = sub_lm("One question")
n = count(log)
two = sub_lm("After {others}")
final({seen: seen, others: others, one: one, two: two}, evidence=parts[0:2])
"""
)


class Model:
    """A model whose answers depend on the request alone, and whose calls end in an order drawn by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.ended: list[str] = []

    async def call(self, request: Request) -> Result:
        """An answer, after a while."""
        for _ in range(self.chance.randrange(8)):
            await asyncio.sleep(0)
        self.ended.append(request.id)
        return self.answer(request)

    def answer(self, request: Request) -> Result:
        """What it answers: a number, now and then rubbish, now and then nothing; usage is not always known."""
        place = hashlib.sha256(request.digest.encode()).digest()[0]
        usage = Usage(place // 6, 3) if place % 2 else Usage()
        if place % 7 == 0:
            return Failed("timeout", usage)
        return Answered(f'{{"n": {place}}}' if place % 5 else "no idea", usage)


async def whole_run(program: str, limits: Limits, seed: int) -> tuple[bytes, tuple[str, ...]]:
    """One run by an asyncio driver: all it has put out, and the order in which its calls ended."""
    machine, model = Machine({"log": LOG}, limits=limits), Model(seed)
    now = advance(machine.state, parse_program(program), machine.blobs)
    entries: list[Entry] = list(now.entries)
    said: list[str] = []
    while isinstance(now, Suspended):
        results = await drive(now.requests, model.call, workers=model.chance.randrange(1, 16))
        now = resume(now, results, machine.blobs)
        entries.extend(now.entries)
    said.append(now.observation)
    return entry_bytes(entries) + "\n".join(said).encode() + now.state.digest.encode(), tuple(model.ended)


def runs(program: str, limits: Limits, count: int) -> tuple[set[bytes], set[tuple[str, ...]]]:
    """What so many runs put out, and the orders in which their calls ended."""

    async def all_of_them() -> list[tuple[bytes, tuple[str, ...]]]:
        return [await whole_run(program, limits, seed) for seed in range(count)]

    ended = asyncio.run(all_of_them())
    return {put_out for put_out, _ in ended}, {order for _, order in ended}


def test_many_orders_of_one_fan_out_give_the_same_bytes() -> None:
    """50 runs (1,000 in the sweep) have the same records, effect lines, blobs, observation and digest."""
    count = scale(50)
    put_out, orders = runs(FAN_OUT, Limits(), count)

    assert len(put_out) == 1
    assert len(orders) > 0.9 * count


def test_several_fan_outs_at_once_give_the_same_bytes() -> None:
    """Independent fan-outs may be out together, and a call may wait for one of them."""
    put_out, orders = runs(SEVERAL, Limits(), scale(30))

    assert len(put_out) == 1
    assert len(orders) > scale(20)


def test_prefixes_that_settle_one_by_one_give_the_same_bytes() -> None:
    """With a limit of tokens, what is left for the next calls depends on the answers so far; the bytes do not."""
    put_out, orders = runs(SEVERAL, Limits(tokens=900), scale(30))

    assert len(put_out) == 1
    assert len(orders) > scale(20)


def test_the_limit_of_tokens_causes_suspensions() -> None:
    """With the limit of the test above, the program suspends more often than without."""

    def suspensions(limits: Limits) -> int:
        machine, model = Machine({"log": LOG}, limits=limits), Model(0)
        now, count = advance(machine.state, parse_program(SEVERAL), machine.blobs), 0
        while isinstance(now, Suspended):
            now, count = resume(now, [model.answer(request) for request in now.requests], machine.blobs), count + 1
        return count

    assert suspensions(Limits(tokens=900)) > suspensions(Limits())
