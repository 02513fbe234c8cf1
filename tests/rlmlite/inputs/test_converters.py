"""Documents that are not text: PDF, DOCX and HTML are converted, and the others are refused with the reason."""

import hashlib
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, TooLargeError
from rlmlite_kernel.values.inputs import Derivation
from tests.rlmlite.inputs.input_files import docx_of, load_plain, notes_text, pdf_of, zip_of

HTML = """<!DOCTYPE html><html><head><title>T</title><style>p { color: red }</style><script>alert(1)</script></head>
<body><h1>Report</h1><p>Two &lt;words&gt; and <b>bold</b> über alles.</p><ul><li>one</li><li>two</li></ul>
</body></html>"""


def test_a_pdf_is_its_text(tmp_path: Path) -> None:
    """Each page ends in a form feed; the trace has the converter and both digests."""
    path = pdf_of(tmp_path / "a.pdf", "First page", "", "Third page")

    found, text = load_plain(path)

    file = found.source.files[0]
    assert text == "First page\n\f\n\fThird page\n\f"
    assert file.original == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.source.recipe(file) == (Derivation("pypdf", version("pypdf")),)
    assert f"converted by pypdf {version('pypdf')}; positions refer to the new text" in notes_text(found)
    assert "pages without text (pictures, or blank) left out (page 2)" in notes_text(found)
    assert found.source.incomplete


def test_a_word_document_is_its_text(tmp_path: Path) -> None:
    """A DOCX becomes Markdown."""
    path = docx_of(tmp_path / "a.docx", "First paragraph, über.", "Second * paragraph")

    found, text = load_plain(path)

    assert text == "First paragraph, über.\n\nSecond * paragraph\n"
    (step,) = found.source.recipe(found.source.files[0])
    assert (step.by, step.version) == ("mammoth", f"{version('mammoth')}, markdownify {version('markdownify')}")


def test_html_is_text_as_it_stands(tmp_path: Path) -> None:
    """HTML is valid text, and may be meant as such."""
    (tmp_path / "a.html").write_text(HTML, "utf-8")

    found, text = load_plain(tmp_path / "a.html")

    assert (text, found.source.recipes) == (HTML, ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_html_is_converted_on_request(tmp_path: Path, encoding: str) -> None:
    """Scripts and styles are dropped; the page is decoded first, if necessary."""
    (tmp_path / "a.html").write_bytes(HTML.encode(encoding))

    found, text = load_plain(tmp_path / "a.html", Reading(html="text"))

    assert text.replace("T\n", "", 1).strip() == "# Report\n\nTwo <words> and **bold** über alles.\n\n* one\n* two"
    assert [step.by for step in found.source.recipes[0]] == ["decode"] * (encoding != "utf-8") + ["markdownify"]


def test_other_text_is_never_converted_as_html(tmp_path: Path) -> None:
    """The setting `html=text` changes only what looks like HTML."""
    (tmp_path / "a.txt").write_text("1 < 2 &amp; 3")

    assert load_plain(tmp_path / "a.txt", Reading(html="text"))[1] == "1 < 2 &amp; 3"


def test_documents_in_folders_and_archives_are_converted(tmp_path: Path) -> None:
    """Each file is converted as if it were alone."""
    make = tmp_path / "docs"
    make.mkdir()
    pdf_of(make / "a.pdf", "In the PDF")
    docx_of(make / "b.docx", "In the document")
    (make / "c.txt").write_text("plain")
    expected = {"a.pdf": "In the PDF\n\f", "b.docx": "In the document\n", "c.txt": "plain"}
    packed = zip_of(tmp_path / "a.zip", {path.name: path.read_bytes() for path in make.iterdir()})

    assert load_plain(make)[1] == expected
    assert load_plain(packed)[1] == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pdf", b"%PDF-1.4\n%%EOF\n", "not readable as pdf"),
        (
            "a.pdf",
            b"%PDF-1.7\n" + b"1 0 obj<</Kids[1 0 R]>>endobj " * 50 + b"trailer<</Root 1 0 R>>",
            "not readable as pdf",
        ),
        ("a.docx", b"PK\x03\x04 nothing", "damaged"),
        ("a.html", b"<html>" + b"<div>" * 30_000, "not readable as html"),
    ],
)
def test_what_cannot_be_converted_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """Whatever a library raises, the user gets the reason, and a folder is read without the file."""
    (tmp_path / name).write_bytes(content)
    (tmp_path / "z.txt").write_text("z")

    with pytest.raises(InputError, match=rf"{name} is {message}"):
        load_plain(tmp_path / name, Reading(html="text"))
    found, texts = load_plain(tmp_path, Reading(html="text"))
    assert texts == {"z.txt": "z"}
    assert found.source.skipped[0][1].startswith(message)


def test_a_document_without_text_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """A scanned page is a picture."""
    with pytest.raises(InputError, match=r"without text \(a scanned PDF\?\); run text recognition first: ocrmypdf"):
        load_plain(pdf_of(tmp_path / "a.pdf", "", ""))


def test_a_document_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    """A DOCX is a zip, and its declared size is checked before it is converted."""
    docx_of(tmp_path / "a.docx", "x")
    path = zip_of(tmp_path / "b.docx", {"word/document.xml": b" " * 70_000_000})

    with pytest.raises(TooLargeError, match="limit max_ratio"):
        load_plain(path)


@pytest.mark.parametrize(("name", "module"), [("a.pdf", "pypdf"), ("a.docx", "mammoth"), ("a.html", "markdownify")])
def test_without_the_extra_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str
) -> None:
    """The message says what to install."""
    {"a.pdf": pdf_of, "a.docx": docx_of}.get(name, lambda path, text: path.write_text("<html>"))(tmp_path / name, "x")
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(InputError, match=r"pip install 'rlmlite\[documents\]'"):
        load_plain(tmp_path / name, Reading(html="text"))
