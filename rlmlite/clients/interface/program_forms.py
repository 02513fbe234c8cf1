"""The forms in which a controller may be asked for a program, made for the names of one turn.

    words          the prompt alone
    tool           a function `program(text)`
    lark           a custom tool, whose input a grammar constrains
    gbnf           a reply that a grammar constrains
    json-schema    a reply that is the program as structured data, and is written out as a program when it is read

A form is made only when it is sent: the client knows what its server takes. Not here: the fields (`ways`).
"""

from typing import Any

import msgspec

from rlmlite_grammar.decode import Vocabulary, decode_grammar

STRUCTURED_HINT = (
    "Reply with the program as JSON data, of the form that is enforced. Each statement holds those after it in `then`: "
    '{"program": {"t1": {"call": "search", "target": {"var": "context"}, "query": "ERROR", "limit": null, '
    '"where": null}, "then": {"call": "final", "value": {"call": "count", "value": {"var": "t1"}}, "evidence": null}}}'
)
"""What a model is told that is held to a JSON schema: the prompt asks for a program as text."""


class ProgramForms(msgspec.Struct, frozen=True, eq=False):
    """The forms of one turn's program: what it may name."""

    names: Vocabulary

    def lark(self) -> str:
        """The grammar in Lark. Raises `ValueError` where nothing can be written."""
        return decode_grammar(self.names)

    def gbnf(self) -> str:
        """The grammar in GBNF. Raises `ValueError` where nothing can be written."""
        from rlmlite_grammar.decode.gbnf import gbnf

        return gbnf(self.lark())

    def schema(self) -> dict[str, Any]:
        """The JSON schema. Raises `ValueError` where nothing can be written."""
        from rlmlite_grammar.structured import program_schema

        return program_schema(self.names)


def program_of(reply: str) -> str:
    """The program that a reply of structured data spells; a reply that is none, as it came."""
    from rlmlite_grammar import show
    from rlmlite_grammar.structured import read_structured

    # Not an error: it is judged as a program, and the controller is told what is wrong with it.
    try:
        return show(read_structured(reply))
    except ValueError:
        return reply
