"""A store of somebody else's: every part of it as a trap, used by every command and class that takes a store."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite.cli.output.exits import Exit
from rlmlite_traces import DirectoryStore, StoreError
from rlmlite_traces.blobs.directory import collect, open_layout
from tests.guard.opening.traps import TRAPS, clear, fence, look
from tests.rlmlite.cli.commands import rlmlite
from tests.sizes import with_the_rest_slow

STORE = Path("store")
LONG_AGO = 1_000_000_000

PARTS = (
    "store.json",
    "lock",
    "collecting",
    "readers",
    "objects",
    "objects/SHARD",
    "objects/OBJECT",
    "incoming",
    "leases",
    "roots",
    "roots/ROOT",
    "quarantine",
)

COMMANDS = (
    ("store", "ls", "--store", "store"),
    ("store", "verify", "--store", "store"),
    ("store", "verify", "--quarantine", "--store", "store"),
    ("store", "gc", "--dry-run", "--store", "store"),
    ("store", "gc", "--grace", "0", "--forget-missing", "--store", "store"),
    ("trace", "replay", "t.rlm", "--store", "store"),
    ("exec", "-e", "x = 1", "app.log", "--copy", "--store", "store", "--trace", "new.rlm"),
)


def build_store() -> str:
    """A store with an object, a root and a quarantine; the digest of the object."""
    rlmlite("exec", "-e", "x = 1", "app.log", "--copy", "--store", "store", "--trace", "t.rlm")
    with DirectoryStore(STORE) as store:
        return next(store.layout.digests())


def place_of(part: str, digest: str) -> Path:
    if part == "roots/ROOT":
        return next((STORE / "roots").iterdir())
    return STORE / part.replace("SHARD", digest[:2]).replace("OBJECT", f"{digest[:2]}/{digest[2:]}")


@pytest.mark.parametrize("trap", with_the_rest_slow(TRAPS, ("link_to_copy", "pipe", "sparse")))
@pytest.mark.parametrize("part", PARTS)
def test_a_trap_in_a_store_does_no_harm(part: str, trap: str, outside: Path) -> None:
    """Every command ends at once, with an exit code, and what is outside the store is as it was."""
    digest = build_store()
    TRAPS[trap](place_of(part, digest), outside)
    before = look(outside)

    for command in COMMANDS:
        with fence():
            rlmlite(*command)

    assert look(outside) == before


def fill(folder: Path) -> None:
    """Files of somebody's, some with names as a store gives them."""
    folder.mkdir()
    names = ("letter.txt", "0" * 62, "999999-0123456789abcdef", "999999-0123456789abcdef.0123456789abcdef", "a.json")
    for name in names:
        (folder / name).write_text("mine")
        os.utime(folder / name, (LONG_AGO, LONG_AGO))


@pytest.mark.parametrize("part", ["objects", "objects/00", "incoming", "leases", "roots", "quarantine"])
def test_a_collection_deletes_nothing_through_a_link(part: str, outside: Path) -> None:
    """A folder of the store that is a link leads to files that no store has made."""
    build_store()
    fill(outside / "home")
    clear(STORE / part)
    (STORE / part).symlink_to(outside / "home")
    before = look(outside)

    result = rlmlite("store", "gc", "--grace", "0", "--forget-missing", "--store", "store")

    assert look(outside) == before
    assert result.exit_code in ((Exit.COMPLETED,) if part == "quarantine" else (Exit.BROKEN, Exit.FAILED))


def test_a_collection_leaves_what_no_store_has_made(outside: Path) -> None:
    """Files, links and folders beside its own, whatever they are called."""
    build_store()
    shard = STORE / "objects" / "00"
    foreign = {
        STORE / "leases" / "letter.txt",
        STORE / "incoming" / "letter.txt",
        STORE / "incoming" / "999999-0123456789abcdef",
        shard / "letter.txt",
        STORE / "letter.txt",
    }
    for place in foreign:
        place.write_text("mine")
    (shard / ("1" * 62)).symlink_to(outside / "key")
    (STORE / "leases" / "999999-0123456789abcdef").symlink_to(outside / "key")
    (STORE / "incoming" / "999999-0123456789abcdef.00").mkdir()

    rlmlite("store", "gc", "--grace", "0", "--forget-missing", "--store", "store")

    assert {place for place in foreign if place.is_file()} == foreign
    assert (shard / ("1" * 62)).is_symlink()
    assert (STORE / "leases" / "999999-0123456789abcdef").is_symlink()
    assert (STORE / "incoming" / "999999-0123456789abcdef.00").is_dir()
    assert (outside / "key").read_text() == "a private key"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"trace": 1, "digests": []}',
        b'{"trace": "relative", "digests": []}',
        b'{"trace": "/x", "digests": ["../../key"]}',
        b'{"trace": "/x", "digests": [1]}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_root_that_is_none_stops_a_collection(content: bytes) -> None:
    """What must be kept is then unknown, so nothing is removed."""
    digest = build_store()
    (STORE / "roots" / "x.json").write_bytes(content)

    assert rlmlite("store", "gc", "--grace", "0", "--store", "store").exit_code == Exit.BROKEN
    assert list(open_layout(STORE).digests()) == [digest]


def test_a_root_touches_nothing_at_its_path(outside: Path) -> None:
    """The path of a root is looked for and never opened, read or removed, whatever it names."""
    build_store()
    os.mkfifo(outside / "pipe")
    for number, name in enumerate(("key", "pipe", "", "no such file", "key/../key")):
        root = {"trace": str(outside / name), "digests": ["0" * 64]}
        (STORE / "roots" / f"{number}.json").write_text(json.dumps(root))
    before = look(outside)

    with fence():
        assert rlmlite("store", "gc", "--grace", "0", "--forget-missing", "--store", "store").exit_code == 0
    assert look(outside) == before


@pytest.mark.parametrize("use", [DirectoryStore, DirectoryStore.open_existing, DirectoryStore.open_to_read])
@pytest.mark.parametrize("digest", ["../../../key", "", "0" * 63, "g" * 64, "A" * 64, "0" * 64 + "/", "../" * 21 + "x"])
def test_a_digest_is_no_path(digest: str, use: Callable[[Path], DirectoryStore], outside: Path) -> None:
    """What a trace calls a digest is looked up only if it is one."""
    build_store()

    with use(STORE) as store:
        assert not store.holds(digest)


@pytest.mark.parametrize("trap", ["link_to_copy", "pipe", "folder", "device", "sparse"])
def test_an_object_that_is_no_file_is_damaged(trap: str, outside: Path) -> None:
    """Of a link not even the right content counts. `store verify` says what is there instead."""
    digest = build_store()
    TRAPS[trap](place_of("objects/OBJECT", digest), outside)

    if trap != "sparse":  # hashing 20 GB takes its time
        result = rlmlite("store", "verify", "--store", "store")
        assert (result.exit_code, f"{digest} is damaged" in result.output) == (Exit.BROKEN, True)
        with DirectoryStore(STORE) as store, pytest.raises(StoreError):
            store.read(digest)
    assert collect(open_layout(STORE), grace=0, dry_run=True).removed == []


def test_a_lock_that_is_never_released_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may open a store may hold its locks; a minute later this says so."""
    import fcntl

    build_store()
    monkeypatch.setattr("rlmlite_traces.blobs.directory.layout.WAIT_SECONDS", 0.1)
    for name in ("lock", "collecting", "readers"):
        (STORE / name).touch()
        with (STORE / name).open("rb") as file, fence():
            fcntl.flock(file, fcntl.LOCK_EX)
            command = COMMANDS[-1] if name == "lock" else COMMANDS[4]
            assert rlmlite(*command).exit_code == Exit.FAILED
    with (STORE / "readers").open("rb") as file, fence():
        fcntl.flock(file, fcntl.LOCK_EX)
        assert rlmlite("trace", "replay", "t.rlm", "--store", "store").exit_code == Exit.FAILED
