"""Generated inputs: logs as services write them, the same bytes on every machine. Start at `log_file`."""

import itertools
import os
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from benchmarks.measure import MB

_DAY = 10 * MB
"""A log of one day, of which longer logs are made, each day with its date."""

_DATE = b"@@@@-@@-@@"
_FIRST_DAY = date(2026, 1, 1)
_VERSION = 2
"""Of the generator. A change of it makes new files."""

_SCRIPTS = "Die Größe der Prüfung überrascht\nюлия жжёт лук\n日本語の行です。エラー\nok 😀 done\n".encode()

_LEVELS = ("INFO",) * 82 + ("WARN",) * 12 + ("ERROR",) * 4 + ("DEBUG",) * 2
_USERS = ("ann", "bob", "chen", "dora", "emeka", "farid", "greta", "hiro", "root", "guest")
_PARTS = (
    "dfs.DataNode",
    "dfs.FSNamesystem",
    "dfs.PacketResponder",
    "net.Router",
    "auth.sshd",
    "web.Gateway",
    "db.Pool",
)


def log_file(size: int) -> Path:
    """A log of `size` bytes less than a line, made once: lines as services write them, the same on every machine."""
    return _made(f"log-{_VERSION}-{size}.log", _log(size))


def scripts_file(size: int) -> Path:
    """Text of `size` bytes or a little less, made once: German, Russian, Japanese and emoji by turns."""
    return _made(f"scripts-{_VERSION}-{size}.txt", itertools.repeat(_SCRIPTS, size // len(_SCRIPTS)))


def _made(name: str, parts: Iterable[bytes]) -> Path:
    def write(path: Path) -> None:
        with open(path, "wb") as file:
            file.writelines(parts)

    return made_once(name, write)


def made_once(name: str, write: Callable[[Path], object]) -> Path:
    """A file of the benchmarks' folder, written if it is not there yet, and read into the page cache."""
    folder = Path(tempfile.gettempdir()) / "rlmlite-benchmarks"
    folder.mkdir(exist_ok=True)
    path = folder / name
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        write(part)
        part.replace(path)
    with open(path, "rb", buffering=0) as file:
        while file.read(16 * MB):
            pass
    return path


def _log(size: int) -> Iterator[bytes]:
    day = b"".join(_lines(min(size, _DAY)))
    left = size
    for number in range(-(-size // max(1, len(day)))):
        text = day.replace(_DATE, (_FIRST_DAY + timedelta(days=number)).isoformat().encode())
        yield text if len(text) <= left else text[: text.rfind(b"\n", 0, left) + 1]
        left -= len(text)


def _lines(size: int) -> Iterator[bytes]:
    chance = random.Random(20260101)
    second, made = 0.0, 0
    while True:
        second += chance.random() * 1.8
        whole = int(second)
        clock = f"{whole // 3600 % 24:02}:{whole // 60 % 60:02}:{whole % 60:02},{int(second * 1000) % 1000:03}"
        level = chance.choice(_LEVELS)
        who = f"{chance.choice(_PARTS)} [worker-{chance.randrange(64)}]"
        line = f"@@@@-@@-@@ {clock} {level} {who} {_event(chance, level)}\n"
        made += len(line)
        if made > size:
            return
        yield line.encode()


def _event(chance: random.Random, level: str) -> str:
    address = f"10.{chance.randrange(4)}.{chance.randrange(256)}.{chance.randrange(256)}"
    if level == "ERROR":
        return _error(chance, address)
    kind = chance.random()
    if kind < 0.30:
        return (
            f"PacketResponder {chance.randrange(3)} for block blk_{chance.getrandbits(60)} terminating, from {address}"
        )
    if kind < 0.55:
        return f"Received block blk_{chance.getrandbits(60)} of size {chance.randrange(10**8)} from {address}"
    if kind < 0.80:
        return f"GET /api/v2/orders/{chance.randrange(10**6)} 200 {chance.randrange(900)} ms, client {address}"
    if kind < 0.95:
        return f"Accepted password for {chance.choice(_USERS)} from {address} port {chance.randrange(1024, 65536)} ssh2"
    load = f"load {chance.random():.3f}"
    return f"session of {chance.choice(_USERS)} closed after {chance.randrange(10**4)} s, no error, {load}"


def _error(chance: random.Random, address: str) -> str:
    kind = chance.random()
    if kind < 0.25:
        return f"request to {address} failed: timeout {chance.randrange(100, 30_000)} ms, retry {chance.randrange(5)}"
    if kind < 0.55:
        whence = f"from {address} port {chance.randrange(65536)} ssh2"
        return f"Failed password for invalid user {chance.choice(_USERS)} {whence}"
    if kind < 0.995:
        return f"Error while writing block blk_{chance.getrandbits(60)} to mirror {address}: Connection reset by peer"
    return f"checksum mismatch in block blk_{chance.getrandbits(60)} on {address}"
