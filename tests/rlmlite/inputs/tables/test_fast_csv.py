"""The fast way reads what the definition reads: every cell, type, place and note, of thousands of files."""

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite.errors import InputError
from rlmlite.inputs import from_path
from rlmlite.inputs.tables import load
from rlmlite.inputs.tables.texts import pieces
from rlmlite.inputs.tables.texts.delimited import fast_csv
from rlmlite_kernel.engines import use_threads
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces import FileBlobs
from tests.rlmlite.inputs.tables.csv_texts import random_csv
from tests.rlmlite.inputs.tables.table_files import load_rows

pytest.importorskip("pyarrow", reason="needs the extra `tables`")

Read = Callable[[Path | str], Source | str]


def read(path: Path | str) -> Source | str:
    """The source of a table, with the digest of its content, its recipe and its notes; or why there is none."""
    try:
        return from_path(str(path), FileBlobs()).source
    except InputError as error:
        return str(error)


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | str, int], tuple[Source | str, Source | str]]:
    """Reads a file by the definition, and by the fast way in blocks of some bytes."""

    def read_both(path: Path | str, block: int) -> tuple[Source | str, Source | str]:
        monkeypatch.setattr(pieces, "LARGE", 1 << 60)
        defined = read(path)
        monkeypatch.setattr(pieces, "LARGE", 0)
        monkeypatch.setattr(pieces, "LARGEST", block)
        monkeypatch.setattr(fast_csv, "_FIRST", block // 2)
        return defined, read(path)

    return read_both


Both = Callable[[Path | str, int], tuple[Source | str, Source | str]]


def check_seeds(tmp_path: Path, both: Both, seeds: Iterable[int]) -> None:
    """Look at the files of some seeds. `.tsv` and `.csv` in turn, since quotes differ."""
    for seed in seeds:
        path = tmp_path / ("a.tsv" if seed % 5 == 0 else "a.csv")
        path.write_bytes(random_csv(seed))
        defined, fast = both(path, (64, 400, 3_000, 1 << 20)[seed % 4])
        assert fast == defined, f"seed {seed}"


def test_random_files_are_read_alike(tmp_path: Path, both: Both) -> None:
    """Small ones, in blocks so small that every one has its cut."""
    check_seeds(tmp_path, both, [*range(40), 104, 284, 409, 456, 529])


@pytest.mark.slow
def test_many_random_files_are_read_alike(tmp_path: Path, both: Both) -> None:
    """Thousands, in two threads."""
    use_threads(2)
    try:
        check_seeds(tmp_path, both, range(40, 5_000))
    finally:
        use_threads(1)


@pytest.mark.parametrize(
    "options", ["types=text", "header=no", "decimal=comma", "dates=dmy", "quote=none", "quote=single"]
)
def test_options_hold_for_both(tmp_path: Path, both: Both, options: str) -> None:
    """Whatever is given, not inferred."""
    for seed in range(20):
        (tmp_path / "a.csv").write_bytes(random_csv(seed))
        defined, fast = both(f"csv:{tmp_path / 'a.csv'}?{options}", 300)
        assert fast == defined, f"seed {seed}"


@pytest.mark.parametrize("kind", ["int", "number", "bool", "date", "text"])
def test_given_types_hold_for_both(tmp_path: Path, both: Both, kind: str) -> None:
    """A cell that is not of its type is null in both, and said alike."""
    for seed in range(20):
        (tmp_path / "a.csv").write_bytes(b"c0\n" + b"\n".join(random_csv(seed).replace(b",", b"\n").split(b"\n")[1:]))
        defined, fast = both(f"csv:{tmp_path / 'a.csv'}?types=c0:{kind}&delimiter=bar&header=yes", 300)
        assert fast == defined, f"seed {seed}"


LATE = [
    ("1", "n/k"),
    ("1", "2.5"),
    ("1", "007"),
    ("1.5", "x"),
    ("1.5", "2.50"),
    ("2.50", "1.5"),
    ("1000000000000000001", "0.5"),
    ("true", "1"),
    ("", "5"),
    ("", "x"),
    ("NA", "5"),
    ("NA", "x"),
    ("1", "NA"),
    ("x", "5"),
    ("4E2", "5"),
    ("1.0", "2"),
]


@pytest.mark.parametrize(("first", "late"), LATE)
def test_a_type_may_turn_out_late(tmp_path: Path, both: Both, first: str, late: str) -> None:
    """After blocks that have gone out as another: then all is read again, or goes together."""
    lines = [f"{first},{n}" for n in range(500)]
    lines[400] = f"{late},400"
    (tmp_path / "a.csv").write_text("a,b\n" + "\n".join(lines))

    defined, fast = both(tmp_path / "a.csv", 256)

    assert fast == defined


def test_what_is_read_again_is_kept_once(tmp_path: Path, both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the cache too, which had begun to write what turned out otherwise."""
    (tmp_path / "a.csv").write_text("a,b\n" + "".join(f"{n},x\n" for n in range(70_000)) + "n/k,y\n")
    defined, _ = both(tmp_path / "a.csv", 4_000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(load, "WORTH_BYTES", 0)

    assert read(tmp_path / "a.csv") == read(tmp_path / "a.csv") == defined
    assert list((tmp_path / "cache").rglob("*"))


@given(st.lists(st.lists(st.text('ab1,.;"\n\r ', max_size=5), min_size=2, max_size=2), max_size=12), st.integers(8, 60))
def test_what_csv_writes_is_read_alike(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], block: int
) -> None:
    """Quoted as need be, and then cut anywhere."""

    text = io.StringIO()
    csv.writer(text).writerows([["a", "b"], *rows])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text(text.getvalue(), newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "LARGE", 1 << 60)
        defined = read(f"csv:{path}?header=yes&types=text&delimiter=comma")
        patch.setattr(pieces, "LARGE", 0)
        patch.setattr(pieces, "LARGEST", block)
        fast = read(f"csv:{path}?header=yes&types=text&delimiter=comma")
        assert fast == defined
        kept = [{"a": a or None, "b": b or None} for a, b in rows]
        assert load_rows(f"csv:{path}?header=yes&types=text&delimiter=comma") == kept
