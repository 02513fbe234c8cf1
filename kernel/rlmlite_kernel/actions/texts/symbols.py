"""Source code: `symbols`, and chunks that begin where symbols do."""

from collections.abc import Iterator

import numpy as np

from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, target_pieces
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.cut.symbols import (
    DEEPEST,
    LANGUAGES,
    LONGEST,
    WEIGHT,
    Symbol,
    SymbolsUnavailableError,
    find_definitions,
    language_of,
    nesting_depth,
)
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Cells, Column, Ints, LineNumbers
from rlmlite_kernel.values.values import Rows, Value

DEFAULT_SIZE = 8_000
"""Bytes of a chunk by symbols, if none is given."""

_LEADING = (b"@", b"#", b"//", b"/*", b"*", b"--")
"""How a line begins that belongs to the definition below it: a decorator, a comment."""


def find_symbols(context: StepContext, target: Value, language: str | None) -> Value:
    """Definitions: rows {doc, kind, name, within, line, start, end, text}. What could not be read is in `.skipped`."""
    cuts = SpanBuilder()
    kinds: list[Value] = []
    names: list[Value] = []
    around: list[Value] = []
    skipped: list[tuple[Value, Value]] = []
    broken = 0
    for piece in target_pieces(target, "symbols", context):
        spoken, reason = _language(piece, language, context)
        if spoken is None:
            skipped.append((piece.doc, reason))
            continue
        found, whole = _parsed(piece, spoken, context)
        broken += not whole
        context.ensure_room(len(found) * 200)
        content = context.blobs.read(piece.text.blob)
        called = [bytes(content[slice(*symbol.name)]).decode() for symbol in found]
        kinds.extend(symbol.kind for symbol in found)
        names.extend(called)
        around.extend(None if outer is None else called[outer] for outer in _outer(found))
        starts = np.array([symbol.start for symbol in found], np.int64)
        cuts.add(piece, starts, np.array([symbol.stop for symbol in found], np.int64))
    if broken:
        context.warn(f"{broken:,} texts have places that are not of their language; definitions there may be missing")
    spans = cuts.spans()
    columns: dict[str, Column] = {
        "doc": cuts.docs(),
        "kind": Cells(kinds),
        "name": Cells(names),
        "within": Cells(around),
        "line": LineNumbers(spans),
        "start": Ints(spans.starts),
        "end": Ints(spans.stops),
        "text": spans,
    }
    return Rows("symbols", columns, len(spans), spans, _aside(skipped, context))


def _aside(skipped: list[tuple[Value, Value]], context: StepContext) -> dict[str, Rows]:
    if skipped:
        context.warn(f"{len(skipped):,} texts were not read as code; see .skipped")
    columns: dict[str, Column] = {"doc": Cells([doc for doc, _ in skipped]), "why": Cells([why for _, why in skipped])}
    return {"skipped": Rows("rows", columns, len(skipped))}


def _language(piece: TargetPiece, given: str | None, context: StepContext) -> tuple[str | None, str]:
    """The language of a text, or why it cannot be read."""
    if len(piece.text) > LONGEST:
        return None, f"longer than {LONGEST:,} bytes"
    content = context.blobs.read(piece.text.blob)
    if nesting_depth(content, piece.text.start, piece.text.stop) > DEEPEST:
        return None, f"brackets nested deeper than {DEEPEST:,}"
    if given is not None:
        return given, ""
    if not isinstance(piece.doc, str):
        raise Fault("arguments", 'one text has no path that tells its language: give language="python"')
    return language_of(piece.doc), "no language is known by its ending"


def _parsed(piece: TargetPiece, language: str, context: StepContext) -> tuple[list[Symbol], bool]:
    if language not in LANGUAGES:
        raise Fault("arguments", f"`language` is one of {', '.join(LANGUAGES)}")
    text = piece.text
    context.charge("search_work", WEIGHT * len(text), "reading symbols")
    try:
        found = find_definitions(context.blobs.read(text.blob), text.start, text.stop, language)
    except SymbolsUnavailableError as error:
        raise Fault("not_installed", f"symbols need an extra: pip install 'rlmlite[code]' ({error})") from None
    context.scanned.append(text)
    return found


def _outer(found: list[Symbol]) -> Iterator[int | None]:
    """For each definition the number of the nearest one around it."""
    open_: list[int] = []
    for number, symbol in enumerate(found):
        while open_ and found[open_[-1]].stop <= symbol.start:
            open_.pop()
        yield open_[-1] if open_ else None
        open_.append(number)


def chunk_symbols(piece: TargetPiece, size: int, context: StepContext) -> tuple[IntArray, IntArray]:
    """Chunks of at most `size` bytes that begin where definitions do; a longer definition is cut between lines."""
    language, reason = _language(piece, None, context)
    text, content = piece.text, context.blobs.read(piece.text.blob)
    found = [] if language is None else _parsed(piece, language, context)[0]
    if language is None:
        context.warn(f"a text was cut by lines, not by symbols: {reason}")
    raw = bytes(content[text.start : text.stop])
    marks = sorted({_above(raw, symbol.start - text.start) for symbol in found if symbol.kind != "constant"})
    starts = np.array(list(_packed(raw, [mark for mark in marks if mark], size)), np.int64) + text.start
    return starts, np.append(starts[1:], np.array([text.stop], np.int64))[: len(starts)]


def _above(raw: bytes, at: int) -> int:
    """The start of the line of a place, moved up over the comments and decorators right above."""
    start = raw.rfind(b"\n", 0, at) + 1
    while start:
        before = raw.rfind(b"\n", 0, start - 1) + 1
        if not raw[before:start].lstrip().startswith(_LEADING):
            return start
        start = before
    return 0


def _packed(raw: bytes, marks: list[int], size: int) -> Iterator[int]:
    """Where chunks start: as many definitions together as fit; a definition that does not fit is cut by lines."""
    start = 0
    if raw:
        yield 0
    for mark, end in zip([0, *marks], [*marks, len(raw)], strict=True):
        if end - start <= size:
            continue
        if mark > start:
            yield mark
            start = mark
        while end - start > size:
            cut = raw.rfind(b"\n", start, start + size) + 1
            if cut <= start:  # one line is longer than a chunk, and stays whole
                cut = raw.find(b"\n", start) + 1 or len(raw)
            if cut >= end:
                break
            yield cut
            start = cut
