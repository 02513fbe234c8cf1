"""What a run may use besides models: tools and approvals, and the policy that governs both.

functions      a Python function as a tool;  signatures and invocation are its two halves
loading        tools by name, from the command line or the settings
policy_file    the file;  policy_rules are its rules as a run uses them
permissions    all of it put together for one run
services       what the run calls
approvals      who is asked before a call
"""

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
