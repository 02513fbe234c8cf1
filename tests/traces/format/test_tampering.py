"""Tampering: every byte and every line of a sealed trace counts."""

from collections.abc import Iterator

import msgspec
import pytest

from rlmlite_kernel.records.records import Entry, Genesis, Seal, Step, Turn
from rlmlite_traces import (
    BlobAbsentError,
    Level,
    LevelError,
    RootMismatchError,
    TraceError,
    UncheckedTrace,
    verify,
)
from rlmlite_traces.format import lines
from tests.sizes import stride_of
from tests.traces import handmade
from tests.traces.format.sealed_trace import Files, check, lines_of, with_lines


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> tuple[Files, str]:
    """A sealed trace with calls, text, bytes and a large blob (large begins at 70 bytes here), and its root."""
    monkeypatch.setattr(lines, "LARGE", 70)
    entries = handmade.run(sealed=False)
    return handmade.encode([*entries, handmade.step(4, 2, 3, shown=b"long " * 15), handmade.seal(4, 4)])


def tamper(content: bytes, stride: int) -> Iterator[tuple[str, bytes]]:
    """Bytes with the lowest bit flipped, with the case flipped, left out, and the content cut before them."""
    for at in range(0, len(content), stride):
        for bit in (0x01, 0x20):
            yield f"flip {bit} at {at}", content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]
        yield f"drop at {at}", content[:at] + content[at + 1 :]
        yield f"cut at {at}", content[:at]


def test_the_reference_is_sound(reference: tuple[Files, str]) -> None:
    """Untouched, the reference trace verifies against its root, and it has every kind of file."""
    files, root = reference

    assert check(files, root).level is Level.SEALED
    assert any(name.startswith("blobs/") for name in files)


def test_every_byte_counts(reference: tuple[Files, str]) -> None:
    """No byte of any checked file can be flipped, left out or be the last without being found.

    Every seventh byte in the suite, every byte in the sweep.
    """
    files, root = reference
    stride = stride_of(7)
    missed, tried = [], 0

    for name, content in files.items():
        for what, changed in tamper(content, stride):
            tried += 1
            try:
                check(files | {name: changed}, root)
            except TraceError:
                continue
            missed.append((name, what))

    assert missed == []
    assert tried > 20_000 // stride


@pytest.mark.parametrize("name", ["trace.jsonl", "blobs.jsonl", "effects.jsonl"])
@pytest.mark.parametrize("change", ["repeat", "leave out", "swap", "add empty", "add copy at the end"])
def test_every_line_counts(reference: tuple[Files, str], name: str, change: str) -> None:
    """No line can be repeated, left out, added, or (where order means something) change places with the next."""
    files, root = reference
    whole = lines_of(files, name)

    for at in range(len(whole) - 1):
        changed = {
            "repeat": [*whole[: at + 1], *whole[at:]],
            "leave out": [*whole[:at], *whole[at + 1 :]],
            "swap": [*whole[:at], whole[at + 1], whole[at], *whole[at + 2 :]],
            "add empty": [*whole[:at], b"\n", *whole[at:]],
            "add copy at the end": [*whole, whole[at]],
        }[change]
        if (name, change) == ("blobs.jsonl", "swap"):
            continue  # the order of blobs means nothing: replay and recovery go by refs
        with pytest.raises(TraceError):
            check(with_lines(files, name, changed), root)


def test_a_file_left_out_is_found(reference: tuple[Files, str]) -> None:
    """A large blob without its file is absent."""
    files, root = reference

    with pytest.raises(BlobAbsentError):
        check({name: content for name, content in files.items() if not name.startswith("blobs/")}, root)


def test_a_cut_at_a_record_looks_open_unless_something_is_known() -> None:
    """Without its last records a trace is OPEN; a known root or the wish for a seal finds it."""
    files, root = handmade.encode(handmade.run())
    cut = with_lines(files, "trace.jsonl", lines_of(files, "trace.jsonl")[:-1])

    assert check(cut).level is Level.OPEN
    with pytest.raises(RootMismatchError):
        check(cut, root)
    with pytest.raises(LevelError, match="cut off"):
        verify(handmade.unchecked_trace(cut), at_least=Level.SEALED)


def test_a_trace_that_was_rewritten_whole_is_found_by_its_root_only() -> None:
    """Somebody who recomputes everything gets a sound trace with another root."""
    entries = handmade.run()
    forged = msgspec.structs.replace(entries[2].record, op="search")
    files, root = handmade.encode(entries)
    other, _ = handmade.encode([*entries[:2], Entry(forged, entries[2].blobs), *entries[3:]])

    assert check(other).level is Level.SEALED
    with pytest.raises(RootMismatchError):
        check(other, root)
    assert check(files, root).root == root


def test_kinds_of_records_are_all_there() -> None:
    """The reference trace has every kind of record, so the tests above see each."""
    kinds = {type(entry.record) for entry in handmade.run()}

    assert kinds == {Genesis, Turn, Step, Seal}
    assert isinstance(handmade.unchecked_trace(handmade.encode(handmade.run())[0]), UncheckedTrace)
