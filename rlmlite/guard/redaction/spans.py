"""Spans: where a text holds what must not pass, and the text without them."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias


class Span(NamedTuple):
    """Characters `start:stop` of a text, which a detector found."""

    start: int
    stop: int


Detector: TypeAlias = Callable[[str], Iterable[Span]]
"""Finds its kind of thing in a text. The spans may come in any order and may overlap."""


def replace(text: str, found: Iterable[tuple[Span, str]]) -> tuple[str, dict[str, int]]:
    """The text with `[name]` in place of each span, and how many of each name were replaced.

    Of spans that overlap, the one that begins first stands, and takes in what the others cover beyond it: nothing that
    any detector found is left. Ends of lines within a span stay, so that every line keeps its number.
    """
    parts, counts, end = [], dict[str, int](), 0
    for span, name in _joined(found):
        parts += [text[end : span.start], f"[{name}]", "\n" * text.count("\n", span.start, span.stop)]
        counts[name] = counts.get(name, 0) + 1
        end = span.stop
    parts.append(text[end:])
    return "".join(parts), counts


def _joined(found: Iterable[tuple[Span, str]]) -> Iterator[tuple[Span, str]]:
    """The spans in order, those that overlap as one. Empty spans say nothing and are left out."""
    current: tuple[Span, str] | None = None
    # Of two that begin together the longer gives the name.
    for span, name in sorted(found, key=lambda pair: (pair[0].start, -pair[0].stop)):
        if span.stop <= span.start:
            continue
        if current is None:
            current = span, name
        elif span.start < current[0].stop:
            current = Span(current[0].start, max(current[0].stop, span.stop)), current[1]
        else:
            yield current
            current = span, name
    if current is not None:
        yield current
