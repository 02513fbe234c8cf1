"""Actions that cut texts into lines, chunks and definitions."""

from rlmlite_kernel.actions.table.shared import TARGET
from rlmlite_kernel.actions.texts import chunk, parse_lines, symbols
from rlmlite_kernel.program.action_table import Action, Param

_CHUNK = '{"index": 0, "doc": null, "line": 1, "start": 0, "end": 7981, "text": "..."}'


ACTIONS = (
    Action(
        name="parse_lines",
        family="cut",
        params=(TARGET, Param("form", "form", '/regex with (?<names>...)/ or a template "{a} | {b}"')),
        run=parse_lines.parse_lines,
        result="lines {doc, line, start, end, text, and every name}",
        example='{"doc": null, "line": 1, "start": 0, "end": 7, "text": "7 | ann", "id": "7", "user": "ann"}',
        help="one record for every line that has the form; the others are in .unmatched",
        cost="search_work",
    ),
    Action(
        name="chunk",
        family="cut",
        params=(
            TARGET,
            Param("size", "int", "how much a chunk holds, in units of `by`", default=None, least=1),
            Param("overlap", "int", "how much it shares with the one before", default=0, least=0, named_only=True),
            Param("by", "word", "the unit; a /regex/ begins a chunk", "bytes", None, chunk.WAYS, True, False, True),
        ),
        run=chunk.chunk,
        result="chunks {index, doc, line, start, end, text}",
        example=_CHUNK,
        help="cuts long text into pieces",
        cost="chunks",
    ),
    Action(
        name="symbols",
        family="cut",
        params=(
            TARGET,
            Param("language", "text", "the language of a single text; a path's ending tells it", default=None),
        ),
        run=symbols.find_symbols,
        result="symbols {doc, kind, name, within, line, start, end, text}; the rest in .skipped",
        example='{"doc": "a.py", "kind": "function", "name": "go", "within": "Car", "line": 7, "text": "..."}',
        help="the functions, classes and other definitions of source code, each with the whole of it",
        cost="search_work",
    ),
)
