"""Values as data: a graph of nodes, each object once, so that what two variables share they share again.

    a = search(log, "x")          0  spans of the hits
    b = a[0:2]                    1  rows over them: variable `a`
                                  2  rows, with columns and spans of their own: variable `b`, whose sources are 0

Which objects are one and the same shows: provenance is merged by identity. So it is part of what is kept. What an input
is made of is not written down: the inputs are rebuilt from their files, and their objects are numbered in the order in
which a walk over them comes by.

Not everything has a form here: rows of large texts are recipes with compiled expressions in them. Then there is no
snapshot (`UnkeptError`), and the run is executed again.
"""

import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.values.blobs import digest_of_name
from rlmlite_kernel.values.columns import Cells, Constant, Groups, Ints, LineCounts, LineNumbers, LineTexts, Spans, Text
from rlmlite_kernel.values.tables.row_spans import Chosen, RowSpans
from rlmlite_kernel.values.values import Rows
from rlmlite_kernel.values.vectors import CodedSpans

Node: TypeAlias = list[Any]
"""A tag and what it needs. Within it a list of one number is another node."""

Number: TypeAlias = Callable[[Any], Any]
"""Gives an object as a node has it: a scalar as it is, anything else by its number."""

_SCALARS: Final = (bool, float, str)
_LARGE: Final = 1 << 63

_NUMBERS: Final = re.compile(r"[<|][biuf][1248]")
"""How NumPy spells the types of numbers that columns are made of."""

INPUT: Final = "input"
"""The tag of an object that is part of an input."""


class UnkeptError(ValueError):
    """A value has no form in a snapshot."""


class GraphWriter:
    """Numbers objects as they are written. `nodes` is the graph, `names` the contents that it refers to.

    `of_inputs` are the objects of the inputs, by identity, with their numbers in the walk.
    """

    def __init__(self, of_inputs: Mapping[int, int]) -> None:
        self._of_inputs = of_inputs
        self._numbers: dict[int, int] = {}
        # Held, so that no identity becomes another object's.
        self._objects: list[Any] = []
        self.nodes: list[Node] = []
        self.names: dict[str, None] = {}

    def number(self, value: Any) -> Any:
        """A value as nodes have it. Raises `UnkeptError`."""
        if value is None or isinstance(value, _SCALARS) or (type(value) is int and abs(value) < _LARGE):
            return value
        if id(value) not in self._numbers:
            node = self._node(value)
            self._objects.append(value)
            self._numbers[id(value)] = len(self.nodes)
            self.nodes.append(node)
        return [self._numbers[id(value)]]

    def _node(self, value: Any) -> Node:
        number = self._of_inputs.get(id(value))
        if number is not None:
            return [INPUT, number]
        form = form_of(value)
        if form is None:
            raise UnkeptError(f"{type(value).__name__} has no form in a snapshot")
        for name in _names_in(value):
            # Spans of no rows may be of no content.
            if name:
                self.names[digest_of_name(name)] = None
        return [form.tag, *form.write(value, self.number)]


def walk(values: Iterable[Any]) -> list[Any]:
    """The objects that values are made of, each once, parts before wholes: always in the same order."""
    seen: dict[int, Any] = {}

    def visit(value: Any) -> Any:
        if value is None or isinstance(value, (*_SCALARS, int)) or id(value) in seen:
            return None
        form = form_of(value)
        if form is not None:
            form.write(value, visit)
        seen[id(value)] = value
        return None

    for value in values:
        visit(value)
    return list(seen.values())


def read_graph(nodes: Sequence[Node], of_inputs: Sequence[Any]) -> Callable[[Any], Any]:
    """What gives the object that a node's form of it stands for. Raises as reading untyped data does."""
    objects: list[Any] = []

    def resolve(value: Any) -> Any:
        return objects[value[0]] if isinstance(value, list) else value

    for tag, *fields in nodes:
        objects.append(of_inputs[fields[0]] if tag == INPUT else _READERS[tag](fields, resolve))
    return resolve


class _Form:
    """How objects of one type are written and read."""

    def __init__(
        self,
        tag: str,
        write: Callable[[Any, Number], Sequence[Any]],
        read: Callable[[Sequence[Any], Callable[[Any], Any]], Any],
    ) -> None:
        self.tag, self.write, self.read = tag, write, read


def _pack(array: "npt.NDArray[Any] | None") -> list[Any] | None:
    return None if array is None else [array.dtype.str, np.ascontiguousarray(array).tobytes()]


def _unpack(packed: Sequence[Any] | None) -> Any:
    if packed is None:
        return None
    kind, held = packed
    if _NUMBERS.fullmatch(kind) is None:
        raise ValueError(f"{kind!r} is no type of numbers")
    # JSON holds bytes as base64.
    content = binascii.a2b_base64(held, strict_mode=True) if isinstance(held, str) else held
    # A copy, since the bytes are those of the whole snapshot.
    return np.frombuffer(content, np.dtype(kind)).copy()


def _names_in(value: Any) -> tuple[str, ...]:
    if type(value) is Text:
        return (value.blob,)
    return tuple(value.blobs) if type(value) in (Spans, CodedSpans) else ()


def _write_rows(rows: Rows, number: Number) -> Sequence[Any]:
    columns = [[name, number(column)] for name, column in rows.columns.items()]
    aside = [[name, number(each)] for name, each in rows.aside.items()]
    return [rows.kind, columns, rows.count, number(rows.spans), aside]


def _read_rows(fields: Sequence[Any], resolve: Callable[[Any], Any]) -> Rows:
    kind, columns, count, spans, aside = fields
    return Rows(
        kind,
        {name: resolve(column) for name, column in columns},
        count,
        resolve(spans),
        {name: resolve(rows) for name, rows in aside},
    )


_LIST = _Form("list", lambda v, n: [n(each) for each in v], lambda f, r: [r(each) for each in f])

_FORMS: dict[type, _Form] = {
    # A whole number that no format of whole numbers holds.
    int: _Form("int", lambda v, _: [str(v)], lambda f, _: int(f[0])),
    Text: _Form("text", lambda v, _: [v.blob, v.start, v.stop], lambda f, _: Text(*f)),
    list: _LIST,
    # Not a value, but a part of what goes with values; it is read as a list.
    tuple: _LIST,
    dict: _Form(
        "dict",
        lambda v, n: [[key, n(each)] for key, each in v.items()],
        lambda f, r: {key: r(each) for key, each in f},
    ),
    Rows: _Form("rows", _write_rows, _read_rows),
    Ints: _Form("ints", lambda v, _: [_pack(v.values)], lambda f, _: Ints(_unpack(f[0]))),
    Cells: _Form(
        "cells", lambda v, n: [[n(each) for each in v.values]], lambda f, r: Cells([r(each) for each in f[0]])
    ),
    Constant: _Form("constant", lambda v, n: [n(v.value), len(v)], lambda f, r: Constant(r(f[0]), f[1])),
    Spans: _Form(
        "spans",
        lambda v, _: [list(v.blobs), _pack(v.starts), _pack(v.stops), _pack(v.which)],
        lambda f, _: Spans(tuple(f[0]), *map(_unpack, f[1:])),
    ),
    CodedSpans: _Form(
        "coded",
        lambda v, n: [_pack(v.codes), n(v.dictionary)],
        lambda f, r: CodedSpans(_unpack(f[0]), r(f[1])),
    ),
    LineNumbers: _Form("line-numbers", lambda v, n: [n(v.spans)], lambda f, r: LineNumbers(r(f[0]))),
    LineCounts: _Form("line-counts", lambda v, n: [n(v.spans)], lambda f, r: LineCounts(r(f[0]))),
    LineTexts: _Form("line-texts", lambda v, n: [n(v.spans)], lambda f, r: LineTexts(r(f[0]))),
    Groups: _Form(
        "groups",
        lambda v, n: [[n(each) for each in v.groups], len(v)],
        lambda f, r: Groups(tuple(r(each) for each in f[0]), f[1]),
    ),
    Chosen: _Form("chosen", lambda v, _: [_pack(v.numbers), v.count], lambda f, _: Chosen(_unpack(f[0]), f[1])),
    RowSpans: _Form("row-spans", lambda v, n: [n(v.store), n(v.chosen)], lambda f, r: RowSpans(r(f[0]), r(f[1]))),
}


def _read_stored(fields: Sequence[Any], resolve: Callable[[Any], Any]) -> Any:
    from rlmlite_kernel.values.tables.columnar import StoredColumn  # most runs have no table

    return StoredColumn(resolve(fields[0]), fields[1], resolve(fields[2]))


_READERS: dict[str, Callable[[Sequence[Any], Callable[[Any], Any]], Any]] = {
    **{form.tag: form.read for form in _FORMS.values()},
    "stored": _read_stored,
}


def form_of(value: Any) -> "_Form | None":
    """How an object is written; None if it cannot be."""
    form = _FORMS.get(type(value))
    if form is None and type(value).__name__ == "StoredColumn":
        return _Form("stored", lambda v, n: [n(v.store), v.index, n(v.chosen)], _read_stored)
    return form
