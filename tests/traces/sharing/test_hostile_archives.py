"""An archive is as `pack` writes it, to the last byte, or it is refused: typed, soon, and in little memory."""

import io
import os
import resource
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_traces import PackBrokenError, PackEncryptedError, TraceError, TraceMissingError, unpack, verify
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.sharing.packing.parts import read_whole
from tests.sizes import scale
from tests.traces.sharing.archives import packed_golden, write_archive

NAME = "tools"


def contents() -> dict[str, bytes]:
    """The files of an honest trace."""
    with zipfile.ZipFile(io.BytesIO(packed_golden(NAME))) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def zipped(change: Callable[[zipfile.ZipFile], None] = lambda file: None, **options: int) -> bytes:
    """The same trace in a zip that Python's zipfile writes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as file:  # type: ignore[call-overload]
        for name, content in contents().items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = options.get("compression", zipfile.ZIP_STORED)
            info.external_attr, info.create_system = 0o100600 << 16, 3
            file.writestr(info, content)
        change(file)
    return buffer.getvalue()


def spliced(at: bytes, text: bytes, offset: int = 0, nth: int = 0) -> bytes:
    """The honest archive with other bytes beside the nth place where `at` stands."""
    data, place = packed_golden(NAME), -1
    for _ in range(nth + 1):
        place = data.index(at, place + 1)
    return data[: place + offset] + text + data[place + offset + len(text) :]


def with_end(**fields: int) -> bytes:
    """The honest archive with other numbers in its end."""
    data = packed_golden(NAME)
    names = ["disk", "start", "here", "count", "size", "offset", "comment"]
    values = dict(zip(names, struct.unpack("<4H2IH", data[-18:]), strict=True)) | fields
    return data[:-18] + struct.pack("<4H2IH", *values.values())


def comment(file: zipfile.ZipFile) -> None:
    file.comment = b"hello"


def crc_of(name: str) -> bytes:
    """The CRC-32 of a file, as headers have it."""
    return struct.pack("<I", zlib.crc32(contents()[name]))


LOCAL, CENTRAL = b"PK\3\4", b"PK\1\2"

HOSTILE: dict[str, Callable[[], bytes]] = {
    "deflated": lambda: zipped(compression=zipfile.ZIP_DEFLATED),
    "bzip2": lambda: zipped(compression=zipfile.ZIP_BZIP2),
    "a comment": lambda: zipped(comment),
    "a comment in the end record": lambda: with_end(comment=5) + b"hello",
    "bytes behind it": lambda: packed_golden(NAME) + b"\0",
    "a second archive behind it": lambda: packed_golden(NAME) * 2,
    "bytes before it": lambda: b"#!/bin/sh\n" + packed_golden(NAME),
    "encrypted, as the local header says": lambda: spliced(LOCAL, b"\1", 6),
    "encrypted, as the directory says": lambda: spliced(CENTRAL, b"\1", 8),
    "sizes behind the content": lambda: spliced(LOCAL, b"\x08", 6),
    "names in UTF-8": lambda: spliced(CENTRAL, b"\x00\x08", 8),
    "another method": lambda: spliced(CENTRAL, b"\x08\x00", 10),
    "another day": lambda: spliced(LOCAL, b"\x22", 12),
    "a link": lambda: spliced(CENTRAL, struct.pack("<I", (stat.S_IFLNK | 0o777) << 16), 38),
    "a folder": lambda: spliced(CENTRAL, struct.pack("<I", (stat.S_IFDIR | 0o700) << 16 | 16), 38),
    "a name that the headers disagree on": lambda: spliced(b"trace.jsonl", b"trace.jsonk", nth=1),
    "another CRC in the directory": lambda: spliced(CENTRAL, b"\0\0\0\0", 16),
    "another CRC in both headers": lambda: packed_golden(NAME).replace(crc_of("trace.jsonl"), b"\1\2\3\4"),
    "contents that overlap": lambda: spliced(CENTRAL, b"\0\0\0\0", 42, nth=1),
    "more entries than there are": lambda: with_end(count=60_000, here=60_000),
    "fewer entries than there are": lambda: with_end(count=1, here=1),
    "a directory outside": lambda: with_end(offset=0xFFFFFFF0),
    "a directory of all the file": lambda: with_end(offset=0, size=len(packed_golden(NAME)) - 22),
    "zip64 without need": lambda: with_end(count=0xFFFF, here=0xFFFF),
    "two disks": lambda: with_end(disk=1, start=1),
    "cut": lambda: packed_golden(NAME)[:-1],
    "no entry": lambda: b"PK\5\6" + bytes(18),
    "only a beginning": lambda: b"PK\3\4",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_another_program_would_accept_is_refused(tmp_path: Path, case: str) -> None:
    """Every trick of zip files, each of which some reader accepts, is no packed trace."""
    file = tmp_path / "a.rlmz"
    file.write_bytes(HOSTILE[case]())

    with pytest.raises((PackBrokenError, TraceMissingError)):
        unpack(file, tmp_path / "a.rlm")
    with pytest.raises((PackBrokenError, TraceMissingError)):
        verify(file)
    assert os.listdir(tmp_path) == ["a.rlmz"]


NAMES = [
    "../trace.jsonl",
    "/etc/passwd",
    "a/../../b",
    "./x",
    "nested//x",
    "blobs/",
    "a\\b",
    "C:x",
    "trace.jsonl\0.txt",
    "träce",
    "a" * 501,
    "/".join("a" * 60),
    "run.key",
    "origin",
    "store",
    "lock",
    "journal.jsonl",
    "notes.txt",
    "blobs/xyz",
    f"blobs/{'0' * 64}",
    f"inputs/{'0' * 64}",
    f"nested/{'0' * 32}.rlm/trace.jsonl",
    "nested/x/trace.jsonl",
    "trace.jsonl/x",
    f"blobs/{'0' * 64}/x",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_trace_has_is_refused(tmp_path: Path, name: str) -> None:
    """No name leads out of the folder, and none is brought along that is not a part of the trace."""
    file = write_archive(tmp_path / "a.rlmz", contents() | {name: b"x"})

    with pytest.raises(TraceError):
        unpack(file, tmp_path / "a.rlm")
    assert os.listdir(tmp_path) == ["a.rlmz"]


@pytest.mark.parametrize("order", [["b", "a"], ["a", "a"]])
def test_names_have_one_order_and_none_is_there_twice(tmp_path: Path, order: list[str]) -> None:
    """So that two archives of one trace cannot differ, and no reader takes the other of two contents."""
    data = write_archive(tmp_path / "a", dict.fromkeys(["a", "b"], b"x")).read_bytes()
    one, two = (name.encode() for name in order)
    (tmp_path / "a").write_bytes(_renamed(data, one, two))

    with pytest.raises(PackBrokenError, match="a name after the one before it"):
        Folder.open(tmp_path / "a")


def _renamed(data: bytes, one: bytes, two: bytes) -> bytes:
    """An archive of `a` and `b` with other names of one letter, in both headers."""
    locals_ = [at for at in range(len(data)) if data[at : at + 4] == LOCAL]
    centrals = [at for at in range(len(data)) if data[at : at + 4] == CENTRAL]
    changed = bytearray(data)
    for at, name in zip(locals_, (one, two), strict=True):
        changed[at + 30 : at + 31] = name
    for at, name in zip(centrals, (one, two), strict=True):
        changed[at + 46 : at + 47] = name
    return bytes(changed)


def test_an_encrypted_file_says_so(tmp_path: Path) -> None:
    """Not that it is broken."""
    (tmp_path / "a.rlmz").write_bytes(b"age-encryption.org/v1\n-> X25519 abc\n")

    with pytest.raises(PackEncryptedError, match="--identity"):
        verify(tmp_path / "a.rlmz")


@pytest.mark.parametrize("content", [b"", b"{}", b"P", b"\x7fELF"])
def test_a_file_of_another_kind_is_no_trace(tmp_path: Path, content: bytes) -> None:
    """It is said to be neither a folder nor a packed trace."""
    (tmp_path / "a.rlmz").write_bytes(content)

    with pytest.raises(TraceMissingError, match="neither a folder nor a packed trace"):
        verify(tmp_path / "a.rlmz")


EDITS = st.tuples(st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=40))


@settings(max_examples=scale(40), deadline=None)
@given(edits=st.lists(EDITS, min_size=1, max_size=3))
def test_no_edit_goes_unnoticed(edits: list[tuple[int, int, bytes]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is replaced, taken out or put in: it is refused by a typed error, or it is the same file."""
    data = packed_golden(NAME)
    for at, size, text in edits:
        at %= len(data) + 1
        data = data[:at] + text + data[at + size :]
    file = tmp_path_factory.getbasetemp() / "edited.rlmz"
    file.write_bytes(data)

    try:
        read_whole(file)
    except TraceError:
        return
    assert data == packed_golden(NAME)


PARTS = st.sampled_from(
    [LOCAL, CENTRAL, b"PK\5\6", b"PK\6\6", b"PK\6\7", b"\0\0", b"\xff\xff\xff\xff", b"trace.jsonl", b"../x", b"\1\0"]
)


@settings(max_examples=scale(40), deadline=None)
@given(data=st.lists(PARTS | st.binary(max_size=30), max_size=40).map(b"".join))
def test_pieces_of_zips_are_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Bytes that look like a zip in places end in a typed error."""
    file = tmp_path_factory.getbasetemp() / "pieces.rlmz"
    file.write_bytes(b"PK" + data)

    with pytest.raises(TraceError):
        read_whole(file)


@pytest.mark.slow
def test_every_byte_of_a_packed_trace_counts(tmp_path: Path) -> None:
    """Each byte changed, and every fifth taken out or doubled: 30,000 files, all refused."""
    whole, file = packed_golden("nested"), tmp_path / "a.rlmz"
    missed = []
    for at in range(len(whole)):
        for text in (bytes([whole[at] ^ 1]), b"", whole[at : at + 1] * 2)[: 1 if at % 5 else 3]:
            data = whole[:at] + text + whole[at + 1 :]
            file.write_bytes(data)
            try:
                read_whole(file)
            except TraceError:
                continue
            if data != whole:
                missed.append((at, text))

    assert missed == []


BOMBS = """
import sys
from pathlib import Path
from rlmlite_traces import TraceError, verify
try:
    verify(Path(sys.argv[1]))
except TraceError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("count", [1_000_000, pytest.param(0xFFFF_FFFF_FFFF, marks=pytest.mark.slow)])
def test_a_claim_of_many_entries_costs_nothing(tmp_path: Path, count: int) -> None:
    """A sparse file of 16 GB whose end claims a million entries, or any number, is refused in 200 MB."""
    size, offset = count * 46, 16 << 30
    end = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 0x32D, 45, 0, 0, count, count, size & (2**63 - 1), offset)
    end += struct.pack("<4sIQI", b"PK\6\7", 0, offset + size & (2**63 - 1), 1)
    end += struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, min(size, 2**32 - 1), 2**32 - 1, 0)
    with (tmp_path / "a.rlmz").open("wb") as file:
        file.write(LOCAL)
        file.seek(min(offset + size, 17 << 30))
        file.write(end)

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))

    done = subprocess.run(
        [sys.executable, "-c", BOMBS, tmp_path / "a.rlmz"],
        preexec_fn=bound,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.stdout.strip(), done.stderr) == ("PackBrokenError", "")
