"""The laws of a store (`Blobs`), for whoever keeps contents elsewhere than in files.

    check_blobs(lambda: MyStore(bucket="test"))

What a digest names never changes, so every law is about one content at a time: it comes back as it was put in, under
the SHA-256 that everybody computes, with the lines that it has.
"""

import hashlib
from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.ranking.postings import WordIndex, build_index
from rlmlite_kernel.values.blobs import BlobMissingError, Blobs

CONTENTS = st.text(st.sampled_from("ab\n\r\0é😀\ufeff"), max_size=40).map(str.encode)
"""Contents are UTF-8; line ends, null bytes and byte order marks are nothing special."""

_ABSENT = hashlib.sha256(b"nobody puts this in").hexdigest()


def check_blobs(make: Callable[[], Blobs], *, examples: int = 50) -> None:
    """Hold a store to its laws. `make` gives one for each example, empty or not. Raises `AssertionError`."""

    @settings(max_examples=examples, deadline=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
    @given(st.lists(CONTENTS, min_size=1, max_size=4))
    @example([b""])
    @example([b"x" * 300_000 + b"\n"])
    def hold(contents: list[bytes]) -> None:
        store = make()
        digests = [store.put(content) for content in contents]
        for content, digest in zip(contents, digests, strict=True):
            _check_content(store, content, digest)
        _check_absent(store)
        _check_index(store, contents[0])
        store.confirm(frozenset(digests))

    hold()


def _check_content(store: Blobs, content: bytes, digest: str) -> None:
    assert digest == hashlib.sha256(content).hexdigest(), f"put gave {digest}, expected the SHA-256 of the content"
    assert store.put(bytes(content)) == digest, "the same content has another digest the second time"
    read = store.read(digest)
    assert bytes(read) == content, f"read gave {bytes(read)[:40]!r}, expected {content[:40]!r}"
    assert memoryview(read).readonly, "the content that read gives can be written to"
    expected, lines = LineIndex(content), store.lines(digest)
    assert lines.count == expected.count, f"{content[:40]!r} has {expected.count} lines, the store says {lines.count}"
    for at in range(min(len(content), 50)):
        assert lines.line_at(at) == expected.line_at(at), f"byte {at} of {content[:40]!r} is on another line"
        assert lines.bounds_at(at) == expected.bounds_at(at), f"the line of byte {at} of {content[:40]!r} is another"


def _check_absent(store: Blobs) -> None:
    try:
        found = store.read(_ABSENT)
    except BlobMissingError:
        return
    raise AssertionError(f"reading what is not there gave {len(found)} bytes, expected a BlobMissingError")


def _check_index(store: Blobs, content: bytes) -> None:
    """The index of a key is the one that would be made, however often it is asked for."""

    def make() -> WordIndex:
        return build_index(content, np.zeros(1, np.int64), np.full(1, len(content), np.int64))

    expected = make()
    for _ in range(2):
        index = store.index(f"law:{hashlib.sha256(content).hexdigest()}", make, stored=False)
        assert index.words == expected.words, f"the index has {index.words} words, expected {expected.words}"
        assert np.array_equal(index.lengths, expected.lengths), "the index has other units"
