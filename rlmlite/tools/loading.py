"""Tools by name, as the command line, the settings file and `tools=` may give them: `MODULE:NAME`, `FILE.py:NAME`.

Importing the module executes it, so it must be the user's own. `MODULE` is one that is installed: a `tools.py` that
happens to lie in the working folder is not taken for it, but has to be named as a file.
"""

import importlib
import importlib.util
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

from rlmlite.errors import SettingError
from rlmlite.guard.import_path import installed_only
from rlmlite.tools.functions import Function, PythonTool
from rlmlite.tools.tool_names import PYTHON, PinnedTool
from rlmlite_traces.errors import words_of

ToolSource: TypeAlias = Function | PythonTool | PinnedTool | str


def load_tools(tools: Iterable[ToolSource]) -> list[Function | PythonTool]:
    """The functions behind names; a function is returned as it is. Raises `SettingError`."""
    return [load_function(tool) if isinstance(tool, str | PinnedTool) else tool for tool in tools]


def load_function(tool: str | PinnedTool, what: str = "tool") -> Function | PythonTool:
    """The function behind a name; `what` it is stands in messages. Raises `SettingError`."""
    if isinstance(tool, PinnedTool):
        place, name = str(tool.file.path), tool.name
        spec = f"{place}:{name}"
        module = _guarded(spec, lambda: _execute(tool.file.path, tool.file.read()), what)
        return _find(module, spec, place, name, what)
    # The last colon: `C:\tools.py:lookup` has one before it.
    place, colon, name = tool.rpartition(":")
    is_complete = bool(place and colon and name)
    if not is_complete:
        raise SettingError(f"a {what} must be given as MODULE:NAME or FILE.py:NAME, not `{tool}`")
    return _find(_guarded(tool, lambda: _load_module(place), what), tool, place, name, what)


def _find(module: ModuleType, spec: str, place: str, name: str, what: str) -> Function | PythonTool:
    function: Function | PythonTool | None = getattr(module, name, None)
    if not callable(function):
        # Only what was made a tool: a module has many other functions, most of them imported.
        tools = [known for known, value in vars(module).items() if isinstance(value, PythonTool)]
        listed = ", ".join(tools) or "none"
        known_tools = f"; its tools: {listed}" if what == "tool" else ""
        raise SettingError(f"{what} {spec}: {place} has no function `{name}`{known_tools}")
    return function


def _guarded(spec: str, load: Callable[[], ModuleType], what: str) -> ModuleType:
    try:
        return load()
    except FileNotFoundError as error:
        raise SettingError(f"{what} {spec}: the file {error.filename} does not exist") from None
    # A bad declaration in the module, which says by itself what is wrong with which tool.
    except SettingError:
        raise
    # The module is the user's, and can raise anything while it is executed; a script may also call `exit`.
    except (Exception, SystemExit) as error:
        hint = "; give a file by its path, FILE.py:NAME" if isinstance(error, ModuleNotFoundError) else ""
        raise SettingError(f"{what} {spec}: {type(error).__name__}: {words_of(error)}{hint}") from error


def _load_module(place: str) -> ModuleType:
    if place.endswith(PYTHON):
        path = Path(place)
        return _execute(path, path.read_bytes())
    with installed_only():
        return importlib.import_module(place)


def _execute(path: Path, source: bytes) -> ModuleType:
    """The module that a source is: of these bytes, not of whatever the file has when it is opened again."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    # It is there for every path that ends with .py, whether or not the file exists.
    assert spec is not None
    # Not entered into `sys.modules`: a file called `json.py` must not take the place of the library.
    module = importlib.util.module_from_spec(spec)
    exec(compile(source, path, "exec"), vars(module))
    return module
