"""Rules on the source that import-linter's contracts (in pyproject.toml) cannot say."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KERNEL = ROOT / "kernel" / "rlmlite_kernel"

CLOCK_METHODS = {"now", "today", "utcnow"}
"""Of `datetime`: its values are welcome in the kernel, its clock is not."""

OUTSIDE_BUILTINS = {
    "breakpoint",
    "compile",
    "eval",
    "exec",
    "hash",
    "id",
    "input",
    "open",
    "print",
    "__import__",
}
"""What needs no import and yet reads the outside, writes to it, or differs from one process to the next."""


BY_IDENTITY = {
    "effects/holdings.py",
    "evaluation/misses.py",
    "run/hosts/copies.py",
    "run/snapshots/graph.py",
    "run/snapshots/snapshot.py",
    "testing/laws/charges.py",
    "values/lines/finds.py",
}
"""Modules that look up, within one call, which objects they have come to. No `id` is ever put out, or put in order."""


def impurities(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="datetime" | "date") | ast.Attribute(attr="datetime" | "date")):
                if node.attr in CLOCK_METHODS:
                    yield f"line {node.lineno}: {ast.unparse(node)} reads the clock"
            case ast.Call(func=ast.Name(id=name)) if name in OUTSIDE_BUILTINS:
                yield f"line {node.lineno}: {name}() is not pure"


def kernel_imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name.startswith("rlmlite_"))
            case ast.ImportFrom(module=str(module), names=names) if module.startswith("rlmlite_"):
                yield from (f"{module}.{name.name}" for name in names)


@pytest.mark.parametrize("path", sorted(KERNEL.rglob("*.py")), ids=lambda path: str(path.relative_to(KERNEL)))
def test_the_kernel_reads_no_clock_and_no_process(path: Path) -> None:
    """No kernel module calls a clock, opens a file, prints, or asks for what differs between processes."""
    allowed = "id() is not pure" if str(path.relative_to(KERNEL)) in BY_IDENTITY else "nothing"

    assert [each for each in impurities(path.read_text("utf-8")) if not each.endswith(allowed)] == []


def test_engines_are_leaves() -> None:
    """Engines turn bytes into integers: they import nothing else of the project."""
    sources = [path.read_text("utf-8") for path in (KERNEL / "engines").rglob("*.py")]
    imported = {name for source in sources for name in kernel_imports(source)}

    assert sources
    assert {name for name in imported if not name.startswith("rlmlite_kernel.engines")} == set()


def test_what_is_forbidden_is_found() -> None:
    """The checks above can fail."""
    source = "import datetime\nfrom rlmlite_kernel.program.ast import Lit\nx = datetime.datetime.now()\ny = open('z')\n"

    assert sorted(impurities(source)) == [
        "line 3: datetime.datetime.now reads the clock",
        "line 4: open() is not pure",
    ]
    assert list(kernel_imports(source)) == ["rlmlite_kernel.program.ast.Lit"]
