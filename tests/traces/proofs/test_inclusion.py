"""Inclusion proofs: RFC 9162, against a tree made by its own definition."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.records.merkle import root_of
from rlmlite_traces.proofs.inclusion import head_by_path, make_path

SIZES = st.integers(1, 40)


def lines_of(size: int) -> list[bytes]:
    return [b"line %d" % number for number in range(size)]


@settings(max_examples=25, deadline=None)
@given(SIZES, st.data())
def test_a_path_leads_from_a_line_to_the_head(size: int, data: st.DataObject) -> None:
    """Of every place in trees of every size."""
    lines = lines_of(size)
    place = data.draw(st.integers(0, size - 1))

    assert head_by_path(lines[place], place, size, make_path(lines, place)) == root_of(lines)


def test_a_path_is_the_one_of_the_rfc() -> None:
    """The example of RFC 9162, section 2.1.5: seven lines, and the path of the fourth."""
    lines = lines_of(7)
    leaves = [hashlib.sha256(b"\0" + line).digest() for line in lines]

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\1" + left + right).digest()

    left = node(leaves[0], leaves[1])
    right = node(node(leaves[4], leaves[5]), leaves[6])

    assert make_path(lines, 3) == (leaves[2].hex(), left.hex(), right.hex())


@settings(max_examples=25, deadline=None)
@given(SIZES, st.data())
def test_anything_else_does_not(size: int, data: st.DataObject) -> None:
    """Another line, another place, a hash altered, left out or added, or in other digits."""
    lines = lines_of(size)
    place = data.draw(st.integers(0, size - 1))
    path, head = make_path(lines, place), root_of(lines)
    others = [
        head_by_path(b"another", place, size, path),
        head_by_path(lines[place], place + 1, size, path),
        head_by_path(lines[place], -1, size, path),
        head_by_path(lines[place], place, size, (*path, path[0] if path else head)),
    ]
    for at, digest in enumerate(path):
        flipped = ("0" if digest[0] != "0" else "1") + digest[1:]
        others += [
            head_by_path(lines[place], place, size, (*path[:at], changed, *path[at + 1 :]))
            for changed in (flipped, digest[:-2], digest + "00", f"{digest[:-1]} ", "no hex")
        ]
        others.append(head_by_path(lines[place], place, size, path[:at] + path[at + 1 :]))

    assert head not in others
