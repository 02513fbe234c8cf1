"""chunk(rows, by=field): the rows of each value of a field are one chunk, cut between rows where it is too long."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Limits
from rlmlite_kernel.run.steps.price import price
from rlmlite_kernel.values.columns import Text
from tests.kernel.machine import Machine, parse_program
from tests.sizes import scale

TALK = "s1 ann hello\ns1 bob hi\ns2 cid late\ns1 ann bye\n"
PARTS = 't = parse_lines(talk, "{s} {u} {said}")\n'


@pytest.mark.parametrize("by", ["s", ".s", '"s"', ".text[0:2]", "[s]"])
def test_the_rows_of_a_key_are_one_chunk(by: str) -> None:
    """Wherever they stand; a key may be written as for `sort`, and may be an expression."""
    run = Machine({"talk": TALK})
    run.turn(PARTS + f"c = chunk(t, by={by})")

    found = run.value("c")
    assert [row["text"] for row in found] == ["s1 ann hello\ns1 bob hi\ns1 ann bye", "s2 cid late"]
    assert [(row["index"], row["part"], row["n"]) for row in found] == [(0, 0, 3), (1, 0, 1)]


def test_neighbours_stay_a_place_and_others_stand_for_their_first() -> None:
    """With line and bytes where the chunk is a range of the input; null where it was joined."""
    run = Machine({"talk": TALK})
    run.turn(PARTS + "near = chunk(t[0:3], by=s)\nfar = chunk(t, by=s)")

    assert [(row["line"], row["start"], row["end"]) for row in run.value("near")] == [(1, 0, 22), (3, 23, 34)]
    assert isinstance(run.tainted("near").value.columns["text"].values[0], Text)
    assert [(row["line"], row["start"]) for row in run.value("far")] == [(None, None), (3, 23)]
    assert [spans.starts.tolist() for spans in run.tainted("far").sources] == [[0, 23]]


def test_a_session_is_one_call_and_all_of_it_is_read() -> None:
    """The prompt has the key and the rows; coverage has each of its lines."""
    run = Machine({"talk": TALK})
    run.turn(PARTS + 'a = extract_over_chunks(chunk(t, by=s), "{key}, {n} turns: {chunk}")')

    assert run.waves == [2]
    assert "s1 ann hello\ns1 bob hi\ns1 ann bye" in run.prompts[0]
    assert run.state.coverage.report()["talk"]["read"] >= len(TALK) - 4


def test_a_key_that_is_too_long_is_cut_between_rows_and_said() -> None:
    """No chunk is longer than the size; a row that is longer is cut within itself."""
    run = Machine({"talk": TALK})
    shown = run.turn(PARTS + "c = chunk(t, size=11, by=s)")

    assert all(len(row["text"].encode()) <= 11 for row in run.value("c"))
    assert "1 of 2 keys have more than 11 bytes and are several chunks each: see .part" in shown
    assert [row["part"] for row in run.value("c") if row["key"] == "s1"] == list(range(4))


def test_without_a_size_a_chunk_fits_a_call() -> None:
    """The bound is half of what one call may be sent."""
    rows = [{"k": 1, "text": "x" * 400} for _ in range(10)]
    run = Machine({"rows": rows}, limits=Limits(call_prompt_bytes=2_000))
    run.turn("c = chunk(rows, by=k)")

    assert [row["n"] for row in run.value("c")] == [2] * 5


@settings(max_examples=scale(40), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab") | st.none(), st.text("xé ", max_size=6) | st.none()), max_size=8),
    st.integers(4, 30),
)
def test_every_row_is_in_one_chunk_of_its_key(rows: list[tuple[str | None, str | None]], size: int) -> None:
    """In order, with a line break between two; rows without text are in none; the price holds."""
    run = Machine({"rows": [{"k": key, "text": text} for key, text in rows]})
    program = f"c = chunk(rows, {size}, by=k)"
    priced = price(run.state, parse_program(program)).total["chunks"]
    run.turn(program)
    found: list[dict[str, Any]] = run.value("c")

    for key in {key for key, _ in rows}:
        own = [text for other, text in rows if other == key and text]
        chunks = [row for row in found if row["key"] == key]
        cuts_rows = any(len(text.encode()) > size for text in own)
        assert "".join(row["text"].replace("\n", "") for row in chunks) == "".join(own)
        assert cuts_rows or "\n".join(row["text"] for row in chunks) == "\n".join(own)
        assert all(len(row["text"].encode()) <= size for row in chunks)
        assert [row["part"] for row in chunks] == list(range(len(chunks)))
    assert priced.low <= len(found)
    assert priced.high is None or len(found) <= priced.high


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("c = chunk(talk, by=pages)", "type"),
        ('c = chunk(talk, by="pages")', "type"),
        ("c = chunk([1, 2], by=value)", "type"),
        ("c = chunk(t, by=s, overlap=2)", "arguments"),
        ("c = chunk(t, by=3)", "type"),
    ],
)
def test_what_has_no_rows_or_no_field_is_refused(program: str, code: str) -> None:
    """A text is cut by a unit."""
    run = Machine({"talk": TALK})
    run.turn(PARTS + program)

    assert run.codes()[-1] == code


def test_an_older_run_knows_units_only() -> None:
    """There, a field was a mistake, and it still is one."""
    run = Machine({"talk": TALK}, flags=range(1, 18))
    run.turn(PARTS + "c = chunk(t, by=s)")

    assert run.codes()[-1] == "type"


def test_more_chunks_than_are_left_are_refused() -> None:
    """As chunks of any other unit."""
    run = Machine({"talk": TALK}, limits=Limits(chunks=1))
    run.turn(PARTS + "c = chunk(t, by=s)")

    assert run.codes()[-1] == "budget"
