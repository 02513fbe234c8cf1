"""Eight processes put, read, look up, root and collect in one store, and are killed at random (SIGKILL)."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from rlmlite_traces import DirectoryStore
from rlmlite_traces.blobs.directory import GRACE_SECONDS, check_objects, collect, collection, open_layout

WORKERS = 8
SHARED = 40
"""How many contents all processes put and look up again and again, while others collect them."""

NURSERY = """
import os, random, signal, sys, time, traceback
from pathlib import Path
from tests.traces.blobs.test_directory_kill import WORKERS, work
folder, kills, seed, grace, pace = Path(sys.argv[1]), *map(float, sys.argv[2:])
rng, begun, killed, children = random.Random(seed), 0, 0, set()
def begin():
    global begun
    begun += 1
    child = os.fork()
    if child == 0:
        try:
            work(folder, int(seed) * 100_000 + begun, grace)
        except BaseException:
            (folder / f"failed.{begun}").write_text(traceback.format_exc())
        os._exit(1)
    children.add(child)
def end(child):
    children.discard(child)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
try:
    while killed < kills:
        while len(children) < WORKERS:
            begin()
        time.sleep(rng.random() * pace)
        assert end(rng.choice(sorted(children))) == -signal.SIGKILL
        killed += 1
finally:
    killed += sum(end(child) == -signal.SIGKILL for child in list(children))
print(killed)
"""
"""Keeps eight workers running, and kills one after the other. A worker that ends by itself has failed."""


def content(number: int) -> bytes:
    """Up to 2 MB, most of it small; the same for the same number."""
    rng = Random(number)
    size = rng.choice((0, 10, 1_000, 70_000, 300_000, 2_000_000))
    return (b"%d " % number) + rng.randbytes(min(size, 1_000)) * (size // 1_000 or 1)


def work(folder: Path, seed: int, grace: float) -> None:
    """Use the store without end. What was acknowledged is written to a file, so that it can be checked later."""
    rng = Random(seed)
    collection.BATCH = 8  # so that other processes often get the lock in between
    store = DirectoryStore(folder / "store")
    journal = os.open(folder / "acknowledged", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    mine: dict[str, bytes] = {}
    parent = os.getppid()
    while os.getppid() == parent:
        match rng.choice(("own", "own", "shared", "shared", "stream", "again", "again", "again", "gc", "root")):
            case "own":
                new = content(rng.randrange(10**9))
                mine[store.put(new)] = new
            case "shared":
                new = content(rng.randrange(SHARED))
                mine[store.put(new)] = new
            case "stream":
                new = content(rng.randrange(SHARED))
                mine[store.add_pieces([new[:10], new[10:]])] = new
            case "again" if mine:
                digest = rng.choice(list(mine))
                assert bytes(store.read(digest)) == mine[digest]
                assert store.layout.object_path(digest).read_bytes() == mine[digest], "removed under a live process"
            case "gc":
                collect(store.layout, grace=grace)
            case "root" if mine:
                trace = folder / "traces" / f"{seed}.{rng.randrange(10**9)}.rlm"
                trace.mkdir(parents=True)
                some = rng.sample(list(mine), min(len(mine), 3))
                store.keep_for(trace, some)
                os.write(journal, "".join(f"root {digest}\n" for digest in some).encode())
        if len(mine) > 60:  # with a new lease, so that many contents are no longer held by anyone
            store.close()
            store, mine = DirectoryStore(folder / "store"), {}
        os.write(journal, "".join(f"put {digest}\n" for digest in list(mine)[-1:]).encode())


def kill_workers(folder: Path, kills: int, seed: int, grace: float, pace: float) -> Counter[str]:
    """Kill workers, one every `pace` seconds at most, check what they left, and return the counts."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", NURSERY, str(folder), str(kills), str(seed), str(grace), str(pace)]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE)
    assert [path.read_text() for path in folder.glob("failed.*")] == []
    assert done.returncode == 0

    layout = open_layout(folder / "store")
    acknowledged = {tuple(line.split()) for line in (folder / "acknowledged").read_text().splitlines()}
    rooted = {digest for kind, digest in acknowledged if kind == "root"}
    put = {digest for kind, digest in acknowledged if kind == "put"}
    present = {digest: fault for digest, fault in check_objects(layout)}
    assert [fault for fault in present.values() if fault] == []  # every name has all of its content
    assert rooted <= present.keys()
    if grace:
        assert put <= present.keys()

    leftovers = len(os.listdir(layout.incoming))
    last = collect(layout, grace=0)
    assert last.leftovers == leftovers
    assert last.kept == {"lease": 0, "trace": len(present) - len(last.removed), "young": 0}
    assert rooted <= set(layout.digests())
    assert os.listdir(layout.incoming) == os.listdir(layout.leases) == []
    return Counter(
        killed=int(done.stdout), acknowledged=len(put), rooted=len(rooted), leftovers=leftovers, present=len(present)
    )


@pytest.mark.parametrize("grace", [0, GRACE_SECONDS])
def test_killed_processes_lose_nothing(tmp_path: Path, grace: float) -> None:
    """Nothing acknowledged is lost, nothing half-written can be read, nothing that a live process uses is removed."""
    figures = kill_workers(tmp_path, kills=10, seed=1, grace=grace, pace=0.06)

    assert figures["killed"] == 10 + WORKERS - 1


@pytest.mark.slow
@pytest.mark.parametrize("grace", [0, GRACE_SECONDS])
def test_two_hundred_kills_lose_nothing(tmp_path: Path, grace: float) -> None:
    """The same as above, over 200 kills in all."""
    figures = kill_workers(tmp_path, kills=100, seed=2, grace=grace, pace=0.5)
    print(dict(figures))  # noqa: T201  shown by `pytest -s`

    assert figures["killed"] >= 100
