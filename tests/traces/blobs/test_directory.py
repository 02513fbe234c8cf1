"""DirectoryStore: contents in a directory, whole, durable and checked."""

import io
import os
import shutil
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from rlmlite_kernel.values.blobs import BlobMissingError, InputChangedError
from rlmlite_traces import (
    DirectoryStore,
    StoreCorruptError,
    StoreMissingError,
)
from rlmlite_traces.blobs.directory import check_objects, objects, open_layout, quarantine_object
from rlmlite_traces.files.mapped import SMALL
from tests.traces.blobs.store_contents import put_and_close, sha256

LARGE = b"line of text\n" * (SMALL // 10)


def object_paths(store: DirectoryStore) -> list[Path]:
    return [store.layout.object_path(digest) for digest in store.layout.digests()]


@pytest.mark.parametrize("content", [b"", b"a", LARGE, b"\xff\0" * SMALL], ids=len)
def test_contents_are_read_back(store: DirectoryStore, content: bytes) -> None:
    """Any bytes, put whole or as a stream, are read back; another process checks them."""
    digest = store.put(content)

    assert digest == sha256(content) == store.add_stream(io.BytesIO(content))
    assert bytes(store.read(digest)) == content
    assert store.lines(digest).count == content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
    store.confirm(frozenset({digest, "unknown"}))
    with DirectoryStore.open_existing(store.path) as other:
        assert bytes(other.read(digest)) == content
    assert object_paths(store) == [store.layout.object_path(digest)]
    assert os.listdir(store.layout.incoming) == []
    assert stat.S_IMODE(object_paths(store)[0].stat().st_mode) == 0o400


def test_a_known_content_is_not_written_again(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Putting or adding a known content writes no byte, and its object stays the same file."""
    (tmp_path / "a").write_bytes(LARGE)
    digest = store.put(LARGE)
    before = store.layout.object_path(digest).stat()

    def fail_on_write(*_: object) -> None:
        raise AssertionError("a known content was written again")

    monkeypatch.setattr(objects, "write", fail_on_write)
    monkeypatch.setattr(objects, "copy", fail_on_write)
    with DirectoryStore(store.path) as other:
        assert other.put(LARGE) == other.add_file(tmp_path / "a").digest == digest
    after = store.layout.object_path(digest).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_an_object_is_named_last(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content is synced before it is named, and the folder after: a loss of power leaves all of it or nothing."""
    operations: list[str] = []
    sync, rename = os.fsync, os.rename

    def log_sync(descriptor: int) -> None:
        operations.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        sync(descriptor)

    def log_rename(name: str, new: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        operations.append("name")
        rename(name, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "fsync", log_sync)
    monkeypatch.setattr(os, "rename", log_rename)
    digest = store.put(b"x")
    assert operations == ["content", "name", "folder"]

    operations.clear()
    with DirectoryStore(store.path) as other:
        assert other.holds(digest)
    assert operations == ["folder"]  # the process that renamed it may have been killed before it could sync


def test_a_copy_is_independent_of_its_file(store: DirectoryStore, tmp_path: Path) -> None:
    """The copy is neither a link to the original nor a map of it."""
    path = tmp_path / "a.log"
    path.write_bytes(LARGE)

    file = store.add_file(path)
    view = store.read(file.digest)
    with open(path, "r+b") as original:
        original.write(b"changed")
        original.truncate(7)
    store.confirm(frozenset({file.digest}))

    assert bytes(view) == LARGE
    assert file.path == store.layout.object_path(file.digest)
    assert file.path.stat().st_nlink == 1


def test_a_file_that_changes_while_it_is_copied_is_refused(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mixture of two versions of a file is never accepted as its content."""
    path, copy = tmp_path / "a.log", objects.copy
    path.write_bytes(LARGE)

    def cut_and_copy(source: int, target: int, size: int) -> None:
        os.truncate(path, 10)
        copy(source, target, size)

    monkeypatch.setattr(objects, "copy", cut_and_copy)
    with pytest.raises(InputChangedError):
        store.add_file(path)


def test_a_file_is_copied_without_copy_file_range(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `copy_file_range` is missing, and where it stops half-way, the file is copied in user space."""
    real = os.copy_file_range

    def copy_once(source: int, target: int, count: int) -> int:
        if os.lseek(target, 0, os.SEEK_CUR):
            raise OSError(18, "cross-device")
        return real(source, target, min(count, 1_000))

    for number, broken in enumerate((copy_once, lambda *_: 0)):
        content = LARGE + str(number).encode()
        (tmp_path / "a").write_bytes(content)
        monkeypatch.setattr(os, "copy_file_range", broken)

        assert store.add_file(tmp_path / "a").digest == sha256(content)


def test_a_file_of_another_file_system_is_copied(store: DirectoryStore) -> None:
    """A file may lie on another file system than the store."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == store.path.stat().st_dev:
        pytest.skip("needs /dev/shm as another file system")
    with tempfile.TemporaryDirectory(dir=other) as folder:
        (Path(folder) / "a").write_bytes(LARGE)
        assert store.add_file(Path(folder) / "a").digest == sha256(LARGE)
        with DirectoryStore(Path(folder) / "store") as second:  # and from a store to another
            assert second.add_file(store.layout.object_path(sha256(LARGE))).digest == sha256(LARGE)


def test_the_former_name_still_opens_a_store(store: DirectoryStore) -> None:
    """`DirectoryStore.found` is `open_existing`, so hosts that were written for it go on working."""
    digest = store.put(b"a")

    with DirectoryStore.found(store.path) as other:
        assert other.holds(digest)


@pytest.mark.parametrize("digest", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63 + "\n"])
def test_an_unknown_digest_is_missing(store: DirectoryStore, digest: str) -> None:
    """Names that are not digests, as a hostile trace may hold, are missing as well."""
    assert not store.holds(digest)
    with pytest.raises(BlobMissingError):
        store.read(digest)


def test_damage_is_detected_and_never_read(store: DirectoryStore, tmp_path: Path) -> None:
    """A changed, cut or emptied object is refused everywhere; after it is set aside, the content can be put again."""
    (digest,) = put_and_close(store.path, LARGE)
    place = store.layout.object_path(digest)
    for damage in (LARGE[:-1], LARGE[:-1] + b"x", b""):
        place.chmod(0o644)
        place.write_bytes(damage)
        for use in (store.read, store.holds, lambda _: store.put(LARGE)):
            with pytest.raises(StoreCorruptError, match="store verify"):
                use(digest)
        assert [fault.found for _, fault in check_objects(store.layout) if fault] == [sha256(damage)]

    quarantine_object(store.layout, digest)
    assert store.put(LARGE) == digest
    assert bytes(store.read(digest)) == LARGE
    assert os.listdir(store.layout.quarantine) == [digest]
    assert [fault for _, fault in check_objects(store.layout)] == [None]


def test_damage_after_the_check_is_detected(store: DirectoryStore) -> None:
    """An object that is altered while a process uses it is detected by the next `confirm`."""
    digest = store.put(LARGE)
    place = store.layout.object_path(digest)
    place.chmod(0o644)
    place.write_bytes(LARGE + b"x")

    with pytest.raises(InputChangedError):
        store.confirm(frozenset({digest}))


def test_a_folder_that_is_not_a_store_is_left_alone(tmp_path: Path) -> None:
    """A folder with other things, a file, a later format or nothing is refused, and stays as it is."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "store.json").write_text('{"format":2}')
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "store.json").write_text("")

    for name in ("full", "file", "later", "odd"):
        with pytest.raises(StoreMissingError):
            DirectoryStore(tmp_path / name)
        with pytest.raises(StoreMissingError):
            open_layout(tmp_path / name)
    with pytest.raises(StoreMissingError, match="there is no store"):
        DirectoryStore.open_existing(tmp_path / "none")
    assert sorted(os.listdir(tmp_path / "full")) == ["thesis.txt"]
    assert not (tmp_path / "none").exists()


def test_a_half_made_store_is_completed(tmp_path: Path) -> None:
    """If the creation of a store was interrupted, the next process that opens it completes it."""
    put_and_close(tmp_path / "store", b"x")
    shutil.rmtree(tmp_path / "store" / "objects" / "ab")
    shutil.rmtree(tmp_path / "store" / "leases")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "store.json.0123").write_text("{")

    for name in ("store", "empty"):
        assert put_and_close(tmp_path / name, b"y", b"z") == [sha256(b"y"), sha256(b"z")]


def test_threads_share_one_store(store: DirectoryStore) -> None:
    """Eight threads put and read the same contents through one object."""
    contents = [str(number).encode() * 1_000 for number in range(20)]
    errors: list[BaseException] = []

    def use() -> None:
        try:
            for content in contents * 3:
                assert bytes(store.read(store.put(content))) == content
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sorted(store.layout.digests()) == sorted(map(sha256, contents))
