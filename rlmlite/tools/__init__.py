"""What a run may reach besides models: host functions, approvals, and the policy that both are under."""

from rlmlite.tools.functions import Function, PythonTool, tool, tools_of

__all__ = ["Function", "PythonTool", "tool", "tools_of"]
