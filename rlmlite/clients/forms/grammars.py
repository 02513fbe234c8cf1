"""A schema of the kernel as a GBNF grammar, for servers that constrain by grammars only.

    {label: "a" | "b", n?: int}

    root    ::= "{" ws "\\"label\\"" ws ":" ws ("\\"a\\"" | "\\"b\\"") (ws "," ws "\\"n\\"" ws ":" ws integer)? ws "}"
    integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
    ...

Each object, list and choice is spelled where it stands, so there is one rule for each basic type and no more. An
optional field that comes before a required one is spelled with its comma after it.
White space between tokens is at most one blank: a weak model would go on with blanks for ever.
"""

import json
from typing import Final

from rlmlite_kernel.program.schemas import Basic, Literal, Many, OneOf, Schema, Shape

_NAMES: Final = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "date": "date",
    "any": "value",
}

_RULES: Final = r"""
ws      ::= " "?
string  ::= "\"" ([^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
number  ::= integer ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})?
boolean ::= "true" | "false"
date    ::= "\"" [0-9]{4} "-" [0-9]{2} "-" [0-9]{2} "\""
value   ::= string | number | boolean | "null" | list | object
list    ::= "[" ws (value (ws "," ws value)*)? ws "]"
object  ::= "{" ws (string ws ":" ws value (ws "," ws string ws ":" ws value)*)? ws "}"
""".lstrip()


def gbnf_of(schema: Schema) -> str:
    """The grammar of all answers of this form."""
    return f"root    ::= {_spell(schema)}\n{_RULES}"


def _spell(schema: Schema) -> str:
    match schema:
        case Basic(name=name):
            return _NAMES[name]
        case Literal(value=value):
            return _token(json.dumps(value, ensure_ascii=False))
        case OneOf(options=options):
            return f"({' | '.join(map(_spell, options))})"
        case Many(item=item):
            spelled = _spell(item)
            return f'"[" ws ({spelled} (ws "," ws {spelled})*)? ws "]"'
        case Shape(fields=fields):
            return f'"{{" ws {_spell_fields(fields)} ws "}}"' if fields else '"{" ws "}"'


def _spell_fields(fields: tuple[tuple[str, Schema, bool], ...]) -> str:
    """The fields in their order. `(a ,)? b (, c)?`: the comma goes with the optional field, on the side of a required
    one; without any required one, a field may come first or after another.
    """
    spelled = [(_spell_field(name, kind), is_optional) for name, kind, is_optional in fields]
    firsts = [place for place, (_, optional) in enumerate(spelled) if not optional]
    if not firsts:
        return f"({_spell_optional([field for field, _ in spelled])})?"
    before, after = spelled[: firsts[0]], spelled[firsts[0] + 1 :]
    parts = [f'({field} ws "," ws)?' for field, _ in before]
    parts.append(spelled[firsts[0]][0])
    parts += [f'(ws "," ws {field})' + ("?" if optional else "") for field, optional in after]
    return " ".join(parts)


def _spell_field(name: str, kind: Schema) -> str:
    return f'{_token(json.dumps(name, ensure_ascii=False))} ws ":" ws {_spell(kind)}'


def _spell_optional(fields: list[str]) -> str:
    """Some of these fields, at least one: whichever comes first, and then any of the later ones."""
    choices: list[str] = []
    for place, field in enumerate(fields):
        rest = "".join(f' (ws "," ws {later})?' for later in fields[place + 1 :])
        choices.append(field + rest)
    return " | ".join(choices)


def _token(text: str) -> str:
    """A text as GBNF spells one, which escapes as JSON does."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
