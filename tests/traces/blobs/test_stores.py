"""FileBlobs: contents in files, read only while they are what was hashed."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rlmlite_kernel.values.blobs import BlobMissingError, InputChangedError
from rlmlite_traces import FileBlobs
from rlmlite_traces.files import mapped
from rlmlite_traces.files.mapped import OPEN_MAPS, SMALL

LARGE = ("line of text, Zoë\n" * (SMALL // 10)).encode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "content", [b"", b"a", b"no newline\nat the end", LARGE[: SMALL - 3], LARGE, LARGE * 20], ids=len
)
def test_a_file_is_read_as_it_is(tmp_path: Path, content: bytes) -> None:
    """Empty, small, large and very large files: digest, size, content and lines."""
    (tmp_path / "a.txt").write_bytes(content)
    content = content.decode(errors="replace").encode()
    (tmp_path / "a.txt").write_bytes(content)
    blobs = FileBlobs()

    file = blobs.add_file(tmp_path / "a.txt", "a.txt")

    assert (file.path, file.digest, file.size, file.replaced) == ("a.txt", sha256(content), len(content), 0)
    assert bytes(blobs.read(file.digest)) == content
    assert blobs.lines(file.digest).count == len(content.splitlines())
    assert blobs.lines(file.digest) is blobs.lines(file.digest)
    blobs.confirm(frozenset({file.digest}))


def test_large_files_are_not_copied(tmp_path: Path) -> None:
    """A large file is a view of the file itself, and read only."""
    (tmp_path / "a.txt").write_bytes(LARGE)
    blobs = FileBlobs()
    view = blobs.read(blobs.add_file(tmp_path / "a.txt").digest)

    assert isinstance(view, memoryview)
    assert view.readonly
    assert blobs.read(sha256(LARGE)) is view


@pytest.mark.parametrize("size", [1, 2 * mapped._THREAD_THRESHOLD])
def test_a_file_that_is_not_utf8_is_transcoded(tmp_path: Path, size: int) -> None:
    """Bad bytes become U+FFFD, counted; the digest that counts is of the repaired text, the file's own is kept."""
    content = b"ok \xff\xfe Z\xc3\xab\xc3" + b"." * size
    (tmp_path / "a.txt").write_bytes(content)
    blobs = FileBlobs()

    file = blobs.add_file(tmp_path / "a.txt")

    repaired = content.decode(errors="replace").encode()
    assert bytes(blobs.read(file.digest)) == repaired
    assert (file.digest, file.size, file.replaced) == (sha256(repaired), len(repaired), 3)
    assert file.original == sha256(content)
    (tmp_path / "a.txt").unlink()
    blobs.confirm(frozenset({file.digest}))


CHANGES: dict[str, Callable[[Path], object]] = {
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "shorter": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "same size": lambda path: path.write_bytes(b"!" + path.read_bytes()[1:]),
    "touched": lambda path: os.utime(path, ns=(1, 1)),
    "replaced": lambda path: replace(path),
    "gone": lambda path: path.unlink(),
    "a folder": lambda path: make_folder(path),
}


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace(path: Path) -> None:
    """Another file of the same size and time under the same name."""
    status = os.stat(path)
    other = path.with_suffix(".new")
    other.write_bytes(b"!" + path.read_bytes()[1:])
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.rename(path)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("size", [10, SMALL + 10])
@pytest.mark.parametrize("was_read", [True, False])
def test_a_changed_file_is_not_read(tmp_path: Path, change: str, size: int, was_read: bool) -> None:
    """However a file changes, `confirm` says so, and one that is not open yet is not opened."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"." * size)
    os.utime(path, ns=(5, 5))
    blobs = FileBlobs()
    digest = blobs.add_file(path).digest
    if was_read and change != "shorter":
        blobs.read(digest)

    CHANGES[change](path)

    with pytest.raises(InputChangedError, match=r"a\.txt"):
        blobs.confirm(frozenset({digest}))
    if not was_read:
        with pytest.raises(InputChangedError, match=r"a\.txt"):
            blobs.read(digest)


def test_equal_files_are_each_watched(tmp_path: Path) -> None:
    """Two files of one content are one content; a change of either is detected."""
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"same")
    for changed in ("a", "b"):
        blobs = FileBlobs()
        digests = {blobs.add_file(tmp_path / name).digest for name in ("a", "b")}
        assert len(digests) == 1
        os.utime(tmp_path / changed, ns=(7, 7))
        with pytest.raises(InputChangedError):
            blobs.confirm(frozenset(digests))


def test_a_file_that_changes_while_it_is_hashed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is still being written cannot be an input."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")
    real = mapped.digest_and_check

    def write_and_digest(content: bytes, text: bool) -> object:
        path.write_bytes(b"three")
        return real(content, text)

    monkeypatch.setattr(mapped, "digest_and_check", write_and_digest)

    with pytest.raises(InputChangedError):
        FileBlobs().add_file(path)


def count_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors by /proc")
def test_many_files_need_few_descriptors(tmp_path: Path) -> None:
    """A folder of 300 large and 300 small files: all are readable, few are open."""
    blobs, contents = FileBlobs(), {}
    for number in range(300):
        for size in (SMALL, 100):
            content = f"{number} ".encode() + b"." * size
            path = tmp_path / f"{number}.{size}"
            path.write_bytes(content)
            contents[blobs.add_file(path).digest] = content[:10]
    before = count_descriptors()

    for _ in range(2):
        for digest, head in contents.items():
            assert bytes(blobs.read(digest)[:10]) == head
    assert count_descriptors() - before <= OPEN_MAPS
    for digest in contents:
        assert blobs.lines(digest).count == 1
    assert count_descriptors() - before <= 2 * OPEN_MAPS


def test_small_files_stay_in_memory_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache of small files is bounded in bytes; a file that was dropped is read again."""
    monkeypatch.setattr(mapped, "CACHED_BYTES", 1_000)
    blobs, digests = FileBlobs(), []
    for number in range(30):
        (tmp_path / str(number)).write_bytes(f"{number:02}".encode() * 50)
        digests.append(blobs.add_file(tmp_path / str(number)).digest)

    for number, digest in enumerate(digests):
        assert bytes(blobs.read(digest)) == f"{number:02}".encode() * 50
    assert len(blobs._recent._small) == 10
    assert blobs._recent._small_bytes == 1_000
    assert bytes(blobs.read(digests[0])) == b"00" * 50
    assert blobs.read(digests[-1]) is blobs.read(digests[-1])


def test_a_view_outlives_its_place_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A content that somebody still reads stays readable when its file is no longer among the last used."""
    monkeypatch.setattr(mapped, "OPEN_MAPS", 1)
    blobs = FileBlobs()
    digests = []
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode() * SMALL)
        digests.append(blobs.add_file(tmp_path / name).digest)

    views = [blobs.read(digest) for digest in digests]

    assert [bytes(view[:3]) for view in views] == [b"aaa", b"bbb", b"ccc"]


def test_a_content_that_was_put_is_kept() -> None:
    """Content that is put is found by its digest; one that was never put raises `BlobMissingError`."""
    blobs = FileBlobs()

    digest = blobs.put("Zoë\nx".encode())

    assert digest == sha256("Zoë\nx".encode())
    assert blobs.put("Zoë\nx".encode()) == digest
    assert blobs.read(digest) == "Zoë\nx".encode()
    assert blobs.lines(digest).count == 2
    blobs.confirm(frozenset({digest, "unknown"}))
    with pytest.raises(BlobMissingError):
        blobs.read("0" * 64)
    with pytest.raises(BlobMissingError):
        blobs.lines("0" * 64)


def test_only_plain_files_are_accepted(tmp_path: Path) -> None:
    """A missing file, a folder and a pipe are errors, and a pipe is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe"):
        with pytest.raises(OSError, match=r"No such file|expected a plain file|Is a directory"):
            FileBlobs().add_file(path)


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, 3 * SMALL + 7])
def test_derived_contents_are_kept_outside_memory(size: int) -> None:
    """Any number of contents lie one after another in one file; each is found by its digest, with its lines."""
    blobs, contents = FileBlobs(), [f"{number}\n".encode() + b"." * size for number in range(20)]

    derived = [blobs.derive(iter([content[:1], content[1:]])) for content in contents]

    assert [(content.digest, content.size) for content in derived] == [
        (sha256(content), len(content)) for content in contents
    ]
    assert [bytes(blobs.read(content.digest)) for content in derived] == contents
    assert blobs.has(derived[0].digest)
    assert blobs.lines(derived[0].digest).count == (1 if size == 0 else 2)
    blobs.confirm(frozenset(content.digest for content in derived))


def test_equal_derived_contents_are_stored_once() -> None:
    """The second copy is dropped, and the content after it is intact."""
    blobs = FileBlobs()

    first = blobs.derive(iter([LARGE]))
    again = blobs.derive(iter([LARGE[:7], LARGE[7:]]))
    other = blobs.derive(iter([b"other"]))

    assert first == again
    assert blobs._scratch._end == len(LARGE) + len(b"other")
    assert (bytes(blobs.read(first.digest)), bytes(blobs.read(other.digest))) == (LARGE, b"other")


def test_a_failed_derivation_leaves_nothing() -> None:
    """Not even the bytes that were written before it failed."""

    def blocks_that_fail() -> Iterator[bytes]:
        yield LARGE
        raise ValueError("damaged")

    blobs = FileBlobs()
    before = blobs.derive(iter([b"before"]))

    with pytest.raises(ValueError, match="damaged"):
        blobs.derive(blocks_that_fail())

    assert blobs._scratch._end == len(b"before")
    assert bytes(blobs.read(blobs.derive(iter([b"next"])).digest)) == b"next"
    assert bytes(blobs.read(before.digest)) == b"before"


def test_only_one_content_is_derived_at_a_time() -> None:
    """Two at a time would mix in the file; the second is refused, and the file stays intact."""
    blobs = FileBlobs()

    def blocks_that_derive() -> Iterator[bytes]:
        yield b"outer"
        blobs.derive(iter([b"inner"]))

    with pytest.raises(RuntimeError, match="being written already"):
        blobs.derive(blocks_that_derive())
    assert bytes(blobs.read(blobs.derive(iter([b"next"])).digest)) == b"next"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors by /proc")
def test_derived_contents_need_one_descriptor_and_few_maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This holds for any number of contents, and leaves no named file."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    blobs = FileBlobs()
    before = count_descriptors()

    derived = [blobs.derive(iter([f"{number} ".encode() + b"." * SMALL])) for number in range(3 * OPEN_MAPS)]
    for content in derived:
        assert len(blobs.read(content.digest)) == content.size

    assert count_descriptors() - before <= OPEN_MAPS + 1
    assert list(tmp_path.iterdir()) == []
