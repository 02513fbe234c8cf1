"""What a start imports: no more than it needs, so that nobody waits. Modules are counted, never milliseconds.

A name that appears here is one that took a user's time once. `benchmarks/cold_start.py` has the times.
"""

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

import rlmlite
from rlmlite.clients.scripted import Scripted
from rlmlite.runs.settings import make_settings
from rlmlite.runs.setup import prepare
from tests.rooms import PACKAGES, ROOT

LAZY = [
    path
    for package in PACKAGES.values()
    for path in sorted(package.rglob("__init__.py"))
    if "_HOMES = " in path.read_text("utf-8")
]
"""Packages whose names are loaded when they are first used."""


def _package(path: Path) -> str:
    """The dotted name of a package by its `__init__.py`."""
    root = next(root for root in PACKAGES.values() if path.is_relative_to(root))
    return ".".join(path.parent.relative_to(root.parent).parts)


def _typed_homes(tree: ast.Module) -> dict[str, str]:
    """The module of each name, as type checkers and the graph of rooms see it."""
    block = next(node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
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


SDKS = {"openai", "genai_prices", "httpx2", "aiohttp"}
CHECKING = {"pydantic", "pydantic_core", "pydantic_settings"}
SHOWING = {"structlog", "rich", "pygments", "email"}
FORMATS = {"charset_normalizer", "tarfile", "zipfile", "pathspec", "sqlite3", "duckdb", "pyarrow", "pandas", "fsspec"}
RARE = {"asyncio", "hyperscan", "tree_sitter", "tomllib", "importlib.metadata", "importlib.resources", "platformdirs"}
ENGINES = {"numpy", "re2", "stringzilla", "lark", "msgspec"}
ALL = SDKS | CHECKING | SHOWING | FORMATS | RARE | ENGINES | {"rlmlite_kernel.records", "rlmlite_grammar.syntax"}

SEARCH = 'final(count(search(context, "ERROR")))'
COMMAND = """
import sys
from rlmlite.cli import main
sys.argv = ["rlmlite", *{words!r}]
sys.stdout = open("/dev/null", "w")
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


class Start(NamedTuple):
    """A program, what it must not import, and how many modules it may: those of Python itself are not counted.

    It is what there were, and three at most. If you pass it: does a start need what you import at the top of a module?
    """

    code: str
    unwanted: set[str]
    modules: int


def _command(*words: str) -> str:
    return COMMAND.format(words=words)


OF_THE_ENVIRONMENT = frozenset({"_distutils_hack"})
"""What an environment imports by itself before anything of ours runs: setuptools' hook, where that is installed."""

STARTS = {
    "import": Start("import rlmlite", ALL | {"typer"}, 6),
    "import and execute": Start("import rlmlite; rlmlite.execute", ALL | {"typer"}, 8),
    "--help": Start(_command("--help"), ALL, 65),
    "--version": Start(_command("--version"), ALL, 65),
    "exec --help": Start(_command("exec", "--help"), ALL, 65),
    "ask --help": Start(_command("ask", "--help"), ALL, 65),
    "trace verify --help": Start(_command("trace", "verify", "--help"), ALL, 65),
    "a search": Start(
        _command("exec", "-e", SEARCH, "small.log"),
        SDKS | CHECKING | SHOWING | FORMATS | RARE | {"rlmlite.agent.loop", "rlmlite.runs.past.reopen"},
        574,
    ),
    "a replay": Start(
        _command("trace", "replay", "there.rlm"),
        SDKS | CHECKING | SHOWING | FORMATS | RARE | {"rlmlite.agent.loop", "rlmlite.inputs.tables.load"},
        590,
    ),
    "a question": Start(
        _command("ask", "--controller", "scripted:script.jsonl", "How many errors?", "small.log"),
        SDKS
        | CHECKING
        | SHOWING
        | FORMATS
        | RARE - {"asyncio"}
        | {"rlmlite.agent.sessions.session", "rlmlite.runs.past.reopen"},
        612,
    ),
}


@pytest.mark.parametrize("start", STARTS)
def test_a_start_imports_what_it_needs(start: str, tmp_path: Path) -> None:
    """None of the heavy libraries that it does not use, and hardly more modules than it did."""
    (tmp_path / "small.log").write_text("08:14 ERROR disk\n08:15 INFO disk\n" * 100)
    programs = ('errors = search(context, "ERROR")', "n = count(errors)", "final(n)")
    (tmp_path / "script.jsonl").write_text("".join(json.dumps({"text": program}) + "\n" for program in programs))
    if start == "a replay":
        rlmlite.execute(SEARCH, tmp_path / "small.log", trace=tmp_path / "there.rlm")
    code, unwanted, most = STARTS[start]
    show = "import sys\nprint(*sys.modules, file=sys.stderr)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
    )

    assert done.returncode == 0, done.stderr
    modules = done.stderr.splitlines()[-1].split()
    assert sorted(unwanted.intersection(modules)) == []
    theirs = sys.stdlib_module_names | OF_THE_ENVIRONMENT
    assert len([name for name in modules if name.partition(".")[0] not in theirs]) <= most


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system does not list threads")
def test_a_start_begins_no_thread(tmp_path: Path) -> None:
    """NumPy's OpenBLAS would begin one for each processor, which spins for longer than a small run takes."""
    (tmp_path / "small.log").write_text("08:14 ERROR disk\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    environment.pop("OPENBLAS_NUM_THREADS", None)
    show = "import os\nprint(len(os.listdir('/proc/self/task')), file=sys.stderr)"

    code = f"{_command('exec', '-e', SEARCH, 'small.log')}\n{show}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert (done.returncode, done.stderr.split()[-1]) == (0, "1"), done.stderr


SERVER = """
import sys, threading
from rlmlite.clients.registry import client
model = client("http://127.0.0.1:9/v1#m")
assert "openai" not in sys.modules
model.get_ready()
[thread.join() for thread in threading.enumerate() if thread.name == "rlmlite-sdk"]
assert "openai" in sys.modules
"""


def test_the_sdk_of_a_provider_is_imported_in_the_background() -> None:
    """A client of a server is made without it; it is there when the inputs are loaded."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    subprocess.run([sys.executable, "-c", SERVER], env=environment, check=True)


def test_a_run_asks_its_clients_to_get_ready() -> None:
    """Each once, whatever roles it plays, when all that can be wrong with the settings was found."""
    client = Slow([])
    prepare(make_settings({"controller": client, "sub": client}))

    assert client.asked == 1


class Slow(Scripted):
    """A client that has something to get ready."""

    asked = 0

    def get_ready(self) -> None:
        """See `Preparable.get_ready`."""
        self.asked += 1


def _pins(name: str) -> set[tuple[str, str, str]]:
    """Each distribution of a list of pins, with its version and a hash; conditions are left out."""
    text = (ROOT / ".ci" / name).read_text("utf-8")
    entries = re.findall(r"^(\S+)==(\S+)(.*(?:\n .*)*)", text, re.MULTILINE)
    return {
        (distribution, version, digest)
        for distribution, version, rest in entries
        for digest in re.findall(r"--hash=(\S+)", rest)
    }


ONLY = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def test_make_demo_installs_what_the_demo_needs(tmp_path: Path) -> None:
    """It runs where only `.ci/constraints-demo.txt` is installed; `make pins` renews that list."""
    pinned = {distribution for distribution, _, _ in _pins("constraints-demo.txt")}
    absent = {
        module
        for module, distributions in packages_distributions().items()
        if not any(re.sub("[_.]", "-", name).lower() in {*pinned, "rlmlite"} for name in distributions)
    }
    sources = tmp_path / "sources"
    (sources / "asyncio").mkdir(parents=True)
    (sources / "legacy.py").write_bytes("# Größe\n".encode("latin-1") * 20 + b"import asyncio\n")
    (sources / "asyncio" / "tasks.py").write_text("When gather() is cancelled, all children are cancelled.\n" * 50)
    (sources / "old.py").write_text('warn("x", DeprecationWarning, remove=(3, 15))\n')
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    code = ONLY.format(absent=absent) + _command("demo", "--path", str(sources))
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert {"openai", "pytest", "pyarrow"} <= absent


def test_the_demo_is_pinned_as_all_else_is() -> None:
    """The same versions with the same hashes."""
    demo = _pins("constraints-demo.txt")

    assert len({distribution for distribution, _, _ in demo}) > 10
    assert demo <= _pins("constraints.txt")
