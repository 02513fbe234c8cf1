"""collect and concat: the values of a key as a list, or as one text.

    group(turns, session, {said: concat(.text), who: collect(.user)})
    -> {"key": 7, "said": "hello\\nhow are you?", "who": ["ann", "bob"]}

They keep places where they can. `collect` holds references as they are, null too, so that two lists of one key stay in
line. `concat` leaves null out. Where the texts follow one another in a content, with just the separator between them,
their text is that range of the content, and no copy:

    lines 4, 5, 6 of a log, joined by newlines     log[80:210]
    lines 4 and 9                                  a string, made of both

Not by blocks of a large text: what they give is as large as what they are given, so the lines are read as rows.
"""

from collections.abc import Sequence

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import gather
from rlmlite_kernel.evaluation.texts import as_text, range_of
from rlmlite_kernel.evaluation.work import NODE
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import Value, kind_of, size_of

GATHERS = ("collect", "concat")
"""Folds whose result holds all values."""

SEPARATOR = "\n"
"""What `concat` puts between texts if it is not told."""


def gather_values(name: str, values: Sequence[Value], more: Sequence[Value], context: StepContext) -> Value:
    """What `collect` or `concat` makes of the values of one key. Raises `Fault`."""
    if name == "collect":
        # Announced before the list is stored; its references take no copy of what they refer to.
        context.ensure_room(sum(map(size_of, values)))
        return list(values)
    separator = more[0] if more else SEPARATOR
    if not isinstance(separator, str):
        raise Fault("type", f"what concat puts between texts must be a text, not {kind_of(separator)}")
    return _join([value for value in values if value is not None], separator, context)


def _join(values: Sequence[Value], separator: str, context: StepContext) -> Value:
    context.work(NODE * len(values), f"joining {len(values):,} values")
    texts = [value for value in values if isinstance(value, Text)]
    if texts and len(texts) == len(values):
        place = range_of(texts, len(separator.encode()), separator.encode().__eq__, context)
        if place is not None:
            return place
    strings = gather((as_text(value, context) for value in values), context)
    size = sum(len(str(string).encode()) for string in strings) + len(separator.encode()) * max(0, len(strings) - 1)
    context.ensure_room(size)
    return separator.join(map(str, strings))
