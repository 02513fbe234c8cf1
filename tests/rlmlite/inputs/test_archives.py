"""Archives and compressed files as inputs: what is read, what is left out, and that hostile ones do no harm."""

import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite.errors import InputError, SettingError
from rlmlite.inputs import Reading, TooLargeError, reading
from rlmlite.inputs.formats.archive_files import THE_REST
from tests.rlmlite.inputs.input_files import PACKERS, load_plain, notes_text, tar_of, zip_of

TEXT = "one\nERROR: café\n" * 1000
MEMBERS = {"b.txt": b"b", "sub/a.txt": TEXT.encode(), "empty.txt": b""}
EXPECTED = {"b.txt": "b", "empty.txt": "", "sub/a.txt": TEXT}


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_file_is_a_text(tmp_path: Path, suffix: str) -> None:
    """The text is the unpacked content; the digest of the file on disk is recorded beside it."""
    packed = PACKERS[suffix](TEXT.encode())
    (tmp_path / f"a.log.{suffix}").write_bytes(packed)

    found, text = load_plain(tmp_path / f"a.log.{suffix}")

    file = found.source.files[0]
    assert text == TEXT
    assert file.digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert file.original == hashlib.sha256(packed).hexdigest()
    assert [step.by for step in found.source.recipe(file)] == [
        {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}[suffix]
    ]
    assert found.memory is None


@pytest.mark.parametrize("suffix", PACKERS)
def test_streams_one_after_another_are_one_text(tmp_path: Path, suffix: str) -> None:
    """`cat a.gz b.gz` makes such a file."""
    (tmp_path / "a").write_bytes(PACKERS[suffix](b"one\n") + PACKERS[suffix](b"two\n"))

    assert load_plain(tmp_path / "a")[1] == "one\ntwo\n"


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("cut", [1, 9, 20])
def test_a_packed_file_that_is_cut_is_refused(tmp_path: Path, suffix: str, cut: int) -> None:
    """Half a file must not pass for the file."""
    (tmp_path / "a").write_bytes(PACKERS[suffix](TEXT.encode())[:-cut])

    with pytest.raises(InputError, match=r"a is damaged \((gzip|bzip2|xz|zstd): "):
        load_plain(tmp_path / "a")


def test_a_file_that_is_packed_again_and_again_is_refused(tmp_path: Path) -> None:
    """Four layers are odd, five are an attack."""
    packed = b"text"
    for times in range(1, 6):
        packed = gzip.compress(packed)
        (tmp_path / f"{times}.gz").write_bytes(packed)

    assert load_plain(tmp_path / "4.gz")[1] == "text"
    with pytest.raises(InputError, match="packed too often"):
        load_plain(tmp_path / "5.gz")


def test_a_zip_is_documents(tmp_path: Path) -> None:
    """The documents are in the order of their paths, and the archive's own digest is recorded."""
    path = zip_of(tmp_path / "a.zip", MEMBERS)

    found, texts = load_plain(path)

    assert (list(texts), texts) == (sorted(EXPECTED), EXPECTED)
    assert found.source.archive is not None
    assert found.source.archive.digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("mode", ["", "gz", "bz2", "xz"])
def test_a_tar_is_documents(tmp_path: Path, mode: str) -> None:
    """Compressed or not, it is read as it streams by."""
    path = tar_of(tmp_path / "archive", {f"./{name}": content for name, content in MEMBERS.items()}, mode)

    found, texts = load_plain(path)

    assert (list(texts), texts) == (sorted(EXPECTED), EXPECTED)
    assert found.source.archive is not None
    assert found.source.archive.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_zstd_tar_is_documents(tmp_path: Path) -> None:
    """The tarfile of Python 3.11 has no Zstandard, so the layers are opened one by one."""
    path = tar_of(tmp_path / "a.tar", MEMBERS)
    (tmp_path / "a.tar.zst").write_bytes(PACKERS["zst"](path.read_bytes()))

    assert load_plain(tmp_path / "a.tar.zst")[1] == EXPECTED


def test_an_old_tar_is_known_by_its_name_and_checksum(tmp_path: Path) -> None:
    """Before POSIX a tar had no magic bytes."""
    info = tarfile.TarInfo("a.txt")
    info.size = 4
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    (tmp_path / "old.tar").write_bytes(bytes(header) + b"text" + bytes(508 + 1024))

    assert load_plain(tmp_path / "old.tar")[1] == {"a.txt": "text"}


def test_what_an_archive_leaves_out_is_reported(tmp_path: Path) -> None:
    """Hidden files, caches, links and binaries are each noted with the reason."""
    members = {".git/a": b"a", ".git/b": b"b", "m/__pycache__/c": b"c", "d.bin": b"\0\1\2", "t.txt": b"t"}
    path = tar_of(tmp_path / "a.tar", members, links={"link": "/etc/passwd"})

    found, texts = load_plain(path)

    assert texts == {"t.txt": "t"}
    assert found.source.skipped == (
        (".git/", "hidden"),
        ("d.bin", "binary: a NUL byte at 0"),
        ("link", "symbolic link"),
        ("m/__pycache__/", "cache"),
    )
    assert "1 left out, symbolic link: link" in notes_text(found)


def test_packed_and_encoded_members_are_read_through(tmp_path: Path) -> None:
    """A compressed Latin-1 log in an archive becomes a text like any other."""
    umlauts = "schöne Grüße aus Köln und München für Jürgen, die Größe der Übung\n" * 9
    path = zip_of(tmp_path / "a.zip", {"app.log.1.gz": gzip.compress(b"old"), "wide.txt": umlauts.encode("utf-16")})

    found, texts = load_plain(path)

    assert texts == {"app.log.1.gz": "old", "wide.txt": umlauts}
    assert [[step.by for step in found.source.recipe(file)] for file in found.source.files] == [["gzip"], ["decode"]]
    assert [len(file.original) for file in found.source.files] == [64, 64]


def test_of_equal_names_the_last_counts(tmp_path: Path) -> None:
    """It is as if the archive had been unpacked; the replaced member is noted."""
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for content in (b"old", b"new!"):
            info = tarfile.TarInfo("a.txt")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))

    found, texts = load_plain(tmp_path / "a.tar")

    assert texts == {"a.txt": "new!"}
    assert found.source.skipped == (("a.txt", "replaced by a later member of its name"),)


def test_names_that_climb_are_only_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member called `../../x` writes nothing anywhere."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    names = ["../../etc/passwd", "/abs.txt", "../up.txt"]
    zip_of(tmp_path / "a.zip", dict.fromkeys(names, b"x"))
    tar_of(tmp_path / "a.tar", dict.fromkeys(names, b"x"))
    before = sorted(tmp_path.rglob("*"))

    for path in (tmp_path / "a.zip", tmp_path / "a.tar"):
        assert sorted(load_plain(path)[1]) == sorted(names)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_encrypted_member_is_left_out_with_a_note(tmp_path: Path) -> None:
    """The flag in the directory says so; the other members are read."""
    path = zip_of(tmp_path / "a.zip", {"a.txt": b"a", "b.txt": b"b"})
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 8] |= 1
    path.write_bytes(content)

    found, texts = load_plain(path)

    assert texts == {"a.txt": "a"}
    assert found.source.skipped == (("b.txt", "encrypted"),)


def test_a_damaged_member_of_a_zip_is_left_out_with_a_note(tmp_path: Path) -> None:
    """Each member of a zip has a checksum of its own."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", b"first")
        archive.writestr("b.txt", b"second")
    content = (tmp_path / "a.zip").read_bytes().replace(b"second", b"secund")
    (tmp_path / "a.zip").write_bytes(content)

    found, texts = load_plain(tmp_path / "a.zip")

    assert texts == {"a.txt": "first"}
    assert found.source.skipped == (("b.txt", "damaged: zip: Bad CRC-32 for file 'b.txt'"),)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("a.zip", lambda content: content[:-30]),
        ("a.tar.gz", lambda content: content[:-8]),
        ("a.tar.gz", lambda content: content[: len(content) // 2]),
        ("a.tar.gz", lambda content: content[:-5] + b"\1" + content[-4:]),
    ],
)
def test_a_damaged_archive_is_refused(tmp_path: Path, name: str, damage: object) -> None:
    """What it would have held is unknown, so it is not read as if it were whole."""
    if name.endswith("zip"):
        path = zip_of(tmp_path / name, MEMBERS)
    else:
        path = tar_of(tmp_path / name, MEMBERS, "gz" if name.endswith("gz") else "")
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(InputError, match="damaged"):
        load_plain(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: 512 * 4],
        lambda content: content[: 512 * 3 + 100],
        lambda content: content[:520] + b"\x07" + content[521:1034] + b"zz" + content[1036:],
        lambda content: content[:-10240] if len(content) > 10240 else content[:1536],
        lambda content: content + b"junk" * 300,
    ],
)
def test_of_a_damaged_tar_what_comes_before_the_damage_is_read(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """The rest is said to be left out, and the input is incomplete."""
    path = tar_of(tmp_path / "a.tar", MEMBERS, "")
    path.write_bytes(damage(path.read_bytes()))
    source = load_plain(path)[0].source

    assert source.files
    assert {file.path for file in source.files} <= {*MEMBERS}
    assert [(path, why.partition(":")[0]) for path, why in source.skipped] == [(THE_REST, "damaged")]
    assert source.incomplete


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    """70 MB of zeros in 70 kB; the message names the limit, which the user may raise."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(b" " * 70_000_000, 9))

    with pytest.raises(TooLargeError, match=r"a\.gz is more than 250 times .*limit max_ratio.*--read max_ratio="):
        load_plain(tmp_path / "a.gz")
    assert len(load_plain(tmp_path / "a.gz", Reading(max_ratio=2000))[1]) == 70_000_000


def test_a_bomb_of_many_members_is_refused(tmp_path: Path) -> None:
    """The ratio is that of the whole archive."""
    path = zip_of(tmp_path / "a.zip", {f"{number}.txt": b" " * 10_000_000 for number in range(7)})

    with pytest.raises(TooLargeError, match="limit max_ratio"):
        load_plain(path)


def test_a_sparse_tar_is_counted_as_what_it_becomes(tmp_path: Path) -> None:
    """A member that is all holes counts with its unpacked size."""
    info = tarfile.TarInfo("a.txt")
    info.size = 0
    info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,0",
                        "GNU.sparse.size": str(10**12), "GNU.sparse.name": "a.txt"}  # fmt: skip
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)

    with pytest.raises(TooLargeError, match="limit max_ratio"):
        load_plain(tmp_path / "a.tar")


@pytest.mark.parametrize(
    ("given", "limit"),
    [(Reading(max_bytes=1000), "max_bytes"), (Reading(max_members=2), "max_members")],
)
def test_each_limit_is_named(tmp_path: Path, given: Reading, limit: str) -> None:
    """The size of the output and the number of members are bounded too."""
    path = zip_of(tmp_path / "a.zip", MEMBERS)

    with pytest.raises(TooLargeError, match=f"limit {limit}.*--read {limit}=NUMBER"):
        load_plain(path, given)


def test_an_archive_without_text_is_refused(tmp_path: Path) -> None:
    """The message says what the archive held instead."""
    path = zip_of(tmp_path / "a.zip", {"a.bin": b"\0"})

    with pytest.raises(InputError, match=r"a\.zip holds no text file: .*1 left out, binary: a\.bin"):
        load_plain(path)


def test_in_a_folder_packed_files_are_read_and_archives_left_out(tmp_path: Path) -> None:
    """A folder such as /var/log has both."""
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(b"old"))
    (tmp_path / "bad.gz").write_bytes(gzip.compress(TEXT.encode())[:-4])
    (tmp_path / "app.log").write_text("new")
    zip_of(tmp_path / "a.zip", MEMBERS)

    found, texts = load_plain(tmp_path)

    assert texts == {"app.log": "new", "app.log.2.gz": "old"}
    assert [path for path, _ in found.source.skipped] == ["a.zip", "bad.gz"]
    assert found.source.skipped[0][1] == "an archive: zip"
    assert found.source.skipped[1][1].startswith("damaged: gzip: ")


def test_without_its_library_a_kind_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the extra."""
    for module in ("backports.zstd", "compression"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "a.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))

    with pytest.raises(InputError, match=r"pip install 'rlmlite\[zstd\]'"):
        load_plain(tmp_path / "a.zst")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_byte": "1"}, "there is no setting `max_byte` for reading inputs; did you mean `max_bytes`"),
        ({"max_bytes": "many"}, "max_bytes"),
        ({"max_ratio": "0"}, "max_ratio"),
        ({"encoding": "utf-9"}, "there is no encoding `utf-9`"),
        ({"encoding": "hex"}, "there is no encoding `hex`"),
        ({"html": "yes"}, "html"),
        ({"ignore": "perhaps"}, "ignore"),
    ],
)
def test_invalid_settings_are_refused(given: dict[str, str], message: str) -> None:
    """Each message names the setting."""
    with pytest.raises(SettingError, match=message):
        reading(given)


def test_settings_may_be_text() -> None:
    """The command line gives all of them as text."""
    given = {"max_bytes": "1_000", "ignore": "false", "encoding": "SJIS", "html": "text"}

    assert reading(given) == Reading(max_bytes=1000, ignore=False, encoding="shift_jis", html="text")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_tars_in_a_row_are_one(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """What follows an end mark is read, also where each tar was compressed by itself."""
    parts = [pack(tar_of(tmp_path / f"{name}.tar", {f"{name}.txt": name.encode()}).read_bytes()) for name in "abc"]
    (tmp_path / "all.tar").write_bytes(b"".join(parts))

    assert load_plain(tmp_path / "all.tar")[1] == {"a.txt": "a", "b.txt": "b", "c.txt": "c"}
