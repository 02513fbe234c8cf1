"""Actions that cut texts into lines, chunks and definitions."""

from rlmlite_kernel.actions.table import shared
from rlmlite_kernel.actions.table.shared import TARGET
from rlmlite_kernel.actions.texts import chunk, parse_lines, symbols
from rlmlite_kernel.engines.cut.symbols import WEIGHT
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import WHOLE_TEXT, CostRule, Extent, PricedCall, Range
from rlmlite_kernel.records.evolution import FIELDS_OF_PROMPTS, TIMES_AND_STEMS

_CHUNK = '{"index": 0, "doc": null, "line": 1, "start": 0, "end": 7981, "text": "..."}'


_MOVED_BYTES = 3
"""How far an end of a chunk moves at most, down to where its code point begins."""


def _chunks(call: PricedCall) -> Range:
    """How many chunks a text makes, or several texts together.

    By bytes: 20,000 bytes of one text at the default 8,000 make 3 to 5, as they end at lines; of several texts, each
    may add one that is not full.
    By any other unit there are at most as many chunks as bytes. A row that is cut in no way is one chunk (`files`).
    """
    texts, size, by = call.subject.rows, call.subject.text_bytes, call.constants.get("by")
    if by == "files":
        return texts
    if by not in chunk.BY_WORDS:
        # A field, a regex, or a word that is read as one: `by=file` makes a chunk of an empty document as well.
        return Range(0, None if size.high is None or texts.high is None else size.high + texts.high)
    unit = call.whole_number("size") or chunk.DEFAULT_SIZES["bytes"]
    # `in constants`: a size that the program computes is not known, one that is left out or null is the default.
    has_known_size = by == "bytes" and "size" in call.constants
    has_no_overlap = call.constants.get("overlap") == 0
    if not (has_known_size and has_no_overlap) or size.high is None:
        return size.at_most()
    # Ends move down to a code point. So a chunk smaller than a code point may be empty and is left out, and the one
    # after it gets its bytes.
    longest = unit if unit > _MOVED_BYTES else unit + _MOVED_BYTES
    least = size.groups_of(longest).low
    # An end moves back to a line end in the second half.
    shortest = max(1, unit - min(unit // 2, unit - 1))
    if call.subject.is_single:
        return Range(least, size.groups_of(shortest).high)
    if texts.high is None:
        return Range(least, None)
    # As many full chunks as the text of all has room for, and one that is not full from each text.
    return Range(least, size.high // shortest + texts.high)


def _chunk_extent(call: PricedCall) -> Extent:
    """Chunks have all of the text between them; paragraphs and definitions have only part of it, overlaps more."""
    text = call.subject.text_bytes
    if call.constants.get("by") not in ("bytes", "lines", "files"):
        text = text.at_most()
    # Rows that are joined have line breaks between them.
    joins_rows = "by" in call.arguments and call.constants.get("by") not in chunk.BY_WORDS
    if call.constants.get("overlap") != 0 or joins_rows:
        text = Range(text.low, None)
    return Extent(_chunks(call), text)


def _chunk_work(call: PricedCall) -> Range:
    """Only a /regex/ that begins a chunk is searched for, and only definitions are parsed."""
    free_units = (*chunk.DEFAULT_SIZES, "files")
    is_free = call.constants.get("by") in free_units
    return Range(0, 0 if is_free else None)


def _chunk_uses(call: PricedCall) -> dict[str, Range]:
    return {"chunks": _chunks(call), "search_work": _chunk_work(call)}


def _symbol_work(call: PricedCall) -> Range:
    """Texts are looked at, and source code is parsed whole; texts of no known language are not."""
    most = call.subject.text_bytes.high
    return Range(0, None if most is None else (1 + WEIGHT) * most)


ACTIONS = (
    Action(
        name="parse_lines",
        family="cut",
        params=(
            TARGET,
            Param("form", "form", 'a /regex/ with named groups (?<name>...), or a template such as "{id} | {user}"'),
            Param(
                "records",
                "bool",
                "lines up to the next one of the form belong to it, as a stack trace does",
                default=False,
                named_only=True,
                since=TIMES_AND_STEMS,
            ),
        ),
        run=parse_lines.parse_lines,
        result="lines {doc, line, start, end, text, and every name}",
        example='{"doc": null, "line": 1, "start": 0, "end": 7, "text": "7 | ann", "id": "7", "user": "ann"}',
        help='one record for each line of the form "{id} | {user}" or /(?<id>..) .../; other lines are in .unmatched',
        cost=WHOLE_TEXT,
        size=shared.text_pieces,
    ),
    Action(
        name="chunk",
        family="cut",
        params=(
            TARGET,
            Param("size", "int", "the size of a chunk, in the unit of `by`", default=None, least=1),
            Param(
                "overlap",
                "int",
                "how much a chunk shares with the one before it, in the same unit",
                default=0,
                least=0,
                named_only=True,
            ),
            Param(
                "by",
                "word",
                "the unit; with a /regex/ each match begins a chunk; with a field the rows of each value are one",
                default="bytes",
                words=chunk.BY_WORDS,
                or_query=True,
                named_only=True,
                or_key=FIELDS_OF_PROMPTS,
            ),
        ),
        run=chunk.chunk,
        result="chunks {index, doc, line, start, end, text}",
        example=_CHUNK,
        help='cuts text in chunks of size bytes, or by="lines", "paragraphs", "files", "symbols", /re/; rows by=field',
        cost=CostRule("chunks", ("chunks", "search_work"), _chunk_uses),
        size=_chunk_extent,
    ),
    Action(
        name="symbols",
        family="cut",
        params=(
            TARGET,
            Param(
                "language",
                "text",
                "the language of a text that has no path; otherwise the file ending decides",
                default=None,
            ),
        ),
        run=symbols.find_symbols,
        result="symbols {doc, kind, name, within, line, start, end, text}; the rest in .skipped",
        example='{"doc": "a.py", "kind": "function", "name": "go", "within": "Car", "line": 7, "text": "..."}',
        help="finds functions, classes and other definitions in source code; `text` is the whole definition",
        cost=CostRule("search_work", ("search_work",), lambda call: {"search_work": _symbol_work(call)}),
        size=shared.text_pieces,
    ),
)
