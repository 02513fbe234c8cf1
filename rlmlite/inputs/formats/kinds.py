"""The kinds of files in one table: how each is recognised, and how it becomes text.

A kind is recognised by the first bytes, never by the name alone, except where bytes cannot tell (an old tar, a DOCX
among zips, HTML). A file that matches no row is text, or unknown: `text_reader` then decides by its bytes.

Not here: rows of data (JSONL, CSV, Parquet, databases), which `rlmlite.inputs.tables` recognises by the path.
"""

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

Way: TypeAlias = Literal["unpack", "members", "convert", "refuse"]
"""How a kind becomes text: one stream unpacked, an archive's members each, a conversion by a library, or not at all."""


class FileKind(msgspec.Struct, frozen=True):
    """A kind of file: its name in recipes, how it becomes text, how it is known (for people), and the extra it needs.

    `matches` gets the first bytes (`HEAD` at most) and the lower-case name. `remedy` is what to do with a kind that is
    refused, whose name is said as it is: "a workbook".
    """

    name: str
    way: Way
    known_by: str
    matches: Callable[[bytes, str], bool]
    extra: str = ""
    remedy: str = ""


def _starts_with(*magics: bytes) -> Callable[[bytes, str], bool]:
    return lambda head, name: head.startswith(magics)


def _is_bzip2(head: bytes, name: str) -> bool:
    # The magic `BZh` alone could begin a text. A block header (or the end, of an empty file) must follow.
    return re.match(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", head) is not None


_is_zip = _starts_with(b"PK\x03\x04", b"PK\x05\x06")


def _is_docx(head: bytes, name: str) -> bool:
    return name.endswith(".docx") and _is_zip(head, name)


_is_ole = _starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""The container of Office files before 2007, and of Outlook messages."""


def _is_workbook(head: bytes, name: str) -> bool:
    return name.endswith((".xlsx", ".xlsm", ".xlsb", ".ods", ".xls")) and (_is_zip(head, name) or _is_ole(head, name))


def _is_packed_document(head: bytes, name: str) -> bool:
    suffixes = (".pptx", ".pptm", ".ppsx", ".odt", ".odp", ".epub", ".docm", ".dotx", ".pages", ".key", ".numbers")
    # The first member of an OpenDocument file and of a book says what it is, under whatever name it comes.
    declared = head[30:38] == b"mimetype" and head[38:].startswith((b"application/vnd.oasis", b"application/epub"))
    return _is_zip(head, name) and (name.endswith(suffixes) or declared)


def _is_rtf(head: bytes, name: str) -> bool:
    return head.startswith(b"{\\rtf")


_MAIL_HEADER = re.compile(rb"(?:From |[!-9;-~]+:[ \t])[^\n]*\n")


def _is_mail(head: bytes, name: str) -> bool:
    return name.endswith((".eml", ".mbox")) and _MAIL_HEADER.match(head.lstrip(b"\xef\xbb\xbf\r\n")) is not None


def _is_tar(head: bytes, name: str) -> bool:
    # The magic of POSIX and GNU tars; its offset, within the first member's header, is why `HEAD` must exceed 512.
    if head[257:262] == b"ustar":
        return True
    # A tar from before 1988 has no magic. Its checksum alone would match a page of zeros, so the name must agree.
    if not name.endswith(".tar") or len(head) < 512:
        return False
    recorded_checksum = head[148:156].strip(b" \0")
    return _tar_checksum(head[:512]) == recorded_checksum


def _tar_checksum(header: bytes) -> bytes:
    """The checksum that an old tar has instead of a magic: the sum of its header's bytes, in octal.

    The checksum's own eight bytes count as spaces.
    """
    before, after = header[:148], header[156:]
    spaces = 8 * ord(" ")
    return b"%06o" % (sum(before) + spaces + sum(after))


_HTML_START = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


def _is_html(head: bytes, name: str) -> bool:
    if name.endswith((".html", ".htm", ".xhtml")):
        return True
    return _HTML_START.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


KINDS: tuple[FileKind, ...] = (
    FileKind("gzip", "unpack", "bytes 1f 8b 08", _starts_with(b"\x1f\x8b\x08")),
    FileKind("bzip2", "unpack", "`BZh` and a block", _is_bzip2),
    FileKind("xz", "unpack", "bytes fd 37 7a 58 5a 00", _starts_with(b"\xfd7zXZ\0")),
    FileKind("zstd", "unpack", "bytes 28 b5 2f fd", _starts_with(b"\x28\xb5\x2f\xfd"), "zstd"),
    FileKind("docx", "convert", "`.docx`, and a zip", _is_docx, "documents"),
    FileKind(
        "a workbook",
        "refuse",
        "`.xlsx` and its like, and a zip or an old Office file",
        _is_workbook,
        "tables",
        "give it as an input of its own: it is a table",
    ),
    FileKind(
        "an office document",
        "refuse",
        "`.pptx`, `.odt`, `.odp`, `.epub` and their like, and a zip",
        _is_packed_document,
        remedy="save it as PDF, DOCX or HTML first, such as by soffice --convert-to pdf",
    ),
    FileKind(
        "an old Office file",
        "refuse",
        "bytes d0 cf 11 e0 a1 b1 1a e1",
        _is_ole,
        remedy="save it in a newer form first (DOCX, XLSX, PDF; a message as .eml)",
    ),
    FileKind(
        "an SQLite database",
        "refuse",
        "`SQLite format 3`",
        _starts_with(b"SQLite format 3\0"),
        remedy="read a table of it: sqlite:PATH?table=NAME",
    ),
    FileKind(
        "a DuckDB database",
        "refuse",
        "`DUCK` at byte 8",
        lambda head, name: head[8:12] == b"DUCK",
        remedy="read a table of it: duckdb:PATH?table=NAME",
    ),
    FileKind("a Parquet file", "refuse", "`PAR1`", _starts_with(b"PAR1"), remedy="read it as a table: parquet:PATH"),
    FileKind("an Arrow file", "refuse", "`ARROW1`", _starts_with(b"ARROW1"), remedy="read it as a table: arrow:PATH"),
    FileKind("an RTF", "refuse", "`{\\rtf`", _is_rtf, remedy="save it as DOCX or HTML first"),
    FileKind("mail", "convert", "`.eml` or `.mbox`, and a header", _is_mail, "documents"),
    FileKind("zip", "members", "`PK` and 03 04 or 05 06", _is_zip),
    FileKind("tar", "members", "`ustar` at byte 257, or `.tar` and a checksum", _is_tar),
    FileKind("pdf", "convert", "`%PDF-`", _starts_with(b"%PDF-"), "documents"),
)
"""The first row that matches is the kind: `docx` stands before `zip`, since a DOCX is one."""

HTML = FileKind(
    "html", "convert", "`.html`, `.htm`, `<!doctype html`, `<html`; only with `html=text`", _is_html, "documents"
)
"""Not in `KINDS`: HTML is readable as it stands, and may be meant so. It is converted only on request."""


def detect_kind(head: bytes, name: str) -> FileKind | None:
    """The kind of a file by its first bytes and its name; None for text, or an unknown kind."""
    lower = name.lower()
    for kind in KINDS:
        if kind.matches(head, lower):
            return kind
    return None


def is_html(head: bytes, name: str) -> bool:
    """Whether a text is HTML."""
    return _is_html(head, name.lower())
