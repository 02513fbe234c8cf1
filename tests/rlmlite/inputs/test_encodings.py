"""Encodings: what is decoded, from what, how that was chosen, and that valid UTF-8 is left alone."""

import codecs
from pathlib import Path

import pytest

from rlmlite.inputs import Reading
from rlmlite.inputs.formats.encodings.choice import declared_encoding, wide_encoding
from rlmlite_kernel.values.inputs import Derivation
from tests.rlmlite.inputs.input_files import load_plain, notes_text

GERMAN = "Die Größe der Übung überrascht die Schüler; schöne Grüße aus Köln und München, fünf Äpfel für Jürgen.\n" * 20
FRENCH = (
    "Le café était fermé à cause de la grève des élèves. Où êtes-vous allés après Noël ? Ça dépend de l'été.\n" * 20
)
CURLY = "He said “hello” — it is a test… and 5 € more, “naïve” as that is.\n" * 20
RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей чаю. Ошибка соединения.\n" * 20
JAPANESE = "日本語のテキストです。エラーが発生しました。サーバーに接続できません。\n" * 20
CHINESE = "这是一个中文文本。连接服务器时发生错误。请检查网络设置。\n" * 20
DETECTED = [
    (GERMAN, "latin-1", "cp1252"),
    (FRENCH, "latin-1", "cp1252"),
    (CURLY, "cp1252", "cp1252"),
    (RUSSIAN, "cp1251", "cp1251"),
    (RUSSIAN, "koi8-r", "koi8-r"),
    (JAPANESE, "shift_jis", "cp932"),
    (JAPANESE, "euc-jp", "euc_jis_2004"),
    (CHINESE, "gb18030", "gb18030"),
    (
        "2024-01-01 INFO all is well\n" * 500
        + "2024-01-02 ERROR Datei nicht gefunden: Größe überschritten für Jürgen Müller\n",
        "latin-1",
        "cp1252",
    ),
]


@pytest.mark.parametrize(("text", "encoding", "name"), DETECTED)
def test_an_encoding_is_detected_and_recorded(tmp_path: Path, text: str, encoding: str, name: str) -> None:
    """The text is what was written; the trace has the encoding and how it was chosen."""
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))

    found, read = load_plain(tmp_path / "a.txt")

    ((step,),) = found.source.recipes
    assert read == text
    assert (step.by, step.how) == ("decode", name)
    assert step.why.startswith("charset-normalizer ")
    assert f"decoded from {name} (charset-normalizer" in notes_text(found)
    assert found.source.files[0].replaced == 0
    assert len(found.source.files[0].original) == 64


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-be", "utf-32-be"])
def test_a_byte_order_mark_decides_and_is_removed(tmp_path: Path, encoding: str) -> None:
    """That holds for any script, and for a text of one character."""
    mark = {"utf-16-be": codecs.BOM_UTF16_BE, "utf-32-be": codecs.BOM_UTF32_BE}.get(encoding, b"")
    for text in (JAPANESE, GERMAN, "x", ""):
        (tmp_path / "a.txt").write_bytes(mark + text.encode(encoding))

        found, read = load_plain(tmp_path / "a.txt")

        assert read == text
        assert found.source.recipes[0][0].why == "byte order mark"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text_without_a_mark_is_known_by_its_zeros(tmp_path: Path, encoding: str) -> None:
    """Logs of Windows are such texts."""
    (tmp_path / "a.txt").write_bytes(GERMAN.encode(encoding))

    found, read = load_plain(tmp_path / "a.txt")

    assert (read, found.source.recipes[0][0].how) == (GERMAN, encoding)


@pytest.mark.parametrize(
    "head", [b"\0", b"\0\0", b"a\0b", b"\0\1" * 40, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(90), b"a\0\0\0b" * 8]
)
def test_binary_content_is_not_wide_text(head: bytes) -> None:
    """Zeros alone do not make UTF-16."""
    assert wide_encoding(head) is None


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<?xml version='1.0' encoding='windows-1251'?>", "cp1251"),
        (b"<html><head><META http-equiv=x content='text/html; charset=Shift_JIS'>", "shift_jis"),
        (b'<meta charset="iso-8859-1">', "cp1252"),
        (b"<meta charset=utf-8>", None),
        (b"<meta charset=nonsense>", None),
        (b"<meta charset=hex>", None),
        (b"plain text, charset=cp1251", None),
        (b"10:02 opened <?xml version='1.0' encoding='Shift_JIS'?>", None),
        (b"<?xml version='1.0'?><log>opened <?xml encoding='Shift_JIS'?></log>", None),
        (b"10:02 sent <meta charset=Shift_JIS>", None),
        (b"<!-- <meta charset=Shift_JIS> --><meta charset=koi8-r>", "koi8-r"),
        (b"<html><head><title><meta charset=Shift_JIS></title></head>", None),
        (b"<html><head></head><body><meta charset=Shift_JIS>", None),
    ],
)
def test_markup_may_declare_its_encoding(head: bytes, name: str | None) -> None:
    """Latin-1 is read as cp1252, as browsers do."""
    assert declared_encoding(head) == name


def test_a_declaration_decides_where_detection_could_not(tmp_path: Path) -> None:
    """The text is too short to be guessed."""
    (tmp_path / "a.xml").write_bytes("<?xml version='1.0' encoding='koi8-r'?><a>да</a>".encode("koi8-r"))

    found, read = load_plain(tmp_path / "a.xml")

    assert read.endswith("<a>да</a>")
    assert found.source.recipes == ((Derivation("decode", how="koi8-r", why="declared"),),)


@pytest.mark.parametrize("text", [JAPANESE, GERMAN, "é", "Ã©", "plain", "\ufffd", "�é" * 50])
def test_valid_utf_8_is_never_guessed_at(tmp_path: Path, text: str) -> None:
    """Whatever else it might be, it is read in place."""
    (tmp_path / "a.txt").write_text(text, "utf-8")

    found, read = load_plain(tmp_path / "a.txt")

    assert read == text
    assert found.source.recipes == ()
    assert found.source.files[0].original == ""


def test_broken_utf_8_stays_utf_8(tmp_path: Path) -> None:
    """A log with a few broken characters is not Latin-1."""
    (tmp_path / "a.txt").write_bytes(GERMAN.encode() + b"caf\xc3 und \xff\n" + GERMAN.encode())

    found, read = load_plain(tmp_path / "a.txt")

    assert read == f"{GERMAN}caf\ufffd und \ufffd\n{GERMAN}"
    assert (found.source.files[0].replaced, found.source.recipes) == (2, ())
    assert "not valid UTF-8: 2 bad bytes became U+FFFD" in notes_text(found)


@pytest.mark.parametrize(
    "content", [b"caf\xe9 cr\xe8me", b"caf\xe9", b"\xe4", b"\xff" * 100, bytes(range(128, 256)) * 3]
)
def test_what_detection_is_not_sure_of_is_not_guessed(tmp_path: Path, content: bytes) -> None:
    """U+FFFD, counted and noted, is better than a wrong letter."""
    (tmp_path / "a.txt").write_bytes(content)

    found, read = load_plain(tmp_path / "a.txt")

    assert read == content.decode("utf-8", "replace")
    assert found.source.files[0].replaced == read.count("\ufffd") > 0
    assert "became U+FFFD" in notes_text(found)


def test_a_large_text_is_sampled_and_then_decoded_strictly(tmp_path: Path) -> None:
    """The first umlaut in 8 MB comes late: it is found, and every byte is decoded."""
    text = "2024-01-01 INFO all is well with the server\n" * 200_000 + GERMAN
    (tmp_path / "a.log").write_bytes(text.encode("latin-1"))

    found, read = load_plain(tmp_path / "a.log")

    assert read == text
    assert found.source.recipes[0][0].how == "cp1252"


def test_bytes_outside_the_detected_encoding_are_replaced(tmp_path: Path) -> None:
    """One byte beyond the samples is not Shift-JIS; the rest is still Japanese."""
    content = (JAPANESE * 30).encode("shift_jis") + b"\x81\n" + (JAPANESE * 30).encode("shift_jis")
    (tmp_path / "a.txt").write_bytes(content)

    found, read = load_plain(tmp_path / "a.txt")

    assert read == JAPANESE * 30 + "\ufffd\n" + JAPANESE * 30
    assert (found.source.files[0].replaced, found.source.recipes[0][0].how) == (1, "cp932")
    assert "1 bad byte became U+FFFD" in notes_text(found)


def test_a_requested_encoding_is_used(tmp_path: Path) -> None:
    """Even where the bytes are valid UTF-8; ASCII is the same in both, and read in place."""
    (tmp_path / "a.txt").write_bytes("Ã©".encode("cp1252"))
    (tmp_path / "b.txt").write_bytes(b"plain")
    (tmp_path / "c.txt").write_bytes("caf\ufffd".encode("utf-8-sig"))

    found, read = load_plain(tmp_path / "a.txt", Reading(encoding="cp1252"))
    plain, _ = load_plain(tmp_path / "b.txt", Reading(encoding="cp1252"))

    assert (read, found.source.recipes[0][0]) == ("Ã©", Derivation("decode", how="cp1252", why="asked for"))
    assert (plain.source.recipes, plain.source.files[0].original) == ((), "")
    assert load_plain(tmp_path / "b.txt", Reading(encoding="utf-16-le"))[1] == "汰楡\ufffd"
    assert load_plain(tmp_path / "c.txt", Reading(encoding="utf-8"))[1] == "\ufeffcaf\ufffd"


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    """UTF-16 can hold what is not valid Unicode."""
    (tmp_path / "a.txt").write_bytes(
        codecs.BOM_UTF16_LE + "abc".encode("utf-16-le") + b"\x00\xd8" + "d".encode("utf-16-le")
    )

    found, read = load_plain(tmp_path / "a.txt")

    assert (read, found.source.files[0].replaced) == ("abc\ufffdd", 1)
