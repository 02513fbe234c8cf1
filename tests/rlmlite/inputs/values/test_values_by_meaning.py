"""Python values of all kinds are taken by what they mean: records, lists, tables, documents, texts."""

import collections
import dataclasses
import datetime
import enum
import json
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pydantic
import pytest

import rlmlite
from rlmlite.errors import InputError
from rlmlite.inputs import from_value, from_values
from rlmlite.inputs.load import from_path
from rlmlite_traces import FileBlobs, Verdict, replay, verify
from tests.rlmlite.inputs.input_text import content


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Name(enum.StrEnum):
    ANN = "ann"


class Model(pydantic.BaseModel):
    name: str
    born: datetime.date
    tags: set[str] = set()


class Root(pydantic.RootModel[list[int]]):
    pass


@dataclasses.dataclass
class Order:
    item: str
    price: Decimal
    buyer: Model | None = None


class Point(NamedTuple):
    x: int
    y: float


class Struct(msgspec.Struct):
    a: int
    b: tuple[int, ...] = ()


ANN = Model(name="ann", born=datetime.date(1999, 2, 3), tags={"b", "a"})
ANN_PLAIN = {"name": "ann", "born": "1999-02-03", "tags": ["a", "b"]}
PAIRS = np.array([("a", 1.5), ("b", np.nan)], dtype=[("name", "U5"), ("x", "f8")])

VALUES: list[tuple[Any, Any]] = [
    (ANN, ANN_PLAIN),
    ([ANN, ANN], [ANN_PLAIN, ANN_PLAIN]),
    (Root([1, 2]), [1, 2]),
    (Order("tea", Decimal("1.50"), ANN), {"item": "tea", "price": "1.50", "buyer": ANN_PLAIN}),
    (Point(1, 2.5), {"x": 1, "y": 2.5}),
    ([Point(1, 2.0)], [{"x": 1, "y": 2}]),
    (Struct(1, (2, 3)), {"a": 1, "b": [2, 3]}),
    (Colour.RED, "red"),
    ([Level.HIGH, Name.ANN], [3, "ann"]),
    ({Name.ANN: Colour.RED}, {"ann": "red"}),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({"b", "a"}), ["a", "b"]),
    (range(3), [0, 1, 2]),
    (collections.deque([1, 2]), [1, 2]),
    ((n * n for n in range(3)), [0, 1, 4]),
    ({"a": 1, "b": 2}.keys(), ["a", "b"]),
    (collections.OrderedDict(a=1), {"a": 1}),
    (collections.Counter("aab"), {"a": 2, "b": 1}),
    (datetime.date(2024, 2, 3), "2024-02-03"),
    ([datetime.datetime(2024, 2, 3, 4, 5, 6, 500000)], ["2024-02-03T04:05:06.5"]),
    ([datetime.time(4, 5), datetime.timedelta(seconds=90.5)], ["04:05:00", "PT90.5S"]),
    (Decimal("12.50"), "12.50"),
    ([Fraction(1, 3), uuid.UUID(int=5), b"\0\1"], ["1/3", "00000000-0000-0000-0000-000000000005", "AAE="]),
    ({"file": Path("a/b.txt"), "n": 1}, {"file": str(Path("a/b.txt")), "n": 1}),
    (np.array([1, 2, 3]), [1, 2, 3]),
    (np.array([[1.5, np.nan], [0, 2]]), [[1.5, None], [0, 2]]),
    (np.array(["a", "b"]), ["a", "b"]),
    (np.array(5), 5),
    ([np.int64(5), np.float32(0.5), np.bool_(True), np.str_("x")], [5, 0.5, True, "x"]),
    (np.array(["2024-02-03T04:05:06.5", "NaT"], "datetime64[ns]"), ["2024-02-03T04:05:06.5", None]),
    (PAIRS, [{"name": "a", "x": 1.5}, {"name": "b", "x": None}]),
    ({"name": "ann"}, {"name": "ann"}),
    ({"name": "ann", "city": "Rome, Italy"}, {"name": "ann", "city": "Rome, Italy"}),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[type(value).__name__ for value, _ in VALUES])
def test_a_value_is_what_it_means(value: Any, expected: Any) -> None:
    """As JSON, which the trace keeps."""
    blobs = FileBlobs()

    found = from_value(value, blobs)

    assert (content(found, blobs), found.source.kind) == (expected, "json")
    assert found.memory is not None
    assert json.loads(found.memory) == expected


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"name": "ann"}, "json"),
        ({"name": "ann", "note": "two\nlines"}, "documents"),
        ({"intro": "long " * 100}, "documents"),
        ({"a.txt": "ann"}, "documents"),
        ({"notes/a": "ann", "b.md": ""}, "documents"),
        ({"v1.2": "x", "name": "y"}, "json"),
        ({"a": "b", "c": 1}, "json"),
    ],
)
def test_a_dict_of_short_texts_is_a_record(value: dict[str, Any], kind: str) -> None:
    """Documents are long texts, or texts under paths."""
    assert from_value(value, FileBlobs()).source.kind == kind


def test_series_and_frames_are_lists_and_tables() -> None:
    """Of every library; a lazy frame is what it gives."""
    polars = pytest.importorskip("polars", reason="needs polars")
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra `tables`")
    rows = {"a": [1, 2], "b": ["x", None]}
    tables = [
        polars.DataFrame(rows),
        polars.LazyFrame(rows).filter(polars.col("a") > 0),
        pandas.DataFrame(rows),
        pyarrow.table(rows),
    ]
    series = [polars.Series([1, None, 3]), pandas.Series([1, None, 3]), pyarrow.array([1, None, 3])]

    for value in tables:
        found = from_value(value, blobs := FileBlobs())
        assert (found.source.kind, content(found, blobs)) == ("table", [{"a": 1, "b": "x"}, {"a": 2, "b": None}])
    for value in series:
        found = from_value(value, blobs := FileBlobs())
        assert (found.source.kind, content(found, blobs)) == ("json", [1, None, 3])
    nested = from_value({"rows": tables[0], "column": series[0]}, blobs := FileBlobs())
    assert content(nested, blobs) == {"rows": [{"a": 1, "b": "x"}, {"a": 2, "b": None}], "column": [1, None, 3]}


def test_a_data_set_of_hugging_face_is_a_table() -> None:
    """In the order and selection that it has; one that streams is its records."""
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra `tables`")

    class Dataset:
        features = ("a",)

        def __len__(self) -> int:
            return 2

        def with_format(self, kind: str) -> Any:
            assert kind == "arrow"
            return self

        def __getitem__(self, part: slice) -> Any:
            return pyarrow.table({"a": [3, 1]})

    class Streaming:
        features = ("a",)

        def with_format(self, kind: str) -> Any:
            return self

        def __iter__(self) -> Any:
            return iter([{"a": 3}, {"a": 1}])

    for value, kind in ((Dataset(), "table"), (Streaming(), "json")):
        found = from_value(value, blobs := FileBlobs())
        assert (found.source.kind, content(found, blobs)) == (kind, [{"a": 3}, {"a": 1}])


def test_a_list_of_paths_is_documents(tmp_path: Path) -> None:
    """As a folder with these files would be; a replay finds them again."""
    for name, text in (("x/b.txt", "two"), ("a.txt", "one"), ("c.txt", "not named")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    paths = [tmp_path / "x" / "b.txt", tmp_path / "a.txt"]

    outcome = rlmlite.execute("final(context.text)", {"context": paths}, trace=tmp_path / "run.rlm")

    assert outcome.value == ["one", "two"]
    assert outcome.trace is not None
    assert replay(verify(outcome.trace), recorded_paths=True).verdict is Verdict.REPRODUCED
    found = from_value(set(paths), blobs := FileBlobs())
    assert [row["path"] for row in content(found, blobs)] == ["a.txt", "x/b.txt"]
    with pytest.raises(InputError, match="missing is not a file; a list of paths names files"):
        from_value([tmp_path / "missing"], FileBlobs())


def test_a_table_says_how_it_is_read(tmp_path: Path) -> None:
    """The options of its reader, as the command line gives them in a path."""
    (tmp_path / "a.txt").write_text("title\nzip^n\n007^1,5\n")
    options: dict[str, Any] = {"delimiter": "^", "skip": 1, "decimal": "comma", "header": True, "types": {"zip": "int"}}

    found = from_value(rlmlite.Table(tmp_path / "a.txt", "csv", **options), blobs := FileBlobs())

    assert content(found, blobs) == [{"zip": 7, "n": 1.5}]
    assert found.source.path == f"csv:{tmp_path / 'a.txt'}?delimiter=^&skip=1&decimal=comma&header=yes&types=zip:int"
    assert found.source == from_path(str(found.source.path), FileBlobs()).source
    with pytest.raises(InputError, match="no suffix that names a reader"):
        from_values(rlmlite.Table(tmp_path / "a.txt"), FileBlobs())
