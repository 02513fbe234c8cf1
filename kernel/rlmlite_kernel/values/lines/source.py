"""The lines of texts as blocks, and which of them are rows: a bit for each line.

source       a text of 3 GB: 360 blocks, each with its place, the number of its first line, and how many lines
selection    for each block the bits of its lines: 5 MB for 40 million; None for a block of which all are rows
"""

import hashlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.values.columns import Text, describe_value
from rlmlite_kernel.values.values import Value

Bits: TypeAlias = npt.NDArray[np.uint8]

NO_BITS: Bits = np.zeros(0, np.uint8)
"""What a block has of which no line is a row."""


Place: TypeAlias = tuple[str, int, int]
"""Where a block is: the digest of its content, its start and its stop."""


class LineBlock(msgspec.Struct, frozen=True, eq=False):
    """Whole lines of one text: content[start:stop] of `blob`. `line` is the number of the first; `doc` the document."""

    blob: str
    doc: Value
    start: int
    stop: int
    line: int
    lines: int

    @property
    def place(self) -> Place:
        """See `Place`."""
        return self.blob, self.start, self.stop


class LineSource(msgspec.Struct, frozen=True, eq=False):
    """The lines that rows are made of: the blocks of all texts, in order, and the form that gives their groups.

    `texts` are (document, text) as the target gave them. Without a form there are no groups.
    """

    texts: tuple[tuple[Value, Text], ...]
    blocks: tuple[LineBlock, ...]
    form: Matcher | None

    def describe(self) -> Any:
        """JSON that identifies the texts and the form."""
        texts = value_bytes([[describe_value(doc), text.blob, text.start, text.stop] for doc, text in self.texts])
        form = None if self.form is None else [self.form.query.text, self.form.query.flags]
        return [len(self.texts), hashlib.sha256(texts).hexdigest(), form]


class Selection:
    """Which of the lines are rows: for each block a bit per line, no bits for none of them, or None for all."""

    def __init__(self, bits: Sequence[Bits | None], counts: Sequence[int]) -> None:
        self.bits, self.counts = tuple(bits), np.array(counts, np.int64)
        self.ends: IntArray = np.cumsum(self.counts)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return int(self.ends[-1]) if len(self.ends) else 0

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return 64 * len(self.bits) + sum(len(bits) for bits in self.bits if bits is not None)

    def flags(self, block: int, lines: int) -> BoolArray:
        """For each line of a block whether it is a row."""
        bits = self.bits[block]
        if bits is None:
            return np.ones(lines, np.bool_)
        if not len(bits):
            # None of them. NumPy pads a shorter array with whatever lies in memory.
            return np.zeros(lines, np.bool_)
        return np.unpackbits(bits, count=lines).view(np.bool_)

    def lines(self, block: int, lines: int) -> IntArray:
        """The numbers of the lines of a block that are rows."""
        if self.bits[block] is None:
            return np.arange(lines, dtype=np.int64)
        return np.flatnonzero(self.flags(block, lines))

    def digest(self, blocks: Sequence[LineBlock]) -> str:
        """SHA-256 of one byte per line: it does not depend on where blocks end."""
        digest = hashlib.sha256()
        for number, block in enumerate(blocks):
            digest.update(self.flags(number, block.lines).view(np.uint8).data)
        return digest.hexdigest()


def pack(flags: BoolArray) -> Bits | None:
    """The bits of a block; None if all of them are set, and no bits if none is."""
    if bool(flags.all()):
        return None
    return np.packbits(flags) if bool(flags.any()) else NO_BITS
