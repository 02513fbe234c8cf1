"""Python modules in the working folder are not imported: by the command, by `python -m`, by the name of a tool."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlmlite.errors import SettingError
from rlmlite.guard.import_path import installed_only, leave_working_folder
from rlmlite.tools.loading import load_tools
from tests.guard.trust.folder import COUNT, EVIL, hostile_folder
from tests.rooms import ROOT

LIBRARIES = (
    *("aiohttp", "charset_normalizer", "click", "duckdb", "genai_prices", "google", "httpx2", "hyperscan", "idna"),
    *("lark", "msgspec", "numpy", "openai", "pathspec", "platformdirs", "pyarrow", "pydantic", "pydantic_core", "re2"),
    *("rich", "rlmlite_grammar", "rlmlite_kernel", "rlmlite_traces", "shellingham", "sitecustomize", "stringzilla"),
    *("structlog", "tree_sitter", "typer", "typing_extensions", "usercustomize", "yarl"),
)
EVIL_MODULE = "import builtins\nbuiltins.open({mark!r}, 'a').write({name!r} + '\\n')\nraise SystemExit('evil')\n"
COMMAND = "import sys; sys.argv[0] = 'rlmlite'; from rlmlite.cli import main; main()"
WAYS = {
    "python -m": ("-m", "rlmlite"),
    "python -m in one word": ("-mrlmlite",),
    "python -m with options": ("-X", "utf8", "-W", "ignore", "-m", "rlmlite"),
    "python -P -m": ("-P", "-m", "rlmlite"),
    "the command": (str(Path(sys.executable).with_name("rlmlite")),),
}


def _environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join(str(ROOT / name) for name in (".", "grammar", "kernel", "traces"))
    return {**os.environ, "PYTHONPATH": path, **more}


def _python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, env=_environment(**environment), capture_output=True, text=True, timeout=60)


def _loaded_by_python(folder: Path) -> set[str]:
    """The modules that Python loads for any `python -m`, before the package has a say."""
    (folder / "probe").mkdir()
    (folder / "probe/__init__.py").write_text("import sys\nprint(*sys.modules)\n")
    (folder / "probe/__main__.py").write_text("")
    return {name.partition(".")[0] for name in _python("-m", "probe").stdout.split()}


@pytest.fixture
def mark() -> Path:
    """A folder with an evil module for every name that a start could import. The file in which they sign."""
    place = Path("mark").absolute()
    hostile_folder(Path())
    spared = _loaded_by_python(Path()) | {"rlmlite"}
    for name in {*sys.stdlib_module_names, *LIBRARIES} - spared:
        Path(f"{name}.py").write_text(EVIL_MODULE.format(mark=str(place), name=name))
    return place


@pytest.mark.parametrize("way", WAYS)
def test_no_module_of_the_folder_is_imported(way: str, mark: Path) -> None:
    """Neither at the start nor when something is first needed: a search, a warning, a model client."""
    words = WAYS[way]
    if way == "the command" and not Path(words[0]).exists():
        words = ("-P", "-c", COMMAND)  # what the installed script does: its folder comes first, and not this one
    Path("rlmlite.toml").write_text("patience = 900\n")  # said with a warning, by structlog
    arguments = ["exec", "-e", COUNT, "app.log"]
    if way in ("python -m", "the command"):
        arguments = ["ask", "How?", "app.log", "--controller", "http://127.0.0.1:9/v1#m", "--price", "0,0"]
    done = _python(*words, *arguments, RLMLITE_RETRIES="0", RLMLITE_TIMEOUT="1")

    assert not mark.exists(), mark.read_text()
    assert "evil" not in done.stderr
    assert "status: " in done.stdout, done.stderr


def test_what_python_loads_first_is_a_short_list() -> None:
    """Of these nothing can be said here: the documents tell to use the command, or `python -P -m`."""
    assert len(_loaded_by_python(Path()) & sys.stdlib_module_names) < 80


@pytest.mark.parametrize("slip", ["", ".", "./", "below/.."])
def test_a_slip_in_pythonpath_is_taken_out(slip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`PYTHONPATH=$PYTHONPATH:/x` of an unset variable begins with an empty entry, which is the working folder."""
    Path("below").mkdir()
    here, other = os.getcwd(), "/somewhere"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([slip, other]))
    monkeypatch.setattr("sys.path", ["", here, other, "relative", here])

    leave_working_folder()

    assert sys.path == [other, here]  # the last one is from an installation, or was written out


def test_a_working_folder_that_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is relative to it."""
    Path("gone").mkdir()
    monkeypatch.chdir("gone")
    Path("../gone").rmdir()
    monkeypatch.setenv("PYTHONPATH", ":/somewhere")
    monkeypatch.setattr("sys.path", ["", "/somewhere"])

    leave_working_folder()

    assert sys.path == ["/somewhere"]


def test_a_checkout_that_is_executed_keeps_its_own_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """`PYTHONPATH=.:kernel` in the checkout itself: whatever is there is being executed already."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", ".:kernel:..")
    monkeypatch.setattr("sys.path", [str(ROOT), str(ROOT / "kernel"), str(ROOT.parent)])

    leave_working_folder()

    assert sys.path == [str(ROOT), str(ROOT / "kernel")]


def test_a_whole_path_in_pythonpath_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes it out means it."""
    here = os.getcwd()
    monkeypatch.setenv("PYTHONPATH", here)
    monkeypatch.setattr("sys.path", [here, "/somewhere"])

    leave_working_folder()

    assert sys.path == [here, "/somewhere"]


def test_a_host_keeps_its_own_path() -> None:
    """`import rlmlite` in a program of somebody's own changes nothing."""
    code = "import sys; before = sys.path[:]; import rlmlite; rlmlite.execute; print(before == sys.path)"

    assert _python("-c", code).stdout == "True\n"


@pytest.mark.parametrize("entry", ["", ".", "below"])
def test_a_tool_by_module_is_not_of_the_working_folder(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where an entry that is empty or relative would find it; by its file it is taken."""
    mark = Path("mark").absolute()
    Path("below").mkdir()
    for folder in ("", "below/"):
        Path(f"{folder}evil_tools.py").write_text(EVIL.format(mark=str(mark)))
    monkeypatch.setattr("sys.path", [entry, *sys.path])

    with pytest.raises(SettingError, match=r"ModuleNotFoundError.*give a file by its path"):
        load_tools(["evil_tools:helper"])
    assert not mark.exists()
    assert "" in sys.path or entry in sys.path
    load_tools(["evil_tools.py:helper"])
    assert mark.exists()


def test_the_import_path_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what an import has added."""
    monkeypatch.setattr("sys.path", ["", "/x"])
    with installed_only():
        assert sys.path == ["/x"]
        sys.path.append("/added")

    assert sys.path == ["", "/x", "/added"]
