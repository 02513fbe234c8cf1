"""What documents hold besides the text of their body is read, or said to be left out; other kinds are refused."""

import zipfile
from pathlib import Path

import pytest

import rlmlite
from rlmlite.errors import InputError
from rlmlite.inputs import Reading, notes
from tests.rlmlite.inputs.input_files import docx_of, load_plain, notes_text, pdf_of, zip_of

MAIL = b"""From: Ann <ann@example.org>\r
To: bob@example.org\r
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r
Date: Tue, 5 Mar 2024 10:00:00 +0100\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=B\r
\r
--B\r
Content-Type: text/html; charset=latin-1\r
Content-Transfer-Encoding: base64\r
\r
PHA+SGVsbG8gPGI+d/ZybGQ8L2I+PC9wPg==\r
--B\r
Content-Type: text/plain\r
Content-Disposition: attachment; filename=n.txt\r
\r
attached\r
--B--\r
"""
MAILBOX = b"""From a@b Tue Mar  5 10:11:12 2024
Subject: one

first body
>From is quoted

From c@d Tue Mar  5 10:11:13 2024
Subject: two

second body
"""


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def with_parts(path: Path, parts: dict[str, str]) -> Path:
    """A DOCX with more parts."""
    docx_of(path, "The body")
    with zipfile.ZipFile(path, "a") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_a_mail_is_its_headers_and_its_text(tmp_path: Path) -> None:
    """Headers are decoded, HTML becomes Markdown, an attachment is named and counts as lost."""
    (tmp_path / "a.eml").write_bytes(MAIL)
    found, text = load_plain(tmp_path / "a.eml")

    assert text == (
        "From: Ann <ann@example.org>\nTo: bob@example.org\nDate: Tue, 05 Mar 2024 10:00:00 +0100\nSubject: Grüße\n"
        "\nHello **wörld**\n[attachment n.txt, text/plain, 8 bytes]\n"
    )
    assert "attachments left out (n.txt)" in notes_text(found)
    assert found.source.incomplete


def test_what_a_stream_lacks_is_said_as_of_a_file(tmp_path: Path) -> None:
    """Bytes from standard input or from memory are no less incomplete than a file of them; their notes were dropped."""
    path = pdf_of(tmp_path / "a.pdf", "First page", "", "Third page")

    outcome = rlmlite.execute("final(1)", path.read_bytes(), trace=False)

    assert (outcome.status, outcome.reason) == ("partial", "input_incomplete")
    assert any("pages without text" in note.message for note in outcome.notes)


def test_a_mailbox_is_all_of_its_mails(tmp_path: Path) -> None:
    """Each message follows the one before; nothing is lost."""
    (tmp_path / "a.mbox").write_bytes(MAILBOX)
    found, text = load_plain(tmp_path / "a.mbox")

    assert text == "Subject: one\n\nfirst body\n>From is quoted\n\nSubject: two\n\nsecond body\n"
    assert not found.source.incomplete


def test_notes_that_look_like_no_mail_are_text(tmp_path: Path) -> None:
    """A file called `.eml` without a header is read as it stands."""
    (tmp_path / "a.eml").write_text("no header here\n")

    assert load_plain(tmp_path / "a.eml")[1] == "no header here\n"


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        ("word/header1.xml", "<w:hdr><w:t>Draft</w:t></w:hdr>", "page headers"),
        ("word/footer2.xml", "<w:ftr><w:t>Page</w:t></w:ftr>", "page footers"),
        ("word/comments.xml", f'<w:comments xmlns:w="{WORD}"><w:comment w:id="1"/></w:comments>', "comments"),
        ("word/embeddings/a.xlsx", "x", "embedded files"),
    ],
)
def test_what_a_word_document_has_beside_its_body_is_said(tmp_path: Path, part: str, content: str, said: str) -> None:
    """By kind and count, and the input counts as incomplete."""
    found, text = load_plain(with_parts(tmp_path / "a.docx", {part: content}))

    assert text == "The body\n"
    assert f"{said} left out" in notes_text(found)
    assert found.source.incomplete


def test_form_values_and_frames_of_a_page_are_said(tmp_path: Path) -> None:
    """What a reader of an HTML page sees in its fields is no text of it; a frame is another page."""
    page = '<html><body><p>Hi</p><input value="typed"><input type=hidden value=x><iframe src=y></iframe></body></html>'
    (tmp_path / "a.html").write_text(page)
    found, _ = load_plain(tmp_path / "a.html", Reading(html="text"))

    assert "frames left out" in notes_text(found)
    assert "form values left out" in notes_text(found)


@pytest.mark.parametrize(
    ("name", "content", "reason", "remedy"),
    [
        ("a.pptx", {"ppt/presentation.xml": b"<p/>"}, "an office document", "soffice --convert-to pdf"),
        ("a.odt", {"content.xml": b"<x/>"}, "an office document", "save it as"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Office file", "newer form"),
        ("a.db", b"SQLite format 3\0" + bytes(90), "an SQLite database", "sqlite:PATH"),
        ("rows.bin", bytes(8) + b"DUCK" + bytes(90), "a DuckDB database", "duckdb:PATH"),
        ("rows.dat", b"PAR1" + bytes(90), "a Parquet file", "parquet:PATH"),
        ("rows.dat", b"ARROW1" + bytes(90), "an Arrow file", "arrow:PATH"),
        ("a.rtf", b"{\\rtf1 hi}", "an RTF", "DOCX or HTML"),
    ],
)
def test_other_documents_are_refused_with_what_to_do(
    tmp_path: Path, name: str, content: bytes | dict[str, bytes], reason: str, remedy: str
) -> None:
    """Never read as the archive that they are packed in."""
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        zip_of(path, content)

    with pytest.raises(InputError, match=f"is {reason}.*; .*{remedy}"):
        load_plain(path)


def test_a_book_is_known_by_its_first_member(tmp_path: Path) -> None:
    """Under whatever name it comes."""
    with zipfile.ZipFile(tmp_path / "book", "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")

    with pytest.raises(InputError, match="is an office document"):
        load_plain(tmp_path / "book")


def test_json_says_what_reads_it(tmp_path: Path) -> None:
    """It is a text as it stands, and the note names the action."""
    (tmp_path / "a.json").write_text('{"a": 1}')
    found, text = load_plain(tmp_path / "a.json")

    assert text == '{"a": 1}'
    assert "json_parse(x) gives its values" in "\n".join(notes("x", found))


def test_in_a_folder_they_are_left_out_and_said(tmp_path: Path) -> None:
    """The others are read; what these hold is lost, so the input is incomplete."""
    folder = tmp_path / "docs"
    folder.mkdir()
    zip_of(folder / "a.xlsx", {"xl/workbook.xml": b"<x/>"})
    (folder / "b.txt").write_text("b")
    found, texts = load_plain(folder)

    assert texts == {"b.txt": "b"}
    assert "1 left out, a workbook: a.xlsx" in notes_text(found)
    assert found.source.incomplete


def test_pictures_are_no_lost_text(tmp_path: Path) -> None:
    """They are said, and the text counts as whole."""
    (tmp_path / "a.html").write_text("<html><body><p>Hi</p><canvas></canvas></body></html>")
    found, _ = load_plain(tmp_path / "a.html", Reading(html="text"))

    assert "drawings left out" in notes_text(found)
    assert not found.source.incomplete


@pytest.mark.parametrize(
    ("kind", "name"),
    [("application/pdf", "a.pdf"), ("message/rfc822", "without a name"), ("text/calendar", "without a name")],
)
def test_a_mail_of_something_else_than_text_says_so(tmp_path: Path, kind: str, name: str) -> None:
    """What is no body is named, wherever it stands: alone, beside the body, or as another form of it."""
    part = f"Content-Type: {kind}" + (f"; name={name}" if "." in name else "") + "\n\nSubject: x\n\nwords\n"
    parts = f"--B\nContent-Type: text/plain\n\nbody\n--B\n{part}--B--\n"
    (tmp_path / "alone.eml").write_text(f"Subject: s\n{part}")
    (tmp_path / "beside.eml").write_text(f"Subject: s\nContent-Type: multipart/mixed; boundary=B\n\n{parts}")
    (tmp_path / "form.eml").write_text(f"Subject: s\nContent-Type: multipart/alternative; boundary=B\n\n{parts}")

    for path in sorted(tmp_path.iterdir()):
        found, text = load_plain(path)
        assert f"[attachment {name}, {kind}, " in text or (kind.startswith("text/") and path.stem == "alone")
        assert ("body\n" in text) is (path.stem != "alone")
        assert found.source.incomplete or "[attachment" not in text


def test_bytes_of_a_mail_that_are_no_text_are_counted(tmp_path: Path) -> None:
    """Neither the encoding that the part names nor UTF-8 fits: they become U+FFFD, and it is said."""
    (tmp_path / "a.eml").write_bytes(b"Subject: s\nContent-Type: text/plain; charset=nonsense\n\ncaf\xe9\n")
    found, text = load_plain(tmp_path / "a.eml")

    assert text == "Subject: s\n\ncaf\ufffd\n"
    assert "1 bad byte became U+FFFD" in notes_text(found)
