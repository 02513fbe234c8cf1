"""Documents that a library converts to text: PDF, DOCX, HTML. A job for a worker.

The libraries are the extra `documents`. They parse what strangers wrote and fail in many ways, so whatever they raise
means only that this document is unreadable: it is refused or skipped, and never breaks the run.
"""

import io
import os
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from rlmlite.errors.unreadable import UnreadableError, import_extra
from rlmlite.guard.worker.child import Assignment
from rlmlite.inputs.parsers.damage import DAMAGE
from rlmlite_traces.errors import words_of

EXTRA = "documents"

_PIECE = 1_000_000
"""Characters of a block: at most 4 bytes each, so that a block is one frame and no character straddles two."""

_NO_ESCAPES = {"escape_asterisks": False, "escape_underscores": False, "escape_misc": False}
"""Words stay as they are, because a quote must be found as it was written: `snake_case`, not `snake\\_case`."""


class Unreadable(msgspec.Struct, frozen=True, tag=True):
    """A message: why the document has no text. The fields are those of `UnreadableError`."""

    reason: str
    detail: str
    remedy: str


class Declared(msgspec.Struct, frozen=True, tag=True):
    """A message, sent before the conversion: how many bytes the document says that it unpacks to."""

    size: int


def convert_document(assignment: Assignment) -> Iterator[Any]:
    """The text of a document as blocks of UTF-8, and before or instead of them the messages above.

    argument: the kind, `pdf`, `docx` or `html`. files: the document.
    """
    kind: str = assignment.argument
    with os.fdopen(assignment.files[0], "rb") as file:
        try:
            yield from _CONVERSIONS[kind](file)
        except UnreadableError as error:
            yield Unreadable(error.reason, error.detail, error.remedy)


def _pdf(file: BinaryIO) -> Iterator[Any]:
    """Page by page, each followed by a form feed, as pdftotext does."""
    pypdf = import_extra("pypdf", EXTRA)
    reader = pypdf.PdfReader(file)
    # An empty password opens documents that only restrict printing or copying.
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableError("encrypted", "pdf", "remove its password first: qpdf --decrypt")
    # A scanned document has pages without text. Some such pages among others are normal, a whole file of them is not.
    has_text = False
    for page in reader.pages:
        text = page.extract_text()
        has_text = has_text or bool(text.strip())
        yield from _to_utf8(text.rstrip("\n") + "\n\f")
    if not has_text:
        raise UnreadableError("without text", "a scanned PDF?", "run text recognition first: ocrmypdf")


def _docx(file: BinaryIO) -> Iterator[Any]:
    """To HTML first, without the pictures, then to Markdown."""
    mammoth = import_extra("mammoth", EXTRA)
    # mammoth unpacks by itself, out of sight of any meter, so a bomb must be found before.
    yield Declared(_declared_zip_size(file))
    # In memory, because mammoth asks an open file for its name, to find what lies beside it.
    file.seek(0)
    whole = io.BytesIO(file.read())
    # Pictures would come as base64 within the text, and be most of it.
    html = mammoth.convert_to_html(whole, convert_image=lambda *_: [])
    yield from _markdown(html.value)


def _declared_zip_size(file: BinaryIO) -> int:
    try:
        archive = zipfile.ZipFile(file)
        return sum(info.file_size for info in archive.infolist())
    # A `RuntimeError` is a password or a way of packing that is not supported.
    except (zipfile.BadZipFile, RuntimeError, *DAMAGE) as error:
        raise UnreadableError("damaged", f"zip: {words_of(error)}") from None


def _html(file: BinaryIO) -> Iterator[bytes]:
    yield from _markdown(file.read().decode())


def _markdown(html: str) -> Iterator[bytes]:
    markdownify = import_extra("markdownify", EXTRA)
    # Python's own parser: lxml and html5lib, where installed, would give another text on another machine.
    soup = import_extra("bs4", EXTRA).BeautifulSoup(html, "html.parser")
    # They hold text that no reader of the page sees.
    for invisible in soup(["script", "style", "template", "noscript"]):
        invisible.decompose()
    converter: Any = markdownify.MarkdownConverter(heading_style="ATX", **_NO_ESCAPES)
    text: str = converter.convert_soup(soup)
    yield from _to_utf8(text.strip() + "\n")


def _to_utf8(text: str) -> Iterator[bytes]:
    """The bytes of a text. Half a surrogate pair passes here; `TextReader` replaces and counts it."""
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE].encode("utf-8", "surrogatepass")


_CONVERSIONS = {"pdf": _pdf, "docx": _docx, "html": _html}
"""The conversion of each kind."""
