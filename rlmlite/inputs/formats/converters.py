"""Documents that a library converts to text: PDF, DOCX, HTML. Positions then refer to the new text.

The libraries are the extra `documents`. They parse what strangers wrote and fail in many ways, so whatever they raise
means only that this document is unreadable: it is refused or skipped, and never breaks the run.

The version of each library is part of the recipe: another version may produce another text, and a replay must be able
to say why.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from rlmlite.inputs.formats.reading import ReadingLimits, TooLargeError
from rlmlite.inputs.formats.streams import ContentFile
from rlmlite.inputs.formats.unreadable import UnreadableError, import_extra
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation

EXTRA = "documents"


class Converter(msgspec.Struct, frozen=True):
    """The library that converts a kind, the other libraries that it relies on, and the conversion itself."""

    library: str
    others: tuple[str, ...]
    blocks: Callable[[Content, ReadingLimits], Iterator[bytes]]

    @property
    def step(self) -> Derivation:
        """The step of a recipe, with the versions. Raises `UnreadableError` if a library is not installed."""
        for module in (self.library, *self.others):
            import_extra(module, EXTRA)
        from importlib.metadata import version

        versions = [version(self.library)]
        versions += [f"{name} {version(name)}" for name in self.others]
        return Derivation(self.library, ", ".join(versions))


def convert(kind: str, content: Content, limits: ReadingLimits) -> Iterator[bytes]:
    """The text of a document, in blocks. Raises `UnreadableError`, and `TooLargeError` for a decompression bomb."""
    blocks = CONVERTERS[kind].blocks(content, limits)
    while True:
        try:
            block = next(blocks)
        except StopIteration:
            return
        except (UnreadableError, TooLargeError, MemoryError):
            raise
        # Whatever it is: see the module.
        except Exception as error:
            raise UnreadableError(f"not readable as {kind}", f"{type(error).__name__}: {error}") from None
        # Outside the `try`: an exception of the consumer is not the converter's.
        yield block


def _pdf(content: Content, limits: ReadingLimits) -> Iterator[bytes]:
    """Page by page, each followed by a form feed, as pdftotext does."""
    pypdf = import_extra("pypdf", EXTRA)
    # pypdf seeks to the cross-reference table at the end, so it gets a file object over the whole content.
    reader = pypdf.PdfReader(io.BufferedReader(ContentFile(content)))
    # An empty password opens documents that only restrict printing or copying.
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableError("encrypted", "pdf", "remove its password first: qpdf --decrypt")
    # A scanned document has pages without text. Some such pages among others are normal, a whole file of them is not.
    has_text = False
    for page in reader.pages:
        text = page.extract_text()
        has_text = has_text or bool(text.strip())
        yield _to_utf8(text.rstrip("\n") + "\n\f")
    if not has_text:
        raise UnreadableError("without text", "a scanned PDF?", "run text recognition first: ocrmypdf")


def _docx(content: Content, limits: ReadingLimits) -> Iterator[bytes]:
    """To HTML first, without the pictures, then to Markdown."""
    mammoth = import_extra("mammoth", EXTRA)
    from rlmlite.inputs.formats.archives import declared_zip_size

    # mammoth unpacks by itself, out of sight of any meter, so a bomb must be found before.
    limits.check_ratio(declared_zip_size(content), len(content))
    # Pictures would come as base64 within the text, and be most of it.
    file = io.BufferedReader(ContentFile(content))
    html = mammoth.convert_to_html(file, convert_image=lambda *_: [])
    yield _markdown(html.value)


def _html(content: Content, limits: ReadingLimits) -> Iterator[bytes]:
    yield _markdown(bytes(content).decode())


def _markdown(html: str) -> bytes:
    markdownify = import_extra("markdownify", EXTRA)
    # Python's own parser: lxml and html5lib, where installed, would give another text on another machine.
    soup = import_extra("bs4", EXTRA).BeautifulSoup(html, "html.parser")
    # They hold text that no reader of the page sees.
    for invisible in soup(["script", "style", "template", "noscript"]):
        invisible.decompose()
    converter: Any = markdownify.MarkdownConverter(heading_style="ATX", **_NO_ESCAPES)
    text: str = converter.convert_soup(soup)
    return _to_utf8(text.strip() + "\n")


_NO_ESCAPES = {"escape_asterisks": False, "escape_underscores": False, "escape_misc": False}
"""Words stay as they are, because a quote must be found as it was written: `snake_case`, not `snake\\_case`."""


def _to_utf8(text: str) -> bytes:
    """The bytes of a text. Half a surrogate pair passes here; `TextReader` replaces and counts it."""
    return text.encode("utf-8", "surrogatepass")


CONVERTERS: Mapping[str, Converter] = {
    "pdf": Converter("pypdf", (), _pdf),
    "docx": Converter("mammoth", ("markdownify",), _docx),
    "html": Converter("markdownify", (), _html),
}
"""The converter of each kind."""
