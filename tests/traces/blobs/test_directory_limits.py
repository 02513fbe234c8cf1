"""A store when the system refuses: forks, a full disk, a full lease, another user."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rlmlite_traces import (
    DirectoryStore,
)
from tests.traces.blobs.store_contents import put_and_close, sha256


def test_a_forked_or_closed_store_is_refused(store: DirectoryStore) -> None:
    """Neither can be used by mistake, and the lease of a parent outlives its child."""
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


def run_python(code: str, *arguments: str, before: Callable[[], object] | None = None) -> str:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, env=env, check=True, stdout=subprocess.PIPE, text=True, preexec_fn=before, timeout=60
    ).stdout


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_full_disk_leaves_nothing(store: DirectoryStore, tmp_path: Path) -> None:
    """A content that cannot be written to its end leaves nothing, and the store goes on."""
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
    printed = run_python(code, str(store.path), str(tmp_path / "a"), before=limit_file_size)
    assert printed.splitlines() == ["File too large"] * 3 + [sha256(b"small")]
    assert list(store.layout.digests()) == [sha256(b"small")]
    assert os.listdir(store.layout.incoming) == []


def test_a_content_that_cannot_be_leased_is_not_used(store: DirectoryStore) -> None:
    """If the lease cannot be written, the content is not used; the torn end of a line hides no other lease."""
    code = (
        "import sys; from rlmlite_traces import DirectoryStore, StoreWriteError\n"
        "store = DirectoryStore(sys.argv[1])\n"
        "try:\n"
        "    for number in range(2_000): store.holds(f'{number:064}')\n"
        "except StoreWriteError as error: print(error.reason, number)\n"
        "print((store.layout.leases / store._lease.name).stat().st_size, f'{number:064}' in store._leased)\n"
    )
    printed = run_python(code, str(store.path), before=limit_file_size)
    assert printed.splitlines() == ["File too large 1538", f"{1538 * 65} False"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
def test_a_user_without_write_access_only_reads(open_folder: Path) -> None:
    """Such a user reads without a lease, and may neither add nor collect."""
    (digest,) = put_and_close(open_folder / "store", b"a")
    for place in [open_folder / "store", *(open_folder / "store").rglob("*")]:  # a store is made for its user alone
        place.chmod(0o755 if place.is_dir() else 0o644)
    code = (
        "import os, sys; from rlmlite_traces import *\n"
        "from rlmlite_traces.blobs.directory import collect, list_objects\n"
        "os.setgid(65534); os.setuid(65534)\n"  # after the imports: the interpreter may be root's alone
        "store = DirectoryStore.open_existing(sys.argv[1])\n"
        "print(store.read_only, bytes(store.read(sys.argv[2])), store.holds('0' * 64))\n"
        "print(len(list(list_objects(store.layout))))\n"
        "for use in (lambda: store.put(b'b'), lambda: collect(store.layout, grace=0)):\n"
        "    try: use(); print('done')\n"
        "    except (StoreReadOnlyError, PermissionError) as error: print(str(error).partition(sys.argv[1])[2])\n"
    )
    printed = run_python(code, str(open_folder / "store"), digest).splitlines()

    assert printed == ["True b'a' False", "1", " can only be read here (Permission denied)", "/collecting'"]
