"""Zips and tars that lie: no member is written anywhere, none is larger than it may be, and none ends the process."""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from backports import zstd

from rlmlite.inputs import Reading
from tests.guard.files.hostile import flipped, outcome
from tests.rlmlite.inputs.input_files import load_plain

TIGHT = Reading(max_seconds=2, max_worker_bytes=200_000_000, max_bytes=100_000_000, max_members=2_000)


def zip_bytes(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip; names may repeat."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return packed.getvalue()


def tar_bytes(*members: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of headers, some with content."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        for member in members:
            info, content = member if isinstance(member, tuple) else (member, b"")
            info.size = info.size or len(content)
            archive.addfile(info, io.BytesIO(content.ljust(info.size, b"\0")) if content else None)
    return packed.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    """A header."""
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def overlapping() -> bytes:
    """A zip whose directory names one packed member a thousand times."""
    whole = zip_bytes(("a" * 8, b"\0" * 1_000_000))
    start = whole.index(b"PK\x01\x02")
    end = whole.index(b"PK\x05\x06")
    record = whole[start:end]
    records = b"".join(record.replace(b"a" * 8, f"{number:08}".encode()) for number in range(1_000))
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1_000, 1_000, len(records), start, 0)
    return whole[:start].replace(b"a" * 8, b"00000000") + records + tail


def with_size(packed: bytes, size: int) -> bytes:
    """A zip whose directory says that its member has another size."""
    place = packed.index(b"PK\x01\x02") + 24
    return packed[:place] + struct.pack("<L", size) + packed[place + 4 :]


def sparse() -> bytes:
    """A tar of one sparse file: ten kilobytes that say they are eight gigabytes of zeros."""
    header = bytearray(tar_bytes(entry("sparse", tarfile.GNUTYPE_SPARSE), form=tarfile.GNU_FORMAT)[:512])
    header[124:136] = b"%011o\0" % 0
    header[483:495] = b"%011o\0" % (8 << 30)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1_024)


def nested_gzip(depth: int) -> bytes:
    """A text packed so often."""
    content = b"\0" * 1_000_000
    for _ in range(depth):
        content = gzip.compress(content)
    return content


ZIPS: dict[str, Callable[[], bytes]] = {
    "a member of a gigabyte": lambda: zip_bytes(("a.txt", b"\0" * 200_000_000)),
    "overlapping members": overlapping,
    "many members": lambda: zip_bytes(*((f"{number}", b"") for number in range(5_000))),
    "a size that lies": lambda: with_size(zip_bytes(("a.txt", b"text")), 0xFFFFFFF0),
    "a size of nothing": lambda: with_size(zip_bytes(("a.txt", b"text" * 100)), 0),
    "a bomb in a bomb": lambda: zip_bytes(("a.gz", gzip.compress(gzip.compress(b"\0" * 150_000_000)))),
    "packed too often": lambda: zip_bytes(("a.gz", nested_gzip(9))),
    "a directory beyond the end": lambda: zip_bytes(("a", b"a"))[:-6] + struct.pack("<LH", 0xFFFFFF, 0),
    "many members announced": lambda: (
        zip_bytes(("a", b"a"))[:-14] + struct.pack("<2H2LH", 65_535, 65_535, 46, 30, 0)
    ),
    "a comment of comments": lambda: zip_bytes(("a", b"a")) + b"PK\x05\x06" * 20_000,
    "a method that nobody knows": lambda: zip_bytes(("a", b"a" * 100)).replace(b"\x08\x00", b"\x63\x00"),
    "LZMA with a dictionary of 4 GB": lambda: zip_bytes(("a", b"a" * 100), method=zipfile.ZIP_LZMA).replace(
        struct.pack("<BL", 0x5D, 8 << 20), struct.pack("<BL", 0x5D, 0xFFFFFFFF)
    ),
    "nothing at all": lambda: b"PK\x05\x06" + bytes(18),
}  # fmt: skip

TARS: dict[str, Callable[[], bytes]] = {
    "a sparse file of 8 GB": sparse,
    "a size of 8 GB": lambda: tar_bytes((entry("a"), b"text")).replace(b"%011o" % 4, b"77777777777"),
    "a size below zero": lambda: tar_bytes((entry("a"), b"text")).replace(b"%011o" % 4, b"-0000000004"),
    "a size in PAX that lies": lambda: tar_bytes((entry("a", pax_headers={"size": "99999999999"}), b"text")),
    "a PAX header of 60 MB": lambda: tar_bytes(entry("a", pax_headers={"comment": "x" * 60_000_000})),
    "many PAX headers": lambda: tar_bytes(entry("a", pax_headers={f"k{number}": "x" for number in range(50_000)})),
    "a long name of 20 MB": lambda: tar_bytes(entry("n" * 20_000_000), form=tarfile.GNU_FORMAT),
    "many members": lambda: tar_bytes(*(entry(str(number)) for number in range(5_000))),
    "devices": lambda: tar_bytes(entry("null", tarfile.CHRTYPE, devmajor=1, devminor=3), entry("d", tarfile.BLKTYPE)),
    "pipes": lambda: tar_bytes(entry("pipe", tarfile.FIFOTYPE)),
    "links outside": lambda: tar_bytes(
        entry("s", tarfile.SYMTYPE, linkname="/etc/passwd"), entry("h", tarfile.LNKTYPE, linkname="/etc/passwd")
    ),
    "a link to itself": lambda: tar_bytes(entry("a", tarfile.LNKTYPE, linkname="a")),
    "no end": lambda: tar_bytes((entry("a"), b"text"))[:700],
    "a type that nobody knows": lambda: tar_bytes(entry("a", b"Z")),
}  # fmt: skip


@pytest.mark.parametrize("name", ZIPS)
def test_a_hostile_zip_is_a_fault_or_its_members(tmp_path: Path, name: str) -> None:
    """Bombs of every sort stop at a limit; what lies about itself is damage."""
    path = tmp_path / "a.zip"
    path.write_bytes(ZIPS[name]())

    read = outcome(path, TIGHT)

    assert isinstance(read, str) or len(read) < 2_000_000


@pytest.mark.parametrize("packed", ["", "gz", "stream"])
@pytest.mark.parametrize("name", TARS)
def test_a_hostile_tar_is_a_fault_or_its_members(tmp_path: Path, name: str, packed: str) -> None:
    """On disk, compressed, and from a pipe that can be read once."""
    content = TARS[name]()
    path = tmp_path / "a.tar"
    writer = threading.Thread(target=lambda: None)
    if packed == "stream":
        os.mkfifo(path)
        writer = threading.Thread(target=_write, args=(path, content))
    else:
        path.write_bytes(gzip.compress(content, 1) if packed else content)
    writer.start()

    read = outcome(path, TIGHT)
    writer.join()

    assert isinstance(read, str) or len(read) < 2_000_000
    assert b"root:" not in (read if isinstance(read, bytes) else read.encode())


def _write(path: Path, content: bytes) -> None:
    # Whoever reads may have enough before the end.
    with suppress(BrokenPipeError):
        path.write_bytes(content)


EMPTY = {
    "gz": gzip.compress(b""),
    "bz2": bz2.compress(b""),
    "xz": lzma.compress(b""),
    "zst": zstd.compress(b""),
    "skipped.zst": b"\x50\x2a\x4d\x18" + bytes(4),
    "one.xz": lzma.compress(b"x"),
    "one.zst": zstd.compress(b"x"),
}


@pytest.mark.parametrize("suffix", EMPTY)
def test_empty_streams_in_a_row_end_in_time(tmp_path: Path, suffix: str) -> None:
    """A megabyte of them took seconds, for nothing: each makes a decompressor."""
    path = tmp_path / f"a.{suffix}"
    stream = EMPTY[suffix]
    first = b"" if suffix != "skipped.zst" else EMPTY["zst"]
    path.write_bytes(first + stream * (1_000_000 // len(stream)))
    begun = time.monotonic()

    read = outcome(path, TIGHT)

    assert isinstance(read, str) or len(read) < 100_000
    assert time.monotonic() - begun < 10


def test_streams_in_a_row_are_one_text(tmp_path: Path) -> None:
    """As `cat` makes them, some of them empty."""
    for suffix, pack in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zstd.compress)):
        path = tmp_path / f"a.{suffix}"
        path.write_bytes(b"".join(pack(text) for text in (b"one ", b"", b"two " * 100_000)) * 50)
        assert outcome(path) == (b"one " + b"two " * 100_000) * 50


NAMES = [
    "../../up.txt",
    "/etc/passwd",
    "a/../../b",
    "a\0b",
    "..",
    "a//b",
    "./././a",
    "C:\\x",
    "a" * 5_000,
    "\x1b[2J",
    "é" * 3_000,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_label_and_nothing_else(tmp_path: Path, name: str) -> None:
    """Nothing is written under it, however it is spelled; one that no file could have is left out."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.zip").write_bytes(zip_bytes((name, b"text"), ("good.txt", b"good")))
    (inside / "a.tar").write_bytes(tar_bytes((entry(name.replace("\0", "")), b"text"), (entry("good.txt"), b"good")))

    for path in ("a.zip", "a.tar"):
        found, texts = load_plain(inside / path)
        assert texts["good.txt"] == "good"
        assert all(len(label) < 5_000 for label in texts)
        assert len(name) < 3_000 or found.source.skipped[0][1] == "its name is too long"
    assert sorted(os.listdir(tmp_path)) == ["inside"]
    assert sorted(os.listdir(inside)) == ["a.tar", "a.zip"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_mutants_are_faults_or_members(tmp_path: Path, kind: str) -> None:
    """Bits flipped anywhere."""
    members = [(f"{number}.txt", f"text {number}\n".encode() * 50) for number in range(5)]
    content = zip_bytes(*members) if kind == "zip" else tar_bytes(*((entry(name), text) for name, text in members))
    for number, changed in enumerate(flipped(content, range(15), flips=5, start=6)):
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(changed)
        read = outcome(path, TIGHT)
        assert isinstance(read, str) or len(read) < 10_000
