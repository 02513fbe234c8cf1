r"""Terminals of the decode rules as patterns of a JSON schema.

    RX_OPEN: /\((\?:|\?<[a-z][a-z0-9_]{0,31}>)?/        [\x28]([\x3f]:|[\x3f]<[a-z][a-z0-9_]{0,31}>)?

A pattern names nothing, so each terminal is written out where another one names it. A character that means something
in patterns stands in a class of its own: llama.cpp reads no backslash before it.
"""

import functools
import re
from typing import Final

from rlmlite_grammar.decode.notation import Chars, Choice, Literal, Node, Ref, Repeat, Sequence, read_rule
from rlmlite_grammar.decode.terminals import TERMINALS

_SPECIAL: Final = re.compile(r"[\\^$.|?*+()\[\]{}/]")
_SIGNS: Final = {(0, 1): "?", (0, None): "*", (1, None): "+"}


def whole(text: str) -> str:
    """The pattern of texts that are wholly what a rule (its text, as in `terminals`) derives."""
    return f"^({_pattern(read_rule(text))})$"


@functools.cache
def _terminal(name: str) -> str:
    return _grouped(read_rule(TERMINALS[name]))


def _pattern(node: Node) -> str:
    match node:
        case Literal(text=text):
            return _SPECIAL.sub(lambda match: f"[\\x{ord(match[0]):02x}]", text)
        case Chars(ranges=ranges, negated=negated):
            # A bare slash ends a regex in a program. In a document it is a character as any other.
            bounds = [bound for bound in ranges if not negated or bound != ("/", "/")]
            return f"[{'^' if negated else ''}{''.join(map(_range, bounds))}]"
        case Ref(name=name):
            return _terminal(name)
        case Sequence(items=items):
            return "".join(_grouped(item) if isinstance(item, Choice) else _pattern(item) for item in items)
        case Choice(options=options):
            return "|".join(map(_pattern, options))
        case Repeat(item=item, least=least, most=most):
            count = f"{{{least},{'' if most is None else most}}}"
            return _grouped(item) + _SIGNS.get((least, most), count)


def _grouped(node: Node) -> str:
    """The pattern of a node, in brackets unless it is one character."""
    is_one = isinstance(node, Chars) or (isinstance(node, Literal) and len(node.text) == 1)
    return _pattern(node) if is_one else f"({_pattern(node)})"


def _range(bounds: tuple[str, str]) -> str:
    first, last = map(_in_class, bounds)
    return first if first == last else f"{first}-{last}"


def _in_class(char: str) -> str:
    return char if char.isalnum() or char in "_ " else f"\\x{ord(char):02x}"
