"""The model that extracts sentences reads prompts in which a stranger's text stands: in linear time."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite.clients.extractive.client import answer
from rlmlite.clients.extractive.fences import split_data
from tests.sizes import scale

UNITS = {
    "line ends": "\n",
    "carriage returns": "\r\n",
    "blanks": " ",
    "questions": "question",
    "questions without an end": "question \n",
    "openings": "<data 00000000>",
    "openings without an end": "<data 00000000 ",
    "closings": "</data 00000000>",
    "braces": "{",
    "brackets": "[",
    "quotes": '"',
    "pairs": '{"a": ',
    "bars": '"a" | ',
    "types": "<text",
    "backslashes": "\\",
    "sentence ends": ".'",
    "words": "word ",
    "letters": "a",
    "numbers": "1.",
    "dates": "2024-01-0",
    "fences": "```\n",
}


@pytest.mark.parametrize("unit", UNITS)
def test_an_answer_takes_linear_time(unit: str) -> None:
    """200 kB of one thing, in the data and outside of it."""
    text = UNITS[unit] * (200_000 // len(UNITS[unit]))
    begun = time.perf_counter()
    answer(f"question: what?\n<data 01234567 from=x>\n{text}\n</data 01234567>\nReply with {text}")

    assert time.perf_counter() - begun < 4


_FENCED = re.compile(r"<data ([0-9a-f]{8})\b[^>]*>\n?(.*?)\n?</data \1>", re.DOTALL)

PIECES = st.sampled_from(["<data 00000000 from=a>", "<data 00000000>", "<data 11111111>", "</data 00000000>"]) | (
    st.sampled_from(["</data 11111111>", "\n", "x", ">", "<data 00000000", "<data 000000001>", " "])
)


@settings(max_examples=scale(400))
@given(st.lists(PIECES, max_size=12).map("".join))
def test_fences_are_those_of_the_definition(prompt: str) -> None:
    """As one regular expression says it, which takes the square of the time."""
    data = tuple(match.group(2) for match in _FENCED.finditer(prompt))

    assert split_data(prompt) == (data, _FENCED.sub(" ", prompt))
