"""What a run may use besides models: tools and approvals, and the policy that governs both.

functions      a Python function as a tool;  signatures and invocation are its two halves
loading        tools by name, from the command line or the settings
policy_file    the file;  policy_rules are its rules as a run uses them
permissions    all of it put together for one run
services       what the run calls
approvals      who is asked before a call
"""

from typing import TYPE_CHECKING

from rlmlite_kernel import lazy_names

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
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
