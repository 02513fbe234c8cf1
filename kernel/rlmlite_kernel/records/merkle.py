"""RFC 6962 hashing: one hash per line serves the chain and the tree."""

import hashlib
from collections.abc import Iterable

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()


def leaf(line: bytes) -> bytes:
    """The leaf hash of one record line, without its newline."""
    return hashlib.sha256(b"\x00" + line).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree head that grows one leaf at a time in O(log n) memory."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []  # (height, hash), heights strictly falling
        self.size = 0

    def add(self, leaf_hash: bytes) -> None:
        """Append one leaf."""
        height = 0
        while self._peaks and self._peaks[-1][0] == height:
            leaf_hash = node(self._peaks.pop()[1], leaf_hash)
            height += 1
        self._peaks.append((height, leaf_hash))
        self.size += 1

    def root(self) -> str:
        """The tree head in hex."""
        if not self._peaks:
            return EMPTY_ROOT
        head = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            head = node(peak, head)
        return head.hex()


def root_of(lines: Iterable[bytes]) -> str:
    """The tree head over lines, in hex."""
    frontier = Frontier()
    for line in lines:
        frontier.add(leaf(line))
    return frontier.root()
