"""Inputs that are loaded once are taken by many runs at a time, which do what runs with their own would."""

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import LoadedInputs, Scripted, Session
from rlmlite.errors import InputError, SettingError

LOG = "".join(f"{n:05} {'ERROR disk' if n % 7 == 3 else 'INFO ok'}\r\n" for n in range(3_000))
CSV = "name,n\n" + "".join(f"user{n % 9},{n}\n" for n in range(500))
PROGRAM = """
h = search(log, "ERROR")
t = search(table, "user3")
z = rank(zipped, "disk error")
m = where(table, .n > 490)
u = render(m, "{name}: {n}")
r = where(data, .name == "user3")
j = sort(data, by=-.n)
a = docs["a.txt"]
final({h: count(h), t: count(t), m: m, u: u, j: j[0].n, r: count(r), a: a, z: count(z)}, evidence=h[1:3])
"""
TRACE = ("trace.jsonl", "blobs.jsonl", "effects.jsonl")


def inputs(folder: Path) -> dict[str, object]:
    """Inputs of each kind: a file, a table of a file, what is derived, a folder, rows and a text from memory."""
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs" / "a.txt").write_text("one two\n")
    (folder / "app.log").write_bytes(LOG.encode())
    (folder / "t.csv").write_text(CSV)
    (folder / "z.log.gz").write_bytes(gzip.compress(LOG.encode()))
    paths = {"log": "app.log", "table": "t.csv", "zipped": "z.log.gz", "docs": "docs"}
    made = {"data": [{"name": f"user{n % 9}", "n": n} for n in range(300)], "memory": "text"}
    return {**{name: folder / path for name, path in paths.items()}, **made}


def key(number: int) -> str:
    return f"{number:02x}" * 32


def traced(place: Path) -> list[bytes]:
    return [(place / name).read_bytes() for name in TRACE]


def test_runs_in_threads_write_what_runs_with_their_own_inputs_write(tmp_path: Path) -> None:
    """The same bytes, for each of them; what one has made is not in another."""
    named = inputs(tmp_path)
    loaded = rlmlite.load(named)

    def run(number: int) -> Any:
        return rlmlite.execute(PROGRAM, loaded, trace=tmp_path / f"{number}.rlm", run_key=key(number)).value

    with ThreadPoolExecutor(6) as pool:
        values = list(pool.map(run, range(6)))
    assert values[0]["h"] == 429
    for number, value in enumerate(values):
        own = rlmlite.execute(PROGRAM, named, trace=tmp_path / f"own{number}.rlm", run_key=key(number))
        assert value == own.value
        assert traced(tmp_path / f"{number}.rlm") == traced(tmp_path / f"own{number}.rlm")


def test_questions_and_sessions_take_them(tmp_path: Path) -> None:
    """At a time in one event loop, and a session in between; the session goes on by itself, and is added to."""
    loaded = rlmlite.load(inputs(tmp_path))
    replies = 'final(count(search(log, "ERROR")))'

    async def ask_all() -> list[rlmlite.Outcome]:
        runs = [
            rlmlite.arun("How many?", loaded, controller=Scripted([replies]), trace=tmp_path / f"{n}.rlm")
            for n in range(4)
        ]
        return await asyncio.gather(*runs)

    with Session(tmp_path / "s.rlm", loaded) as session:
        assert session.exec(PROGRAM).status == "completed"
        assert [outcome.value for outcome in asyncio.run(ask_all())] == [429] * 4
        session.add({"more": "text"})
        assert session.exec("final(more)").value == "text"
    with Session(tmp_path / "s.rlm") as session:
        assert session.exec("final(h[0].line)").value == 4


def test_what_is_loaded_is_shared(tmp_path: Path) -> None:
    """Contents, where their lines begin, and the columns of a table are there once; names say what there is."""
    loaded = rlmlite.load(inputs(tmp_path))
    (_, one), (_, other) = loaded.for_run(), loaded.for_run()
    digest = loaded.for_run()[0]["log"].source.files[0].digest
    assert one.lines(digest) is other.lines(digest)
    assert one.read(digest) is other.read(digest)
    made = one.put(b"of one run")
    assert (one.has(made), other.has(made)) == (True, False)
    assert loaded.names == ("log", "table", "zipped", "docs", "data", "memory")
    assert repr(loaded) == "LoadedInputs(log, table, zipped, docs, data, memory)"


def test_how_they_are_loaded_is_said_once(tmp_path: Path) -> None:
    """A run that says it again is refused, and what cannot be loaded too; copies lie in the store of `load`."""
    loaded = rlmlite.load(inputs(tmp_path), copy_to=tmp_path / "store")
    assert isinstance(loaded, LoadedInputs)
    with pytest.raises(SettingError, match=r"give reading to rlmlite.load"):
        rlmlite.execute("final(1)", loaded, reading={"encoding": "latin-1"}, trace=False)
    with pytest.raises(InputError, match="does not exist"):
        rlmlite.load({"log": tmp_path / "missing.log"})
    (tmp_path / "app.log").unlink()
    assert rlmlite.execute('final(count(search(log, "ERROR")))', loaded, trace=False).value == 429
