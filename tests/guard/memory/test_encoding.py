"""Encoders that run out of memory: they raise, where msgspec's own `encode` would end the process (SIGSEGV)."""

import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel.records.canonical import encode_safely
from tests.guard.memory.test_process import run

SCRIPT = """
    import resource, sys
    import rlmlite
    from rlmlite_kernel.records.canonical import record_bytes, value_bytes
    from rlmlite_kernel.records.records import Redact
    from rlmlite_kernel.engines.ranking import index_cache

    text = "a b c" * 20_000
    value = {
        "list": lambda: value_bytes([text] * 3_000),
        "object": lambda: value_bytes({str(n): text for n in range(3_000)}),
        "nested": lambda: value_bytes([[text] * 1_500, {"a": [text] * 1_500}]),
        "escapes": lambda: value_bytes(['"' * 100_000] * 2_000),
        "one text": lambda: value_bytes([text * 3_000]),
        "record": lambda: record_bytes(Redact(refs=(text,) * 3_000, reason="")),
    }[sys.argv[1]]
    rlmlite.limit_memory("256MiB")
    try:
        value()
    except MemoryError:
        print("held")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the data of a process")
@pytest.mark.parametrize("kind", ["list", "object", "nested", "escapes", "one text", "record"])
def test_an_encoder_without_memory_raises(kind: str) -> None:
    """300 MB of canonical bytes under a limit of 256 MiB."""
    done = run(SCRIPT, kind)
    assert (done.returncode, done.stdout) == (0, "held\n"), done.stderr


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_the_bytes_are_the_same(value: object) -> None:
    """As those of the encoder itself, of JSON and of msgpack."""
    for encoder in (msgspec.json.Encoder(order="deterministic"), msgspec.msgpack.Encoder()):
        assert encode_safely(encoder, value) == encoder.encode(value)
