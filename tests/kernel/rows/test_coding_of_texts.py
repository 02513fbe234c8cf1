"""Which columns of texts are stored as codes and a dictionary."""

import pytest

from rlmlite_kernel import MemoryBlobs
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.layout import CODED, TEXTS
from rlmlite_kernel.values.tables.store import ColumnStore
from rlmlite_kernel.values.tables.writer import Batch, columnar_blocks
from rlmlite_kernel.values.values import to_json

_SHOPS = [f"shop {number * 7919 % 500}" for number in range(3000)]
_NAMES = [f"name {number}" for number in range(3000)]
_HALF = [f"name {number % 1500}" for number in range(3000)]


def _form(words: list[str | None], layout: str) -> int:
    content = b"".join(columnar_blocks(("w",), [Batch([parts.of_values(words)], len(words))], layout=layout))
    blobs = MemoryBlobs()
    store = ColumnStore(blobs.put(content), content)
    assert [to_json(store.cell(0, row), blobs) for row in range(len(words))] == words
    return store.entry(0, 0).form


@pytest.mark.parametrize(
    ("words", "layout", "form"),
    [
        (_SHOPS, "columns-2", CODED),
        (_SHOPS, "columns", TEXTS),
        ([None, *_SHOPS[:2000], None], "columns-2", CODED),
        (_NAMES, "columns-2", TEXTS),
        (_HALF, "columns-2", TEXTS),
        (["a", "b"] * 1200 + _NAMES, "columns-2", TEXTS),
        ([f"name {number}" for number in range(200)] + ["a"] * 2800, "columns", TEXTS),
    ],
)
def test_texts_that_recur_are_coded(words: list[str | None], layout: str, form: int) -> None:
    """The first 2,048 rows of a segment tell; in the layout of before the first 256, which hide 500 shops."""
    assert _form(words, layout) == form
