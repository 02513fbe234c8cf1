"""Tars in a row, as `cat a.tar b.tar` makes them, taken apart in this process: what the worker does."""

import io

import pytest

from rlmlite.inputs.parsers.archives import tar_members
from tests.rlmlite.inputs.archives.test_nested_archives import tarred

BLOCK = b"\0" * 512


@pytest.mark.parametrize("padding", [b"", BLOCK, BLOCK * 50])
def test_what_follows_an_end_mark_is_a_tar_too(padding: bytes) -> None:
    """However many empty blocks lie between them; an empty tar in the row changes nothing."""
    parts = [tarred((f"{name}.txt", name.encode())) for name in "abc"]
    joined = padding.join([parts[0], tarred(), *parts[1:]])

    found = {member.path: b"".join(member.blocks()) for member in tar_members(io.BytesIO(joined))}

    assert found == {"a.txt": b"a", "b.txt": b"b", "c.txt": b"c"}
