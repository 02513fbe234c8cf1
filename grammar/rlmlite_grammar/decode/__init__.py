"""Decode grammars: what a constrained decoder may write in one turn. Start at `decode_grammar` and `Vocabulary`.

They are made from the action table and the names that there are, so they cannot be behind either.
`actions.lark` stays what is parsed: it is lenient, and a decoder that follows it writes what does not parse.
"""

from rlmlite_grammar.decode.rules import TEMPORARIES, decode_grammar
from rlmlite_grammar.decode.tools import PROGRAM, ProgramTool, custom_tool, function_tool
from rlmlite_grammar.decode.vocabulary import Vocabulary

__all__ = ["PROGRAM", "TEMPORARIES", "ProgramTool", "Vocabulary", "custom_tool", "decode_grammar", "function_tool"]
