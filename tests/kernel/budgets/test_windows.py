"""A prompt that does not fit the window of its model, beside the longest answer, is not sent."""

import msgspec
import pytest

from rlmlite_kernel import Limits
from tests.kernel.machine import ROLE, Machine

SMALL = msgspec.structs.replace(ROLE, window=60, max_output_tokens=10)
"""50 tokens are left for a prompt, at a byte each."""


@pytest.mark.parametrize(("size", "is_sent"), [(50, True), (51, False)])
def test_a_call_reserves_no_more_than_the_window(size: int, is_sent: bool) -> None:
    """The message has the figures; nothing is charged."""
    run = Machine(role=SMALL)
    run.turn(f'x = sub_lm("{"a" * size}")')

    assert run.codes() == ["" if is_sent else "budget"]
    assert run.state.used.get("sub_calls", 0) == int(is_sent)
    if not is_sent:
        figures = "a window of 60 tokens with 10 for the answer: 50 bytes (the longest has 51)"
        assert f"1 prompts are longer than {figures}" in run.done.observation


def test_of_a_fan_out_only_those_are_left_out() -> None:
    """They are null, and in `.failed`."""
    run = Machine(role=SMALL)
    run.turn(f'x = extract_over_chunks(["a", "{"b" * 60}"], "{{value}}")')

    assert run.value("x") == ["1 characters", None]
    assert run.waves == [1]


def test_the_smaller_of_both_bounds_counts() -> None:
    """The limit of the run is told by its own name."""
    run = Machine(role=SMALL, limits=Limits(call_prompt_bytes=20))
    run.turn(f'x = sub_lm("{"a" * 30}")')

    assert "longer than call_prompt_bytes 20" in run.done.observation
