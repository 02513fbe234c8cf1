"""Deterministic functions from bytes to integers: search, positions, cuts. Start at `find`.

No clock, no files, no locale; no result depends on a machine's speed or on which engine ran.
"""

from rlmlite_kernel.engines.buffers import Buffer, octets, snap
from rlmlite_kernel.engines.cells import SheetBrokenError, cell_bounds, row_bounds
from rlmlite_kernel.engines.cut import (
    CutError,
    Pieces,
    chunk_at,
    chunk_bytes,
    chunk_lines,
    chunk_paragraphs,
    split_at,
)
from rlmlite_kernel.engines.find import Counted, Found, count, find, occurs
from rlmlite_kernel.engines.positions import CodePoints, LineIndex
from rlmlite_kernel.engines.query import Matcher, Query, QueryError, any_of, compile_query, literal, regex
from rlmlite_kernel.engines.regex import quote
from rlmlite_kernel.engines.replace import Replaced, SpentError, TooLargeError, replace
from rlmlite_kernel.engines.spans import SpanBytes
from rlmlite_kernel.engines.symbols import (
    LANGUAGES,
    LONGEST,
    WEIGHT,
    Symbol,
    SymbolsUnavailableError,
    language_of,
    symbols,
)
from rlmlite_kernel.engines.templates import fields_pattern, template_pattern
from rlmlite_kernel.engines.utf8 import Utf8, check, repair, repaired
from rlmlite_kernel.engines.versions import engine_versions

__all__ = [
    "LANGUAGES",
    "LONGEST",
    "WEIGHT",
    "Buffer",
    "CodePoints",
    "Counted",
    "CutError",
    "Found",
    "LineIndex",
    "Matcher",
    "Pieces",
    "Query",
    "QueryError",
    "Replaced",
    "SheetBrokenError",
    "SpanBytes",
    "SpentError",
    "Symbol",
    "SymbolsUnavailableError",
    "TooLargeError",
    "Utf8",
    "any_of",
    "cell_bounds",
    "check",
    "chunk_at",
    "chunk_bytes",
    "chunk_lines",
    "chunk_paragraphs",
    "compile_query",
    "count",
    "engine_versions",
    "fields_pattern",
    "find",
    "language_of",
    "literal",
    "occurs",
    "octets",
    "quote",
    "regex",
    "repair",
    "repaired",
    "replace",
    "row_bounds",
    "snap",
    "split_at",
    "symbols",
    "template_pattern",
]
