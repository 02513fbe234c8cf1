"""chunk(by="symbols"): source code in chunks that begin where definitions do.

Chunks of a fixed size cut functions in two. Here as many whole definitions as fit go into a chunk, each with the
comments and decorators right above it; only a definition that is larger than a chunk is cut, and then between lines:

    size=100      def a (40 bytes)  def b (50)  def c (230)      ->  [a b] [c, lines 1-3] [c, lines 4-6] [c, lines 7-]

The chunks follow each other without a gap: together they are the text. A text that is not code is cut by lines.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from rlmlite_kernel.actions.search.targets import TargetPiece
from rlmlite_kernel.actions.texts.symbols import choose_language, parse_symbols
from rlmlite_kernel.engines.bytes.buffers import Haystack, IntArray, haystack, int_array, octets
from rlmlite_kernel.engines.cut.symbols import Symbol
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.records.evolution import ALL_DEFINITIONS, CHARGED_BEFORE
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE

DEFAULT_SIZE = 8_000
"""Bytes of a chunk by symbols, if none is given."""

_CUT = 48
"""Memory for each place where a text is cut, in a list and in an array."""

# A chunk that began at each constant would be hardly longer than that line.
_ONE_LINE = ("constant", "field", "variable", "macro")
"""Kinds of definitions that are one line among others."""

_LEADING = (b"@", b"#", b"//", b"/*", b"*", b"--")
"""How a line begins that belongs to the definition below it: a decorator, a comment."""


def chunk_symbols(piece: TargetPiece, size: int, context: StepContext) -> tuple[IntArray, IntArray]:
    """Starts and stops of chunks of at most `size` bytes; one line that is longer stays whole."""
    text = piece.text
    language, reason = choose_language(piece, None, context)
    begins: list[int] = []
    if language is None:
        context.warn(f"a text was cut by lines, not by symbols: {reason}", code="chunks_by_lines")
    else:
        symbols, _ = parse_symbols(piece, language, context)
        lines = _ONE_LINE if context.follows(ALL_DEFINITIONS) else ("constant",)
        definitions = [symbol for symbol in symbols if symbol.kind not in lines]
        begins = _begins(definitions, text, context.blobs.read(text.blob))
    cuts = _pack(haystack(context.blobs.read(text.blob)), text, begins, size)
    # One more than the budget has is enough to refuse them all.
    is_charged = context.follows(CHARGED_BEFORE)
    most = context.budget_left("chunks") + 1 if is_charged else context.most_metered(_CUT)
    starts = int_array(list(islice(cuts, most)))
    if not is_charged:
        context.ensure_fits(_CUT * len(starts) // MEMORY_PER_VALUE_BYTE)
    # A chunk ends where the next one starts. An empty text has no chunk, and then no end either.
    ends = np.append(starts[1:], int_array([text.stop]))
    return starts, ends[: len(starts)]


def _begins(definitions: list[Symbol], text: Text, content: Content) -> list[int]:
    """Where definitions begin, each with the comments and decorators right above it, in order."""
    if not definitions:
        return []
    raw = bytes(content[text.start : text.stop])
    places = int_array([symbol.start - text.start for symbol in definitions])
    # A set, since a definition and the first one inside it can begin on the same line. The text begins with 0 anyhow.
    begins = {*_with_leading_lines(raw, places)} - {0}
    return [begin + text.start for begin in sorted(begins)]


def _with_leading_lines(raw: bytes, places: IntArray) -> Iterator[int]:
    """For each place the start of its line, or of the comments and decorators right above that line.

    One pass over all lines, not a walk up from each place: each of 300,000 lines can be a decorator and a definition.

        # about a       top 0
        @b              top 0
        def c(): ...    top 0        a place in here begins at line 0
        def d(): ...    top 3
    """
    starts = [0, *(np.flatnonzero(octets(raw) == ord("\n")) + 1).tolist()]
    tops = [0] * len(starts)
    for line in range(1, len(starts)):
        above = raw[starts[line - 1] : starts[line]]
        is_led = above.lstrip().startswith(_LEADING)
        tops[line] = tops[line - 1] if is_led else line
    lines = np.searchsorted(int_array(starts), places, "right") - 1
    for line in lines.tolist():
        yield starts[tops[line]]


def _pack(lines: Haystack, text: Text, begins: list[int], size: int) -> Iterator[int]:
    """Where chunks start. `begins` are the places where a definition begins, without that of the text."""
    if not len(text):
        return
    yield text.start
    start = text.start
    # Greedy, in one pass. `start` is where the chunk that is being filled begins.
    for begin, stop in zip([text.start, *begins], [*begins, text.stop], strict=True):
        if stop - start <= size:
            # This definition still fits into it.
            continue
        # It does not: a new chunk starts here, unless the one that is being filled has nothing in it yet.
        if begin > start:
            yield begin
            start = begin
        # Cuts nothing if the definition fits into a chunk of its own.
        for cut in _cut_between_lines(lines, start, stop, size):
            yield cut
            start = cut


def _cut_between_lines(lines: Haystack, start: int, stop: int, size: int) -> Iterator[int]:
    """Cuts inside one definition that is longer than a chunk."""
    while stop - start > size:
        # After the last line that ends within the size.
        cut = lines.rfind(b"\n", start, start + size) + 1
        if cut <= start:
            # The line itself is longer than a chunk, and stays whole. Where it ends beyond the definition does not
            # matter: the next definition starts a chunk by itself, if it needs one.
            cut = lines.find(b"\n", start, stop) + 1
        if not start < cut < stop:
            return
        yield cut
        start = cut
