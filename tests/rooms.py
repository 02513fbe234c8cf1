"""The rooms of the four packages: which folder imports which, and how many entries each has.

`python tests/rooms.py` prints the graph. An import counts wherever it stands: at the top, in a function, under
`TYPE_CHECKING`. A module of a package's root is a room of its own; a sub-folder's `__init__.py` is its folder.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "rlmlite": ROOT / "rlmlite",
    "rlmlite_grammar": ROOT / "grammar" / "rlmlite_grammar",
    "rlmlite_kernel": ROOT / "kernel" / "rlmlite_kernel",
    "rlmlite_traces": ROOT / "traces" / "rlmlite_traces",
}
MOST_ENTRIES = 12

Graph: TypeAlias = Mapping[str, frozenset[str]]
"""A room's name to the names of the rooms that it imports."""


def room_of(path: Path, package: Path) -> str:
    """The room that a file is in. A module of the root is a room by itself; the root's `__init__` is the package."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    if parts[-1] == "__init__":
        return ".".join(parts[:-1])
    return ".".join(parts if len(parts) == 2 else parts[:-1])


def imported_modules(source: str) -> Iterator[str]:
    """The dotted names that a source imports, those of `from x import y` as `x.y`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (f"{module}.{name.name}" for name in names)


def graph_of(package: Path) -> Graph:
    """The room graph of one package."""
    files = sorted(package.rglob("*.py"))
    rooms = {_module(path, package): room_of(path, package) for path in files}
    edges: dict[str, set[str]] = defaultdict(set)
    for path in files:
        here = room_of(path, package)
        edges[here] |= {
            rooms[module] for name in imported_modules(path.read_text("utf-8")) if (module := _longest(name, rooms))
        } - {here}
    return {room: frozenset(targets) for room, targets in edges.items()}


def circle_in(graph: Graph) -> list[str]:
    """The rooms of a circle, the first repeated at the end; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def crowded(package: Path) -> dict[str, int]:
    """Each folder with more than `MOST_ENTRIES` entries beside its `__init__.py`, and how many it has."""
    folders = [package, *(path for path in package.rglob("*") if path.is_dir() and path.name != "__pycache__")]
    counts = {folder: sum(_counts(path) for path in folder.iterdir()) for folder in folders}
    return {str(folder.relative_to(package.parent)): n for folder, n in counts.items() if n > MOST_ENTRIES}


def _counts(path: Path) -> bool:
    # `py.typed` is an empty mark that a typed package has to have at its root, and `__init__.py` has to be there too.
    if path.name in ("__init__.py", "__pycache__", "py.typed"):
        return False
    # A room that moved leaves a folder with its bytecode behind, which git does not see.
    return path.is_file() or {each.name for each in path.iterdir()} != {"__pycache__"}


def _module(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _longest(name: str, modules: Mapping[str, str]) -> str:
    """The module that `x.y.z` names: itself, or the longest of its parents that is one; empty if it is foreign."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def main() -> None:
    """Print each room with its entries and the rooms that it imports."""
    for name, package in PACKAGES.items():
        graph = graph_of(package)
        print(f"{name}: {len(graph)} rooms, circle: {' -> '.join(circle_in(graph)) or 'none'}")
        for room, targets in sorted(graph.items()):
            print(f"  {room} -> {', '.join(sorted(targets)) or 'nothing'}")
        for folder, entries in crowded(package).items():
            print(f"  CROWDED {folder}: {entries} entries")


if __name__ == "__main__":
    main()
