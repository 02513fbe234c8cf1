"""What is built is what is meant: the archives are complete, and the wheel works where nothing else is.

The archives are built once, by the pinned tools; the wheel is then installed into an environment of its own.
"""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["rlmlite", "grammar/rlmlite_grammar", "kernel/rlmlite_kernel", "traces/rlmlite_traces"]
COMPONENTS = ["rlmlite", "grammar", "kernel", "traces", "tests", "benchmarks", "docs", ".ci"]

# One worker builds and installs for all of these.
pytestmark = pytest.mark.xdist_group("packaging")


def run(*command: str | Path, folder: Path) -> str:
    """Run a command that must succeed; what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert done.returncode == 0, f"{command} exited with {done.returncode}:\n{done.stdout}"
    return done.stdout


def files(folder: Path) -> set[PurePosixPath]:
    """All files below `folder` but what Python leaves behind, by their path from `folder`'s parent."""
    return {
        PurePosixPath(path.relative_to(folder.parent))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("archives")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, folder=ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(archives: Path) -> Path:
    (path,) = archives.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that holds the wheel and what it asks for, at the pinned versions."""
    folder = tmp_path_factory.mktemp("installed")
    # pip wants a hash for the wheel as well once one hash is given, so here the versions are pinned alone.
    pins = re.sub(r" \\\n    --hash=\S+", "", (ROOT / ".ci/constraints.txt").read_text("utf-8"))
    (folder / "pins.txt").write_text(pins, "utf-8")
    run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    python = folder / "venv/bin/python"
    options = ["--disable-pip-version-check", "--only-binary", ":all:", "--constraint", "pins.txt"]
    run(python, "-m", "pip", "install", *options, wheel, folder=folder)
    return python.parent


def test_wheel_holds_the_four_packages_and_nothing_else(wheel: Path) -> None:
    """Every file of the four packages is in the wheel, data files too, and no test or document is."""
    names = {PurePosixPath(name) for name in zipfile.ZipFile(wheel).namelist()}
    code = {name for name in names if not name.parts[0].endswith(".dist-info")}

    assert code == set().union(*(files(ROOT / package) for package in PACKAGES))
    assert {name.parts[0] for name in names if name.name == "py.typed"} == {Path(p).name for p in PACKAGES}
    assert any(name.match("*.dist-info/licenses/LICENSE") for name in names)


def test_source_archive_holds_what_the_tests_need(archives: Path) -> None:
    """An unpacked source archive can set itself up and run its own tests."""
    (path,) = archives.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {PurePosixPath(*PurePosixPath(member.name).parts[1:]) for member in archive if member.isfile()}
    wanted = set().union(*(files(ROOT / component) for component in COMPONENTS))

    assert wanted - names == set()
    assert {PurePosixPath(name) for name in ["Makefile", "pyproject.toml", "README.md", "LICENSE"]} <= names


def test_wheel_imports_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    """The four packages import, and come from the wheel."""
    names = [Path(package).name for package in PACKAGES]
    report = f"import {', '.join(names)}; print(*({', '.join(f'{name}.__file__' for name in names)}), sep='\\n')"

    places = run(installed / "python", "-W", "error", "-c", report, folder=tmp_path).splitlines()

    assert [str(installed.parent) in place for place in places] == [True] * 4


def test_wheel_has_the_command(installed: Path, tmp_path: Path) -> None:
    """The installed command explains itself."""
    assert "demo" in run(installed / "rlmlite", "--help", folder=tmp_path)


def test_wheel_runs_the_demo(installed: Path, tmp_path: Path) -> None:
    """The demo needs nothing but the wheel: no checkout, no key, no terminal."""
    assert "answer" in run(installed / "rlmlite", "demo", folder=tmp_path).lower()
