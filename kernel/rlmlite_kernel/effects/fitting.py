"""Prompts that fit: how long one may be, and how many items of a batch go into it.

A prompt is never cut. It must fit `call_prompt_bytes`, and the window of its model beside the longest answer; both are
in the genesis, so what fits is the same in a replay. What packs several items into a prompt for a model whose window is
known packs no more than fit:

    room for 100 bytes of rows, 3 at a time     sizes 40 50 30 20 90 10     [40 50] [30 20] [90 10]
                                                                            `pack` counts them so, in order

An item that does not fit alone is a group of its own, and its call is not made. Not here: what becomes of such a call
(`effects.reservations`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from rlmlite_kernel.effects.calls import CallSet
from rlmlite_kernel.effects.requests import Piece
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.records.evolution import PROMPTS_FIT
from rlmlite_kernel.records.settings import Role


class PromptRoom(NamedTuple):
    """The bytes that a prompt may have, and the bound that says so, in words."""

    size: int
    bound: str


def prompt_room(model: Role, context: StepContext) -> PromptRoom:
    """The room for a prompt to a model, or to whoever answers a call that goes to none."""
    limit, window = context.settings.limits.call_prompt_bytes, model.longest_prompt
    if window is None or window >= limit:
        return PromptRoom(limit, f"call_prompt_bytes {limit:,}")
    answer = f"with {model.max_output_tokens:,} for the answer"
    return PromptRoom(window, f"a window of {model.window:,} tokens {answer}: {window:,} bytes")


def room_for_batches(model: Role, context: StepContext) -> int | None:
    """The bytes that a prompt of several items may have; `None` where batches are not split."""
    # Without a window only the host's own limit is left, which refuses.
    is_split = model.window is not None and context.follows(PROMPTS_FIT)
    return prompt_room(model, context).size if is_split else None


def pack(sizes: Sequence[int], most: int, room: int) -> list[range]:
    """Groups of neighbours, each of at most `most` items and `room` bytes, as few as that needs."""
    groups: list[range] = []
    first = size = 0
    for place, each in enumerate(sizes):
        is_full = place - first == most or size + each > room
        if is_full and place > first:
            groups.append(range(first, place))
            first, size = place, 0
        size += each
    if sizes:
        groups.append(range(first, len(sizes)))
    return groups


def how_to_fit(calls: CallSet, index: int, room: int) -> str:
    """What to write instead of a prompt that is too long: how much of its data would fit."""
    data = [len(part.content) for part in calls.prompts.parts(index) if isinstance(part, Piece)]
    rest = int(calls.sizes[index]) - max(data, default=0)
    if rest >= room:
        return f"its words alone have {rest:,} bytes: ask with fewer"
    return f"of its longest text at most {room - rest:,} bytes fit: chunk(text, {room - rest})"
