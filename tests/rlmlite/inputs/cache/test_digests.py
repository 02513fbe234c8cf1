"""The cache of digests: what it saves, what it never trusts, and that its failures cost only time."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite.inputs.cache.digests import ENTRIES, SETTLED_NS, WORTH_BYTES, Digests, open_digests
from rlmlite_kernel.engines.bytes.utf8 import Utf8
from rlmlite_traces import FileBlobs
from rlmlite_traces.files import mapped

SIZE = WORTH_BYTES + 1


@pytest.fixture
def cache(tmp_path: Path) -> Digests:
    return Digests(tmp_path / "cache" / "digests.sqlite")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A large file that was left alone for long enough, as far as the cache can see."""
    (tmp_path / "a.txt").write_bytes(b"." * SIZE)
    return tmp_path / "a.txt"


def settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time go by."""
    real = time.time_ns
    monkeypatch.setattr("rlmlite_traces.files.mapped.time.time_ns", lambda: real() + 2 * SETTLED_NS)


def hashings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the contents that are hashed from now on."""
    seen: list[int] = []
    real = mapped.digest_and_check

    def counting(content: bytes, text: bool) -> tuple[str, Utf8 | None]:
        seen.append(len(content))
        return real(content, text)

    monkeypatch.setattr(mapped, "digest_and_check", counting)
    return seen


def test_a_large_file_is_hashed_once(cache: Digests, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second store, and another spelling of the path, use the remembered digest."""
    settle(monkeypatch)
    seen = hashings(monkeypatch)
    monkeypatch.chdir(large.parent)

    first = FileBlobs(cache).add_file(large, "a")
    second = FileBlobs(cache).add_file(Path("a.txt"), "a")

    assert first == second
    assert first.digest == hashlib.sha256(b"." * SIZE).hexdigest()
    assert seen == [SIZE]


def test_the_utf8_check_is_remembered(cache: Digests, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of bad bytes and the place of the first are remembered with the digest."""
    large.write_bytes(b"." * SIZE + b"\xff.\xff")
    settle(monkeypatch)

    assert FileBlobs(cache).look(large).utf8 == FileBlobs(cache).look(large).utf8 == Utf8(False, False, 2, SIZE)


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda path: path.write_bytes(b"!" * SIZE),
    "size": lambda path: path.write_bytes(b"." * (SIZE + 1)),
    "another file": lambda path: (path.rename(path.with_suffix(".old")), path.write_bytes(b"!" * SIZE)),
    "mtime set back": lambda path: set_back(path),
}


def set_back(path: Path) -> None:
    """Change a file, and give it the time that it had."""
    before = os.stat(path)
    path.write_bytes(b"!" * SIZE)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_file_is_hashed_again(
    cache: Digests, large: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Any change counts, even one that sets the times back."""
    settle(monkeypatch)
    old = FileBlobs(cache).add_file(large).digest

    CHANGES[change](large)

    now = FileBlobs(cache).add_file(large).digest
    assert now == hashlib.sha256(large.read_bytes()).hexdigest() != old


def test_a_file_that_was_just_changed_is_not_remembered(
    cache: Digests, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could change again within one tick of the clock; git calls such a file racily clean."""
    seen = hashings(monkeypatch)

    for _ in range(3):
        FileBlobs(cache).add_file(large)

    assert seen == [SIZE] * 3


def test_small_files_are_not_remembered(cache: Digests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing a small file is faster than looking it up."""
    (tmp_path / "a.txt").write_bytes(b"small")
    settle(monkeypatch)

    FileBlobs(cache).add_file(tmp_path / "a.txt")

    assert not (tmp_path / "cache").exists()


def test_a_store_without_a_cache_hashes_all(cache: Digests, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay has such a store."""
    settle(monkeypatch)
    FileBlobs(cache).add_file(large)
    seen = hashings(monkeypatch)

    FileBlobs().add_file(large)

    assert seen == [SIZE]


@pytest.mark.parametrize("broken", ["garbage", "a folder", "not writable", "locked"])
def test_a_cache_that_fails_costs_only_time(
    tmp_path: Path,
    large: Path,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The digest is right, and the user is warned."""
    file = tmp_path / "digests.sqlite"
    if broken == "garbage":
        file.write_bytes(b"no database" * 1000)
    elif broken == "a folder":
        file.mkdir()
    elif broken == "not writable":
        (tmp_path / "plain").touch()
        file = tmp_path / "plain" / "digests.sqlite"
    else:
        monkeypatch.setattr("rlmlite.inputs.cache.digests._LOCK_SECONDS", 0.01)
    settle(monkeypatch)
    holder = None
    if broken == "locked":
        Digests(file).keep(large, os.stat(large), time.time_ns() + 2 * SETTLED_NS, "0" * 64, Utf8(True, True, 0, -1))
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")

    with caplog.at_level("WARNING", "rlmlite"):
        digest = FileBlobs(Digests(file)).add_file(large).digest

    if holder is not None:
        holder.close()
    assert digest == hashlib.sha256(b"." * SIZE).hexdigest()
    assert any("digests are not remembered" in message for message in caplog.messages)


def test_many_processes_share_it(cache: Digests, large: Path, tmp_path: Path) -> None:
    """Four processes remember and look up 50 files each; no answer is another file's."""
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from rlmlite.inputs.cache.digests import Digests\n"
        "from rlmlite_kernel.engines.bytes.utf8 import Utf8\n"
        "cache, status, who = Digests(Path(sys.argv[1])), os.stat(sys.argv[2]), sys.argv[3]\n"
        "for number in range(50):\n"
        "    path = Path(f'/{who}/{number}')\n"
        "    cache.keep(path, status, time.time_ns() + 10**10, f'{who}{number}', Utf8(True, True, 0, -1))\n"
        "    assert cache.find(path, status) in (None, (f'{who}{number}', Utf8(True, True, 0, -1))), path\n"
    )
    file = str(tmp_path / "cache" / "digests.sqlite")

    running = [subprocess.Popen([sys.executable, "-c", program, file, str(large), who]) for who in "abcd"]
    codes = [process.wait(timeout=100) for process in running]

    assert codes == [0] * 4
    known = [cache.find(Path(f"/{who}/{number}"), os.stat(large)) for who in "abcd" for number in range(50)]
    assert sum(found is not None for found in known) >= 50  # a process that waited too long has hashed instead


def test_it_has_a_largest_size(cache: Digests, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that were hashed longest ago are forgotten."""
    monkeypatch.setattr("rlmlite.inputs.cache.digests.ENTRIES", 3)
    status = os.stat(large)

    for number in range(6):
        cache.keep(Path(f"/{number}"), status, time.time_ns() + 10**10, str(number), Utf8(True, True, 0, -1))

    known = [number for number in range(6) if cache.find(Path(f"/{number}"), status) is not None]
    assert (known, ENTRIES) == ([3, 4, 5], 10_000)


def test_it_is_in_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system says where that is."""
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / name))

    assert open_digests()._file == tmp_path / "rlmlite" / "digests.sqlite"
