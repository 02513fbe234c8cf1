"""DirectoryStore: contents in a directory, whole, durable, checked, and kept while somebody needs them."""

import hashlib
import io
import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rlmlite_kernel.values.blobs import BlobMissingError, InputChangedError
from rlmlite_traces import (
    DirectoryStore,
    StoreBusyError,
    StoreCorruptError,
    StoreMissingError,
)
from rlmlite_traces.blobs.directory import collect, collection, damaged, found, held_objects, objects, set_aside
from rlmlite_traces.blobs.directory.leases import Reader
from rlmlite_traces.blobs.directory.roots import Roots
from rlmlite_traces.files.mapped import SMALL

LARGE = b"line of text\n" * (SMALL // 10)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def written(store: DirectoryStore) -> list[Path]:
    return [store.layout.place(digest) for digest in store.layout.digests()]


def put_and_closed(path: Path, *contents: bytes) -> list[str]:
    """Contents that somebody put who is gone."""
    with DirectoryStore(path) as store:
        return [store.put(content) for content in contents]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DirectoryStore]:
    with DirectoryStore(tmp_path / "store") as store:
        yield store


@pytest.mark.parametrize("content", [b"", b"a", LARGE, b"\xff\0" * SMALL], ids=len)
def test_what_is_put_is_read(store: DirectoryStore, content: bytes) -> None:
    """Whole or as a stream, any bytes; also by another process, which checks them."""
    digest = store.put(content)

    assert digest == sha256(content) == store.add_stream(io.BytesIO(content))
    assert bytes(store.read(digest)) == content
    assert store.lines(digest).count == content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
    store.confirm(frozenset({digest, "unknown"}))
    with DirectoryStore.found(store.path) as other:
        assert bytes(other.read(digest)) == content
    assert written(store) == [store.layout.place(digest)]
    assert os.listdir(store.layout.incoming) == []
    assert stat.S_IMODE(written(store)[0].stat().st_mode) == 0o444


def test_what_is_there_is_not_written_again(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put and file alike: no byte is written, and the object stays the same file."""
    (tmp_path / "a").write_bytes(LARGE)
    digest = store.put(LARGE)
    before = store.layout.place(digest).stat()

    def refused(*_: object) -> None:
        raise AssertionError("written")

    monkeypatch.setattr(objects, "write", refused)
    monkeypatch.setattr(objects, "copy", refused)
    with DirectoryStore(store.path) as other:
        assert other.put(LARGE) == other.add_file(tmp_path / "a").digest == digest
    after = store.layout.place(digest).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_name_is_given_last(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content durable, then its name, then the folder: a loss of power leaves all of it or nothing."""
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def syncing(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        sync(descriptor)

    def renaming(self: Path, target: Path) -> Path:
        done.append("name")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(Path, "rename", renaming)
    digest = store.put(b"x")
    assert done == ["content", "name", "folder"]

    done.clear()
    with DirectoryStore(store.path) as other:
        assert other.holds(digest)
    assert done == ["folder"]  # who renamed it may have been killed before


def test_a_copied_file_may_change_and_be_cut(store: DirectoryStore, tmp_path: Path) -> None:
    """The copy is no link and no map of the original."""
    path = tmp_path / "a.log"
    path.write_bytes(LARGE)

    file = store.add_file(path)
    view = store.read(file.digest)
    with open(path, "r+b") as original:
        original.write(b"changed")
        original.truncate(7)
    store.confirm(frozenset({file.digest}))

    assert bytes(view) == LARGE
    assert file.path == store.layout.place(file.digest)
    assert file.path.stat().st_nlink == 1


def test_a_file_that_changes_while_it_is_copied_is_refused(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mixture of two contents is never taken for a file, and nothing is left of it in use."""
    path, copy = tmp_path / "a.log", objects.copy
    path.write_bytes(LARGE)

    def cut(source: int, target: int, size: int) -> None:
        os.truncate(path, 10)
        copy(source, target, size)

    monkeypatch.setattr(objects, "copy", cut)
    with pytest.raises(InputChangedError):
        store.add_file(path)


def test_a_file_is_copied_where_the_system_cannot_help(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `copy_file_range`, and where it stops after a part."""
    real = os.copy_file_range

    def once(source: int, target: int, count: int) -> int:
        if os.lseek(target, 0, os.SEEK_CUR):
            raise OSError(18, "cross-device")
        return real(source, target, min(count, 1_000))

    for number, broken in enumerate((once, lambda *_: 0)):
        content = LARGE + str(number).encode()
        (tmp_path / "a").write_bytes(content)
        monkeypatch.setattr(os, "copy_file_range", broken)

        assert store.add_file(tmp_path / "a").digest == sha256(content)


def test_two_file_systems(store: DirectoryStore) -> None:
    """A file is copied from another file system than the store's."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == store.path.stat().st_dev:
        pytest.skip("needs /dev/shm as another file system")
    with tempfile.TemporaryDirectory(dir=other) as folder:
        (Path(folder) / "a").write_bytes(LARGE)
        assert store.add_file(Path(folder) / "a").digest == sha256(LARGE)
        with DirectoryStore(Path(folder) / "store") as second:  # and from a store to another
            assert second.add_file(store.layout.place(sha256(LARGE))).digest == sha256(LARGE)


@pytest.mark.parametrize("digest", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63 + "\n"])
def test_what_is_not_there(store: DirectoryStore, digest: str) -> None:
    """Also names that are no digests, as a hostile trace may hold."""
    assert not store.holds(digest)
    with pytest.raises(BlobMissingError):
        store.read(digest)


def test_damage_is_found_and_never_read(store: DirectoryStore, tmp_path: Path) -> None:
    """Another content, a cut one, and one that is gone; putting it again needs the damaged one moved aside."""
    (digest,) = put_and_closed(store.path, LARGE)
    place = store.layout.place(digest)
    for damage in (LARGE[:-1], LARGE[:-1] + b"x", b""):
        place.chmod(0o644)
        place.write_bytes(damage)
        for use in (store.read, store.holds, lambda _: store.put(LARGE)):
            with pytest.raises(StoreCorruptError, match="store verify"):
                use(digest)
        assert [fault.found for _, fault in damaged(store.layout) if fault] == [sha256(damage)]

    set_aside(store.layout, digest)
    assert store.put(LARGE) == digest
    assert bytes(store.read(digest)) == LARGE
    assert os.listdir(store.layout.quarantine) == [digest]
    assert [fault for _, fault in damaged(store.layout)] == [None]


def test_damage_after_it_was_checked(store: DirectoryStore) -> None:
    """An object that is altered while a process uses it is seen by the next `confirm`."""
    digest = store.put(LARGE)
    place = store.layout.place(digest)
    place.chmod(0o644)
    place.write_bytes(LARGE + b"x")

    with pytest.raises(InputChangedError):
        store.confirm(frozenset({digest}))


def test_what_is_no_store_is_left_alone(tmp_path: Path) -> None:
    """A folder with other things, a file, nothing, another format."""
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
            found(tmp_path / name)
    with pytest.raises(StoreMissingError, match="there is no store"):
        DirectoryStore.found(tmp_path / "none")
    assert sorted(os.listdir(tmp_path / "full")) == ["thesis.txt"]
    assert not (tmp_path / "none").exists()


def test_a_store_half_made_is_made_whole(tmp_path: Path) -> None:
    """A crash while a store is made, at any point, is mended by the next who opens it."""
    put_and_closed(tmp_path / "store", b"x")
    shutil.rmtree(tmp_path / "store" / "objects" / "ab")
    shutil.rmtree(tmp_path / "store" / "leases")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "store.json.0123").write_text("{")

    for name in ("store", "empty"):
        assert put_and_closed(tmp_path / name, b"y", b"z") == [sha256(b"y"), sha256(b"z")]


def test_threads_share_one(store: DirectoryStore) -> None:
    """Eight threads put and read the same contents by one object."""
    contents = [str(number).encode() * 1_000 for number in range(20)]
    failed: list[BaseException] = []

    def use() -> None:
        try:
            for content in contents * 3:
                assert bytes(store.read(store.put(content))) == content
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert sorted(store.layout.digests()) == sorted(map(sha256, contents))


# What a collection keeps, and for how long.


def test_nobody_needs_it(store: DirectoryStore) -> None:
    """Without a lease, a trace and its youth an object goes; a dry run says so, and leaves it."""
    (digest,) = put_and_closed(store.path, b"12345")

    assert collect(store.layout).kept["young"] == 1
    said = collect(store.layout, grace=0, dry_run=True)
    assert list(store.layout.digests()) == [digest]
    done = collect(store.layout, grace=0)

    assert said == done
    assert (done.removed, done.freed) == ([digest], 5)
    assert list(store.layout.digests()) == []
    assert store.put(b"12345") == digest


def test_a_process_keeps_what_it_met(store: DirectoryStore) -> None:
    """Put, found, read and copied contents stay until the store is closed, or nobody holds it any more."""
    digests = put_and_closed(store.path, b"a", b"b", b"c", b"d")
    other = DirectoryStore(store.path)
    other.put(b"a")
    other.holds(digests[1])
    other.read(digests[2])

    assert collect(store.layout, grace=0).removed == [digests[3]]
    assert next(iter(held_objects(store.layout))).processes == (os.getpid(),)
    del other
    assert sorted(collect(store.layout, grace=0).removed) == sorted(digests[:3])


def test_use_makes_it_young(store: DirectoryStore) -> None:
    """What was put again a moment ago is kept as if it were new."""
    (digest,) = put_and_closed(store.path, b"a")
    place = store.layout.place(digest)
    before = place.stat()
    while place.stat().st_ctime_ns == before.st_ctime_ns:
        put_and_closed(store.path, b"a")

    assert place.stat().st_mtime_ns == before.st_mtime_ns  # so that others see the same file


def test_a_trace_keeps_its_inputs(store: DirectoryStore, tmp_path: Path) -> None:
    """As long as it is where it was; a missing one is named, and keeps them until it is said to be gone."""
    digests = put_and_closed(store.path, b"a", b"b", b"c")
    trace = tmp_path / "Zoë \udcff.rlm"
    trace.mkdir()
    store.keep_for(trace, digests[:1])
    store.keep_for(trace, digests[1:2])

    assert collect(store.layout, grace=0).removed == digests[2:]
    assert {held.traces for held in held_objects(store.layout)} == {(str(trace),)}
    trace.rmdir()
    kept = collect(store.layout, grace=0)
    assert (kept.removed, kept.missing) == ([], [str(trace)])
    would = collect(store.layout, grace=0, forget_missing=True, dry_run=True)
    assert sorted(would.removed) == sorted(digests[:2])
    assert sorted(collect(store.layout, grace=0, forget_missing=True).removed) == sorted(digests[:2])
    assert collect(store.layout, grace=0).missing == []


def test_a_root_that_cannot_be_read_stops_a_collection(store: DirectoryStore, tmp_path: Path) -> None:
    """Then it is not known what to keep, so nothing goes."""
    digests = put_and_closed(store.path, b"a")
    (store.layout.roots / "x.json").write_text('{"trace": 1}')

    with pytest.raises(StoreCorruptError):
        collect(store.layout, grace=0)
    assert list(store.layout.digests()) == digests


def test_a_process_that_ends_during_a_collection(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are read before roots: a lease that is gone by then has left its root."""
    other = DirectoryStore(store.path)
    digest = other.put(b"a")
    renew, times = Roots.renew, list[Roots]()

    def renewing(self: Roots) -> None:
        renew(self)
        times.append(self)
        if len(times) == 2:  # just after the roots were read for the batch, the other adds its root and ends
            (self._layout.roots / "other.json").write_text(f'{{"trace": "/", "digests": ["{digest}"]}}')
            other.close()

    monkeypatch.setattr(Roots, "renew", renewing)
    assert collect(store.layout, grace=0).removed == []
    assert collect(store.layout, grace=0).kept["trace"] == 1


def test_a_process_that_begins_during_a_collection(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A content that is found between two holds of the lock stays."""
    digests = sorted(put_and_closed(store.path, *(str(number).encode() for number in range(30))))
    batches = collection._batches

    def between(names: Iterator[str]) -> Iterator[list[str]]:
        for batch in batches(names):
            assert store.holds(batch[0])
            yield batch

    monkeypatch.setattr(collection, "BATCH", 10)
    monkeypatch.setattr(collection, "_batches", between)
    assert set(digests) - set(collect(store.layout, grace=0).removed) == {digests[0], digests[10], digests[20]}
    assert bytes(store.read(digests[20])) is not None


def test_leftovers_of_killed_writers_go(store: DirectoryStore) -> None:
    """Files that a dead process was writing, and its lease; those of the living stay."""
    with objects.incoming(store.layout, store._lease.name) as (_, mine):
        dead = store.layout.incoming / "999999-0123456789abcdef.0123"
        dead.write_bytes(b"half")
        (store.layout.leases / "999999-0123456789abcdef").write_text(sha256(b"a") + "\n01")

        found_ = collect(store.layout)

        assert (found_.leftovers, found_.freed) == (1, 4)
        assert os.listdir(store.layout.incoming) == [mine.name]
        assert os.listdir(store.layout.leases) == [store._lease.name]


def test_nothing_goes_while_somebody_reads_without_a_lease(store: DirectoryStore) -> None:
    """A reader who may not write here is safe too, and does not keep other readers out."""
    (digest,) = put_and_closed(store.path, b"a")
    readers = [Reader(store.layout), Reader(store.layout)]

    with pytest.raises(StoreBusyError):
        collect(store.layout, grace=0)
    assert collect(store.layout, grace=0, dry_run=True).removed == [digest]
    for reader in readers:
        reader.release()
    assert collect(store.layout, grace=0).removed == [digest]


def test_a_fork_and_a_closed_store(store: DirectoryStore) -> None:
    """Neither is used by mistake; the lease of a parent outlives its child."""
    digest = store.put(b"a")
    code = (
        "import os, sys; from rlmlite_traces import DirectoryStore\n"
        "store = DirectoryStore(sys.argv[1]); digest = store.put(b'b')\n"
        "if os.fork() == 0:\n"
        "    try: store.put(b'c')\n"
        "    except RuntimeError: sys.exit(7)\n"
        "assert os.waitstatus_to_exitcode(os.wait()[1]) == 7\n"
        "assert os.listdir(store.layout.leases).count(store._lease.name) == 1"
    )
    run_python(code, str(store.path))
    store.close()
    with pytest.raises(RuntimeError, match="closed"):
        store.put(b"x")
    with pytest.raises(RuntimeError, match="closed"):
        store.read(digest)


# When the machine refuses.


def run_python(code: str, *arguments: str, before: Callable[[], object] | None = None) -> str:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, env=env, check=True, stdout=subprocess.PIPE, text=True, preexec_fn=before, timeout=60
    ).stdout


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_full_disk(store: DirectoryStore, tmp_path: Path) -> None:
    """A file that cannot be written to its end leaves nothing, and the store goes on."""
    (tmp_path / "a").write_bytes(bytes(200_000))
    code = (
        "import io, os, sys; from pathlib import Path; from rlmlite_traces import DirectoryStore, StoreWriteError\n"
        "store = DirectoryStore(sys.argv[1])\n"
        "for use in (lambda: store.put(bytes(200_000)), lambda: store.add_stream(io.BytesIO(bytes(200_000))),\n"
        "            lambda: store.add_file(Path(sys.argv[2]))):\n"
        "    try: use(); print('written')\n"
        "    except StoreWriteError as error: print(error.reason)\n"
        "print(store.put(b'small'))\n"
    )
    printed = run_python(code, str(store.path), str(tmp_path / "a"), before=limited)
    assert printed.splitlines() == ["File too large"] * 3 + [sha256(b"small")]
    assert list(store.layout.digests()) == [sha256(b"small")]
    assert os.listdir(store.layout.incoming) == []


def test_a_full_lease(store: DirectoryStore) -> None:
    """Nothing is used that cannot be leased, and the torn end of a line hides nothing."""
    code = (
        "import sys; from rlmlite_traces import DirectoryStore, StoreWriteError\n"
        "store = DirectoryStore(sys.argv[1])\n"
        "try:\n"
        "    for number in range(2_000): store.holds(f'{number:064}')\n"
        "except StoreWriteError as error: print(error.reason, number)\n"
        "print((store.layout.leases / store._lease.name).stat().st_size, f'{number:064}' in store._leased)\n"
    )
    printed = run_python(code, str(store.path), before=limited)
    assert printed.splitlines() == ["File too large 1538", f"{1538 * 65} False"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
def test_another_user_reads_and_nothing_goes(open_folder: Path) -> None:
    """Who may only read does so without a lease; adding and collecting are refused, and so is their collection."""
    (digest,) = put_and_closed(open_folder / "store", b"a")
    code = (
        "import os, sys; from rlmlite_traces import *\n"
        "from rlmlite_traces.blobs.directory import collect, held_objects\n"
        "os.setgid(65534); os.setuid(65534)\n"  # after the imports: the interpreter may be root's alone
        "store = DirectoryStore.found(sys.argv[1])\n"
        "print(store.read_only, bytes(store.read(sys.argv[2])), store.holds('0' * 64))\n"
        "print(len(list(held_objects(store.layout))))\n"
        "for use in (lambda: store.put(b'b'), lambda: collect(store.layout, grace=0)):\n"
        "    try: use(); print('done')\n"
        "    except (StoreReadOnlyError, PermissionError) as error: print(str(error).partition(sys.argv[1])[2])\n"
    )
    printed = run_python(code, str(open_folder / "store"), digest).splitlines()

    assert printed == ["True b'a' False", "1", " can only be read here (Permission denied)", "/collecting'"]
