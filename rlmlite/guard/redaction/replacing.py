"""A text without the spans that were found in it, each with a word in its place."""

from collections.abc import Iterable, Iterator

from rlmlite.guard.redaction.json_numbers import JsonNumbers
from rlmlite.guard.redaction.spans import Span

_JOINS = " \t\r,+;\"'"
"""What stands around the lines of a text that a program has as several texts."""


def replace(text: str, found: Iterable[tuple[Span, str]]) -> tuple[str, dict[str, int]]:
    """The text with `[name]` in place of each span, and how many of each name were replaced.

    Of spans that overlap, the one that begins first stands, and takes in what the others cover beyond it: nothing that
    any detector found is left. Ends of lines within a span stay, so that every line keeps its number. A number of JSON
    gets quotes.
    """
    parts, counts, end = [], dict[str, int](), 0
    numbers = JsonNumbers(text)
    for part, name in _joined(found):
        span, quote = numbers.whole(part)
        parts += [text[end : span.start], f"{quote}[{name}]{quote}", _ends_of_lines(text[span.start : span.stop])]
        counts[name] = counts.get(name, 0) + 1
        end = span.stop
    parts.append(text[end:])
    return "".join(parts), counts


def _ends_of_lines(text: str) -> str:
    """What stays of a text that is replaced: where its lines end, and what joins them in a list or a sum of texts."""
    first, *others = text.split("\n")
    if not others:
        return ""
    parts = [first[len(first.rstrip(_JOINS)) :]]
    for line in others[:-1]:
        begin, end = line.lstrip(_JOINS), line.rstrip(_JOINS)
        parts.append(line[: len(line) - len(begin)] + line[len(end) :] if end else line)
    parts.append(others[-1][: len(others[-1]) - len(others[-1].lstrip(_JOINS))])
    return "\n".join(parts)


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
