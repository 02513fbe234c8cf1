"""PDF, DOCX and HTML that are bombs, nests and mutants: a fault of the file within its limits, or its text."""

import io
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, from_path
from rlmlite.inputs.formats.kinds import is_html
from rlmlite.inputs.formats.reading import MAX_STOPPED
from rlmlite_traces import FileBlobs
from tests.guard.files.hostile import SOON, flipped, outcome
from tests.rlmlite.inputs.input_files import docx_of, load_plain, pdf_of
from tests.sizes import with_the_rest_slow

TEXT = Reading(html="text", max_seconds=2, max_worker_bytes=256 * 1024**2, max_bytes=64 * 1024**2)


def pdf_with(objects: str, stream: bytes = b"", extra: str = "", root: str = "1 0 R") -> bytes:
    """A PDF of these objects, without a table of where they are: readers then search for them."""
    filtered = f"9 0 obj<</Length {len(stream)}{extra}>>stream\n".encode() + stream + b"\nendstream endobj\n"
    return b"%PDF-1.7\n" + objects.encode() + filtered + f"trailer<</Root {root}/Size 99>>\n%%EOF\n".encode()


PAGE = "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
ONE_PAGE = PAGE + "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 9 0 R/Resources<<>>>>endobj "

PDFS: dict[str, Callable[[], bytes]] = {
    "a stream that unpacks to 100 MB": lambda: pdf_with(
        ONE_PAGE, zlib.compress(b"q " * 50_000_000), "/Filter/FlateDecode"
    ),
    "a stream packed four times": lambda: pdf_with(
        ONE_PAGE,
        zlib.compress(zlib.compress(zlib.compress(zlib.compress(b"0 " * 20_000_000)))),
        "/Filter[/FlateDecode/FlateDecode/FlateDecode/FlateDecode]",
    ),
    "a thousand filters": lambda: pdf_with(ONE_PAGE, b"x", f"/Filter[{'/ASCIIHexDecode' * 1000}]"),
    "a run of lengths": lambda: pdf_with(ONE_PAGE, b"\x81 " * 1_000_000, "/Filter/RunLengthDecode"),
    "pages that hold themselves": lambda: pdf_with(
        "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>endobj "
    ),
    "a million pages announced": lambda: pdf_with(PAGE.replace("/Count 1", "/Count 1000000000")),
    "a page that is its own parent": lambda: pdf_with(PAGE + "3 0 obj<</Type/Page/Parent 3 0 R>>endobj "),
    "a reference to itself": lambda: pdf_with("1 0 obj 1 0 R endobj "),
    "a ring of references": lambda: pdf_with("1 0 obj 2 0 R endobj 2 0 obj 3 0 R endobj 3 0 obj 1 0 R endobj "),
    "arrays in arrays": lambda: pdf_with("1 0 obj" + "[" * 200_000 + "]" * 200_000 + "endobj "),
    "dictionaries in dictionaries": lambda: pdf_with("1 0 obj" + "<</a" * 50_000 + "endobj "),
    "brackets in a text": lambda: pdf_with(ONE_PAGE, b"BT " + b"(" * 500_000 + b" Tj ET"),
    "a length that lies": lambda: pdf_with(ONE_PAGE).replace(b"/Length 0", b"/Length 99999999999"),
    "a table of places that is a ring": lambda: (
        b"%PDF-1.4\nxref\n0 0\ntrailer<</Prev 9/Root 1 0 R/Size 1>>\nstartxref\n9\n%%EOF"
    ),
    "a form that draws itself": lambda: pdf_with(
        ONE_PAGE.replace("<<>>", "<</XObject<</F 9 0 R>>>>"), b"/F Do", "/Type/XObject/Subtype/Form"
    ),
    "encrypted with nonsense": lambda: pdf_with(
        ONE_PAGE, root="1 0 R/Encrypt<</Filter/Standard/V 4/R 4/O(x)/U(x)/P 1>>"
    ),
    "a picture of 10^10 points": lambda: pdf_with(
        ONE_PAGE, b"BI /W 100000 /H 100000 /CS /RGB /BPC 8 ID x EI", "/Type/XObject/Subtype/Image"
    ),
    "a font that maps everything": lambda: pdf_with(
        ONE_PAGE.replace("<<>>", "<</Font<</F1<</Type/Font/Subtype/Type0/ToUnicode 9 0 R>>>>>>"),
        b"1 beginbfrange <0000> <ffffffff> <0000> endbfrange " * 100,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PDFS)
def test_a_hostile_pdf_ends_in_time(tmp_path: Path, name: str) -> None:
    """Whatever it does to its parser, this process goes on, within a few seconds and with its own memory."""
    path = tmp_path / "a.pdf"
    path.write_bytes(PDFS[name]())
    begun = time.monotonic()

    read = outcome(path, TEXT)

    assert isinstance(read, bytes) or "a.pdf" in read
    assert time.monotonic() - begun < 30


def test_mutants_of_a_pdf_are_faults_or_texts(tmp_path: Path) -> None:
    """Bits flipped anywhere."""
    content = pdf_of(tmp_path / "good.pdf", "First page", "Second page").read_bytes()
    for number, changed in enumerate(flipped(content, range(12), flips=6)):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(b"%PDF-" + changed[5:])
        outcome(path)


def docx_with(document: str, **parts: str) -> bytes:
    """A Word document with this main part, and others beside it."""
    path = io.BytesIO()
    space = "http://schemas.openxmlformats.org"
    listed = {
        "_rels/.rels": f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{space}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": document,
        **parts,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in listed.items():
            archive.writestr(name, text)
    return path.getvalue()


BODY = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))

DOCXS: dict[str, Callable[[], bytes]] = {
    "many paragraphs": lambda: docx_with(BODY.format("<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 300_000)),
    "many runs": lambda: docx_with(BODY.format(f"<w:p>{'<w:r><w:t>x</w:t></w:r>' * 300_000}</w:p>")),
    "a deep nest": lambda: docx_with(BODY.format("<w:p>" * 100_000 + "</w:p>" * 100_000)),
    "tables in tables": lambda: docx_with(
        BODY.format("<w:tbl><w:tr><w:tc>" * 2_000 + "</w:tc></w:tr></w:tbl>" * 2_000)
    ),
    "entities of entities": lambda: docx_with(f'<!DOCTYPE d [<!ENTITY e0 "x">{ENTITIES}]>' + BODY.format("&e9;")),
    "an entity that is a file": lambda: docx_with(
        '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + BODY.format("<w:p><w:r><w:t>&e;</w:t></w:r></w:p>")
    ),
    "an attribute of 50 MB": lambda: docx_with(BODY.format(f'<w:p w:a="{"x" * 50_000_000}"/>')),
    "a part that is missing": lambda: docx_with("").replace(b"word/document", b"word/documens"),
    "no XML": lambda: docx_with("\0" * 1_000),
    "XML that ends early": lambda: docx_with(BODY.format("")[:-5]),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", with_the_rest_slow(DOCXS, sorted(DOCXS.keys() - {"many paragraphs", "many runs", "an attribute of 50 MB"}))
)
def test_a_hostile_docx_ends_in_time(tmp_path: Path, name: str) -> None:
    """60 KB took a minute and 1.5 GB of this process."""
    path = tmp_path / "a.docx"
    path.write_bytes(DOCXS[name]())
    begun = time.monotonic()

    read = outcome(path, TEXT)

    assert isinstance(read, bytes) or "a.docx" in read
    assert b"root:" not in (read if isinstance(read, bytes) else read.encode())
    assert time.monotonic() - begun < 30


HTMLS: dict[str, str] = {
    "elements without end": "<html>" + "<b><i>" * 100_000,
    "lists in lists": "<html>" + "<ul><li>" * 5_000,
    "a table of tables": "<html>" + "<table><tr><td>" * 3_000,
    "attributes": f"<html><p {'a=b ' * 200_000}>x</p>",
    "half of references": "<html>" + "&#x" * 300_000,
    "signs": "<html>" + "<" * 200_000,
    "declarations": "<html>" + "<![CDATA[" * 10_000,
    "breaks": "<html><p>" + "<br>" * 50_000,
    "white space": "<html><p>" + " \n" * 300_000 + "x</p>",
    "quotes": "<html><pre>" + "`" * 200_000,
    "comments without end": "<html>" + "<!--" * 100_000,
    "stars": "<html><b>" + "*" * 300_000 + "</b>",
}


@pytest.mark.parametrize("name", with_the_rest_slow(HTMLS, sorted(HTMLS.keys() - {"elements without end", "breaks"})))
def test_a_hostile_page_ends_in_time(tmp_path: Path, name: str) -> None:
    """With `html=text`: parsed and converted in a worker, or refused."""
    path = tmp_path / "a.html"
    path.write_text(HTMLS[name])
    begun = time.monotonic()

    read = outcome(path, TEXT)

    assert isinstance(read, bytes) or "a.html" in read
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "head",
    [
        b"<!-- a -->" * 28 + b"x",
        b"<!-- a -->" * 800 + b"x",
        b"<!--" + b"-->" * 2_700 + b"x",
        b" " * 4_000 + b"<!--" + b"--> " * 1_000,
        b"<!--" + b"--> \n" * 1_600,
        b"<!doctype" + b" " * 8_000,
    ],
)
def test_whether_it_is_html_is_seen_at_once(head: bytes) -> None:
    """28 comments took 52 seconds, in this process: each could end at any later mark of an end."""
    begun = time.monotonic()

    assert not is_html(head[:8192], "a.txt")
    assert time.monotonic() - begun < 0.5


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<html>", True),
        (b"<!-- a --><!-- b -->\n<HTML lang=de>", True),
        (b"\xef\xbb\xbf  <!doctype  html>", True),
        (b"<!-- a > --> <body>", True),
        (b"<!-- a <html>", False),
        (b"<htmlx>", False),
        (b"text <html>", False),
    ],
)
def test_what_is_html_is_what_it_was(head: bytes, expected: bool) -> None:
    """Comments may stand before the first element, and nothing else may."""
    assert is_html(head, "a.txt") is expected


def test_a_folder_is_read_without_its_bombs(tmp_path: Path) -> None:
    """What a document did to its parser is the reason why it was left out; the others are read."""
    (tmp_path / "bomb.docx").write_bytes(DOCXS["many paragraphs"]())
    docx_of(tmp_path / "good.docx", "good")
    pdf_of(tmp_path / "good.pdf", "page")

    found, texts = load_plain(tmp_path, Reading(max_seconds=1))

    assert texts == {"good.docx": "good\n", "good.pdf": "page\n\f"}
    ((path, reason),) = found.source.skipped
    assert path == "bomb.docx"
    assert reason.startswith("not readable as docx: the parser took more than 1 seconds, the limit max_seconds")


def test_a_folder_of_bombs_is_refused(tmp_path: Path) -> None:
    """Each may take as long as a parser may, so after a few of them the input is refused."""
    (tmp_path / "z.txt").write_text("z")
    bomb = docx_with(BODY.format("<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 60_000))
    for number in range(MAX_STOPPED - 1):
        (tmp_path / f"{number}.docx").write_bytes(bomb)
    little = Reading(max_worker_bytes=10_000_000)

    assert load_plain(tmp_path, little)[1] == {"z.txt": "z"}
    (tmp_path / "one more.docx").write_bytes(bomb)
    with pytest.raises(InputError, match=r"4 files of .* took more time or memory than a parser may"):
        from_path(str(tmp_path), FileBlobs(), little)


def test_an_honest_document_is_within_the_limits(tmp_path: Path) -> None:
    """Under the defaults, and under the limits of these tests."""
    path = pdf_of(tmp_path / "a.pdf", *(f"page {number}" for number in range(30)))

    assert outcome(path) == outcome(path, Reading())
    assert SOON.max_seconds < Reading().max_seconds
