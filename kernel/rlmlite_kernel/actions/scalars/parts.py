"""split and capture: the parts of a text between separators, and what a pattern finds in it.

    split("7|ann|ok", "|")                        ["7", "ann", "ok"]
    split("7 , ann", /\\s*,\\s*/)                   ["7", "ann"]
    split("  7   ann ")                           ["7", "ann"]: by white space, without empty parts
    capture("user=ann took 12", /took (\\d+)/)     "12": the first group, or the match if there is none
    capture("user=ann", /took (\\d+)/)             null, and the step says of how many texts

Both take a text by reference as it is: called by themselves, what they give of it are references too, so that it can
be cited. A separator may cross lines; a pattern is looked for line by line, as `search` and `matches` do.
"""

from typing import TypeAlias, TypeGuard

from rlmlite_kernel.actions.scalars.plain import plain_value, say_null
from rlmlite_kernel.engines.bytes.buffers import Buffer, int_array
from rlmlite_kernel.engines.bytes.line_ends import newline_view
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.query.regex import UNANCHORED, MatchSpans
from rlmlite_kernel.engines.search.find import find
from rlmlite_kernel.engines.search.windows import HALF
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import example_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.queries import matcher_for
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.memory import LONG, MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.values import LIST, Rows, Value, kind_of

_Span: TypeAlias = tuple[int, int]

_PART = 64
"""Memory of a part of a text, besides its characters; of a reference it is less."""


def split(context: StepContext, text: Value, sep: Matcher | None) -> Value:
    """The parts of a text between its separators, empty ones too; by white space there are none."""
    if sep is None:
        item = plain_value(text, context)
        return say_null("split", _words(item, context), item, "not_texts", "texts", context)
    if sep.query.kind == "literal" and not sep.query.text:
        raise Fault("query", "a separator must not be empty; x.chars[a:b] takes single characters")
    if isinstance(text, Text) and context.is_alone:
        return _split_by_reference(text, sep, context)
    item = plain_value(text, context)
    return say_null("split", _split(item, sep, context), item, "not_texts", "texts", context)


def _words(item: Value, context: StepContext) -> Value:
    if not isinstance(item, str):
        return None
    context.charge("search_work", len(item), "split")
    if len(item) > LONG:
        # At most every other character begins a word.
        context.ensure_fits(_PART * (len(item) // 2) // MEMORY_PER_VALUE_BYTE)
    words: list[Value] = list(item.split())
    return words


def _split(item: Value, sep: Matcher, context: StepContext) -> Value:
    if not isinstance(item, str):
        return None
    context.charge("search_work", len(item) * sep.weight, "split")
    if sep.query.kind == "literal":
        if len(item) > LONG:
            context.ensure_fits(_PART * (item.count(sep.query.text) + 1) // MEMORY_PER_VALUE_BYTE)
        parts: list[Value] = list(item.split(sep.query.text))
        return parts
    content = item.encode()
    return [content[start:stop].decode() for start, stop in zip(*_between(content, sep, context), strict=True)]


def _split_by_reference(text: Text, sep: Matcher, context: StepContext) -> Value:
    """The parts as references: two offsets each."""
    content = _content_of(text, context)
    context.charge("search_work", len(content) * sep.weight, "split")
    context.scanned.append(text)
    starts, stops = _between(content, sep, context)
    context.ensure_room(16 * len(starts))
    spans = Spans((text.blob,), int_array(starts) + text.start, int_array(stops) + text.start)
    return Rows(LIST, {"value": spans}, len(spans), spans)


def _content_of(text: Text, context: StepContext) -> Buffer:
    return memoryview(context.blobs.read(text.blob))[text.start : text.stop]


def _between(content: Buffer, sep: Matcher, context: StepContext) -> tuple[list[int], list[int]]:
    """Where the parts start and stop. An empty match separates nothing."""
    block_sep = sep if sep.reads_blocks else matcher_for(sep.query, True, sep.whole_lines)
    separators = _each_match(content, block_sep) if _is_short_line(content) else None
    if separators is None:
        separators = _search_all(content, block_sep, context)
    starts, stops = [0, *(stop for _, stop in separators)], [*(start for start, _ in separators), len(content)]
    return starts, stops


def _is_short_line(content: Buffer) -> TypeGuard[bytes]:
    """Whether a call of RE2 finds what a search does: setting one up takes longer than searching a few fields."""
    return isinstance(content, bytes) and len(content) <= HALF and b"\n" not in content and b"\r" not in content


def _each_match(content: bytes, matcher: Matcher) -> list[_Span] | None:
    """The matches in a short line; None if one is empty, and so it is not plain where the next one is."""
    match, size = matcher.regex_without_groups.match, len(content)
    spans: list[_Span] = []
    place = 0
    while (span := match(UNANCHORED, content, place, size)[0])[0] >= 0:
        if span[0] == span[1]:
            return None
        spans.append(span)
        place = span[1]
    return spans


def _search_all(content: Buffer, matcher: Matcher, context: StepContext) -> list[_Span]:
    """The matches in any text that are not empty."""
    most = context.room_left() * MEMORY_PER_VALUE_BYTE // _PART
    found = find(content, matcher, 0, len(content), context.budget_left("search_work"), most)
    # A fault and not a partial result: a text that is split only up to somewhere is another list.
    if found.out_of_work:
        raise Fault("budget", "`split` ran out of search_work")
    if len(found.starts) >= most:
        raise Fault("too_large", f"the text has more than {most:,} parts; split smaller texts")
    context.spend("search_work", max(0, found.work - len(content) * matcher.weight))
    pairs = zip(found.starts.tolist(), found.stops.tolist(), strict=True)
    return [(start, stop) for start, stop in pairs if start < stop]


def capture(context: StepContext, text: Value, pattern: Matcher, group: Value) -> Value:
    """What a pattern finds first in a text: its first group, or a group by name or number, or the match without groups.

    Null without a match, or where the group took no part in it; the step says of how many texts.
    """
    number = _group_number(pattern, group)
    if not isinstance(text, str | Text):
        return say_null("capture", None, text, "not_texts", "texts", context)
    content = text.encode() if isinstance(text, str) else _content_of(text, context)
    spans = _first_match(content, pattern, context)
    span = next((spans[each] for each in number if spans and spans[each][0] >= 0), None)
    if span is None:
        if context.says_nulls:
            why = "no match" if spans is None else "a match in which the group took no part"
            context.miss("no_match", f"`capture` found {why}", f"texts have {why}", example_of(text, context.blobs))
        return None
    if isinstance(text, Text) and (context.is_alone or span[1] - span[0] > LONG):
        return Text(text.blob, text.start + span[0], text.start + span[1])
    return bytes(content[span[0] : span[1]]).decode()


def _group_number(pattern: Matcher, group: Value) -> tuple[int, ...]:
    """The numbers of a group: one, or several of a list of regexes that name a group alike. 0 is the match."""
    if group is None:
        return (min(1, pattern.groups),)
    if isinstance(group, int) and not isinstance(group, bool) and 0 <= group <= pattern.groups:
        return (group,)
    named = tuple(number for number, name in enumerate(pattern.names, 1) if name == group)
    if named:
        return named
    names = ", ".join(dict.fromkeys(name for name in pattern.names if name)) or "none has a name"
    what = f"{group}" if isinstance(group, int | str) else kind_of(group)
    raise Fault("arguments", f"`capture` has no group {what}: the pattern has {pattern.groups} ({names})")


def _first_match(content: Buffer, pattern: Matcher, context: StepContext) -> MatchSpans | None:
    """The first match, and its groups."""
    context.charge("search_work", len(content) * pattern.weight, "capture")
    if len(content) <= HALF:
        line = bytes(content)
        if _is_short_line(line):
            spans = pattern.regex.match(UNANCHORED, line, 0, len(line))
            return spans if spans[0][0] >= 0 else None
        content = line
    view = newline_view(content) if pattern.reads_line_ends else content
    found = find(view, pattern, 0, len(view), context.budget_left("search_work"), 1)
    if found.out_of_work:
        raise Fault("budget", "`capture` ran out of search_work")
    context.spend("search_work", max(0, found.work - len(content) * pattern.weight))
    if not len(found.starts):
        return None
    groups = [(int(starts[0]), int(stops[0])) for starts, stops in found.groups]
    return [(int(found.starts[0]), int(found.stops[0])), *groups]
