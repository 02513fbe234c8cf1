"""A program as a tool call: the definitions that model servers take, in the form of OpenAI's Responses API."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

ProgramTool: TypeAlias = Mapping[str, Any]
"""A tool's definition."""

PROGRAM: Final = "program"
"""The tool's name."""

_DESCRIPTION: Final = "Runs one program in the action language. Give the program, and nothing else."


def custom_tool(grammar: str) -> dict[str, Any]:
    """A custom tool: its input is the program's text, which a decoder holds to a decode grammar."""
    form = {"type": "grammar", "syntax": "lark", "definition": grammar}
    return {"type": "custom", "name": PROGRAM, "description": _DESCRIPTION, "format": form}


def function_tool() -> dict[str, Any]:
    """A function `program(text)`, for servers without custom tools: the program is a string of JSON."""
    text = {"type": "string", "description": "The program, one statement a line."}
    form = {"type": "object", "properties": {"text": text}, "required": ["text"], "additionalProperties": False}
    return {
        "type": "function",
        "name": PROGRAM,
        "description": _DESCRIPTION,
        "parameters": form,
        "strict": True,
    }
