"""Archives with bytes changed: whatever is wrong with them is said as damage, and never as an error of a library."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite.errors.unreadable import BrokenArchiveError, UnreadableError
from rlmlite.inputs.parsers.archives import Member, tar_members, zip_members
from tests.rlmlite.inputs.input_files import load_plain, tar_of, zip_of

TEXT = b"some text " * 20
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
CHANGES = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=4)
"""Bytes to change: where (modulo the size) and to what."""


def changed(content: bytes, changes: list[tuple[int, int]]) -> bytearray:
    """The content with these bytes changed."""
    damaged = bytearray(content)
    for place, byte in changes:
        damaged[place % len(damaged)] = byte
    return damaged


def contents(members: Iterator[Member]) -> list[bytes]:
    """Every member that can be read."""
    found = []
    with suppress(BrokenArchiveError):
        for member in members:
            with suppress(UnreadableError):
                found.append(b"".join(member.blocks()))
    return found


@pytest.mark.parametrize("method", METHODS)
@given(changes=CHANGES)
def test_a_member_of_a_damaged_zip_is_read_whole_or_not_at_all(method: int, changes: list[tuple[int, int]]) -> None:
    """Each way of packing has errors of its own; so have names, offsets and sizes that make no sense."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("größe.txt", TEXT)

    assert contents(zip_members(io.BytesIO(changed(packed.getvalue(), changes)))) in ([], [TEXT])


def seal_header(tar: bytearray, place: int) -> None:
    """Make the checksum of a header right, so that what else is wrong with it is met."""
    tar[place + 148 : place + 156] = b" " * 8
    tar[place + 148 : place + 156] = b"%06o\0 " % sum(tar[place : place + 512])


@pytest.mark.parametrize("form", FORMS)
@given(changes=CHANGES, sealed=st.sets(st.integers(0, 5)))
def test_a_damaged_tar_is_read_or_refused(form: int, changes: list[tuple[int, int]], sealed: set[int]) -> None:
    """Its headers are numbers and names, in places as text."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        info = tarfile.TarInfo("größe" * 10)
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT))
    tar = changed(packed.getvalue(), changes)
    for block in sealed:
        seal_header(tar, 512 * block)

    # Contents have no checksum in a tar, so what is read may be damaged.
    assert len(contents(tar_members(io.BytesIO(tar)))) <= 6


def test_a_sparse_member_without_its_map_is_damage() -> None:
    """Its content begins with numbers as text, which `tarfile` reads with the header."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = len(TEXT)
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
        archive.addfile(info, io.BytesIO(TEXT))

    with pytest.raises(BrokenArchiveError, match=r"tar: "):
        list(tar_members(io.BytesIO(packed.getvalue())))


@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_a_member_without_a_name_is_left_out(tmp_path: Path, suffix: str) -> None:
    """Neither format forbids it. A name ends at a zero byte, in both."""
    members = {"n.txt": b"nameless", "a.txt": b"a"}
    path = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        zip_of(path, members)
        path.write_bytes(path.read_bytes().replace(b"n.txt", b"\0.txt"))
    else:
        tar_of(path, members)
        tar = bytearray(path.read_bytes())
        tar[0] = 0
        seal_header(tar, 0)
        path.write_bytes(tar)

    found, texts = load_plain(path)

    assert texts == {"a.txt": "a"}
    assert found.source.skipped == (("", "it has no name"),)


def test_a_damaged_member_is_left_out_and_the_others_are_read(tmp_path: Path) -> None:
    """Also where the damage is met in the middle of unpacking, by a decompressor with an error of its own."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", TEXT)
        archive.writestr("b.txt", TEXT[::-1])
    content = bytearray(path.read_bytes())
    begin = content.index(b"a.txt") + len("a.txt")
    content[begin + 12 : begin + 30] = bytes(18)
    path.write_bytes(content)

    found, texts = load_plain(path)

    assert texts == {"b.txt": TEXT[::-1].decode()}
    assert [name for name, reason in found.source.skipped if reason.startswith("damaged: zip: ")] == ["a.txt"]
