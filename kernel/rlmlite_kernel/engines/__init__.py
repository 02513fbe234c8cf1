"""Deterministic functions from bytes to integers: search, positions, cuts, ranking, templates. Start at `find`.

No clock, no files, no locale; no result depends on a machine's speed or on which engine ran.
"""

from rlmlite_kernel.engines.bm25 import Ranked, ranked
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
from rlmlite_kernel.engines.find import Counted, Found, Search, count, find, occurs
from rlmlite_kernel.engines.globs import glob_query
from rlmlite_kernel.engines.index_cache import Indexes, IndexStore
from rlmlite_kernel.engines.linewise import CLIP, Part
from rlmlite_kernel.engines.mask import masked
from rlmlite_kernel.engines.patterns import Place, Template, find_patterns
from rlmlite_kernel.engines.positions import CodePoints, LineIndex
from rlmlite_kernel.engines.postings import Index, combined, indexed
from rlmlite_kernel.engines.query import Matcher, Query, QueryError, any_of, compile_query, literal, regex
from rlmlite_kernel.engines.regex import quote
from rlmlite_kernel.engines.replace import Replaced, SpentError, TooLargeError, replace
from rlmlite_kernel.engines.spans import SpanBytes
from rlmlite_kernel.engines.symbols import (
    DEEPEST,
    LANGUAGES,
    LONGEST,
    WEIGHT,
    Symbol,
    SymbolsUnavailableError,
    deepest,
    language_of,
    symbols,
)
from rlmlite_kernel.engines.tally import MANY, Bounds
from rlmlite_kernel.engines.templates import fields_pattern, template_pattern
from rlmlite_kernel.engines.threads import MAX_THREADS, use_threads
from rlmlite_kernel.engines.units import enclosing, lines_around, lines_of, records
from rlmlite_kernel.engines.utf8 import Utf8, check, repair, repaired
from rlmlite_kernel.engines.versions import engine_versions
from rlmlite_kernel.engines.words import Hashes, query_hashes, query_words

__all__ = [
    "CLIP",
    "DEEPEST",
    "LANGUAGES",
    "LONGEST",
    "MANY",
    "MAX_THREADS",
    "WEIGHT",
    "Bounds",
    "Buffer",
    "CodePoints",
    "Counted",
    "CutError",
    "Found",
    "Hashes",
    "Index",
    "IndexStore",
    "Indexes",
    "LineIndex",
    "Matcher",
    "Part",
    "Pieces",
    "Place",
    "Query",
    "QueryError",
    "Ranked",
    "Replaced",
    "Search",
    "SheetBrokenError",
    "SpanBytes",
    "SpentError",
    "Symbol",
    "SymbolsUnavailableError",
    "Template",
    "TooLargeError",
    "Utf8",
    "any_of",
    "cell_bounds",
    "check",
    "chunk_at",
    "chunk_bytes",
    "chunk_lines",
    "chunk_paragraphs",
    "combined",
    "compile_query",
    "count",
    "deepest",
    "enclosing",
    "engine_versions",
    "fields_pattern",
    "find",
    "find_patterns",
    "glob_query",
    "indexed",
    "language_of",
    "lines_around",
    "lines_of",
    "literal",
    "masked",
    "occurs",
    "octets",
    "query_hashes",
    "query_words",
    "quote",
    "ranked",
    "records",
    "regex",
    "repair",
    "repaired",
    "replace",
    "row_bounds",
    "snap",
    "split_at",
    "symbols",
    "template_pattern",
    "use_threads",
]
