"""The action language as text: `parse` and `read_reply` read programs, `show` writes them. Start at `parser`.

What a program means is the kernel's business; this package knows no actions.
"""

from typing import TYPE_CHECKING

from rlmlite_kernel import lazy_names

if TYPE_CHECKING:
    from rlmlite_grammar.parser import parse
    from rlmlite_grammar.reply import read_reply
    from rlmlite_grammar.rereading import reread
    from rlmlite_grammar.syntax.parse_table import grammar_digest, grammar_text
    from rlmlite_grammar.syntax.printer import show

__all__ = ["grammar_digest", "grammar_text", "parse", "read_reply", "reread", "show"]

_HOMES = {
    "grammar_digest": "rlmlite_grammar.syntax.parse_table",
    "grammar_text": "rlmlite_grammar.syntax.parse_table",
    "parse": "rlmlite_grammar.parser",
    "read_reply": "rlmlite_grammar.reply",
    "reread": "rlmlite_grammar.rereading",
    "show": "rlmlite_grammar.syntax.printer",
}
"""The module of each name, imported when the name is first used: nobody waits for what is not used."""

if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
