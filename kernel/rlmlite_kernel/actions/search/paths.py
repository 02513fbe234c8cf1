"""paths: the documents of a folder, or those whose path a glob matches.

    paths(docs, "**/*.py")   -> {"path": "src/app.py", "bytes": 5120, "lines": 160, "text": "..."}

The result is documents again, so search, rank and chunk take it where they took the folder. The glob is compiled to a
regex of the same engine that search uses, and charged as a search over the names.
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.globs import glob_query
from rlmlite_kernel.engines.query.query import QueryError
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.expressions import matches
from rlmlite_kernel.evaluation.resolve import column_values
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.queries import matcher_for
from rlmlite_kernel.records.evolution import WHOLE_LINES
from rlmlite_kernel.values.columns import LineCounts, Spans
from rlmlite_kernel.values.values import DOCUMENTS, Rows, Value, kind_of


def paths(context: StepContext, docs: Value, glob: str | None) -> Value:
    """The documents whose path the glob matches, in their order: {path, bytes, lines, text}. `text` is the document."""
    if not isinstance(docs, Rows) or docs.kind != DOCUMENTS:
        raise Fault("type", f"paths works on documents (an input that is a folder), not {kind_of(docs)}")
    selection = docs if glob is None else docs.take(_matching_rows(docs, glob, context))
    if not len(selection):
        context.warn("no document has a path like this; paths(docs) lists all of them", code="no_path")
    text = selection.columns["text"]
    assert isinstance(text, Spans)
    columns = {
        "path": selection.columns["path"],
        "bytes": selection.columns["bytes"],
        "lines": LineCounts(text),
        "text": text,
    }
    return Rows(DOCUMENTS, columns, len(selection), selection.spans)


def _matching_rows(docs: Rows, glob: str, context: StepContext) -> IntArray:
    try:
        matcher = matcher_for(glob_query(glob), True, context.follows(WHOLE_LINES))
    except QueryError as error:
        raise Fault("query", str(error)) from None
    path_cells = column_values(docs.columns["path"], context)
    names = [str(path).encode() for path in path_cells]
    rows = [row for row, name in enumerate(names) if matches(matcher, name, context)]
    # The type is named, as an empty list would become an array of floats, which no row can be taken by.
    return np.array(rows, np.int64)
