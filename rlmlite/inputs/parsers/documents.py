"""Documents that a library converts to text: PDF, DOCX, HTML, mail. A job for a worker.

The libraries are the extra `documents`. They parse what strangers wrote and fail in many ways, so whatever they raise
means only that this document is unreadable: it is refused or skipped, and never breaks the run.
"""

import email
import email.policy
import io
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import msgspec

from rlmlite.errors.unreadable import UnreadableError, import_extra
from rlmlite.guard.worker.child import Assignment
from rlmlite.inputs.parsers.damage import DAMAGE
from rlmlite_traces.errors import words_of

EXTRA = "documents"

_PIECE = 1_000_000
"""Characters of a block: at most 4 bytes each, so that a block is one frame and no character straddles two."""

_LONGEST_NAME = 60
"""Characters of a name in a sentence about what is left out."""

_NO_ESCAPES = {"escape_asterisks": False, "escape_underscores": False, "escape_misc": False}
"""Words stay as they are, because a quote must be found as it was written: `snake_case`, not `snake\\_case`."""


class Unreadable(msgspec.Struct, frozen=True, tag=True):
    """A message: why the document has no text. The fields are those of `UnreadableError`."""

    reason: str
    detail: str
    remedy: str


class LeftOut(msgspec.Struct, frozen=True, tag=True):
    """A message, after the text: what it lacks of the document, in the plural, such as `comments`.

    `where` are the places, as far as known. `is_loss`: it had words.
    """

    what: str
    count: int
    where: str = ""
    is_loss: bool = True


class Declared(msgspec.Struct, frozen=True, tag=True):
    """A message, sent before the conversion: how many bytes the document says that it unpacks to."""

    size: int


def convert_document(assignment: Assignment) -> Iterator[Any]:
    """The text of a document as blocks of UTF-8, and before or instead of them the messages above.

    argument: the kind, as in `_CONVERSIONS`. files: the document.
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
    without_text: list[int] = []
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text()
        if not text.strip():
            without_text.append(number)
        yield from _to_utf8(text.rstrip("\n") + "\n\f")
    if len(without_text) == len(reader.pages):
        raise UnreadableError("without text", "a scanned PDF?", "run text recognition first: ocrmypdf")
    yield from _left_out_of_pdf(reader, without_text)


def _left_out_of_pdf(reader: Any, without_text: Sequence[int]) -> Iterator[LeftOut]:
    """What the pages of a PDF show that their text lacks."""
    # A blank page is not told from a scanned one: both may be what the reader looks for.
    if without_text:
        yield LeftOut("pages without text (pictures, or blank)", len(without_text), f"page {_listed(without_text)}")
    filled = [name for name, field in (reader.get_fields() or {}).items() if field.get("/V") not in (None, "", "/Off")]
    if filled:
        yield LeftOut("form values", len(filled), _listed(filled))
    notes = [
        number
        for number, page in enumerate(reader.pages, 1)
        for note in page.get("/Annots") or ()
        if note.get_object().get("/Contents")
    ]
    if notes:
        yield LeftOut("annotations", len(notes), f"page {_listed(sorted(set(notes)))}")
    files = list(reader.attachments)
    if files:
        yield LeftOut("attached files", len(files), _listed(files))


_MOST_NAMED = 10
"""Names or numbers that one sentence lists."""


def _listed(items: Sequence[object]) -> str:
    more = ", ..." if len(items) > _MOST_NAMED else ""
    return ", ".join(str(item)[:_LONGEST_NAME] for item in items[:_MOST_NAMED]) + more


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
    yield from _markdown(_parse_html(html.value))
    yield from _left_out_of_docx(whole)


_DOCX_PARTS = (
    (r"word/header\d*\.xml", b"<w:t[ >]", "page headers"),
    (r"word/footer\d*\.xml", b"<w:t[ >]", "page footers"),
    (r"word/comments\.xml", b"<w:comment ", "comments"),
    (r"word/document\.xml", b"<m:oMath[ >]", "equations"),
    (r"word/document\.xml", b"<w:del[ >]", "deleted passages"),
    (r"word/document\.xml", b"<c:chart[ >]", "charts"),
    (r"word/document\.xml", b"<(?:pic:pic|v:imagedata)[ >]", "pictures"),
    (r"word/embeddings/.+", b"", "embedded files"),
)
"""What a part of a DOCX holds that is not converted: the part's name, what it is counted by, and what it is called.

Headers and footers are counted once a part, since each is made of many runs of text.
"""

_ONCE_A_PART = frozenset({"page headers", "page footers", "embedded files"})
_NO_WORDS = frozenset({"pictures", "charts", "drawings", "frames"})
"""What has no words of its own: it is said, and the text counts as whole."""


def _left_out_of_docx(file: BinaryIO) -> Iterator[LeftOut]:
    """What a DOCX has besides the text of its body."""
    counts: Counter[str] = Counter()
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            wanted = [(sign, what) for part, sign, what in _DOCX_PARTS if re.fullmatch(part, name)]
            content = archive.read(name) if wanted else b""
            for sign, what in wanted:
                number = len(re.findall(sign, content))
                counts[what] += min(1, number) if what in _ONCE_A_PART else number
    yield from _left_out(counts)


def _left_out(counts: Counter[str]) -> Iterator[LeftOut]:
    for what, number in counts.items():
        if number:
            yield LeftOut(what, number, is_loss=what not in _NO_WORDS)


def _declared_zip_size(file: BinaryIO) -> int:
    try:
        archive = zipfile.ZipFile(file)
        return sum(info.file_size for info in archive.infolist())
    # A `RuntimeError` is a password or a way of packing that is not supported.
    except (zipfile.BadZipFile, RuntimeError, *DAMAGE) as error:
        raise UnreadableError("damaged", f"zip: {words_of(error)}") from None


def _html(file: BinaryIO) -> Iterator[Any]:
    page = _parse_html(file.read().decode())
    # Looked at first: making Markdown takes the page apart.
    counts = _count_left_out(page)
    yield from _markdown(page)
    yield from _left_out(counts)


_EMBEDDED = {"iframe": "frames", "object": "embedded objects", "embed": "embedded objects", "canvas": "drawings"}


def _count_left_out(page: Any) -> Counter[str]:
    """What a page has besides its text."""
    counts = Counter(_EMBEDDED[tag.name] for tag in page(list(_EMBEDDED)))
    # A value that a reader of the page sees in its field, and that is no text of the page.
    counts["form values"] = sum(
        1 for tag in page("input") if tag.get("value") and tag.get("type") not in _UNSEEN_FIELDS
    )
    return counts


_UNSEEN_FIELDS = ("hidden", "submit", "button", "reset", "image")


def _mail(file: BinaryIO) -> Iterator[Any]:
    """Each message: its headers, a blank line, its text. A mailbox has several, each begun by a line `From `."""
    whole = file.read()
    # Of the lines that begin with `From ` in a mailbox nothing is left.
    messages = _MESSAGE_START.split(whole)[1:] if whole.startswith(b"From ") else [whole]
    attachments: list[str] = []
    for number, content in enumerate(messages):
        message = email.message_from_bytes(content, policy=email.policy.default)
        yield from _to_utf8(("\n" if number else "") + "\n".join(_message_lines(message, attachments)) + "\n")
    if attachments:
        yield LeftOut("attachments", len(attachments), _listed(attachments))


_MESSAGE_START = re.compile(rb"^From .*\n?", re.MULTILINE)
_MAIL_HEADERS = ("From", "To", "Cc", "Date", "Subject")


def _message_lines(message: Any, attachments: list[str]) -> Iterator[str]:
    for name in _MAIL_HEADERS:
        for value in message.get_all(name, ()):
            yield f"{name}: {' '.join(str(value).split())}"
    yield ""
    body = message.get_body(("plain", "html"))
    if body is not None:
        text = _part_text(body)
        if body.get_content_subtype() == "html":
            text = b"".join(_markdown(_parse_html(text))).decode("utf-8", "surrogatepass")
        yield text.rstrip("\n")
    for part in _other_parts(message, body):
        name = part.get_filename() or "without a name"
        size = len(part.get_payload(decode=True) or bytes(part))
        attachments.append(name)
        yield f"[attachment {name}, {part.get_content_type()}, {size:,} bytes]"


def _other_parts(message: Any, body: Any) -> Iterator[Any]:
    """The parts that hold content and are not the body, nor another form of it; a mail within the mail is one part."""
    if message.get_content_type() == "message/rfc822":
        yield message
    elif message.is_multipart():
        is_of_body = message.get_content_type() == "multipart/alternative"
        for part in message.iter_parts():
            if not is_of_body or part.is_multipart() or part.get_content_maintype() != "text":
                yield from _other_parts(part, body)
            elif part.get_content_subtype() not in ("plain", "html"):
                yield part
    elif message is not body:
        yield message


def _part_text(part: Any) -> str:
    """The text of a part, whatever it says of its encoding. Bytes that are no text are counted by `TextReader`."""
    raw: bytes = part.get_payload(decode=True) or b""
    try:
        return raw.decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeError):
        return raw.decode("utf-8", "surrogateescape")


def _parse_html(html: str) -> Any:
    # Python's own parser: lxml and html5lib, where installed, would give another text on another machine.
    return import_extra("bs4", EXTRA).BeautifulSoup(html, "html.parser")


def _markdown(page: Any) -> Iterator[bytes]:
    markdownify = import_extra("markdownify", EXTRA)
    # They hold text that no reader of the page sees.
    for invisible in page(["script", "style", "template", "noscript"]):
        invisible.decompose()
    converter: Any = markdownify.MarkdownConverter(heading_style="ATX", **_NO_ESCAPES)
    text: str = converter.convert_soup(page)
    yield from _to_utf8(text.strip() + "\n")


def _to_utf8(text: str) -> Iterator[bytes]:
    """The bytes of a text. Half a surrogate pair passes here, as a byte that is no text does that a mail has.

    `TextReader` replaces and counts them.
    """
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        try:
            yield piece.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            yield piece.encode("utf-8", "surrogatepass")


_CONVERSIONS = {"pdf": _pdf, "docx": _docx, "html": _html, "mail": _mail}
"""The conversion of each kind."""
