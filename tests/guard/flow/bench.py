"""A run that withholds an input from its controller, in the kernel alone: what programs tell about that input.

told("x = int(str(vault))", "12")      what the controller is told after it: the whole of its next prompt
"""

from collections.abc import Collection, Sequence

import msgspec

from rlmlite.agent.prompt import PromptRequest, prompt
from rlmlite.runs.history import exchange_of_entries
from rlmlite_kernel import (
    Answered,
    Failed,
    Limits,
    MemoryBlobs,
    Request,
    Result,
    Role,
    Suspended,
    advance,
    begin,
    resume,
)
from rlmlite_kernel.records.evolution import FLAGS
from rlmlite_kernel.records.settings import Policy, Settings, Tool, ToolParam
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.testing.play.turns import KEY, make_input
from tests.kernel.machine import parse_program

ROLE = Role(model="m:1", input_price=0, output_price=0)
OTHER = Role(model="m:local", input_price=1, output_price=1)
TOOLS = {
    "send": Tool(help="Sends.", params=(ToolParam(name="to"),)),
    "look": Tool(help="Looks.", params=(ToolParam(name="key"),), side_effects=False),
}
# `vault` may go to a model and a tool of its own, and not to the controller. All budgets have a limit.
POLICY = Policy(egress={"vault": ("m:local", "tool:look")})
LIMITS = Limits(
    value_bytes=1_000_000,
    search_work=10_000_000,
    chunks=1_000,
    sub_calls=1_000,
    prompt_bytes=1_000_000,
    output_tokens=1_000_000,
    tokens=1_000_000,
    cost_nano=10_000_000,
    steps=1_000,
)


class Told(msgspec.Struct, frozen=True):
    """What a controller is told after some programs, and the state then.

    `asked` are the kinds of the calls, `sent` whom each went to with the digest of what it said, `nested` the limits
    that nested runs are told.
    """

    text: str
    state: State
    asked: tuple[str, ...]
    sent: tuple[tuple[str, str], ...]
    nested: tuple[Limits, ...]


def told(
    programs: str | Sequence[str],
    vault: object,
    *,
    policy: Policy = POLICY,
    limits: Limits = LIMITS,
    seconds: int = 0,
    flags: Collection[int] = tuple(FLAGS),
) -> Told:
    """Run some programs, one per turn. `seconds` is by how much the clock is on at each look."""
    blobs = MemoryBlobs()
    settings = Settings(
        limits=limits, roles={"controller": ROLE, "sub": ROLE, "local": OTHER}, tools=TOOLS, policy=policy
    )
    inputs = {"vault": make_input(blobs, vault), "weather": make_input(blobs, "sunny\n" * 50)}
    now = begin(inputs, settings, KEY, flags=flags)
    asked: list[str] = []
    sent: list[tuple[str, str]] = []
    nested: list[Limits] = []
    looks = 0

    def answer(request: Request) -> Result:
        nonlocal looks
        asked.append(request.kind)
        sent.append((request.role, request.digest))
        if request.kind == "clock":
            looks += 1
            return Answered(str(1_700_000_000_000 + 1_000 * seconds * looks))
        if request.kind == "approve":
            return Answered('{"approved":false}')
        if request.nested is not None:
            nested.append(request.nested.settings.limits)
            return Failed("unavailable")
        return Answered('"said"' if request.kind == "tool" else "said")

    history = []
    for program in [programs] if isinstance(programs, str) else programs:
        done = advance(now.state, parse_program(program), blobs)
        entries = list(done.entries)
        while isinstance(done, Suspended):
            done = resume(done, [answer(request) for request in done.requests], blobs)
            entries += done.entries
        now = done
        history.append(exchange_of_entries(entries, limits.observation_bytes))
    text = prompt(now.state, history, PromptRequest("What?"))
    return Told(text, now.state, tuple(asked), tuple(sent), tuple(nested))
