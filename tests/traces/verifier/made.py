"""Every trace that any test makes, for both verifiers: they must say the same of it.

Workers keep the files of traces, once each, and the process that started them feeds all to one Node when the run is
over (a start takes 50 ms, a trace one or two). A trace is met in one of three ways:

    a log is closed                        what it wrote, wherever that is
    a test is over that had a `tmp_path`   every folder below it that has a `trace.jsonl`: copied, unpacked, altered
    `handmade.unchecked_trace`             files that were never on a disk, most of them broken on purpose

The suite takes one in 32 of them, by the digest of their bytes, `make verifiers` takes all.
"""

import hashlib
import json
import os
import stat
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from tests.traces.verifier.both import Verdict, files_of, folder_in_python, in_javascript, in_python, write_files

FOLDER: Final = "TESTS_TRACES_MADE"
"""The variable of the environment that tells workers where to keep traces."""

SHARE: Final = "TESTS_TRACES_SHARE"
"""The variable that says how many of 256 traces are taken, where it is not the suite's share."""

SHARE_OF_SUITE: Final = 8

BATCH: Final = 2_000
"""How many traces one Node is fed, so that a large run need not be held in memory."""

LARGEST: Final = 8_000_000
"""Bytes of the largest trace that is kept."""

_seen: set[bytes] = set()


class Kept(NamedTuple):
    """A trace that was kept: the test that made it, and its files."""

    test: str
    files: Mapping[str, bytes]


def keep(files: Mapping[str, bytes]) -> None:
    """Keep a trace for later, if it is new and falls into the share of this run."""
    folder = os.environ.get(FOLDER)
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + files[name] for name in sorted(files))).digest()
    share = int(os.environ.get(SHARE, SHARE_OF_SUITE))
    if folder is None or digest in _seen or digest[0] >= share or sum(map(len, files.values())) > LARGEST:
        return
    _seen.add(digest)
    test = os.environ.get("PYTEST_CURRENT_TEST", "")
    head = json.dumps({"test": test, "files": [[name, len(content)] for name, content in files.items()]}).encode()
    with open(Path(folder) / f"{os.getpid()}.kept", "ab") as file:
        file.write(b"".join((struct.pack(">I", len(head)), head, *files.values())))


def keep_below(path: Path) -> None:
    """Keep every trace in a folder, at any depth, but for those that are nested in another one."""
    for place, folders, names in os.walk(path):
        if "trace.jsonl" in names:
            folders.clear()
            keep_folder(Path(place))


def keep_folder(path: Path) -> None:
    """Keep the trace in one folder, if it can be read."""
    try:
        if stat.S_ISDIR(path.lstat().st_mode) and _bytes_below(path) <= LARGEST:
            keep(files_of(path))
    except OSError:
        return  # taken away meanwhile, or of another user: nothing was made that could be fed to anybody


def _bytes_below(path: Path) -> int:
    """What the files have, before a byte is read: a test may have made a sparse one of many gigabytes."""
    return sum(each.lstat().st_size for each in path.rglob("*"))


def kept_in(folder: Path) -> Iterator[Kept]:
    """The traces that the workers of a run have kept."""
    for path in sorted(folder.glob("*.kept")):
        with path.open("rb") as file:
            while size := file.read(4):
                head = json.loads(file.read(struct.unpack(">I", size)[0]))
                yield Kept(head["test"], {name: file.read(length) for name, length in head["files"]})


def differences(kept: Iterable[Kept]) -> tuple[int, list[tuple[str, Verdict, Verdict]]]:
    """How many traces there are, and the tests that made one of which the two verifiers do not say the same."""
    count, found = 0, []
    for batch in batched(kept, BATCH):
        python = map(_in_python, batch)
        javascript = in_javascript((each.files, None) for each in batch)
        for each, mine, its in zip(batch, python, javascript, strict=True):
            if not _is_same(mine, its):
                found.append((each.test, mine, its))
        count += len(batch)
    return count, found


def _is_same(mine: Verdict, its: Verdict) -> bool:
    """Whether Python says what JavaScript says.

    What a reader is willing to spend is the reader's own. Nested runs that are not there are no news where only the
    files of their parent were looked at.
    """
    no_news = mine.nested == () and all(standing == "absent" for _, standing in its.nested)
    return mine.error == "OverLimitError" or mine == (its._replace(nested=()) if no_news else its)


def batched(items: Iterable[Kept], size: int) -> Iterator[list[Kept]]:
    """The items, so many at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _in_python(kept: Kept) -> Verdict:
    is_plain = "nested/" not in kept.files and {"trace.jsonl", "blobs.jsonl", "effects.jsonl"} <= kept.files.keys()
    if is_plain:
        return in_python(kept.files)
    with tempfile.TemporaryDirectory() as folder:
        return folder_in_python(write_files(Path(folder) / "a.rlm", kept.files))
