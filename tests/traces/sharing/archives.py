"""Archives for tests: the small runs of the forge, packed, and archives put together by hand."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from rlmlite_traces import Level, TraceError, pack, verify
from rlmlite_traces.sharing.packing.archive_writer import ArchiveWriter

GOLDEN = Path(__file__).parents[3] / "traces" / "golden" / "2.3"


@cache
def packed_golden(name: str) -> bytes:
    """A kept trace, packed."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "a.rlmz")
        pack(GOLDEN / f"{name}.rlm", file)
        return file.read_bytes()


def write_archive(file: Path, contents: Mapping[str, bytes]) -> Path:
    """An archive in the right spelling, whatever is in it."""
    with file.open("wb") as open_file:
        writer = ArchiveWriter(open_file.fileno())
        for name in sorted(contents):
            writer.add(name, len(contents[name]), [contents[name]])
        writer.finish()
    return file


def refusal(file: Path, use: Callable[[Path], object] = lambda file: verify(file, None, Level.SEALED)) -> str:
    """What is said of a file that is refused; empty if it is not. Any error that is not a trace's is a failure."""
    try:
        use(file)
    except TraceError as error:
        return f"{type(error).__name__}: {error}"
    return ""
