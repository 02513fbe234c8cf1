"""RFC 6962 hashing: one hash per line serves the chain and the tree.

A Merkle tree commits to a list of lines in one hash, its head. Leaves and inner nodes are hashed with different
prefixes (0x00, 0x01), so that no node can be passed off as a line. The tree over five lines, with h the inner hash:

    head = h( h( h(a,b), h(c,d) ), e )

Lines come one at a time and are not kept. `Frontier` keeps the heads of the complete trees so far, one for each bit
that is set in their number: for 5 lines (binary 101) the tree over a to d, and e. A new leaf joins trees of equal
height, as a carry does in addition; the head joins what is there, from right to left.
"""

import hashlib
from collections.abc import Iterable

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()
"""The head over no lines."""


def leaf(line: bytes) -> bytes:
    """The leaf hash of one record line, without its newline."""
    return hashlib.sha256(b"\x00" + line).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree head that grows one leaf at a time in O(log n) memory. It begins empty, or with the `peaks` of another."""

    def __init__(self, peaks: Iterable[tuple[int, bytes]] = (), size: int = 0) -> None:
        self._peaks = list(peaks)  # (height, hash) of each complete tree, heights strictly descending
        self.size = size

    @property
    def peaks(self) -> tuple[tuple[int, bytes], ...]:
        """Each complete tree: its height, and its hash."""
        return tuple(self._peaks)

    def add(self, leaf_hash: bytes) -> None:
        """Append one leaf, by its hash (`leaf`)."""
        height = 0
        while self._peaks and self._peaks[-1][0] == height:
            leaf_hash = node(self._peaks.pop()[1], leaf_hash)
            height += 1
        self._peaks.append((height, leaf_hash))
        self.size += 1

    def root(self) -> str:
        """The tree head over all leaves so far, in hex."""
        if not self._peaks:
            return EMPTY_ROOT
        head = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            head = node(peak, head)
        return head.hex()


def root_of(lines: Iterable[bytes]) -> str:
    """The tree head over lines without their newlines, in hex."""
    frontier = Frontier()
    for line in lines:
        frontier.add(leaf(line))
    return frontier.root()
