"""Documents that are no text, made text by a library: PDF, DOCX, HTML. Positions are then those of the new text.

The libraries are the extra `documents`. They read what strangers wrote, and fail in many ways: whatever they raise
means that the document is left out, or refused, never that a run breaks.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Any

import msgspec

from rlmlite.inputs.formats.archives import zip_sizes
from rlmlite.inputs.formats.reading import Allowance, TooLargeError
from rlmlite.inputs.formats.streams import ContentFile
from rlmlite.inputs.formats.unfit import UnfitError, needed
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation

EXTRA = "documents"


class Converter(msgspec.Struct, frozen=True):
    """The library that converts a kind, others that it stands on, and what is done with them."""

    library: str
    others: tuple[str, ...]
    blocks: Callable[[Content, Allowance], Iterator[bytes]]

    @property
    def step(self) -> Derivation:
        """As a step of a recipe. Raises `UnfitError` if a library is not there."""
        for module in (self.library, *self.others):
            needed(module, EXTRA)
        versions = [version(self.library), *(f"{name} {version(name)}" for name in self.others)]
        return Derivation(self.library, ", ".join(versions))


def converted(kind: str, content: Content, allowance: Allowance) -> Iterator[bytes]:
    """The text of a document, in blocks. Raises `UnfitError`, and `TooLargeError` for a bomb."""
    blocks = CONVERTERS[kind].blocks(content, allowance)
    while True:
        try:
            block = next(blocks)
        except StopIteration:
            return
        except (UnfitError, TooLargeError, MemoryError):
            raise
        except Exception as error:  # any: see above
            raise UnfitError(f"not readable as {kind}", f"{type(error).__name__}: {error}") from None
        yield block


def _pdf(content: Content, allowance: Allowance) -> Iterator[bytes]:
    """Page after page, each with a form feed behind it, as pdftotext does."""
    pypdf = needed("pypdf", EXTRA)
    reader = pypdf.PdfReader(io.BufferedReader(ContentFile(content)))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnfitError("encrypted", "pdf", "take its password away first: qpdf --decrypt")
    seen = False
    for page in reader.pages:
        text = page.extract_text()
        seen = seen or bool(text.strip())
        yield _encoded(text.rstrip("\n") + "\n\f")
    if not seen:
        raise UnfitError("without text", "a PDF of pictures?", "recognise its text first: ocrmypdf")


def _docx(content: Content, allowance: Allowance) -> Iterator[bytes]:
    """As HTML first, without its pictures, then as Markdown."""
    mammoth = needed("mammoth", EXTRA)
    allowance.check_ratio(zip_sizes(content), len(content))
    found = mammoth.convert_to_html(io.BufferedReader(ContentFile(content)), convert_image=lambda *_: [])
    yield _markdown(found.value)


def _html(content: Content, allowance: Allowance) -> Iterator[bytes]:
    yield _markdown(bytes(content).decode())


def _markdown(html: str) -> bytes:
    markdownify = needed("markdownify", EXTRA)
    soup = needed("bs4", EXTRA).BeautifulSoup(html, "html.parser")
    for unseen in soup(["script", "style", "template", "noscript"]):
        unseen.decompose()
    converter: Any = markdownify.MarkdownConverter(heading_style="ATX", **_AS_WRITTEN)
    text: str = converter.convert_soup(soup)
    return _encoded(text.strip() + "\n")


_AS_WRITTEN = {"escape_asterisks": False, "escape_underscores": False, "escape_misc": False}
"""Words stay as they are: a quote must be found as it was written."""


def _encoded(text: str) -> bytes:
    """UTF-8; half a surrogate pair is replaced, and counted, after this."""
    return text.encode("utf-8", "surrogatepass")


CONVERTERS: Mapping[str, Converter] = {
    "pdf": Converter("pypdf", (), _pdf),
    "docx": Converter("mammoth", ("markdownify",), _docx),
    "html": Converter("markdownify", (), _html),
}
"""Who converts each kind."""
