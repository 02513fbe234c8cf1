"""What a run may reach besides models: host functions, approvals, and the policy that both are under."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlmlite.tools.functions import Function, PythonTool, tool, tools_of

__all__ = ["Function", "PythonTool", "tool", "tools_of"]

_HOMES = {
    "Function": "rlmlite.tools.functions",
    "PythonTool": "rlmlite.tools.functions",
    "tool": "rlmlite.tools.functions",
    "tools_of": "rlmlite.tools.functions",
}
"""The module of each name, imported when the name is first used: nobody waits for what is not used."""

if not TYPE_CHECKING:  # a type checker would take every name to be there

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
        return value

    def __dir__():
        return sorted([*globals(), *__all__])
