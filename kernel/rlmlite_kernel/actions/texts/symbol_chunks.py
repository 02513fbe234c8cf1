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
from rlmlite_kernel.engines.cut.symbols import Symbol
from rlmlite_kernel.evaluation.context import StepContext

DEFAULT_SIZE = 8_000
"""Bytes of a chunk by symbols, if none is given."""

_LEADING = (b"@", b"#", b"//", b"/*", b"*", b"--")
"""How a line begins that belongs to the definition below it: a decorator, a comment."""


def chunk_symbols(piece: TargetPiece, size: int, context: StepContext) -> tuple[IntArray, IntArray]:
    """Starts and stops of chunks of at most `size` bytes; one line that is longer stays whole."""
    text = piece.text
    language, reason = choose_language(piece, None, context)
    symbols: list[Symbol] = []
    if language is None:
        context.warn(f"a text was cut by lines, not by symbols: {reason}")
    else:
        symbols, _ = parse_symbols(piece, language, context)
    content = context.blobs.read(text.blob)
    raw = bytes(content[text.start : text.stop])
    # A constant is one line among others: a chunk that began at each would be hardly longer than that line.
    definitions = [symbol for symbol in symbols if symbol.kind != "constant"]
    # A set, since a definition and the first one inside it can begin on the same line.
    begins = {_with_leading_lines(raw, symbol.start - text.start) for symbol in definitions}
    # `_pack` begins with 0 anyhow.
    begins.discard(0)
    cuts = list(_pack(raw, sorted(begins), size))
    starts = int_array(cuts) + text.start
    # A chunk ends where the next one starts. An empty text has no chunk, and then no end either.
    ends = np.append(starts[1:], int_array([text.stop]))
    return starts, ends[: len(starts)]


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
    # Greedy, in one pass. `start` is where the chunk that is being filled begins.
    for begin, stop in zip([0, *begins], [*begins, len(raw)], strict=True):
        if stop - start <= size:
            # This definition still fits into it.
            continue
        # It does not: a new chunk starts here, unless the one that is being filled has nothing in it yet.
        if begin > start:
            yield begin
            start = begin
        # Cuts nothing if the definition fits into a chunk of its own.
        for cut in _cut_between_lines(raw, start, stop, size):
            yield cut
            start = cut


def _cut_between_lines(raw: bytes, start: int, stop: int, size: int) -> Iterator[int]:
    """Cuts inside one definition that is longer than a chunk."""
    while stop - start > size:
        # After the last line that ends within the size.
        cut = raw.rfind(b"\n", start, start + size) + 1
        if cut <= start:
            # The line itself is longer than a chunk, and stays whole.
            cut = raw.find(b"\n", start) + 1 or len(raw)
        # The next definition starts a chunk by itself, if it needs one.
        if cut >= stop:
            return
        yield cut
        start = cut
