"""The entries of `docs/reference/actions.md`, from the action table. `make docs` regenerates them."""

import json
from itertools import groupby
from typing import Final

from docs.tables import code, prose, table
from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.program.action_table import Action, Kind, Param, Table

FAMILIES: Final = {
    "look": "Look: the result goes in full into the observation",
    "find": "Find",
    "cut": "Cut: long text into lines, chunks or definitions, by reference",
    "models": "Read with a model",
    "parse": "Parse",
    "rows": "Rows: hits, lines, chunks, documents and lists alike",
    "text": "Text",
    "scalars": "Scalars: single values, also inside row expressions",
    "tools": "Tools of the host",
    "state": "State",
    "end": "End",
}
"""The heading of each family."""

KINDS: Final[dict[Kind, str]] = {
    "any": "any value",
    "target": "text, documents, or rows with a text",
    "rows": "rows or a list",
    "query": "text, a list of texts, or a /regex/",
    "pattern": "text, a list of texts, a /regex/, or a list of pairs",
    "form": "a /regex/ or a template literal",
    "expr": "a row expression",
    "key": "a key",
    "folds": "folds by name",
    "schema": "a schema literal",
    "template": "a template literal",
    "tool": "the name of a tool, as a text or bare",
    "int": "a whole number",
    "text": "text",
    "bool": "true or false",
    "word": "a word",
    "name": "a name, as a text literal",
}
"""How an argument of each kind is written. Keys, templates and schemas are described in `language.md`."""


def entries(actions_by_name: Table = ACTIONS) -> str:
    """Every action of a table, by family, in the order of the table. A host's own family is its own heading."""
    parts: list[str] = []
    for family, actions in groupby(actions_by_name.values(), lambda action: action.family):
        parts.append(f"## {FAMILIES.get(family, family.capitalize())}")
        parts.extend(map(_entry, actions))
    return "\n\n".join(parts)


def _entry(action: Action) -> str:
    parts = [f"### {action.name}", f"```text\n{action.signature()}\n```", _sentence(action.help)]
    if action.params:
        parts.append(table(("parameter", "is", "default", "meaning"), map(_param, action.params)))
    if action.extra:
        parts.append(f"Extra named arguments: {action.extra}.")
    parts.append(f"Result: {code(action.result) if '{' in action.result else action.result}.")
    if action.example:
        parts.append(f"For example, one row or value of it:\n\n```json\n{action.example}\n```")
    notes = [f"Cost: {action.cost_rule.words}."]
    if action.barrier:
        notes.append("It runs after every statement before it has finished.")
    if action.in_rows:
        notes.append("It may stand inside a row expression; there it is applied to each row.")
    parts.append("\n".join(notes))
    return "\n\n".join(parts)


def _sentence(text: str) -> str:
    first = text if text.startswith(("`", "(")) else text[0].upper() + text[1:]
    return f"{prose(first)}."


def _param(param: Param) -> tuple[str, str, str, str]:
    return code(param.name), _kind(param), _default(param), prose(param.help)


def _kind(param: Param) -> str:
    parts = [KINDS[param.kind]]
    if param.words:
        parts = [" or ".join(code(json.dumps(word)) for word in param.words)]
        if param.or_query:
            parts[0] += " or a /regex/"
    if param.least is not None:
        parts.append(f"at least {param.least}")
    if param.many:
        parts.append("any number of them")
    if param.named_only:
        parts.append("by name only")
    return "; ".join(parts)


def _default(param: Param) -> str:
    if param.many:
        return ""
    return "required" if param.required else code(json.dumps(param.default))
