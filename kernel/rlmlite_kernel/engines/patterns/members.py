"""Members: which of the lines that fit a template `patterns` counts under it.

A template says `<*>` where something varies, not what may stand there. Where a line belongs is decided by all lines of
a text together, since words are masked that take many values. So the text is mined, and each line that fits is looked
up by the hash of its shape.

    lines                   "7 id=1", "8 id=2", "opened 5 id=5"
    templates               "<*> id=<*>" for two lines, "opened <*> id=<*>" for one
    fit "<*> id=<*>"        all three, as regexes go
    are members             the first two

A template that somebody wrote by hand need not be one of the text's: then there are no members to tell.
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, haystack, octets
from rlmlite_kernel.engines.bytes.line_blocks import LineBlock, TextPart, line_blocks
from rlmlite_kernel.engines.patterns.patterns import FORMS, FormTable, template_key
from rlmlite_kernel.engines.patterns.shapes import shape_hashes

# Decisions that are remembered, by the hash of a line.
_REMEMBERED = 4 * FORMS


class TemplateMembers:
    """The lines of one template of a mined text. `others` counts the lines that fitted and are of other templates."""

    def __init__(self, template: str, table: FormTable) -> None:
        self._key, self._table = template_key((template.encode(),)), table
        self._decisions: dict[int, bool] = {}
        self.others = 0

    @property
    def exist(self) -> bool:
        """Whether the template is one of the text's."""
        return self._key in self._table.keys

    def select(self, content: Buffer, starts: IntArray, stop: int) -> BoolArray:
        """Which of the lines that begin at `starts`, in order, are members. `stop` is where the text ends."""
        chosen = np.zeros(len(starts), np.bool_)
        if len(starts):
            newline = haystack(content).find(b"\n", int(starts[-1]), stop)
            for block in line_blocks([TextPart(content, int(starts[0]), stop if newline < 0 else newline + 1)]):
                # Lines that do not fit lie between those that do.
                places = np.searchsorted(starts, block.offsets)
                lines = np.flatnonzero(starts[places] == block.offsets)
                chosen[places[lines]] = self._decide_lines(block, lines)
        self.others += len(chosen) - int(chosen.sum())
        return chosen

    def _decide_lines(self, block: LineBlock, lines: IntArray) -> BoolArray:
        """Which of some lines of a block are members: one decision for all that have one hash."""
        ends = np.flatnonzero(octets(block.buffer) == 10)
        begins = np.append(0, ends[:-1] + 1)
        line_hashes = shape_hashes(block.buffer)[lines]
        hashes, firsts, which = np.unique(line_hashes, return_index=True, return_inverse=True)
        decisions = [
            self._decide(line_hash, block.buffer[begins[line] : ends[line]])
            for line_hash, line in zip(hashes.tolist(), lines[firsts].tolist(), strict=True)
        ]
        return np.array(decisions, np.bool_)[which]

    def _decide(self, line_hash: int, line: bytes) -> bool:
        decision = self._decisions.get(line_hash)
        if decision is None:
            decision = self._table.key_of(line_hash, line) == self._key
            if len(self._decisions) < _REMEMBERED:
                self._decisions[line_hash] = decision
        return decision
