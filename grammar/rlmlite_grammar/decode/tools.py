"""A program as a tool call: the definitions that model servers take, in the form of OpenAI's Responses API.

Some models keep to a form better inside a tool call than in a plain reply. There is one tool, `program`. A server with
custom tools takes its input as bare text and holds it to a decode grammar; others get a function with one string, which
the model must write as JSON.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

ProgramTool: TypeAlias = Mapping[str, Any]
"""The definition of a tool, as JSON."""

PROGRAM: Final = "program"
"""The tool's name."""

_DESCRIPTION: Final = "Runs one program in the action language. Give the program, and nothing else."


def custom_tool(grammar: str) -> dict[str, Any]:
    """A custom tool: its input is the text of the program, and a decode grammar constrains it."""
    form = {"type": "grammar", "syntax": "lark", "definition": grammar}
    return {
        "type": "custom",
        "name": PROGRAM,
        "description": _DESCRIPTION,
        "format": form,
    }


def function_tool() -> dict[str, Any]:
    """A function `program(text)` for servers without custom tools."""
    text = {"type": "string", "description": "The program, one statement a line."}
    # `strict` below asks for exactly this: every property required, and no other allowed.
    form = {
        "type": "object",
        "properties": {"text": text},
        "required": ["text"],
        "additionalProperties": False,
    }
    return {
        "type": "function",
        "name": PROGRAM,
        "description": _DESCRIPTION,
        "parameters": form,
        "strict": True,
    }
