"""The layout: no circle between rooms, no crowded room. `python tests/rooms.py` prints the graph."""

import importlib
from pathlib import Path

import pytest

from tests.rooms import MOST_ENTRIES, PACKAGES, circle_in, crowded, graph_of, imported_modules, room_of

DOCUMENTED = {
    "rlmlite.events": ("Event", "Finished", "StepDone", "Tell"),
    "rlmlite.prices": ("Price", "dollars"),
    "rlmlite.tools": ("PythonTool", "tool"),
    "rlmlite_kernel.table": ("Action", "Param", "Table"),
    "rlmlite_kernel.effects": (
        "Answered",
        "Child",
        "Failed",
        "Nested",
        "Request",
        "Result",
        "Usage",
        "fenced",
        "render",
    ),
    "rlmlite_kernel.faults": ("Fault",),
    "rlmlite_kernel.records": ("Genesis", "Seal", "Step", "Turn"),
    "rlmlite_kernel.engines": ("use_threads",),
}
"""Modules inside the packages that hosts are told to import from, and names that they find there."""


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_form_no_circle(package: str) -> None:
    """Folders import each other in one direction only."""
    assert circle_in(graph_of(PACKAGES[package])) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_room_is_crowded(package: str) -> None:
    """A folder has at most twelve entries beside its `__init__.py`."""
    assert crowded(PACKAGES[package]) == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_says_what_it_is(package: str) -> None:
    """Each folder is a package whose docstring says what it holds."""
    folders = {path.parent for path in PACKAGES[package].rglob("*.py")}

    assert [
        str(folder) for folder in folders if not (folder / "__init__.py").read_text("utf-8").startswith('"""')
    ] == []


@pytest.mark.parametrize("module", DOCUMENTED)
def test_documented_modules_keep_their_names(module: str) -> None:
    """What hosts were told to import is there, wherever it is defined now."""
    found = importlib.import_module(module)

    assert [name for name in DOCUMENTED[module] if not hasattr(found, name)] == []


def _package(folder: Path, files: dict[str, str]) -> Path:
    for name, source in {"__init__.py": "", "a/__init__.py": "", "b/__init__.py": "", **files}.items():
        path = folder / "pack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder / "pack"


@pytest.mark.parametrize(
    "back",
    [
        "from pack.b import two",
        "import pack.b.two",
        "def later():\n    from pack.b.two import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pack.b.two import X",
    ],
)
def test_a_circle_is_found_wherever_its_import_stands(tmp_path: Path, back: str) -> None:
    """At the top, in a function, for type checkers only, in an `__init__`."""
    inside = _package(tmp_path, {"a/one.py": back, "b/two.py": "from pack.a import one"})
    assert set(circle_in(graph_of(inside))) == {"pack.a", "pack.b"}

    initial = _package(
        tmp_path / "again", {"a/one.py": "", "a/__init__.py": back, "b/two.py": "from pack.a import one"}
    )
    assert set(circle_in(graph_of(initial))) == {"pack.a", "pack.b"}


def test_a_crowded_room_is_found(tmp_path: Path) -> None:
    """Folders, modules and data files count; `__init__.py` does not."""
    names = [f"a/m{n}.py" for n in range(MOST_ENTRIES - 1)]
    package = _package(tmp_path, dict.fromkeys([*names, "a/data.txt"], ""))
    assert crowded(package) == {}

    (package / "a" / "sub").mkdir()
    assert crowded(package) == {"pack/a": MOST_ENTRIES + 1}


def test_a_module_of_the_root_is_a_room_by_itself(tmp_path: Path) -> None:
    """So a root module below everything and the root's `__init__` above everything are no circle."""
    package = _package(
        tmp_path, {"errors.py": "", "a/one.py": "from pack.errors import E", "__init__.py": "from pack.a import one"}
    )

    assert room_of(package / "errors.py", package) == "pack.errors"
    assert circle_in(graph_of(package)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_import_of_ours_is_hidden_from_the_graph(package: str) -> None:
    """`importlib` never names a module of the four packages, so that the graph has every edge."""
    sources = {path: path.read_text("utf-8") for path in PACKAGES[package].rglob("*.py")}
    users = {
        path
        for path, source in sources.items()
        if any(name.startswith("importlib") for name in imported_modules(source))
    }
    hidden = [path.name for path in users if 'import_module("rlmlite' in sources[path]]

    assert hidden == []
