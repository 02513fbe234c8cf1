"""Places: each content of the inputs gets a name for every place where it lies, so that equal ones are told apart.

    docs   a.txt "ERROR", b.txt "ERROR"        log   "ERROR"
    names  ba78..15ad, ba78..15ad+2            ba78..15ad+3

Only references are named. The content is stored once, under its digest, and whatever is computed of a content alone
(its lines, its word index) is shared. A content that lies in one place keeps its digest as its name, so most runs have
no other names at all.

An input that a nested run is handed comes with the names of its parent. They mean nothing there, and are dropped first.

Not here: what is read by name (`values.blobs`), and what names stand for (`observation`).
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from rlmlite_kernel.values.blobs import digest_of_name, name_at
from rlmlite_kernel.values.columns import Column, Spans, Text
from rlmlite_kernel.values.tables.row_spans import RowSpans
from rlmlite_kernel.values.values import DOCUMENTS, Rows, Value


def place_inputs(
    inputs: Mapping[str, Value], places: Mapping[str, int] | None = None
) -> tuple[dict[str, Value], dict[str, int]]:
    """The inputs with a name for each content at each place, in their order, and how many places each content has now.

    `places` are those of the inputs before them, by digest: their names stay, and the new ones go on behind them.
    """
    namer = _Namer(places or {})
    return {name: namer.place(value) for name, value in inputs.items()}, dict(namer.places)


def forget_places(value: Value) -> Value:
    """A text or documents with digests for names: the same whatever lies beside it."""
    if isinstance(value, Text):
        return Text(digest_of_name(value.blob), value.start, value.stop)
    if isinstance(value, Rows) and value.kind == DOCUMENTS and value.spans is not None:
        digests = [digest_of_name(value.spans.blob_at(row)) for row in range(len(value))]
        return _rename_documents(value, value.spans, digests)
    return value


class _Namer:
    """Counts the places of each content."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self.places: Counter[str] = Counter(places)

    def place(self, value: Value) -> Value:
        """The same value, by names of its own."""
        if isinstance(value, Text):
            return Text(self._name(value.blob), value.start, value.stop)
        spans = value.spans if isinstance(value, Rows) else None
        if isinstance(value, Rows) and isinstance(spans, RowSpans):
            return self._place_table(value, spans)
        if isinstance(value, Rows) and value.kind == DOCUMENTS and spans is not None:
            names = [self._name(spans.blob_at(row)) for row in range(len(value))]
            return _rename_documents(value, spans, names)
        # Sheets are of older traces only; JSON from memory lies in no content.
        return value

    def _place_table(self, rows: Rows, spans: RowSpans) -> Rows:
        """A table has two contents: its columns, and if it is a text also that."""
        store = spans.store
        columns, text = self._name(store.blob), self._name(store.text) if store.text else ""
        if (columns, text) == (store.blob, store.text):
            return rows
        # Loaded already, or there would be no such table.
        from rlmlite_kernel.values.tables.columnar import columnar_rows

        return columnar_rows(store.named(columns, text))

    def _name(self, known: str) -> str:
        digest = digest_of_name(known)
        self.places[digest] += 1
        return name_at(digest, self.places[digest])


def _rename_documents(documents: Rows, texts: Spans, names: list[str]) -> Rows:
    """Documents whose contents have these names, by row."""
    if all(names[row] == texts.blob_at(row) for row in range(len(names))):
        return documents
    contents = tuple(dict.fromkeys(names))
    number_of = {name: number for number, name in enumerate(contents)}
    which = np.array([number_of[name] for name in names], np.int64)
    renamed = Spans(contents, texts.starts, texts.stops, which)
    # One column is the texts themselves; the others say what does not depend on where they lie.
    columns: dict[str, Column] = {
        name: renamed if column is texts else column for name, column in documents.columns.items()
    }
    return Rows(documents.kind, columns, len(documents), renamed, documents.aside)
