"""Coverage `read` from end to end: against the requests that a model server on this machine got and answered."""

import asyncio
import random

import pytest

import rlmlite
from rlmlite.clients import Client, client
from tests.kernel.observation.test_held_texts import lines_sent, make_log, make_program
from tests.rlmlite.clients.openai.chat_calls import QUICK
from tests.rlmlite.clients.openai.model_server import Answer, Ask, completion, error, serve
from tests.sizes import scale


async def compare(seeds: range) -> None:
    """Run a program for each seed; every fourth request is refused, and so not read as far as anybody can say."""
    prompts: list[str] = []

    def behave(number: int, ask: Ask) -> Answer:
        text = "\n".join(message["content"] for message in ask["messages"])
        if number % 4 == 3:
            return error(400)
        prompts.append(text)
        return completion("fine")

    async with serve(behave) as server:
        model = client(f"{server.url}#m", QUICK)
        for seed in seeds:
            prompts.clear()
            await compare_one(model, random.Random(seed), prompts)


async def compare_one(model: Client, chance: random.Random, prompts: list[str]) -> None:
    """Run one program, and compare what its outcome says was read with what the answered requests hold."""
    lines = chance.randint(4, 12)
    log, record_lines = make_log(chance, lines), make_log(chance, 3).replace("x", "y").splitlines()
    record = '{"lines": ["' + '", "'.join(record_lines) + '"]}'
    program = make_program(chance, lines)
    inputs = {"log": log, "twin": log, "record": record}
    outcome = await rlmlite.execute_async(program, inputs, sub=model, trace=False)
    sent, read = lines_sent(log, prompts), {name: each["read"] for name, each in outcome.coverage.items()}

    assert sent <= read["log"] <= sent + log.count("\n"), f"{program}: {read}, {sent} bytes were sent"
    assert read["twin"] == 0, program
    assert read["record"] == lines_sent("\n".join(record_lines), prompts), program


def test_what_was_read_is_what_answered_requests_hold() -> None:
    """Over generated programs: every line that stands in a request that was answered, no other, none of a twin."""
    asyncio.run(compare(range(scale(40))))


@pytest.mark.slow
@pytest.mark.parametrize("first", [10_000, 11_000, 12_000])
def test_what_was_read_is_what_thousands_of_answered_requests_hold(first: int) -> None:
    """The same over thousands of programs."""
    asyncio.run(compare(range(first, first + 1_000)))
