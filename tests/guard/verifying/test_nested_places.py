"""Where the texts of rows stand that a nested run was handed is on record, and nobody can name another place."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import rlmlite
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.records import Entry, Genesis, Step
from rlmlite_kernel.records.refs import commit_value
from rlmlite_kernel.values.tables.excerpts import read_excerpts
from rlmlite_traces import Standing, Verdict, nested_place, nested_traces, replay, verify
from tests.traces.forge.folders import children_of, committed, new_blob, with_record, write_folder
from tests.traces.replays.forging import entries_of

LOG = "".join(f"{n:03} {'ERROR disk' if n % 7 == 0 else 'INFO ok'}\n" for n in range(30))

Document = dict[str, Any]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that handed hits to a nested one."""
    place = tmp_path_factory.mktemp("honest") / "run.rlm"
    rlmlite.execute(
        'h = search(log, "ERROR")\nn = sub_rlm("How many?", part=h)\nfinal(n)',
        {"log": LOG},
        nested=rlmlite.Scripted(lambda _, __: "final(count(part), evidence=part)"),
        trace=place,
    )
    return place


@pytest.fixture
def place(honest: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return Path(shutil.copytree(honest, tmp_path / "run.rlm"))


def standing(place: Path) -> Standing:
    """How the nested run stands to its parent, which itself verifies."""
    (found,) = nested_traces(verify(place), place)
    return found.standing


def forge(place: Path, change: Callable[[Document], object]) -> bytes:
    """Change the document of the nested run's input, in its trace; its parent gets the new root. Returns it."""
    (id_,) = children_of(verify(place))
    child = nested_place(place, id_)
    trace = verify(child)
    (entry,) = trace.genesis.inputs
    assert entry.source is not None
    source = json.loads(trace.content(entry.source))
    document = json.loads(trace.content(source["content"]))
    change(document)
    content = new_blob(value_bytes(document))
    named = new_blob(value_bytes({**source, "content": content.ref}))
    genesis = msgspec.structs.replace(trace.genesis, inputs=(msgspec.structs.replace(entry, source=named.ref),))
    root = write_folder(child, with_record(entries_of(trace), 0, genesis, content, named))
    write_folder(place, _with_call(place, id_, root=root))
    return content.content


def _with_call(place: Path, id_: str, root: str = "", inputs: dict[str, str] | None = None) -> list[Entry]:
    """The parent's entries, with another root, or other inputs, of the call."""
    entries = entries_of(verify(place))
    for at, entry in enumerate(entries):
        calls = []
        for call in entry.effects:
            if call.id == id_ and call.child is not None:
                child = msgspec.structs.replace(call.child, root=root or call.child.root)
                call = msgspec.structs.replace(call, child=child, inputs=inputs or call.inputs)
            calls.append(call)
        if calls:
            entries[at] = committed(entry, tuple(calls))
    return entries


def _move(document: Document) -> None:
    document["places"][0][3:5] = [document["places"][0][3] + 1, document["places"][0][4] + 1]


def _move_row(document: Document) -> None:
    document["rows"][1][3:5] = [0, 5]


def _rename(document: Document) -> None:
    document["places"][0][2] = "0" * 64


def _swap(document: Document) -> None:
    first, second, *rest = document["rows"]
    document["rows"] = [[*first[:2], *second[2:]], [*second[:2], *first[2:]], *rest]


FORGERIES = {"a place": _move, "the place of a row": _move_row, "a content": _rename, "two rows": _swap}


def test_places_are_on_record(place: Path) -> None:
    """Each text of the document stands where it says in the parent's input, and an honest run is the same."""
    (child,) = nested_traces(verify(place), place)
    assert child.trace is not None
    source = json.loads(child.trace.content(child.trace.genesis.inputs[0].source or ""))
    excerpts = read_excerpts(json.loads(child.trace.content(source["content"])))

    assert child.standing is Standing.SAME
    for each in excerpts.places:
        assert LOG.encode()[each.origin.start : each.origin.stop] == excerpts.texts[each.start : each.stop]
    assert [LOG.count("\n", 0, each.origin.start) for each in excerpts.row_places if each] == [0, 7, 14, 21, 28]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_another_place_in_the_nested_trace_contradicts_its_parent(place: Path, forgery: str) -> None:
    """Though the nested trace is whole, and computes what it says."""
    forge(place, FORGERIES[forgery])

    assert standing(place) is Standing.DIFFERS


@pytest.mark.parametrize("forgery", FORGERIES)
def test_another_place_in_both_traces_is_not_what_the_parent_computes(place: Path, forgery: str) -> None:
    """Whoever makes the parent commit to the forged document is found by its replay."""
    document = forge(place, FORGERIES[forgery])
    parent = verify(place)
    (id_,) = children_of(parent)
    step = next(each for each in parent.records if isinstance(each, Step) and each.effects is not None)
    key = parent.contents.places[step.ast].salt
    write_folder(place, _with_call(place, id_, inputs={"part": commit_value(key, document)}))

    assert standing(place) is Standing.SAME
    assert replay(verify(place)).verdict is Verdict.FORGED


BROKEN: dict[str, Callable[[Document], object]] = {
    "a part beyond the texts": lambda document: document["places"][0].__setitem__(1, 10**9),
    "a row beyond the texts": lambda document: document["rows"][0].__setitem__(1, 10**9),
    "a part that ends before it begins": lambda document: document["places"][0].__setitem__(0, 10**6),
    "too few rows": lambda document: document["rows"].pop(),
    "no texts": lambda document: document.pop("texts"),
    "places that are none": lambda document: document.__setitem__("places", [[1, 2]]),
    "a text outside": lambda document: document["value"][0].__setitem__("match", {"$text": ["", 0, 10**9]}),
    "a value that is no list": lambda document: document.__setitem__("value", 7),
    "half of a letter": lambda document: document.update(texts="é" * 200),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_document_that_is_none_is_refused(place: Path, what: str) -> None:
    """Its reader says so, and nothing is read at a place that there is not."""
    forge(place, BROKEN[what])
    (id_,) = children_of(verify(place))
    child = verify(nested_place(place, id_))
    assert isinstance(child.records[0], Genesis)
    replayed = replay(child)

    assert standing(place) is Standing.DIFFERS
    assert replayed.verdict is not Verdict.REPRODUCED
