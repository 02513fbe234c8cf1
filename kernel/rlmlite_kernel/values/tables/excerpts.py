"""Excerpts: rows and records that a nested run is handed, with the place in its parent's inputs of every text in them.

As JSON, a text would have forgotten where it stands. So all that a value says lies in one content, row below row, and a
text that stands somewhere refers to its part of it:

    the parent's hits     [{"line": 3, "text": app.log[40:50]}, {"line": 9, "text": app.log[120:130]}]
    texts                 "app.log\\n3\\tERROR disk\\n9\\tERROR tape\\n"       the name of the input, then a row a line
    value                 [{"line": 3, "text": texts[10:20]}, {"line": 9, "text": texts[23:33]}]
    places                texts[10:20] is app.log[40:50], texts[23:33] is app.log[120:130]
    rows                  texts[8:21] is the first row, and the match at app.log[40:45]

In the nested run these are texts like any other: searched, cited and counted by their positions. Its parent, who knows
what they are, reads them as its own (`Excerpts.find`). A text that a program has made of others has no
place; it is cited as its row, if that has one.

The document of all this is the input's content in the nested trace, and what the parent's record commits to. So whoever
names another place there contradicts the parent, which `verify` finds.

Not here: which texts have a place (`actions.calls.handing`).
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.values.blobs import digest_of_name
from rlmlite_kernel.values.columns import Cells, Spans, Text, describe_value
from rlmlite_kernel.values.values import LIST, Rows, Value

EXCERPTS: Final = "excerpts"
"""The kind of source that such an input has."""

Part: TypeAlias = tuple[int, int]
"""A part of the texts: bytes from and to."""


class Place(msgspec.Struct, frozen=True):
    """What a part of the texts is in the parent's inputs. `is_exact`: the same bytes; else it only stands for it."""

    start: int
    stop: int
    origin: Text
    is_exact: bool


class Excerpts(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A value whose texts refer to `texts`, with the parts that its rows are; a record is one row.

    `places` are those of its texts, in order, and `row_places` those of its rows: as the parent has them by name.
    """

    value: Value
    texts: bytes
    rows: tuple[Part, ...] = ()
    places: tuple[Place, ...] = ()
    row_places: tuple[Place | None, ...] = ()

    @cached_property
    def digest(self) -> str:
        """The name of the content that the texts refer to."""
        return hashlib.sha256(self.texts).hexdigest()

    @property
    def content(self) -> Text:
        """All of the texts."""
        return Text(self.digest, 0, len(self.texts))

    @property
    def sources(self) -> tuple[Spans, ...]:
        """What the value rests on: its rows."""
        return (_spans(self.digest, self.rows),)

    def find(self, start: int, stop: int) -> list[Text]:
        """What a part of the texts is in the parent's inputs: a part of its text, else its row, else the texts in it.

        Empty if all of it was made by a program.
        """
        for place in (_holder(self.places, start, stop), _holder(self._placed_rows, start, stop)):
            if place is not None:
                return [_part_of(place, start, stop)]
        return list(self.cover(start, stop))

    def cover(self, start: int, stop: int) -> Iterator[Text]:
        """What the texts in a part of the texts are in the parent's inputs. Rows say nothing: it may be more."""
        first = bisect_right(self.places, start, key=_stop)
        # By number: a slice would copy the rest of them, for each of many parts.
        for at in range(first, len(self.places)):
            place = self.places[at]
            if place.start >= stop:
                return
            yield _part_of(place, max(start, place.start), min(stop, place.stop))

    @cached_property
    def _placed_rows(self) -> list[Place]:
        return [place for place in self.row_places if place is not None]

    @cached_property
    def document(self) -> bytes:
        """All of it as canonical JSON, with digests for names: what a trace holds, and what a parent commits to."""
        return value_bytes(
            {
                "texts": self.texts.decode(),
                "value": describe_value(_unwrap(self.value)),
                "places": [_spell(place) for place in self.places],
                "rows": [
                    list(part) if place is None else _spell(place)
                    for part, place in zip(self.rows, self.row_places, strict=True)
                ],
            }
        )


def make_excerpts(
    value: Value, texts: bytes, rows: Sequence[Part], places: Sequence[Place], row_places: Sequence[Place | None]
) -> Excerpts:
    """Excerpts of a list or a record whose texts refer to `texts` under any name."""
    digest = hashlib.sha256(texts).hexdigest()
    named = _refer(value, digest)
    if isinstance(named, list):
        named = Rows(LIST, {"value": Cells(named)}, len(named), _spans(digest, rows))
    return Excerpts(named, texts, tuple(rows), tuple(places), tuple(row_places))


def read_excerpts(read: Any) -> Excerpts:
    """Excerpts from the JSON of their document, as a trace holds it. Raises `ValueError` for any other JSON."""
    try:
        texts = read["texts"].encode()
        places = [_read_place(each, texts) for each in read["places"]]
        row_places = [_read_place(each, texts) if len(each) > 2 else None for each in read["rows"]]
        rows = [_read_part(each[:2], texts) for each in read["rows"]]
        value = _read_value(read["value"], texts)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"no excerpts: {type(error).__name__}") from None
    if len(rows) != (len(value) if isinstance(value, list) else 1) or not isinstance(value, list | dict):
        raise ValueError("no excerpts: other rows than the value has")
    return make_excerpts(value, texts, rows, places, row_places)


def _holder(places: Sequence[Place], start: int, stop: int) -> Place | None:
    """The place that a part lies in, of some that follow one another."""
    at = bisect_right(places, start, key=_start) - 1
    return places[at] if at >= 0 and stop <= places[at].stop else None


def _part_of(place: Place, start: int, stop: int) -> Text:
    origin = place.origin
    if not place.is_exact:
        return origin
    return Text(origin.blob, origin.start + start - place.start, origin.start + stop - place.start)


def _start(place: Place) -> int:
    return place.start


def _stop(place: Place) -> int:
    return place.stop


def _spans(digest: str, rows: Sequence[Part]) -> Spans:
    starts, stops = np.array(rows, np.int64).reshape(-1, 2).T
    return Spans((digest,), starts, stops)


def _unwrap(value: Value) -> Value:
    """The list that rows are of: how it is written down."""
    return list(value.columns["value"].values) if isinstance(value, Rows) else value  # type: ignore[attr-defined]


def _refer(value: Value, digest: str) -> Value:
    if isinstance(value, Text):
        return Text(digest, value.start, value.stop)
    if isinstance(value, list):
        return [_refer(item, digest) for item in value]
    if isinstance(value, dict):
        return {key: _refer(item, digest) for key, item in value.items()}
    return value


def _spell(place: Place) -> list[Any]:
    origin = place.origin
    spelled = [place.start, place.stop, digest_of_name(origin.blob), origin.start, origin.stop]
    return spelled if place.is_exact else [*spelled, "row"]


def _read_place(spelled: Sequence[Any], texts: bytes) -> Place:
    start, stop = _read_part(spelled[:2], texts)
    digest, first, last, *row = spelled[2:]
    if not isinstance(digest, str) or len(digest) != 64 or row not in ([], ["row"]):
        raise ValueError("no excerpts: a place that is none")
    return Place(start, stop, Text(digest, *_read_part((first, last), None)), not row)


def _read_part(part: Iterable[Any], texts: bytes | None) -> Part:
    start, stop = part
    if type(start) is not int or type(stop) is not int or not 0 <= start <= stop:
        raise ValueError("no excerpts: a part that is none")
    if texts is not None and not (_is_boundary(start, texts) and _is_boundary(stop, texts)):
        raise ValueError("no excerpts: a part that is not of the texts")
    return start, stop


def _is_boundary(place: int, texts: bytes) -> bool:
    """Whether a code point begins or ends at a place: texts are read as such."""
    return place <= len(texts) and texts[place : place + 1] not in _CONTINUATIONS


_CONTINUATIONS = frozenset(bytes([each]) for each in range(0x80, 0xC0))


def _read_value(described: Any, texts: bytes) -> Any:
    """The value behind `describe_value`, whose texts are parts of the texts."""
    if isinstance(described, list):
        return [_read_value(item, texts) for item in described]
    if not isinstance(described, dict):
        return described
    if described.keys() == {"$text"}:
        _, start, stop = described["$text"]
        return Text("", *_read_part((start, stop), texts))
    # A key that begins with `$` was written with one more.
    return {key[1:] if key.startswith("$") else key: _read_value(item, texts) for key, item in described.items()}
