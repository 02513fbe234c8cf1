"""What is built is what is meant: the archives are complete, and the wheel works where nothing else is.

The archives are built once for all workers, by the pinned tools; the wheel is then installed into an environment of
its own, also once.
"""

import email
import itertools
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement

from tests.once import make_once

ROOT = Path(__file__).parents[1]
PACKAGES = ["rlmlite", "grammar/rlmlite_grammar", "kernel/rlmlite_kernel", "traces/rlmlite_traces"]
COMPONENTS = ["rlmlite", "grammar", "kernel", "traces", "tests", "benchmarks", "docs", ".ci"]


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


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from it."""

    def build(folder: Path) -> None:
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, folder=ROOT)

    return make_once(tmp_path_factory, "archives", build)


@pytest.fixture(scope="session")
def wheel(archives: Path) -> Path:
    """The wheel."""
    (path,) = archives.glob("*.whl")
    return path


@pytest.fixture(scope="session", params=["links", pytest.param("downloads", marks=pytest.mark.slow)])
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that holds the wheel and what its metadata asks for, and nothing else.

    To download what it asks for takes half a minute; the suite links it from the environment that runs the tests.
    """
    make = {"links": install_by_links, "downloads": install_by_downloads}[request.param]
    folder = make_once(tmp_path_factory, f"installed-{request.param}", lambda folder: make(wheel, folder))
    return folder / "venv/bin"


def install_by_downloads(wheel: Path, folder: Path) -> None:
    """As a user does, but at the pinned versions."""
    # pip wants a hash for the wheel as well once one hash is given, so here the versions are pinned alone.
    pins = re.sub(r" \\\n    --hash=\S+", "", (ROOT / ".ci/constraints.txt").read_text("utf-8"))
    (folder / "pins.txt").write_text(pins, "utf-8")
    run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    options = ["--disable-pip-version-check", "--only-binary", ":all:", "--constraint", "pins.txt"]
    run(folder / "venv/bin/python", "-m", "pip", "install", *options, wheel, folder=folder)


def install_by_links(wheel: Path, folder: Path) -> None:
    """The wheel by pip; of what it asks for, a link to every file."""
    venv = folder / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, folder=folder)
    python, options = venv / "bin/python", ["--disable-pip-version-check", "--no-index", "--no-deps"]
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel, folder=folder)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip())
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        asked = email.message_from_bytes(archive.read(metadata)).get_all("Requires-Dist", [])
    for distribution in closure(asked):
        for file in distribution.files or ():
            if ".." not in file.parts:  # its commands
                place = site / file
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(Path(str(distribution.locate_file(file))))


def closure(asked: list[str]) -> list[Distribution]:
    """The distributions here that requirements ask for, and that those ask for, at versions that they allow."""
    found: dict[str, Distribution] = {}
    left = [(Requirement(each), frozenset([""])) for each in asked]
    visited: set[tuple[str, frozenset[str]]] = set()
    while left:
        requirement, extras = left.pop()
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in extras):
            continue
        wanted = frozenset(["", *requirement.extras])
        if (requirement.name, wanted) in visited:
            continue
        visited.add((requirement.name, wanted))
        distribution = found.setdefault(requirement.name, Distribution.from_name(requirement.name))
        assert requirement.specifier.contains(distribution.version, prereleases=True), requirement
        left += [(Requirement(each), wanted) for each in distribution.requires or ()]
    return list({distribution.metadata["Name"]: distribution for distribution in found.values()}.values())


def test_no_dependency_is_taken_at_a_major_version_that_nobody_has_tried() -> None:
    """Every dependency, of the extras too, has an upper bound beside its lower one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    operators = {each: {bound.operator for bound in Requirement(each).specifier} for each in asked}

    assert {each: found for each, found in operators.items() if not {">=", "<"} <= found} == {}


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
    """The installed command `rlmlite` prints its help."""
    assert "demo" in run(installed / "rlmlite", "--help", folder=tmp_path)


def test_wheel_runs_the_demo(installed: Path, tmp_path: Path) -> None:
    """The demo needs nothing but the wheel: no checkout, no key, no terminal."""
    assert "answer" in run(installed / "rlmlite", "demo", folder=tmp_path).lower()
