"""Numbers that many spans spell, read eight figures at a time."""

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.sheets.spans import SpanBytes
from tests.sizes import scale

_NUMBERS = st.one_of(
    st.integers(-(10**18) + 1, 10**18 - 1).map(str),
    st.from_regex(r"-?[0-9]{1,20}", fullmatch=True),
    st.sampled_from(["", "-", "--1", "1-", "/", ":", "9:", "0/1", "é", "1\x00", "²", "\x7f", "12345678-", "1234567é"]),
)


@settings(max_examples=scale(300))
@given(st.lists(_NUMBERS, min_size=1, max_size=8))
def test_whole_numbers_are_what_python_reads(texts: list[str]) -> None:
    """If every span is one with up to 18 figures; else none is read. What stands beside a span changes nothing."""
    spelled = [text.encode() for text in texts]
    content = b"9".join(spelled)
    stops = np.cumsum([len(text) + 1 for text in spelled]) - 1
    starts = stops - [len(text) for text in spelled]
    read = SpanBytes(content, starts, stops).whole_numbers()

    if all(re.fullmatch(r"-?[0-9]{1,18}", text) for text in texts):
        assert read is not None
        assert read.tolist() == [int(text) for text in texts]
    else:
        assert read is None
