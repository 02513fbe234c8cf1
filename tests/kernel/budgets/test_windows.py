"""A prompt that does not fit the window of its model, beside the longest answer, is not sent; a batch is split."""

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel import Limits, Role, price
from rlmlite_kernel.effects.fitting import pack
from rlmlite_kernel.records.evolution import FLAGS, PROMPTS_FIT
from tests.kernel.machine import ROLE, Machine, parse_program

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


OLD = tuple(flag for flag in FLAGS if flag != PROMPTS_FIT)
"""A run of before batches were split."""

ROOMY = msgspec.structs.replace(ROLE, window=410, max_output_tokens=10)
"""400 bytes for a prompt."""


def label_all(prompt: str) -> str:
    """Each numbered row of a batch gets a label."""
    rows = re.findall(r"^(\d+): ", prompt, re.M)
    return json.dumps([{"row": int(row), "answer": "a"} for row in rows])


def test_what_to_write_instead_is_said() -> None:
    """How much of the longest text would fit, which then does; where the words alone are too long, that."""
    run = Machine({"text": "b" * 900}, role=ROOMY)
    seen = run.turn('x = sub_lm("What is {text}?")')
    (size,) = re.findall(r"at most ([\d,]+) bytes fit: chunk\(text, \1\)", seen)

    run.turn(f'parts = chunk(text, {size})\ny = extract_over_chunks(parts, "What is {{text}}?")')
    assert run.codes()[-2:] == ["", ""]
    assert max(len(prompt.encode()) for prompt in run.prompts) == 400

    assert "its words alone have 500 bytes: ask with fewer" in run.turn(f'z = sub_lm("{"w" * 500}")')


@pytest.mark.parametrize("role", [ROLE, ROOMY])
def test_a_batch_that_does_not_fit_is_split_and_nothing_is_left_out(role: Role) -> None:
    """Every row has its label; each prompt fits; the split is said, and is the same each time."""
    rows = json.dumps(["x" * length for length in (190, 10, 100, 5, 120, 60)])
    program = f'out = classify({rows}, "Which?", labels=["a", "b"], batch=4)'
    runs = [Machine(role=role) for _ in range(2)]
    for run in runs:
        run.turn(program, label_all)

    run = runs[0]
    assert [row["label"] for row in run.value("out")] == ["a"] * 6
    assert run.prompts == runs[1].prompts
    if role is ROLE:
        assert len(run.prompts) == 2
    else:
        assert len(run.prompts) > 2
        assert max(len(prompt.encode()) for prompt in run.prompts) <= 400
        assert "batches did not all fit a prompt of 400 bytes, and went out as" in run.done.observation


def test_a_row_that_does_not_fit_alone_is_left_out_and_said() -> None:
    """It is in `.failed`; all others have their labels."""
    run = Machine(role=ROOMY)
    run.turn(f'out = classify(["x", "{"y" * 500}", "z"], "Which?", labels=["a", "b"])', label_all)

    assert [row["label"] for row in run.value("out")] == ["a", None, "a"]
    assert "1 prompts are longer than a window of 410 tokens" in run.done.observation


def test_an_older_run_splits_nothing() -> None:
    """What an old trace did, it does again: the batch is left out, and the advice is the old one."""
    rows = json.dumps(["x" * 90] * 4)
    run = Machine(role=ROOMY, flags=OLD)
    run.turn(f'out = classify({rows}, "Which?", labels=["a", "b"])', label_all)
    assert run.prompts == []

    seen = Machine(role=SMALL, flags=OLD).turn(f'x = sub_lm("{"a" * 51}")')
    assert "(the longest has 51); use less text, such as smaller chunks" in seen


def test_a_merge_that_does_not_fit_is_split_into_more_levels() -> None:
    """Each prompt fits and has two items or more but for the last; items that cannot be merged in pairs are refused."""
    items = json.dumps(["i" * 120] * 7)
    run = Machine(role=ROOMY)
    run.turn(f'out = reduce({items}, "Merge: {{items}}", fan_in=7)', lambda prompt: f"<{prompt.count('i' * 120)}>")

    assert run.codes() == [""]
    assert run.waves == [3, 1]
    assert max(len(prompt.encode()) for prompt in run.prompts) <= 400

    run = Machine(role=ROOMY)
    seen = run.turn(f'out = reduce({json.dumps(["i" * 250] * 3)}, "Merge: {{items}}")')
    assert run.codes() == ["budget"]
    assert "not even two of these texts can be merged in one call: the two longest neighbours have 502 bytes" in seen
    assert run.prompts == []


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 6), st.integers(1, 60))
def test_groups_are_whole_in_order_and_as_few_as_fit(sizes: list[int], most: int, room: int) -> None:
    """Together they are all items; only an item that is too large alone breaks the bound; two neighbours never fit."""
    groups = pack(sizes, most, room)

    assert [place for group in groups for place in group] == list(range(len(sizes)))
    totals = [sum(sizes[group.start : group.stop]) for group in groups]
    assert all(
        len(group) <= most and (total <= room or len(group) == 1) for group, total in zip(groups, totals, strict=True)
    )
    for group, total, following in zip(groups, totals, groups[1:], strict=False):
        assert len(group) == most or total + sizes[following.start] > room


@given(st.lists(st.integers(1, 250), min_size=1, max_size=25), st.integers(1, 25))
def test_a_split_batch_stays_within_its_price(lengths: list[int], batch: int) -> None:
    """What `price` says is the most that is called; each prompt fits."""
    rows = json.dumps(["x" * length for length in lengths])
    run = Machine(role=ROOMY)
    program = f'out = classify({rows}, "Which?", labels=["a", "b"], batch={batch})'
    calls = price(run.state, parse_program(program)).total["sub_calls"]
    run.turn(program, label_all)

    assert calls.high is not None
    assert calls.low <= len(run.prompts) <= calls.high
    assert len(run.value("out")) == len(lengths)
    assert all(len(prompt.encode()) <= 400 for prompt in run.prompts)
