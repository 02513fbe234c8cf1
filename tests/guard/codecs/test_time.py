"""Decoding hostile bytes takes time and memory in proportion to them, in every encoding that is read."""

import random
import time
from pathlib import Path

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import READING, Reading, from_path, new_store
from rlmlite.inputs.formats.encodings.choice import choose_encoding, declared_encoding, decode_blocks
from rlmlite.inputs.formats.encodings.names import ENCODINGS
from rlmlite.inputs.formats.streams.blocks import HEAD
from rlmlite_kernel.engines.bytes.utf8 import check

UNITS = {
    "bytes of every value": random.Random(7).randbytes(997),
    "bytes that no encoding has": b"\xff",
    "beginnings of characters": b"\x81",
    "more beginnings": b"\xe2\x82",
    "halves of surrogate pairs": b"\x00\xd8",
    "zeros": b"\0",
    "escapes": b"\x1b",
    "changes of the character set": b"\x1b$B\x1b(B",
    "changes to unknown sets": b"\x1b$(Z",
    "shifts": b"\x1b$)C\x0e\x0f",
    "tildes": b"~{~",
    "letters": b"a-",
    "marks of byte order": b"\xff\xfe\xfe\xff",
}
SMALL, LARGE = 1 << 14, 1 << 17
SLOWEST = 10.0
"""Seconds for a megabyte: ten times what the slowest takes, on a machine that does other work as well."""


@pytest.mark.parametrize("name", ENCODINGS)
def test_hostile_bytes_are_decoded_in_linear_time(name: str) -> None:
    """Eight times the bytes take about eight times the time; a decoder that is quadratic would take 64 times."""
    for unit in UNITS.values():
        small, large = _seconds(name, unit, SMALL), _seconds(name, unit, LARGE)

        assert large < 32 * small + 0.1
        assert large < SLOWEST * LARGE / (1 << 20)


def _seconds(name: str, unit: bytes, size: int) -> float:
    mark = "\ufeff".encode(f"{name}_le") if name in ("utf_16", "utf_32") else b""
    content = mark + (unit * (size // len(unit) + 1))[:size]
    start = time.perf_counter()
    written = sum(map(len, decode_blocks(content, name, "replace")))
    spent = time.perf_counter() - start
    # A byte becomes U+FFFD at most, or three bytes of another character.
    assert written <= 3 * size + 8
    return spent


@pytest.mark.parametrize("name", ["utf-16", "utf-32"])
def test_wide_text_without_a_mark_is_refused(tmp_path: Path, name: str) -> None:
    """With the two names that say which byte comes first."""
    (tmp_path / "a.txt").write_bytes(b"plain words, an even number" * 2)

    with pytest.raises(InputError, match=f"give its encoding: {name}-le or {name}-be"):
        from_path(str(tmp_path / "a.txt"), new_store(READING), Reading(encoding=name))


HEADS = {
    "blanks after charset=": b"<meta charset=" * 30 + b" " * 7_000,
    "many declarations": b"<meta charset=" * 600,
    "many <meta": b"<meta " * 1_300,
    "a quote and blanks": b"<?xml encoding='" + b"\t" * 8_000,
    "a long name": b"<meta charset=" + b"a" * 8_000,
    "newlines": b"<meta\n charset\n" + b"\n" * 8_000,
    "coding lines": b"# -*- coding: uu_codec -*-\n" * 300,
    "bytes of every value": random.Random(8).randbytes(8_000).replace(b"\0", b"\1"),
    "two bytes": b"\x82\xa0" * 40_000,
    "one byte": b"\xe9" * 80_000,
    "letters of all scripts": bytes(range(0xC0, 0x100)) * 1_250,
}


@pytest.mark.parametrize("head", HEADS)
def test_an_encoding_is_chosen_in_bounded_time(head: str) -> None:
    """Whatever a file begins with, and however it goes on."""
    content = HEADS[head] + b"\xff\xe9\xe8\n\xfc\xf6\xe4\xdf" * 2
    start = time.perf_counter()
    declared_encoding(content[:HEAD])
    choose_encoding(content, check(content), None)

    assert time.perf_counter() - start < 2.0
