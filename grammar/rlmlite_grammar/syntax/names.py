"""The words that mean something to the syntax, and what may be a name.

`True`, `False` and `None` are taken as well as `true`, `false` and `null`, and `len(x)` as well as `count(x)`: models
that know Python write them, what they mean is certain, and each would cost a turn.

Action names are not here: the grammar knows none, the kernel's action table knows all.
"""

from typing import Final

from rlmlite_grammar.syntax.refusal import refuse

CONSTANTS: Final[dict[str, bool | None]] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
}
"""Words that are values, as written; printed in lower case."""

OPERATOR_WORDS: Final = frozenset({"and", "or", "not", "in", "contains", "matches"})
"""Words that are operators."""

RESERVED: Final = OPERATOR_WORDS | CONSTANTS.keys()
"""Words that cannot name an input or a tool. They may name fields and keys: `.matches`, `{in: 1}`."""

CONTEXTUAL: Final = frozenset({"contains", "matches"})
"""Operators that may name a variable all the same: models call what they find `matches`, and where a value or a new
statement begins no operator can stand.
"""

ALIASES: Final = {"len": "count", "text": "render"}
"""Second names of actions, each with the one name that the program then holds."""

METHOD: Final = "."
ARROW: Final = "=>"
RANGE: Final = ":"
F_STRING: Final = "f"
"""Calls that stand for what other languages write: `x.map(…)` is a call of `.map` with `x` first, `m => …` one of `=>`
with the name and the body, `f"…"` one of `f` with the text. No action has such a name (`f` could be a host's, and then
it is that); what is meant is decided in `rereading`.
"""

LONGEST_NAME: Final = 64
"""Characters of a name."""


def check_name(word: str, offset: int) -> str:
    """`word`, if it may name a variable, an action or an argument; else it is refused."""
    if word in RESERVED - CONTEXTUAL:
        refuse("reserved", f"`{word}` is a reserved word and cannot be a name", offset, "choose another name")
    return check_key(word, offset)


def check_key(word: str, offset: int) -> str:
    """`word`, if it is short enough for a name; else it is refused."""
    if len(word) > LONGEST_NAME:
        refuse("name", f"a name may have at most {LONGEST_NAME} characters; this one has {len(word)}", offset)
    return word
