"""Tools by name, as the command line, the settings file and `tools=` may give them: `MODULE:NAME`, `FILE.py:NAME`."""

import importlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from rlmlite.errors import SettingError
from rlmlite.tools.functions import Function, PythonTool


def load_tools(tools: Iterable[Function | PythonTool | str]) -> list[Function | PythonTool]:
    """The functions; what is a function already stays one. Raises `SettingError`.

    Their modules are executed, so they must be the user's own.
    """
    return [_tool(tool) if isinstance(tool, str) else tool for tool in tools]


def _tool(said: str) -> Function | PythonTool:
    place, colon, name = said.rpartition(":")
    if not colon or not place or not name:
        raise SettingError(f"a tool is MODULE:NAME or FILE.py:NAME, not `{said}`")
    module = _module(place, said)
    if not callable(getattr(module, name, None)):
        known = [each for each in vars(module) if isinstance(getattr(module, each), PythonTool)]
        raise SettingError(f"tool {said}: {place} has no function `{name}`; its tools: {', '.join(known) or 'none'}")
    found: Function | PythonTool = getattr(module, name)
    return found


def _module(place: str, said: str) -> ModuleType:
    try:
        return _from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except FileNotFoundError as error:
        raise SettingError(f"tool {said}: there is no file {error.filename}") from None
    except SettingError:
        raise
    except (Exception, SystemExit) as error:  # the module is the user's, and can raise anything while it is executed
        hint = "; a file is given by its path, FILE.py:NAME" if isinstance(error, ModuleNotFoundError) else ""
        raise SettingError(f"tool {said}: {type(error).__name__}: {error}{hint}") from error


def _from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None  # the name ends with .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
