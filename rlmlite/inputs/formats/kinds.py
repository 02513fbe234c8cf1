"""The kinds of files, in one table: how each is recognised, and what is done with it.

A kind is told by the first bytes, never by the name alone, except where the bytes say nothing (an old tar, HTML). What
no row names is text.
Rows of data (JSONL, CSV, Parquet, databases) are not here: `rows` is the one place where a path leads to their reader.
"""

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from rlmlite.inputs.formats.reading import Allowance, Reading
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs

Way: TypeAlias = Literal["unpack", "members", "convert"]


class Kind(msgspec.Struct, frozen=True):
    """A kind: its name in recipes, what is done with it, by what it is known, and the extra that it needs."""

    name: str
    way: Way
    known_by: str
    is_it: Callable[[bytes, str], bool]
    extra: str = ""


def _magic(*magics: bytes) -> Callable[[bytes, str], bool]:
    return lambda head, name: head.startswith(magics)


def _is_tar(head: bytes, name: str) -> bool:
    if head[257:262] == b"ustar":
        return True
    return name.endswith(".tar") and len(head) >= 512 and _checksum(head[:512]) == head[148:156].strip(b" \0")


def _checksum(header: bytes) -> bytes:
    """What an old tar has instead of a magic: the sum of its header's bytes, in octal."""
    return b"%06o" % (sum(header[:148]) + 8 * ord(" ") + sum(header[156:]))


_HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


def _is_html(head: bytes, name: str) -> bool:
    return name.endswith((".html", ".htm", ".xhtml")) or _HTML.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


_ZIP = _magic(b"PK\x03\x04", b"PK\x05\x06")

KINDS: tuple[Kind, ...] = (
    Kind("gzip", "unpack", "bytes 1f 8b 08", _magic(b"\x1f\x8b\x08")),
    Kind(
        "bzip2",
        "unpack",
        "`BZh` and a block",
        lambda head, _: re.match(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", head) is not None,
    ),
    Kind("xz", "unpack", "bytes fd 37 7a 58 5a 00", _magic(b"\xfd7zXZ\0")),
    Kind("zstd", "unpack", "bytes 28 b5 2f fd", _magic(b"\x28\xb5\x2f\xfd"), "zstd"),
    Kind(
        "docx",
        "convert",
        "`.docx`, and a zip",
        lambda head, name: name.endswith(".docx") and _ZIP(head, name),
        "documents",
    ),
    Kind("zip", "members", "`PK` and 03 04 or 05 06", _ZIP),
    Kind("tar", "members", "`ustar` at byte 257, or `.tar` and a checksum", _is_tar),
    Kind("pdf", "convert", "`%PDF-`", _magic(b"%PDF-"), "documents"),
)
"""In this order; the first that fits is it."""

HTML = Kind(
    "html", "convert", "`.html`, `.htm`, `<!doctype html`, `<html`; with `html=text` only", _is_html, "documents"
)
"""Asked for, never taken: HTML is text as it stands, and may be meant so."""


def kind_of(head: bytes, name: str) -> Kind | None:
    """The kind of a file by its first bytes and its name; `None` is text, or nothing that is known."""
    lower = name.lower()
    return next((kind for kind in KINDS if kind.is_it(head, lower)), None)


def is_html(head: bytes, name: str) -> bool:
    """Whether a text is HTML."""
    return _is_html(head, name.lower())


def rows(path: str, blobs: FileBlobs, reading: Reading) -> Input | None:
    """The input that a reader of rows makes of a file or a query; `None` if it is not for it."""
    from rlmlite.inputs.tables import from_table

    return from_table(path, blobs, reading.encoding, lambda blocks: Allowance(path, reading).blocks(blocks, "table"))


def frame(value: object, blobs: FileBlobs) -> Input | None:
    """The input that a data frame is; `None` for what is none."""
    from rlmlite.inputs.tables import from_frame

    return from_frame(value, blobs)
