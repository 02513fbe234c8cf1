"""The laws of clients and tools: the product's own keep them, and whoever breaks one is found."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

import rlmlite
from rlmlite.clients.extractive.client import Extractive
from rlmlite.clients.interface.protocol import Client
from rlmlite.clients.scripted import Scripted
from rlmlite.testing import SimulatedClient, check_client, check_tool
from rlmlite_kernel import Answered, Failed, Request, Result, Role, Usage
from rlmlite_kernel.testing import Turnout

SCHEDULE = [Turnout(text="é\U0001f600"), Turnout(failure="rate"), Turnout(usage=Usage(1, 2, 3))]


@pytest.mark.parametrize(
    "make", [lambda: Scripted({"": "yes"}), lambda: Scripted([]), lambda: SimulatedClient(SCHEDULE), Extractive]
)
def test_a_client_of_the_product_keeps_the_laws(make: Callable[[], Client]) -> None:
    """Also one whose script is over, and one that fails on a schedule."""
    check_client(make, examples=5)


class Mine:
    """A client of a host; each subclass breaks a law."""

    model = "mine:"

    def answer(self, text: str) -> Any:
        return Answered(text)

    async def complete(self, text: str, request: Request) -> Result:
        return self.answer(text)  # type: ignore[no-any-return]


class Raises(Mine):
    def answer(self, text: str) -> Any:
        raise OSError("no server")


class Bare(Mine):
    def answer(self, text: str) -> Any:
        return text


class Guesses(Mine):
    def answer(self, text: str) -> Any:
        return Answered(text, Usage(input_tokens=len(text) / 4))  # type: ignore[arg-type]


class Invents(Mine):
    def answer(self, text: str) -> Any:
        return Failed("sorry")  # type: ignore[arg-type]


class OtherRole(Mine):
    def role(self) -> Role:
        return Role(model="other:")


class OneLoop(Mine):
    """It keeps a lock of the loop in which it was first used."""

    lock: asyncio.Future[None] | None = None

    async def complete(self, text: str, request: Request) -> Result:
        self.lock = self.lock or asyncio.get_running_loop().create_future()
        if self.lock.get_loop() is not asyncio.get_running_loop():
            raise RuntimeError("attached to a different loop")
        return Answered(text)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (Raises, OSError, "no server"),
        (Bare, AssertionError, "expected an Answered or a Failed"),
        (Guesses, AssertionError, "input_tokens="),
        (Invents, AssertionError, "'sorry', expected one of"),
        (OtherRole, AssertionError, "names the model 'other:'"),
        (OneLoop, RuntimeError, "different loop"),
    ],
)
def test_a_client_that_breaks_a_law_is_found(make: Callable[[], Client], error: type[Exception], said: str) -> None:
    """With what was expected and what was found."""
    with pytest.raises(error, match=said):
        check_client(make, examples=3)


def stock(part: str, least: int = 0) -> dict[str, int]:
    """How many of a part there are."""
    if part == "none":
        raise LookupError(part)
    return {"there": least + len(part)}


def test_a_function_keeps_the_laws_of_tools() -> None:
    """As it is, and as a tool; an exception of it is a failure."""
    check_tool(stock, arguments=st.fixed_dictionaries({"part": st.sampled_from(["a", "none"])}), examples=10)
    check_tool(rlmlite.tool(stock), examples=5)


class BareTool:
    """A tool that gives a value in place of a result."""

    declaration = rlmlite.tool(stock).declaration

    async def call(self, arguments: str, timeout_ms: int | None) -> Any:
        return {"there": 3}


def test_a_tool_that_breaks_a_law_is_found() -> None:
    """It gives what is no result."""
    with pytest.raises(AssertionError, match="expected an Answered or a Failed"):
        check_tool(BareTool(), examples=3)
