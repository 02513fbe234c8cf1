"""Python values as inputs: texts, JSON, documents and packed bytes; what is none of these is refused."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, from_value, from_values
from rlmlite_kernel.values.values import Text
from rlmlite_traces import FileBlobs
from tests.rlmlite.inputs.input_text import content


@pytest.mark.parametrize(
    ("value", "expected", "kind"),
    [
        ("text", "text", "text"),
        (b"caf\xc3\xa9", "café", "text"),
        (["a", "b"], ["a", "b"], "json"),
        ([{"n": 1}, {"n": 2.5}], [{"n": 1}, {"n": 2.5}], "json"),
        ({"a": 1, "b": (1, 5.0, None)}, {"a": 1, "b": [1, 5, None]}, "json"),
        (12, 12, "json"),
        ({}, {}, "json"),
        (
            {"b.txt": "two", "a.txt": "one"},
            [{"path": "a.txt", "text": "one", "bytes": 3}, {"path": "b.txt", "text": "two", "bytes": 3}],
            "documents",
        ),
    ],
)
def test_values_are_inputs(value: Any, expected: Any, kind: str) -> None:
    """Texts, JSON and texts by path are inputs, and the trace keeps all of them."""
    blobs = FileBlobs()

    found = from_value(value, blobs)

    assert (content(found, blobs), found.source.kind) == (expected, kind)
    assert found.memory is not None


def test_a_path_is_an_input_from_python_too(tmp_path: Path) -> None:
    """A `Path` is read as a file; a `str` is the text itself."""
    (tmp_path / "a.txt").write_text("in the file")
    blobs = FileBlobs()

    found = from_values({"file": tmp_path / "a.txt", "text": "a.txt"}, blobs)

    assert [content(item, blobs) for item in found.values()] == ["in the file", "a.txt"]


def test_one_value_is_context_and_none_is_nothing() -> None:
    """A value that is not a dict of inputs is the one input `context`; `None` is no input."""
    assert list(from_values("text", FileBlobs())) == ["context"]
    assert from_values(None, FileBlobs()) == {}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"a\0b", "binary"),
        ("a\ud800", "lone surrogate at character 1"),
        (float("nan"), "NaN"),
        (object(), "object is not JSON"),
        ({1, object()}, "a set holds what is not JSON: object is not JSON"),
        ([1j], "complex is not JSON"),
        ([10**1001], "1000 digits|1,000 digits"),
        ({"a": {1: 2}}, "JSON"),
    ],
)
def test_unsupported_values_are_refused(value: Any, message: str) -> None:
    """Each is refused with the reason, never with a bare TypeError."""
    with pytest.raises(InputError, match=message):
        from_value(value, FileBlobs())


def test_deep_json_is_refused() -> None:
    """JSON nested too deeply gives a message, not a crash."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(InputError, match="deeper"):
        from_value(deep, FileBlobs())


def test_an_invalid_name_from_python_is_refused() -> None:
    """A program could not refer to it."""
    with pytest.raises(InputError, match="cannot be called `my input`"):
        from_values({"my input": "x"}, FileBlobs())


def test_a_value_is_a_text() -> None:
    """A text is a span, so that slices of it are never copies."""
    assert isinstance(from_value("text", FileBlobs()).value, Text)


def test_compressed_bytes_are_read_like_a_file() -> None:
    """The trace keeps them as text, whatever their size."""
    blobs = FileBlobs()

    found = from_value(gzip.compress(b"packed"), blobs, Reading(kept_bytes=0))

    assert (content(found, blobs), found.memory) == ("packed", b"packed")
