"""What a start imports: no more than it needs, so that nobody waits. Modules are counted, never milliseconds.

A name that appears here is one that took a user's time once. `benchmarks/cold_start.py` has the times.
"""

import ast
import importlib
from pathlib import Path

import pytest

from tests.rooms import PACKAGES

LAZY = [
    path
    for package in PACKAGES.values()
    for path in sorted(package.rglob("__init__.py"))
    if "def __getattr__" in path.read_text("utf-8")
]
"""Packages whose names are loaded when they are first used."""


def _package(path: Path) -> str:
    """The dotted name of a package by its `__init__.py`."""
    root = next(root for root in PACKAGES.values() if path.is_relative_to(root))
    return ".".join(path.parent.relative_to(root.parent).parts)


def _typed_homes(tree: ast.Module) -> dict[str, str]:
    """The module of each name, as type checkers and the graph of rooms see it."""
    block = next(node for node in tree.body if isinstance(node, ast.If) and not isinstance(node.test, ast.UnaryOp))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {name.name: str(node.module) for node in imports for name in node.names}


@pytest.mark.parametrize("path", LAZY, ids=_package)
def test_a_lazy_name_is_what_type_checkers_see(path: Path) -> None:
    """The table by which names are loaded is that of the imports above it: no import is hidden from the graph."""
    module = importlib.import_module(_package(path))

    assert _typed_homes(ast.parse(path.read_text("utf-8"))) == module._HOMES
    assert sorted(module._HOMES) == sorted(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", LAZY, ids=_package)
def test_a_lazy_name_is_no_room(path: Path) -> None:
    """Importing a room or a module sets it as an attribute of its package, and would hide a name like it."""
    module = importlib.import_module(_package(path))

    assert [
        name for name in module.__all__ if any(path.parent.glob(f"{name}")) or any(path.parent.glob(f"{name}.py"))
    ] == []


@pytest.mark.parametrize("path", LAZY, ids=_package)
def test_a_name_that_there_is_not_is_an_attribute_error(path: Path) -> None:
    """As for any module; a circle of imports would say something else."""
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        importlib.import_module(_package(path)).nonsense  # noqa: B018
