"""Archives within archives: opened like folders, within bounds; a bad one ends itself only, and a replay finds all."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

import rlmlite
from rlmlite.errors import InputError
from rlmlite.inputs import Reading, deriving, from_value
from rlmlite.inputs.formats import archive_files, reading
from rlmlite_kernel.values.values import to_json
from rlmlite_traces import FileBlobs, Verdict, replay, verify
from tests.rlmlite.inputs.input_files import load_plain, notes_text

PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


MAKE = {"zip": zipped, "tar": tarred}


def make_archive(chance: random.Random, depth: int, expected: dict[str, str], prefix: str = "") -> tuple[str, bytes]:
    """The suffix and the bytes of an archive, with others in it; `expected` gets the texts by path."""
    kind, packing = chance.choice(list(MAKE)), chance.choice(list(PACK))
    members = []
    for number in range(chance.randint(1, 3)):
        folder = chance.choice(["", "a/", "a/b/"])
        if depth and chance.random() < 0.6:
            # The suffix is known only afterwards; the name of an archive need not have one.
            name = f"{folder}archive{number}"
            _, content = make_archive(chance, depth - 1, expected, f"{prefix}{name}/")
        else:
            name = f"{folder}{number}.log"
            text = f"ERROR {chance.random()}\n"
            content = PACK[chance.choice(list(PACK))](text.encode())
            expected[prefix + name] = text
        members.append((name, content))
    return f".{kind}{packing}", PACK[packing](MAKE[kind](*members))


@pytest.mark.parametrize("seed", range(12))
def test_archives_in_archives_are_opened_like_folders(tmp_path: Path, seed: int) -> None:
    """Of every kind in every other, compressed or not; from a file and from memory; a replay finds the same."""
    expected: dict[str, str] = {}
    suffix, content = make_archive(random.Random(seed), archive_files.DEPTH, expected)
    path = tmp_path / f"outer{suffix}"
    path.write_bytes(content)

    found, texts = load_plain(path)
    blobs = FileBlobs()
    rows = to_json(from_value(content, blobs).value, blobs)
    rlmlite.execute("final(search(context, /ERROR/))", path, trace=tmp_path / "t.rlm")
    again = replay(verify(tmp_path / "t.rlm"), derive=deriving(), recorded_paths=True)

    assert texts == expected
    assert {row["path"]: row["text"] for row in rows} == expected
    assert (found.source.skipped, found.source.incomplete) == ((), False)
    assert (again.verdict, again.missing) == (Verdict.REPRODUCED, {})


def wrapped(content: bytes, names: Sequence[str]) -> bytes:
    for name in names:
        content = zipped((name, content))
    return content


def test_the_depth_is_bounded(tmp_path: Path) -> None:
    """What lies deeper is said by its path, and is a loss."""
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(("t.txt", b"t"), ("1.zip", wrapped(b"deep", ["x.txt", "4.zip", "3.zip", "2.zip"]))))

    found, texts = load_plain(path)

    assert texts == {"t.txt": "t"}
    assert found.source.skipped == (("1.zip/2.zip/3.zip/4.zip", "an archive too deep: within 4 others"),)
    assert found.source.incomplete


def test_the_number_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand processes at most, however the archives are spread over the levels."""
    monkeypatch.setattr(reading, "MOST_ARCHIVES", 3)
    inner = zipped(("x.txt", b"x"))
    path = tmp_path / "a.tar"
    path.write_bytes(tarred(("1", zipped(("2", inner), ("3", inner), ("4", inner))), ("5", inner), ("t.txt", b"t")))

    found, texts = load_plain(path)

    assert sorted(texts) == ["1/2/x.txt", "1/3/x.txt", "t.txt"]
    assert "2 left out, an archive too many: 1/4, ..." in notes_text(found)
    assert found.source.incomplete


@pytest.mark.parametrize("limits", [Reading(max_bytes=3_000_000), Reading(max_ratio=20), Reading(max_members=4)])
def test_limits_count_the_archives_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Reading) -> None:
    """A bomb in parts is one bomb: bytes, ratio and members are those of the outermost."""
    monkeypatch.setattr(reading, "RATIO_FREE_BYTES", 1_000_000)
    zeros = b"0" * 1_000_000
    inner = [(f"{number}.zip", zipped(("a", zeros), ("b", zeros))) for number in range(3)]
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(*inner))

    with pytest.raises(InputError, match="more than"):
        load_plain(path, limits)


DAMAGED = {
    "a zip without its end": zipped(("x.txt", b"x" * 999))[:-30],
    "a tar cut in its first member": tarred(("x.txt", b"x" * 9_999))[:2_000],
    "a gzip cut": gzip.compress(tarred(("x.txt", b"x")))[:-20],
}


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_archive_ends_itself_only(tmp_path: Path, kind: str, damage: str) -> None:
    """What follows it in the archive around it is read."""
    path = tmp_path / "a"
    path.write_bytes(MAKE[kind](("a.txt", b"a"), ("bad", DAMAGED[damage]), ("z.zip", zipped(("z.txt", b"z")))))

    found, texts = load_plain(path)

    assert texts == {"a.txt": "a", "z.zip/z.txt": "z"}
    assert [(name, why.partition(":")[0]) for name, why in found.source.skipped] == [("bad", "damaged")]
    assert found.source.incomplete


def test_what_comes_before_the_damage_is_read(tmp_path: Path) -> None:
    """Of a tar within an archive as of one alone; a replay stops there too."""
    path = tmp_path / "a.zip"
    cut = tarred(("x.txt", b"ERROR x\n"), ("y.txt", b"y" * 9_999))[:3_000]
    path.write_bytes(zipped(("in.tar", cut), ("t.txt", b"ERROR t\n")))

    found, texts = load_plain(path)
    rlmlite.execute("final(search(context, /ERROR/))", path, trace=tmp_path / "t.rlm")
    again = replay(verify(tmp_path / "t.rlm"), derive=deriving(), recorded_paths=True)

    assert sorted(texts) == ["in.tar/x.txt", "t.txt"]
    assert [name for name, _ in found.source.skipped] == ["in.tar/(the rest)"]
    assert (again.verdict, again.missing) == (Verdict.REPRODUCED, {})


def test_a_later_archive_of_a_name_replaces_an_earlier_one(tmp_path: Path) -> None:
    """As a whole, and said; a file whose path is that of a file within an archive is said too."""
    first, second = zipped(("x.txt", b"old"), ("only.txt", b"o")), zipped(("x.txt", b"new"))
    path = tmp_path / "a.tar"
    path.write_bytes(tarred(("in.zip", first), ("in.zip", second), ("in.zip/y", b"y"), ("in.zip/x.txt", b"file")))

    found, texts = load_plain(path)

    assert texts == {"in.zip/x.txt": "file", "in.zip/y": "y"}
    assert {name for name, why in found.source.skipped if why.startswith("replaced")} == {"in.zip", "in.zip/x.txt"}


def test_what_an_archive_within_leaves_out_is_said_by_its_path(tmp_path: Path) -> None:
    """Hidden files, links and binaries there, as in the outermost."""
    path = tmp_path / "a.tar"
    path.write_bytes(tarred(("d/in.zip", zipped((".git/x", b"x"), ("b.bin", b"\0\1"), ("caf.txt", b"caf\xe9")))))

    found, texts = load_plain(path)

    assert texts == {"d/in.zip/caf.txt": "caf\ufffd"}
    assert found.source.skipped == (
        ("d/in.zip/.git/", "hidden"),
        ("d/in.zip/b.bin", "binary: a NUL byte at 0"),
    )
    assert found.source.recipe(found.source.files[0])[0].how == "d/in.zip"
