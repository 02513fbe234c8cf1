"""Actions that find places in texts and documents."""

from rlmlite_kernel.actions.search import around, count_matches, paths, patterns, rank, search
from rlmlite_kernel.actions.search.units import UNITS
from rlmlite_kernel.actions.table import shared
from rlmlite_kernel.actions.table.shared import TARGET
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.checks import ExactlyOneOf
from rlmlite_kernel.program.costs import (
    ANY_AMOUNT,
    SEARCH_WORK,
    WHOLE_TEXT,
    CostRule,
    Extent,
    PricedCall,
    Range,
    part_of_it,
)
from rlmlite_kernel.records.evolution import CHUNKS_END_AT_LINES, TIMES_AND_STEMS

_UNIT = "the unit; a record is a line and the indented lines after it; with a /regex/ each match begins a unit"
_QUERY = Param("query", "query", "text, a list of texts (any of them matches), or a /regex/", default=None)
_TEMPLATE = Param("template", "text", 'text with wildcards: "took <*> ms"', default=None, named_only=True)
_HITS_WHERE = Param("where", "expr", "a condition; keeps only hits for which it holds", default=None, named_only=True)
_HIT = '{"doc": null, "line": 12, "start": 804, "end": 809, "match": "ERROR", "text": "08:14 ERROR disk", "groups": []}'
_PASSAGE = '{"doc": null, "line": 7, "start": 420, "end": 431, "text": "disk failed", "score": 3140271}'
_PATTERN = '{"template": "user <*> logged in", "n": 812, "first": 3, "last": 9120, "example": "user ann logged in"}'
_AROUND = '{"doc": null, "line": 12, "match": "ERROR", ..., "text": "..\\n08:14 ERROR..", "from": 760, "to": 901}'


_QUERY_OR_TEMPLATE = (ExactlyOneOf(("query", "template")),)


def _within_limit(call: PricedCall) -> Extent:
    """At most one for each byte, and no more than `limit`; what is shown of each may overlap."""
    most = call.subject.text_bytes.at_most().up_to(call.whole_number("limit"))
    return Extent(most, ANY_AMOUNT)


def _unit_work(call: PricedCall) -> Range:
    """The text is read only to find the borders of units; lines and bytes around a hit are counted off."""
    # Known to be null, which an argument that the program computes is not.
    has_no_unit = "by" in call.constants and call.constants["by"] is None
    return Range(0, 0 if has_no_unit else None)


def _glob_work(call: PricedCall) -> Range:
    """A glob is matched with every path; without one nothing is read."""
    has_no_glob = "glob" in call.constants and call.constants["glob"] is None
    return Range(0, 0 if has_no_glob else None)


_PATHS_COST = CostRule("search_work with glob", ("search_work",), lambda call: {"search_work": _glob_work(call)})
_AROUND_COST = CostRule("search_work with by=", ("search_work",), lambda call: {"search_work": _unit_work(call)})


ACTIONS = (
    Action(
        name="search",
        family="find",
        params=(
            TARGET,
            _QUERY,
            _TEMPLATE,
            Param(
                "limit",
                "int",
                "keep only the first hits, at most this many",
                default=None,
                least=1,
                named_only=True,
            ),
            _HITS_WHERE,
            Param(
                "per",
                "word",
                '"line" keeps the first match of each line',
                default="match",
                words=search.PER,
                named_only=True,
                since=CHUNKS_END_AT_LINES,
            ),
        ),
        run=search.search,
        result="hits {doc, line, start, end, match, text, groups, ...}",
        example=_HIT,
        help="every match; `line` counts from 1, `text` is the line, groups[0] the first group, (?<user>..) a field",
        cost=SEARCH_WORK,
        size=_within_limit,
        checks=_QUERY_OR_TEMPLATE,
    ),
    Action(
        name="rank",
        family="find",
        params=(
            TARGET,
            Param("query", "text", 'words, such as "disk failure"; a passage needs at least one'),
            Param(
                "limit", "int", "keep only the best passages, at most this many", default=None, least=1, named_only=True
            ),
            Param("by", "word", _UNIT, default=None, words=UNITS, or_query=True, named_only=True),
            Param(
                "exact",
                "bool",
                "words only as they are spelled, with their endings and accents",
                default=False,
                named_only=True,
                since=TIMES_AND_STEMS,
            ),
        ),
        run=rank.rank,
        result="passages {doc, line, start, end, text, score}; rows keep their fields",
        example=_PASSAGE,
        help="passages with any of the words or their stems, best first (BM25): lines, by= units, or the rows you give",
        cost=WHOLE_TEXT,
        size=_within_limit,
    ),
    Action(
        name="patterns",
        family="find",
        params=(TARGET,),
        run=patterns.patterns,
        result="patterns {template, n, first, last, example}; of documents also doc, last_doc",
        example=_PATTERN,
        help="the kinds of lines, with <*> for what varies; search(x, template=...) finds the lines of one kind",
        cost=WHOLE_TEXT,
        size=shared.text_pieces,
    ),
    Action(
        name="around",
        family="find",
        params=(
            Param("rows", "rows", "hits, or any rows that have a place in a text"),
            Param(
                "lines",
                "int",
                "the line of the hit and this many lines before and after",
                default=None,
                least=0,
                named_only=True,
            ),
            Param(
                "bytes", "int", "the hit and this many bytes before and after", default=None, least=0, named_only=True
            ),
            Param("by", "word", _UNIT, default=None, words=UNITS, or_query=True, named_only=True),
        ),
        run=around.around,
        result="the rows, with what is around each as `text`, at from..to; overlapping ones stay apart",
        example=_AROUND,
        help='adds what is around each hit: lines=2, bytes=500, or by="paragraphs", "records", "files", /regex/',
        cost=_AROUND_COST,
        size=lambda call: Extent(call.subject.rows, ANY_AMOUNT),
    ),
    Action(
        name="paths",
        family="find",
        params=(
            Param("docs", "any", "documents: an input that is a folder"),
            Param("glob", "text", 'such as "**/*.py"; without a `/` only the file name must match', default=None),
        ),
        run=paths.paths,
        result="documents {path, bytes, lines, text}",
        example='{"path": "src/app.py", "bytes": 5120, "lines": 160, "text": "..."}',
        help="the documents whose path matches; search, rank and chunk accept them",
        cost=_PATHS_COST,
        size=part_of_it,
    ),
    Action(
        name="count_matches",
        family="find",
        params=(
            TARGET,
            _QUERY,
            _TEMPLATE,
            _HITS_WHERE,
            Param("key", "key", "count for each value of this key, as count_by does", default=None, named_only=True),
        ),
        run=count_matches.count_matches,
        result="a number; with key= rows {key, n}",
        example="1432",
        help="counts matches without holding hits; count(search(...)) and count_by(search(...), key) do the same",
        cost=SEARCH_WORK,
        checks=_QUERY_OR_TEMPLATE,
    ),
)
