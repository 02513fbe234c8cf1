"""The stores of the product keep the laws of stores; stores that break one are found."""

from collections.abc import Callable

import pytest

from rlmlite_kernel import Blobs, MemoryBlobs
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.testing import check_blobs
from rlmlite_kernel.values.blobs import Content
from rlmlite_traces import FileBlobs
from tests.sizes import scale


class Upper(MemoryBlobs):
    """Gives another content than was put in."""

    def read(self, digest: str) -> Content:
        return bytes(super().read(digest)).upper()


class Writable(MemoryBlobs):
    """Gives a content that can be written to."""

    def read(self, digest: str) -> Content:
        return memoryview(bytearray(super().read(digest)))


class Forgetful(MemoryBlobs):
    """Gives an empty content for one that is not there."""

    def read(self, digest: str) -> Content:
        return self._contents.get(digest, b"")


class Named(MemoryBlobs):
    """Gives names of its own."""

    def put(self, content: bytes) -> str:
        return super().put(content)[::-1]


class OneLine(MemoryBlobs):
    """Says that each content has the lines of another."""

    def lines(self, digest: str) -> LineIndex:
        return LineIndex(b"x")


@pytest.mark.parametrize("make", [MemoryBlobs, FileBlobs])
def test_a_store_of_the_product_keeps_the_laws(make: Callable[[], Blobs]) -> None:
    """In memory, and in files."""
    check_blobs(make, examples=scale(20))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Upper, "read gave"),
        (Writable, "can be written to"),
        (Forgetful, "expected a BlobMissingError"),
        (Named, "expected the SHA-256"),
        (OneLine, r"lines, the store says|is on another line|is another"),
    ],
)
def test_a_store_that_breaks_a_law_is_found(make: Callable[[], Blobs], said: str) -> None:
    """With what was expected and what was found."""
    with pytest.raises(AssertionError, match=said):
        check_blobs(make)
