"""Tools by name, as the command line, the settings file and `tools=` may give them: `MODULE:NAME`, `FILE.py:NAME`.

Importing the module executes it, so it must be the user's own.
"""

import importlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from rlmlite.errors import SettingError
from rlmlite.tools.functions import Function, PythonTool


def load_tools(tools: Iterable[Function | PythonTool | str]) -> list[Function | PythonTool]:
    """The functions behind names; a function is returned as it is. Raises `SettingError`."""
    return [_load_tool(tool) if isinstance(tool, str) else tool for tool in tools]


def _load_tool(spec: str) -> Function | PythonTool:
    # The last colon: `C:\tools.py:lookup` has one before it.
    place, colon, name = spec.rpartition(":")
    is_complete = bool(place and colon and name)
    if not is_complete:
        raise SettingError(f"a tool must be given as MODULE:NAME or FILE.py:NAME, not `{spec}`")
    module = _load_module(place, spec)
    function: Function | PythonTool | None = getattr(module, name, None)
    if not callable(function):
        # Only what was made a tool: a module has many other functions, most of them imported.
        tools = [known for known, value in vars(module).items() if isinstance(value, PythonTool)]
        listed = ", ".join(tools) or "none"
        raise SettingError(f"tool {spec}: {place} has no function `{name}`; its tools: {listed}")
    return function


def _load_module(place: str, spec: str) -> ModuleType:
    try:
        if place.endswith(".py"):
            return _execute_file(Path(place))
        return importlib.import_module(place)
    except FileNotFoundError as error:
        raise SettingError(f"tool {spec}: the file {error.filename} does not exist") from None
    # A bad declaration in the module, which says by itself what is wrong with which tool.
    except SettingError:
        raise
    # The module is the user's, and can raise anything while it is executed; a script may also call `exit`.
    except (Exception, SystemExit) as error:
        hint = "; give a file by its path, FILE.py:NAME" if isinstance(error, ModuleNotFoundError) else ""
        raise SettingError(f"tool {spec}: {type(error).__name__}: {error}{hint}") from error


def _execute_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    # Both are there for every path that ends with .py, whether or not the file exists.
    assert spec is not None
    assert spec.loader is not None
    # Not entered into `sys.modules`: a file called `json.py` must not take the place of the library.
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
