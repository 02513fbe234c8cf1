"""Two verifiers on one trace: what Python says, what JavaScript says, and whether that is the same.

A verdict is small enough to compare: level and root of a sound trace, and of its nested runs whether they are the ones
that were recorded; of a broken one the class of the error, and the code of the rule that the first bad line breaks.

    Verdict(level="SEALED", root="4a0d…", nested=(("a168…", "same"),))
    Verdict(error="TraceBrokenError", check="seq", file="trace.jsonl", line=2)
"""

import json
import shutil
import struct
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rlmlite_traces import CheckedTrace, Level, TraceBrokenError, TraceError, UncheckedTrace, nested_traces, verify
from rlmlite_traces.format.lines import BLOBS, EFFECTS, HEX, RECORDS, REDACTIONS

Files = Mapping[str, bytes]
"""The bytes of a trace's folder by their path in it. A folder that is there has an entry too, that ends in a slash."""

BATCH = Path(__file__).parent / "batch.mjs"
MISSING = "node is not installed: the second verifier (traces/verify.mjs) was not tried"


class Verdict(NamedTuple):
    """What a verifier says of a trace."""

    level: str = ""
    root: str = ""
    nested: tuple[tuple[str, str], ...] = ()
    error: str = ""
    check: str = ""
    file: str = ""
    line: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found, in nested runs neither."""
        return not self.error and all(standing != "differs" for _, standing in self.nested)


def node() -> str:
    """The path of Node. Skips the test on a machine without it."""
    found = shutil.which("node")
    if found is None:
        pytest.skip(MISSING)
    return found


def in_javascript(cases: Iterable[tuple[Files, str | None]]) -> list[Verdict]:
    """The verdicts on traces, each with the root that is known of it, by one process."""
    packed = b"".join(map(_packed, cases))
    done = subprocess.run([node(), str(BATCH)], input=packed, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [_verdict_of(json.loads(line)) for line in done.stdout.splitlines()]


def _packed(case: tuple[Files, str | None]) -> bytes:
    files, root = case
    head = json.dumps({"root": root, "files": [[name, len(content)] for name, content in files.items()]}).encode()
    return b"".join((struct.pack(">I", len(head)), head, *files.values()))


def _verdict_of(said: dict[str, Any]) -> Verdict:
    if "error" in said:
        return Verdict(error=said["error"], check=said["check"], file=said["file"], line=said["line"])
    nested = tuple((each["id"], each["trace"]) for each in said["nested"])
    return Verdict(said["level"], said["root"], nested)


def in_python(files: Files, root: str | None = None) -> Verdict:
    """The verdict on one trace without its nested runs, which Python reads from a disk."""
    large: dict[str, Path | bytes] = {
        name.removeprefix("blobs/"): content
        for name, content in files.items()
        if name.startswith("blobs/") and HEX.fullmatch(name.removeprefix("blobs/"))
    }
    try:
        trace = verify(_unchecked(files, large), root)
    except TraceError as error:
        return _refusal(error)
    return Verdict(trace.level.name, trace.root)


def _unchecked(files: Files, large: dict[str, Path | bytes]) -> UncheckedTrace:
    redactions = files.get(REDACTIONS, b"")
    return UncheckedTrace(files[RECORDS], files[BLOBS], files[EFFECTS], large, redactions=redactions)


def folder_in_python(path: Path, root: str | None = None, at_least: str = "OPEN") -> Verdict:
    """The verdict on a folder, with its nested runs."""
    try:
        trace = verify(UncheckedTrace.read(path), root, Level[at_least])
    except TraceError as error:
        return _refusal(error)
    return Verdict(trace.level.name, trace.root, tuple(_standings(trace, path)))


def _standings(trace: CheckedTrace, path: Path) -> Iterator[tuple[str, str]]:
    for each in nested_traces(trace, path):
        yield each.id, each.standing.value


def _refusal(error: TraceError) -> Verdict:
    kind = type(error).__name__
    if isinstance(error, TraceBrokenError):
        return Verdict(error=kind, check=error.check, file=error.file, line=error.position)
    return Verdict(error=kind)


def files_of(path: Path) -> dict[str, bytes]:
    """The checked files below a trace's folder, nested runs included, and its folders."""
    files: dict[str, bytes] = {"": b""}
    for item in sorted(path.rglob("*")):
        name = item.relative_to(path).as_posix()
        if item.is_dir():
            files[f"{name}/"] = b""
        elif item.is_symlink() or not item.is_file():
            continue  # neither verifier follows a link, or waits for a pipe
        elif item.name in (RECORDS, BLOBS, EFFECTS, REDACTIONS) or item.parent.name == "blobs":
            files[name] = item.read_bytes()
    return files


def write_files(path: Path, files: Files) -> Path:
    """A trace's folder with these files; the root of it."""
    for name, content in files.items():
        place = path / name
        (place if name.endswith("/") or not name else place.parent).mkdir(parents=True, exist_ok=True)
        if not (name.endswith("/") or not name):
            place.write_bytes(content)
    return path


def disagreements(cases: Sequence[tuple[str, Files, str | None]]) -> list[tuple[str, Verdict, Verdict]]:
    """The cases, by their names, of which the two say something else."""
    javascript = in_javascript((files, root) for _, files, root in cases)
    assert len(javascript) == len(cases)
    python = (in_python(files, root) for _, files, root in cases)
    pairs = zip(cases, python, javascript, strict=True)
    return [(name, mine, its) for (name, _, _), mine, its in pairs if mine != its._replace(nested=())]
