"""Quotes that are copied from an observation with its marks and coordinates are found in the input."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Evidence
from rlmlite_kernel.records.evolution import ANSWERS_ARE_HELD, FLAGS
from tests.kernel.machine import Machine
from tests.sizes import scale

SEARCHES = ("lamps", "crate", "12", "«", "wärme", "»»")
WORDS = st.sampled_from(["lamps", "«lamps»", "««", "»", "crate A", "wärme", "12", "«", "a\tb", "»»lamps"])
LINES = st.lists(
    st.lists(WORDS, min_size=1, max_size=5).map(lambda line: " ".join(["w", *line])), min_size=1, max_size=4
)
CRATES = {"c.txt": "crate A holds 12 lamps\nsay «hi»\n"}
OLD = tuple(flag for flag in FLAGS if flag != ANSWERS_ARE_HELD)


def evidence(quote: str, text: object, flags: tuple[int, ...] = tuple(FLAGS)) -> Evidence:
    """The evidence of an answer that a quote is said to prove."""
    machine = Machine({"c": text}, flags=flags)
    machine.turn(f"final(1, evidence={json.dumps(quote, ensure_ascii=False)})")
    assert machine.state.answer is not None
    (piece,) = machine.state.answer.evidence
    return piece


@settings(max_examples=scale(40), deadline=None)
@given(LINES, st.sampled_from(SEARCHES), st.booleans())
def test_what_is_shown_of_hits_can_be_quoted(lines: list[str], word: str, is_folder: bool) -> None:
    """Each line as it is shown, with its number, and with its document: whatever marks the data has itself."""
    content: object = "\n".join(lines) + "\n"
    if is_folder:
        content = {"c.txt": content}
    seen = Machine({"c": content}).turn(f'show(search(c, "{word}"))')
    place = r"^(?:c\.txt:)?(\d+): (.*)$" if is_folder else r"^(\d+): (.*)$"
    for number, shown in re.findall(place, seen, re.MULTILINE):
        line = lines[int(number) - 1]
        for quote in (shown, f"{number}: {shown}", f"c.txt:{number}: {shown}" if is_folder else f"c:{number}: {shown}"):
            piece = evidence(quote.replace("\\t", "\t"), content)

            assert piece.how == "verbatim", quote
            assert re.sub("[«»]", "", piece.text).strip() == re.sub("[«»]", "", line).strip()
            # Without its number a quote may stand on another line, with other marks.
            assert piece.text in lines[piece.line - 1]
            assert quote is shown or piece.line == int(number)


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("crate A holds 12 «lamps»", "crate A holds 12 lamps"),
        ("crate «A» holds «12» lamps", "crate A holds 12 lamps"),
        ("c.txt:1: crate A holds 12 «lamps»", "crate A holds 12 lamps"),
        ("1: crate A holds 12 «lamps»", "crate A holds 12 lamps"),
        ("…(+6 bytes)A holds 12 «lamps»", "A holds 12 lamps"),
        ("««say»» «hi»", "say «hi»"),
        ("say «««hi»»»", "say «hi»"),
        ("2: say «hi»", "say «hi»"),
    ],
)
def test_marks_are_taken_off(quote: str, text: str) -> None:
    """What stands in the input is the evidence, the marks of data with it."""
    assert (evidence(quote, CRATES).how, evidence(quote, CRATES).text) == ("verbatim", text)


@pytest.mark.parametrize(
    "quote",
    ["crate A holds 13 «lamps»", "1: crate A «lamps»", "1: crate «lamps»", "2: crate A holds 12 «lamps»", "«»", "« »"],
)
def test_without_the_marks_a_quote_must_stand_there(quote: str) -> None:
    """Words that are left out between marks, another line, and marks alone prove nothing."""
    assert evidence(quote, {"c.txt": "crate A holds 12 lamps\n"}).how == "not-found"


def test_what_stands_there_with_its_marks_comes_first() -> None:
    """A quote is searched for as it is before anything is taken off; white space counts as ever."""
    assert evidence("say «hi»", "say hi\nsay «hi»\n").line == 2
    assert evidence("holds  12 «lamps»", CRATES).how == "verbatim-ws"
    assert evidence("12 «lamps»", "crate,n\nA,12 lamps\n").how == "verbatim"


def test_a_run_of_before_looks_for_the_marks_as_well() -> None:
    """As its trace says."""
    assert evidence("crate A holds 12 «lamps»", CRATES, OLD).how == "not-found"
