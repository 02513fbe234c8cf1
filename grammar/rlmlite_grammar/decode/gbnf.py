r"""A decode grammar in GBNF, the notation of llama.cpp, which the decoders of vLLM and SGLang read too.

    show0: "show(" (v0 (", " v0)*)? ")"        show0 ::= "show(" (v0 (", " v0){0,40})? ")"
    KEY: /[A-Za-z_][A-Za-z0-9_]{0,63}/         KEY ::= [A-Za-z_] KEY-1{0,63}
                                               KEY-1 ::= [A-Za-z0-9_]

The rules are those of the Lark grammar (`notation` reads them); what differs is the decoder. GBNF has no terminals: it
follows every way in which the characters so far may be derived, so no rule may begin with itself, and none does.
Every repetition is bounded. A decoder unfolds it to as many rules, and a weak model that has lost the thread would
otherwise repeat one element until its tokens are gone. llama.cpp refuses a repetition of 2,000 rules, counting those
inside the repeated group: so what is repeated often is a rule of its own, which counts as one.
"""

import functools
import re
from collections.abc import Iterator
from typing import Final

from rlmlite_grammar.decode.notation import Chars, Choice, Literal, Node, Ref, Repeat, Sequence, read_rule, split_rules

LOOP: Final = 40
"""Times that anything is repeated for which the rules have no bound: the items of a list, the operands of a sum."""

LONGEST: Final = 1_000
"""Times that anything is repeated at all. Texts over several lines have twice as many characters in Lark."""

_TEXT_ESCAPES: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"}
_PLAIN_IN_CLASS: Final = re.compile(r"[A-Za-z0-9_ .,:;=+*?!<>(){}|/$#%&@~`']")


def gbnf(grammar: str) -> str:
    """A decode grammar, given as Lark (`decode_grammar`), in GBNF. Its first rule is `root`."""
    return "".join(_print_rule(name, text) for name, text in split_rules(grammar))


@functools.lru_cache(maxsize=2_048)
def _print_rule(name: str, text: str) -> str:
    # From one turn to the next only the rules change that name the variables.
    lines = _Rule(name).lines(read_rule(text))
    return "".join(f"{line}\n" for line in lines)


def _name(name: str) -> str:
    """The name of a rule. llama.cpp takes no underscore in it."""
    return "root" if name == "start" else name.replace("_", "-")


class _Rule:
    """Prints one rule, and as rules of their own the parts of it that are repeated often."""

    def __init__(self, name: str) -> None:
        self._name = _name(name)
        self._parts: list[str] = []

    def lines(self, node: Node) -> Iterator[str]:
        """The rule, then its parts."""
        yield f"{self._name} ::= {self._choice(node)}"
        yield from self._parts

    def _choice(self, node: Node) -> str:
        options = node.options if isinstance(node, Choice) else (node,)
        return " | ".join(map(self._sequence, options))

    def _sequence(self, node: Node) -> str:
        items = node.items if isinstance(node, Sequence) else (node,)
        return " ".join(map(self._item, items)) or '""'

    def _item(self, node: Node) -> str:
        match node:
            case Literal(text=text):
                return '"' + "".join(_TEXT_ESCAPES.get(char, char) for char in text) + '"'
            case Chars(ranges=ranges, negated=negated):
                inside = "".join(map(_range, ranges))
                return f"[{'^' if negated else ''}{inside}]"
            case Ref(name=name):
                return _name(name)
            case Repeat(item=item, least=least, most=most):
                return self._repeat(item, least, LOOP if most is None else min(most, LONGEST))
        return f"({self._choice(node)})"

    def _repeat(self, item: Node, least: int, most: int) -> str:
        if (least, most) == (0, 1):
            return f"{self._item(item)}?"
        is_one_rule = isinstance(item, Ref) or most <= LOOP
        repeated = self._item(item) if is_one_rule else self._part(item)
        return f"{repeated}{{{least},{most}}}"

    def _part(self, node: Node) -> str:
        """The name of a new rule for a part of this one."""
        body = self._choice(node)
        name = f"{self._name}-{len(self._parts) + 1}"
        self._parts.append(f"{name} ::= {body}")
        return name


def _range(bounds: tuple[str, str]) -> str:
    first, last = map(_in_class, bounds)
    return first if first == last else f"{first}-{last}"


def _in_class(char: str) -> str:
    """A character inside brackets. Each that means something there is written by its number."""
    return char if _PLAIN_IN_CLASS.fullmatch(char) else f"\\x{ord(char):02X}"
