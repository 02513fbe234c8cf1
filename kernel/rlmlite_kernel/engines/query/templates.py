"""Templates as regexes: text with holes, with nothing to escape."""

from rlmlite_kernel.engines.query.query import QueryError
from rlmlite_kernel.engines.query.regex import quote

_HOLE = "<*>"


def template_pattern(template: str) -> str:
    """`"session <*>, timeout of <*>ms"` as a pattern with a group for each hole.

    A hole takes one or more characters of its line, as few as will do; one that ends the template takes the
    rest.
    """
    if not template.replace(_HOLE, "").strip():
        raise QueryError("the template has no text beside its holes")
    return _joined([quote(piece) for piece in template.split(_HOLE)])


def _joined(pieces: list[str]) -> str:
    if len(pieces) > 1 and not pieces[-1]:
        return "(.+?)".join(pieces[:-1]) + "(.+)"
    return "(.+?)".join(pieces)


def fields_pattern(template: str) -> str:
    """`"{a} | {b}"` as a pattern of a whole line with a named group for each field.

    A field takes as few characters as will do, maybe none; the last takes the most. `{{a}}` is the text
    `{a}`.
    """
    pieces: list[str] = []
    names: list[str] = []
    place = 0
    while place < len(template):
        place = _piece(template, place, pieces, names)
    if not names:
        raise QueryError('the template has no fields; write "{name}" where a field is')
    last = pieces.index(f"(?P<{names[-1]}>.*?)")
    pieces[last] = f"(?P<{names[-1]}>.*)"
    return "^" + "".join(pieces) + "$"


def _piece(template: str, place: int, pieces: list[str], names: list[str]) -> int:
    """Adds one field or character; returns where the next starts."""
    stop = template.find("}", place)
    if template[place] != "{" or stop < 0:
        pieces.append(quote(template[place]))
        return place + 1
    if template.startswith("{{", place) and template.startswith("}}", stop):
        pieces.append(quote(template[place + 1 : stop + 1]))
        return stop + 2
    name = template[place + 1 : stop]
    if not (name.isascii() and name.isidentifier()):
        pieces.append(quote("{"))
        return place + 1
    if name in names:
        raise QueryError(f"two fields have the name `{name}`")
    names.append(name)
    pieces.append(f"(?P<{name}>.*?)")
    return stop + 1
