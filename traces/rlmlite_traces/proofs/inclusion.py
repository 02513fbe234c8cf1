"""Inclusion proofs (RFC 9162, section 2.1.3): one line is among those that a tree head commits to.

    head = h( h( h(a,b), h(c,d) ), e )        the path of c: [d, h(a,b), e]
    head' = h( h( h(a,b), h(c,d) ), e )       computed from c and its path, left and right by the place of c

A path shows that a line is in the tree, at this place. It does not show how many lines there are: a tree of five and
one of six have paths of one shape. Whoever wants the size proves the last line too, which says its own place.
"""

from collections.abc import Sequence

from rlmlite_kernel.records.merkle import leaf, node, root_of


def make_path(lines: Sequence[bytes], place: int) -> tuple[str, ...]:
    """The hashes, in hex, by which the head over `lines` follows from the line at `place`; the nearest first."""
    if len(lines) == 1:
        return ()
    split = _left_size(len(lines))
    if place < split:
        return (*make_path(lines[:split], place), root_of(lines[split:]))
    return (*make_path(lines[split:], place - split), root_of(lines[:split]))


def head_by_path(line: bytes, place: int, size: int, path: Sequence[str]) -> str | None:
    """The head of a tree of `size` lines in which `line` is at `place`; None for a path that fits no such tree."""
    if not 0 <= place < size:
        return None
    lefts = _turns(place, size)
    if len(lefts) != len(path):
        return None
    head = leaf(line)
    for is_left, sibling in zip(lefts, path, strict=True):
        try:
            other = bytes.fromhex(sibling)
        except ValueError:
            return None
        if other.hex() != sibling or len(other) != len(head):
            return None
        head = node(head, other) if is_left else node(other, head)
    return head.hex()


def _turns(place: int, size: int) -> list[bool]:
    """On each level, from the leaf up, whether the path comes from the left."""
    turns: list[bool] = []
    while size > 1:
        split = _left_size(size)
        is_left = place < split
        turns.append(is_left)
        place, size = (place, split) if is_left else (place - split, size - split)
    return turns[::-1]


def _left_size(size: int) -> int:
    """Lines in the left part of a tree: the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
