"""The laws of a model client, for whoever connects a model of their own.

name        its model string is one, and is also that of its role
total       a call ends in an `Answered` or a `Failed`, whatever the prompt; never in an exception
result      text that is valid Unicode, a known reason, usage that is a whole number or unknown
together    several calls at a time have as many results
again       it works in a second event loop, and can be entered again
cancelled   a call that is cancelled ends, and does not hold up whoever cancelled it
"""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rlmlite.clients.interface.protocol import Client, role
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result
from rlmlite_kernel.testing.examples.effects import FAILURES

T = TypeVar("T")

PROMPTS = st.text(st.sampled_from("aé😀 \n\0{}[]\"'"), max_size=60)
"""What a program may put into a prompt: anything that is Unicode."""

SECONDS = 60
"""How long a call may take; a client has a timeout of its own."""

AT_A_TIME = 5


def check_client(make: Callable[[], Client], *, examples: int = 20) -> None:
    """Hold a client to its laws. `make` gives one for each example. Raises `AssertionError`, or what the client raised.

    It calls the model: for one that costs money, ask for few examples, or make a client with a stand-in for its server.
    """

    @settings(max_examples=examples, deadline=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
    @given(PROMPTS)
    @example("")
    @example("x" * 100_000)
    def hold(prompt: str) -> None:
        client = make()
        _check_name(client)
        # Two loops, one after the other: a run has one for each of its turns.
        for _ in range(2):
            _check_result(_run(_complete(client, prompt, 0)))
        results = _run(_complete_together(client, prompt))
        assert len(results) == AT_A_TIME
        for result in results:
            _check_result(result)
        _run(_cancel(client, prompt))

    hold()


def request_for(client: Client, text: str, number: int = 0) -> Request:
    """A request of a role `sub`, as a run makes it."""
    content = text.encode()
    return Request(
        id=f"law-{number}",
        role="sub",
        model=client.model,
        max_output_tokens=role(client).max_output_tokens,
        prompt=(text,),
        prompt_bytes=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        text=text,
    )


def _check_name(client: Client) -> None:
    model = client.model
    assert isinstance(model, str), f"model is {model!r}, expected a model string such as 'mine:'"
    assert model, "model is empty, expected a model string such as 'mine:'"
    assert client.model == model, f"model was {model!r}, and is now {client.model!r}"
    assert role(client).model == model, f"its role names the model {role(client).model!r}, expected {model!r}"


def _check_result(result: Result) -> None:
    assert isinstance(result, Answered | Failed), f"complete gave {result!r}, expected an Answered or a Failed"
    text = result.text if isinstance(result, Answered) else result.detail
    assert isinstance(text, str), f"complete gave the text {text!r}, expected a str"
    assert _is_unicode(text), f"complete gave {text!r}, which is not valid Unicode"
    if isinstance(result, Failed):
        assert result.error in FAILURES, f"a call failed with {result.error!r}, expected one of {', '.join(FAILURES)}"
    usage = result.usage
    for name in ("input_tokens", "output_tokens", "cost_nano"):
        amount = getattr(usage, name)
        is_count = type(amount) is int and amount >= 0
        assert amount is None or is_count, f"usage has {name}={amount!r}, expected a whole number, or None if unknown"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def _complete(client: Client, text: str, number: int) -> Result:
    async with AsyncExitStack() as stack:
        await _enter(client, stack)
        return await client.complete(text, request_for(client, text, number))


async def _complete_together(client: Client, text: str) -> list[Result]:
    async with AsyncExitStack() as stack:
        await _enter(client, stack)
        calls = [client.complete(text, request_for(client, text, number)) for number in range(AT_A_TIME)]
        return await asyncio.gather(*calls)


async def _cancel(client: Client, text: str) -> None:
    async with AsyncExitStack() as stack:
        await _enter(client, stack)
        call: asyncio.Task[Result] = asyncio.ensure_future(client.complete(text, request_for(client, text)))
        await asyncio.sleep(0)
        call.cancel()
        # It may have had its result by then.
        (ended,) = await asyncio.gather(call, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError | Answered | Failed), f"a cancelled call ended in {ended!r}"


async def _enter(client: Client, stack: AsyncExitStack) -> None:
    """A client that is an async context manager is entered for each fan-out."""
    if hasattr(client, "__aenter__"):
        await stack.enter_async_context(client)  # type: ignore[arg-type]  # it has just been asked


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run in an event loop of its own."""

    async def within() -> T:
        try:
            return await asyncio.wait_for(work, SECONDS)
        except TimeoutError:
            raise AssertionError(
                f"a call took more than {SECONDS} s, expected a Failed('timeout') of its own"
            ) from None

    return asyncio.run(within())
