"""Line templates as regexes: text with holes, in which nothing needs to be escaped.

Two notations, for two actions. `<*>` is what `patterns` reports, so its templates can be searched for as they are;
`{name}` is what `parse_lines` reads fields with.

    template_pattern("session <*>, timeout of <*>ms")   session\\ (.+?)\\,\\ timeout\\ of\\ (.+?)ms
    fields_pattern("{user} | {n}")                      ^(?P<user>.*?)\\ \\|\\ (?P<n>.*)$

Holes are lazy, so the text between them decides where they end; the last one takes the rest, as no text follows it.

With `any_blanks` (before `WHOLE_LINES` without) a run of blanks or tabs matches any such run: they align columns.
"""

import re

from rlmlite_kernel.engines.query.query import QueryError
from rlmlite_kernel.engines.query.regex import quote

_HOLE = "<*>"
_LAZY_HOLE, _LAST_HOLE = "(.+?)", "(.+)"


_BLANK = " \t\v\f\r"
_BLANKS = re.compile(f"[{_BLANK}]+")
# Without the CR: a pattern that names it sees the CR of line ends.
_ANY_BLANKS = r"[ \t\v\f]+"
_SOME_BLANKS = r"[ \t\v\f]*"
# What stands in brackets is left out in some lines, as `patterns` takes it. No mask reaches over a bracket, but a line
# can hold the very text `<*>`.
_IN_BRACKETS = r"[^()]*"
_MASK = r"((?:[^=()\[\]{}<>\"'|]+?|<\*>))"
_LAST_MASK = _MASK.replace("+?", "+")


def has_text(template: str) -> bool:
    """Whether there is anything besides holes and blanks in a template."""
    return bool(template.replace(_HOLE, "").strip())


def line_pattern(template: str) -> str:
    """A template with `<*>` as a pattern of a whole line, with a group for each hole: all lines of it fit.

    Lines of a template may differ in blanks, and in whether there is anything in round brackets. A hole does not reach
    over brackets, quotes, `=` and `|`. Lines of other templates may fit as well.
    """
    pieces: list[str] = []
    for piece in re.split(r"(\(<\*>\)|\(\)|<\*>)", template.strip(_BLANK)):
        match piece:
            case "(<*>)":
                pieces.append(rf"\(({_IN_BRACKETS})\)")
            case "()":
                pieces.append(rf"\({_IN_BRACKETS}\)")
            case "<*>":
                pieces.append(_MASK)
            case _:
                pieces.append(_quote_words(piece))
    if pieces[-2:] == [_MASK, ""]:
        pieces[-2:] = [_LAST_MASK]
    return f"^{_SOME_BLANKS}{''.join(pieces)}{_SOME_BLANKS}$"


def _quote_words(text: str) -> str:
    """A pattern of a text in which each run of blanks is any run of blanks."""
    return _ANY_BLANKS.join(map(quote, _BLANKS.split(text)))


def template_pattern(template: str, any_blanks: bool = False) -> str:
    """A template with `<*>` as a pattern with a group for each hole, which takes at least one character of its line.

    Raises `QueryError` if there is no text beside the holes.
    """
    if not has_text(template):
        raise QueryError("the template has no text besides its holes")
    texts = list(map(_quote_words if any_blanks else quote, template.split(_HOLE)))
    ends_with_a_hole = len(texts) > 1 and not texts[-1]
    if ends_with_a_hole:
        return _LAZY_HOLE.join(texts[:-1]) + _LAST_HOLE
    return _LAZY_HOLE.join(texts)


def fields_pattern(template: str, any_blanks: bool = False) -> str:
    """A template with `{name}` as a pattern of a whole line with a named group for each field, which may be empty.

    `{{a}}` is the text `{a}`. Raises `QueryError` if there is no field, or two of one name.
    """
    pieces: list[str] = []
    names: list[str] = []
    place = 0
    while place < len(template):
        blanks = _BLANKS.match(template, place) if any_blanks else None
        if blanks is None:
            place = _read_piece(template, place, pieces, names)
        else:
            pieces.append(_ANY_BLANKS)
            place = blanks.end()
    if not names:
        raise QueryError('the template has no fields; write "{name}" where a field is')
    # The last field is not lazy: nothing after it would tell it where to end. Text that looks like a field is quoted,
    # so the search can find the field only.
    last_name = names[-1]
    last = pieces.index(f"(?P<{last_name}>.*?)")
    pieces[last] = f"(?P<{last_name}>.*)"
    return "^" + "".join(pieces) + "$"


def _read_piece(template: str, place: int, pieces: list[str], names: list[str]) -> int:
    """Add one field or character to `pieces`, and a field's name to `names`; returns where the next piece starts."""
    stop = template.find("}", place)
    if template[place] != "{" or stop < 0:
        pieces.append(quote(template[place]))
        return place + 1
    is_doubled = template.startswith("{{", place) and template.startswith("}}", stop)
    if is_doubled:
        # One brace of each pair is the text's.
        pieces.append(quote(template[place + 1 : stop + 1]))
        return stop + 2
    name = template[place + 1 : stop]
    if not (name.isascii() and name.isidentifier()):
        # A brace of the text, as in JSON.
        pieces.append(quote("{"))
        return place + 1
    if name in names:
        raise QueryError(f"two fields have the name `{name}`")
    names.append(name)
    pieces.append(f"(?P<{name}>.*?)")
    return stop + 1
