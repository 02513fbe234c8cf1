"""Decode grammars: what a constrained decoder may write in one turn. Start at `decode_grammar` and `Vocabulary`.

A model server that holds its model to a grammar can rule out mistakes instead of reporting them: here a grammar is made
for one turn, from the action table and the variables, roles and tools that exist in it. `actions.lark` cannot serve for
that. It says what is parsed, names no action, and is lenient (`search(nothing)` parses); a decoder that followed it
would write programs that do not check.
"""

from rlmlite_grammar.decode.rules import TEMPORARIES, decode_grammar
from rlmlite_grammar.decode.tools import PROGRAM, ProgramTool, custom_tool, function_tool
from rlmlite_grammar.decode.vocabulary import Vocabulary

# The name of `ProgramTool` up to now. It stays importable, since clients that a host wrote may be typed with it.
Tool = ProgramTool

__all__ = [
    "PROGRAM",
    "TEMPORARIES",
    "ProgramTool",
    "Tool",
    "Vocabulary",
    "custom_tool",
    "decode_grammar",
    "function_tool",
]
