"""chunk(by="symbols"): source code in chunks that begin where definitions do.

Chunks of a fixed size cut functions in two. Here as many whole definitions as fit go into a chunk, each with the
comments and decorators right above it; only a definition that is larger than a chunk is cut, and then between lines:

    size=100      def a (40 bytes)  def b (50)  def c (230)      ->  [a b] [c, lines 1-3] [c, lines 4-6] [c, lines 7-]

The chunks follow each other without a gap: together they are the text. A text that is not code is cut by lines.
"""

from collections.abc import Iterator

import numpy as np

from rlmlite_kernel.actions.search.targets import TargetPiece
from rlmlite_kernel.actions.texts.symbols import choose_language, parse_symbols
from rlmlite_kernel.engines.bytes.buffers import IntArray, int_array
from rlmlite_kernel.evaluation.context import StepContext

DEFAULT_SIZE = 8_000
"""Bytes of a chunk by symbols, if none is given."""

_LEADING = (b"@", b"#", b"//", b"/*", b"*", b"--")
"""How a line begins that belongs to the definition below it: a decorator, a comment."""


def chunk_symbols(piece: TargetPiece, size: int, context: StepContext) -> tuple[IntArray, IntArray]:
    """Starts and stops of chunks of at most `size` bytes; one line that is longer stays whole."""
    language, reason = choose_language(piece, None, context)
    text, content = piece.text, context.blobs.read(piece.text.blob)
    symbols = [] if language is None else parse_symbols(piece, language, context)[0]
    if language is None:
        context.warn(f"a text was cut by lines, not by symbols: {reason}")
    raw = bytes(content[text.start : text.stop])
    # A constant is one line among others: a chunk that began at each would be hardly longer than that line.
    definitions = [symbol for symbol in symbols if symbol.kind != "constant"]
    begins = sorted({_with_leading_lines(raw, symbol.start - text.start) for symbol in definitions})
    cuts = _pack(raw, [begin for begin in begins if begin], size)
    starts = int_array(list(cuts)) + text.start
    stops = np.append(starts[1:], int_array([text.stop]))[: len(starts)]
    return starts, stops


def _with_leading_lines(raw: bytes, place: int) -> int:
    """The start of the line that holds a place, or of the comments and decorators right above that line."""
    start = raw.rfind(b"\n", 0, place) + 1
    while start:
        line_above = raw.rfind(b"\n", 0, start - 1) + 1
        if not raw[line_above:start].lstrip().startswith(_LEADING):
            return start
        start = line_above
    return 0


def _pack(raw: bytes, begins: list[int], size: int) -> Iterator[int]:
    """Where chunks start. `begins` are the places where a definition begins, without 0."""
    if not raw:
        return
    yield 0
    start = 0
    for begin, stop in zip([0, *begins], [*begins, len(raw)], strict=True):
        if stop - start <= size:
            continue  # this definition fits into the chunk that has begun
        if begin > start:
            yield begin
            start = begin
        for cut in _cut_between_lines(raw, start, stop, size):
            yield cut
            start = cut


def _cut_between_lines(raw: bytes, start: int, stop: int, size: int) -> Iterator[int]:
    """Cuts inside one definition that is longer than a chunk."""
    while stop - start > size:
        cut = raw.rfind(b"\n", start, start + size) + 1
        if cut <= start:  # the line itself is longer than a chunk, and stays whole
            cut = raw.find(b"\n", start) + 1 or len(raw)
        if cut >= stop:
            return
        yield cut
        start = cut
