"""The action language as text: `parse` and `read_reply` read programs, `show` writes them. Start at `parser`.

What a program means is the kernel's business; this package knows no actions.
"""

from rlmlite_grammar.parser import parse
from rlmlite_grammar.reply import read_reply
from rlmlite_grammar.syntax.parse_table import grammar_digest, grammar_text
from rlmlite_grammar.syntax.printer import show

__all__ = ["grammar_digest", "grammar_text", "parse", "read_reply", "show"]
