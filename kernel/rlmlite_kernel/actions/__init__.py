"""The action table: every action, declared once. The implementations are in the modules beside, by family."""

from collections.abc import Mapping
from typing import Any

from rlmlite_kernel.actions import (
    around,
    batches,
    code,
    count_matches,
    cut,
    end,
    find,
    folds,
    groups,
    look,
    merge,
    nested,
    outside,
    parse,
    parse_lines,
    patterns,
    rank,
    read,
    rows,
    scalars,
    text,
    together,
)
from rlmlite_kernel.actions.units import UNITS
from rlmlite_kernel.table import Action, Param, Table

_TARGET = Param("target", "target", "text, documents, or rows that stand for text")
_ROWS = Param("rows", "rows", "rows, or a list")
_LEFT = Param("a", "rows", "rows, or a list")
_RIGHT = Param("b", "rows", "rows, or a list")
_VALUE = Param("value", "any", "any value")
_ROLE = Param("role", "text", "which model answers", default="sub", named_only=True)
_SCHEMA = Param("schema", "schema", "the form of the answer", default=None, named_only=True)
_BATCH = Param("batch", "int", "rows a call", default=20, least=1, named_only=True)
_BY = Param("by", "key", "a field, a list of fields, `-` before one reverses it", default=None)
_UNIT = "the unit; a record is a line with the indented ones after it; a /regex/ begins a unit"
_QUERY = Param("query", "query", "text, a list of texts (any of them), or a /regex/", default=None)
_TEMPLATE = Param("template", "text", 'text with wildcards: "took <*> ms"', default=None, named_only=True)
_HITS_WHERE = Param("where", "expr", "keep only hits for which this holds", default=None, named_only=True)
_COUNTED = {"search": "count_matches"}
_DESC = "largest first"
_HIT = '{"doc": null, "line": 12, "start": 804, "end": 809, "match": "ERROR", "text": "08:14 ERROR disk", "groups": []}'
_PASSAGE = '{"doc": null, "line": 7, "start": 420, "end": 431, "text": "disk failed", "score": 3140271}'
_PATTERN = '{"template": "user <*> logged in", "n": 812, "first": 3, "last": 9120, "example": "user ann logged in"}'
_AROUND = '{"doc": null, "line": 12, "match": "ERROR", ..., "text": "..\\n08:14 ERROR..", "from": 760, "to": 901}'
_CHUNK = '{"index": 0, "doc": null, "line": 1, "start": 0, "end": 7981, "text": "..."}'


def _look(name: str, run: Any, params: tuple[Param, ...], help_: str, example: str) -> Action:
    return Action(
        name=name,
        family="look",
        params=params,
        run=run,
        help=help_,
        result="what was shown",
        example=example,
        shows=True,
        cost="observation",
    )


def _on_rows(
    name: str,
    run: Any,
    params: tuple[Param, ...],
    result: str,
    help_: str,
    example: str,
    fused: Mapping[str, str] | None = None,
) -> Action:
    return Action(
        name=name,
        family="rows",
        params=params,
        run=run,
        help=help_,
        result=result,
        example=example,
        in_rows=not any(param.kind in ("expr", "key", "folds") for param in params),
        fused=fused or {},
    )


def _scalar(name: str, run: Any, params: tuple[Param, ...], result: str, help_: str, example: str) -> Action:
    return Action(
        name=name, family="scalars", params=params, run=run, help=help_, result=result, example=example, in_rows=True
    )


def _fold(name: str, help_: str, example: str) -> Action:
    params = (Param("values", "rows", "a list of values, such as rows.n"),)
    return _on_rows(name, folds.fold_of(name), params, "value", help_, example)


ACTIONS = Table(
    [
        _look(
            "preview",
            look.preview,
            (
                _TARGET,
                Param("head", "int", "how much of the beginning: bytes of text, rows", default=None, least=0),
                Param("tail", "int", "how much of the end", default=None, least=0, named_only=True),
                Param("at", "int", "where to begin", default=0, least=0, named_only=True),
            ),
            "the beginning of a value, and its end with tail=",
            example="logs: text of 500 bytes at 0, then the text",
        ),
        _look(
            "load",
            look.load,
            (_TARGET,),
            "a whole range: load(x[a:b])",
            example="load: text of 1,200 bytes at 4,000, then the text",
        ),
        _look(
            "show",
            look.show,
            (Param("values", "any", "any values", many=True),),
            "several values in full",
            example="n: 12",
        ),
        _look(
            "describe",
            look.describe,
            (_TARGET,),
            "what a value is: kind, size, lines or columns, a sample",
            example="logs: text, 1,800 bytes, 100 lines",
        ),
        Action(
            name="search",
            family="find",
            params=(
                _TARGET,
                _QUERY,
                _TEMPLATE,
                Param("limit", "int", "keep at most so many; all without", default=None, least=1, named_only=True),
                _HITS_WHERE,
            ),
            run=find.search,
            result="hits {doc, line, start, end, match, text, groups, ...}",
            example=_HIT,
            help="every match; `line` is from 1, `text` the whole line, groups[0] the first group, (?<user>..) a field",
            cost="search_work",
        ),
        Action(
            name="rank",
            family="find",
            params=(
                _TARGET,
                Param("query", "text", 'words, such as "disk failure"; any of them counts'),
                Param("limit", "int", "keep the best so many; all without", default=None, least=1, named_only=True),
                Param("by", "word", _UNIT, None, None, UNITS, True, False, True),
            ),
            run=rank.rank,
            result="passages {doc, line, start, end, text, score}; rows keep their fields",
            example=_PASSAGE,
            help="passages that have the words, the best first (BM25); lines unless by=, and given rows as they are",
            cost="search_work",
        ),
        Action(
            name="patterns",
            family="find",
            params=(_TARGET,),
            run=patterns.patterns,
            result="patterns {template, n, first, last, example}; of documents also doc, last_doc",
            example=_PATTERN,
            help="what kinds of lines there are, <*> for what varies; search(x, template=...) finds the lines of one",
            cost="search_work",
        ),
        Action(
            name="around",
            family="find",
            params=(
                Param("rows", "rows", "hits, or any rows that are places in a text"),
                Param("lines", "int", "the line and so many before and after", default=None, least=0, named_only=True),
                Param("bytes", "int", "so many bytes before and after", default=None, least=0, named_only=True),
                Param("by", "word", _UNIT, None, None, UNITS, True, False, True),
            ),
            run=around.around,
            result="the rows, with what is around each as `text`, at from..to; overlapping ones stay apart",
            example=_AROUND,
            help="the lines, paragraph, record or file that each hit lies in; everything else of the hit stays",
            cost="search_work with by=",
        ),
        Action(
            name="paths",
            family="find",
            params=(
                Param("docs", "any", "documents"),
                Param("glob", "text", '"**/*.py"; without a `/` it is matched with the name alone', default=None),
            ),
            run=around.paths,
            result="documents {path, bytes, lines, text}",
            example='{"path": "src/app.py", "bytes": 5120, "lines": 160, "text": "..."}',
            help="the documents whose path matches; search, rank and chunk take them",
        ),
        Action(
            name="count_matches",
            family="find",
            params=(
                _TARGET,
                _QUERY,
                _TEMPLATE,
                _HITS_WHERE,
                Param("key", "key", "count by this, as count_by does", default=None, named_only=True),
            ),
            run=count_matches.count_matches,
            result="a number; with key= rows {key, n}",
            example="1432",
            help="how many matches; count(search(...)) and count_by(search(...), key) are this one step",
            cost="search_work",
        ),
        Action(
            name="parse_lines",
            family="cut",
            params=(_TARGET, Param("form", "form", '/regex with (?<names>...)/ or a template "{a} | {b}"')),
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
                _TARGET,
                Param("size", "int", "how much a chunk holds, in units of `by`", default=None, least=1),
                Param("overlap", "int", "how much it shares with the one before", default=0, least=0, named_only=True),
                Param("by", "word", "the unit; a /regex/ begins a chunk", "bytes", None, cut.WAYS, True, False, True),
            ),
            run=cut.chunk,
            result="chunks {index, doc, line, start, end, text}",
            example=_CHUNK,
            help="cuts long text into pieces",
            cost="chunks",
        ),
        Action(
            name="symbols",
            family="cut",
            params=(
                _TARGET,
                Param("language", "text", "the language of a single text; a path's ending tells it", default=None),
            ),
            run=code.find_symbols,
            result="symbols {doc, kind, name, within, line, start, end, text}; the rest in .skipped",
            example='{"doc": "a.py", "kind": "function", "name": "go", "within": "Car", "line": 7, "text": "..."}',
            help="the functions, classes and other definitions of source code, each with the whole of it",
            cost="search_work",
        ),
        Action(
            name="extract_over_chunks",
            family="models",
            params=(
                Param("chunks", "rows", "chunks, hits, or any rows"),
                Param("prompt", "template", "the question, with {chunk} where the text goes"),
                _SCHEMA,
                _ROLE,
                Param(
                    "on_error", "word", "what a failed call does", "null", None, ("null", "fail"), False, False, True
                ),
                Param("min_ok", "int", "so many calls must succeed", default=1, least=0, named_only=True),
            ),
            ask=read.ask_over_chunks,
            held=True,
            result="a list of answers in the chunks' order",
            example='{"label": "spam"}',
            help="asks a model about every chunk; null where a call failed",
            extra="values for placeholders",
            cost="sub_calls, tokens",
        ),
        Action(
            name="sub_lm",
            family="models",
            params=(Param("prompt", "template", "the question, with {name} for values"), _SCHEMA, _ROLE),
            ask=read.ask_sub,
            held=True,
            result="the answer: text, or a value of the schema",
            help="asks a model once",
            extra="values for placeholders",
            cost="sub_calls, tokens",
            example='"The disk was full."',
        ),
        Action(
            name="classify",
            family="models",
            params=(
                _ROWS,
                Param("prompt", "template", "the question about each row"),
                Param("labels", "any", 'the answers there may be, such as ["spam", "ham"]', named_only=True),
                _BATCH,
                _ROLE,
            ),
            ask=batches.ask_classify,
            held=True,
            result="the rows {..., label}",
            example='{"text": "win a prize", "label": "spam"}',
            help="one label for each row, many rows a call; what lacks is asked for again, then null and in .failed",
            extra="values for placeholders",
            cost="sub_calls, tokens",
        ),
        Action(
            name="extract_over_rows",
            family="models",
            params=(
                _ROWS,
                Param("prompt", "template", "the question about each row"),
                Param("schema", "schema", "the form of one row's answer", named_only=True),
                _BATCH,
                _ROLE,
            ),
            ask=batches.ask_over_rows,
            held=True,
            result="the rows {..., and each field of the schema, else answer}",
            example='{"text": "paid 12 EUR", "amount": 12}',
            help="one answer for each row, many rows a call; what lacks is asked for again, then null and in .failed",
            extra="values for placeholders",
            cost="sub_calls, tokens",
        ),
        Action(
            name="reduce",
            family="models",
            params=(
                Param("items", "rows", "texts, chunks, or any rows"),
                Param("prompt", "template", "what to make of several, with {items} where they go"),
                Param("fan_in", "int", "how many go into one call", default=8, least=2),
                _SCHEMA,
                _ROLE,
            ),
            ask=merge.ask_reduce,
            held=True,
            result="the answer: text, or a value of the schema",
            example='"Three outages, all of the disk."',
            help="merges many texts into one, a few at a time, level by level",
            extra="values for placeholders",
            cost="sub_calls, tokens",
        ),
        Action(
            name="sub_rlm",
            family="models",
            params=(
                Param("question", "template", "the question, with {name} for values"),
                Param("depth", "int", "how deep it may nest further, this run included", default=None, least=1),
                Param("share", "any", "its part of every budget that is left", default=0.5, named_only=True),
            ),
            ask=nested.ask_rlm,
            held=True,
            result="the answer's value",
            help="a run of its own that explores the inputs it is given: context=part_of_the_text",
            extra="its inputs",
            cost="a share of what is left",
            example='"The disk was full from 08:14 on."',
        ),
        Action(
            name="json_parse",
            family="parse",
            params=(Param("text", "any", "text that is JSON"),),
            run=parse.json_parse,
            result="the value",
            help="text to value; a fault if it is no JSON",
            example='{"user": "ann", "n": 3}',
        ),
        _on_rows(
            "where",
            rows.where,
            (_ROWS, Param("cond", "expr", "a condition, such as .n > 3")),
            "the rows that match",
            "keeps rows",
            example='{"line": 12, "text": "08:14 ERROR disk"}',
        ),
        _on_rows(
            "map",
            rows.map_,
            (_ROWS, Param("expr", "expr", "an expression, or {name: expression}")),
            "a list, or rows",
            "one result a row",
            example='{"who": "ann", "n": 3}',
        ),
        _on_rows(
            "extend",
            rows.extend,
            (_ROWS, Param("fields", "expr", "{name: expression}")),
            "the rows with more fields",
            "adds fields",
            example='{"line": 12, "text": "08:14 ERROR disk", "hour": "08"}',
        ),
        _on_rows(
            "flatten", rows.flatten, (_ROWS,), "a list", "the items of lists in one list; null goes", example='"disk"'
        ),
        _on_rows(
            "sort",
            rows.sort,
            (_ROWS, _BY, Param("desc", "bool", _DESC, default=False, named_only=True)),
            "the rows in order",
            "smallest first",
            example='{"key": "INFO", "n": 1920}',
        ),
        _on_rows(
            "top",
            rows.top,
            (
                _ROWS,
                Param("k", "int", "how many", default=1, least=0),
                _BY,
                Param("desc", "bool", _DESC, default=True, named_only=True),
            ),
            "k rows",
            "the k largest by a field; without by= by .n, or by the values",
            example='{"key": "WARN", "n": 80}',
        ),
        _on_rows(
            "count",
            rows.count,
            (Param("value", "any", "rows, a list, text"),),
            "a number",
            "how many rows, items or bytes",
            example="1432",
            fused=_COUNTED,
        ),
        _on_rows(
            "count_by",
            groups.count_by,
            (_ROWS, Param("key", "key", "a field or expression; without it the whole value", default=None)),
            "rows {key, n}",
            "how often each value occurs, most frequent first",
            '{"key": "WARN", "n": 80}',
            _COUNTED,
        ),
        _on_rows(
            "group",
            groups.group,
            (
                _ROWS,
                Param("key", "key", "a field or expression"),
                Param(
                    "folds", "folds", "{name: count() | sum(.x) | avg min max median first last | percentile(.x, 95)}"
                ),
            ),
            "rows {key, ...}",
            "one row for each value of the key",
            '{"key": "ann", "last": "2024-03-01"}',
        ),
        _on_rows(
            "distinct",
            rows.distinct,
            (_ROWS, _BY),
            "rows",
            "the first of equal rows, or of an equal field",
            example='{"user": "ann", "text": "the first line of ann"}',
        ),
        _on_rows(
            "first",
            rows.first,
            (_ROWS,),
            "a row",
            "the first row, or null",
            example='{"line": 12, "text": "08:14 ERROR disk"}',
        ),
        _on_rows(
            "last",
            rows.last,
            (_ROWS,),
            "a row",
            "the last row, or null",
            example='{"line": 98, "text": "17:02 ERROR mail"}',
        ),
        _on_rows(
            "sample",
            rows.sample,
            (
                _ROWS,
                Param("k", "int", "how many", least=0),
                Param("seed", "int", "another number draws other rows", default=0, named_only=True),
            ),
            "k rows",
            "k rows by chance, in their order; the same seed draws the same",
            example='{"line": 12, "text": "08:14 ERROR disk"}',
        ),
        _on_rows(
            "union",
            together.union,
            (_LEFT, _RIGHT),
            "rows",
            "the rows of both; a field that one side lacks is null",
            example='{"line": 12, "text": "08:14 ERROR disk"}',
        ),
        _on_rows(
            "minus",
            together.minus,
            (_LEFT, _RIGHT, Param("on", "key", "a field or a list of fields; without it whole rows", default=None)),
            "rows of a",
            "the rows of a that b has not",
            example='{"user": "ann", "text": "in a, and not in b"}',
        ),
        _on_rows(
            "join",
            together.join,
            (
                _LEFT,
                _RIGHT,
                Param("on", "key", "a field that both have, or a list of fields"),
                Param("limit", "int", "keep at most so many", default=1_000_000, least=1, named_only=True),
            ),
            "rows {fields of a, other fields of b}",
            "every pair of rows with an equal key; null joins nothing; a name that is taken gets _2",
            '{"user": "ann", "bytes": 512, "team": "core"}',
        ),
        _on_rows(
            "zip",
            together.zip_,
            (_LEFT, _RIGHT),
            "rows {fields of a, fields of b}",
            "first with first, and so on; a list gives the field a or b",
            '{"a": 1, "b": "x"}',
        ),
        _on_rows(
            "range",
            rows.range_,
            (
                Param("start", "int", "the first number; alone, where to stop"),
                Param("stop", "int", "where to stop, before it", default=None),
                Param("step", "int", "how far apart", default=1),
            ),
            "a list of numbers",
            "whole numbers: range(3) is 0, 1, 2",
            example="[1, 2, 3]",
        ),
        _on_rows(
            "to_object",
            rows.to_object,
            (_ROWS, Param("key", "key", "the field that names"), Param("value", "key", "the field that is kept")),
            "a record",
            "one entry a row",
            '{"WARN": 80, "INFO": 1920}',
        ),
        _fold("sum", "the sum of numbers", example="84"),
        _fold("avg", "the mean of numbers", example="2.5"),
        _fold("min", "the smallest", example="1"),
        _fold("max", "the largest", example="9"),
        _fold("median", "the middle number, or the mean of the middle two", example="2.5"),
        _on_rows(
            "percentile",
            folds.fold_of("percentile"),
            (
                Param("values", "rows", "a list of values, such as rows.n"),
                Param("p", "any", "a number from 0 to 100"),
            ),
            "value",
            "the smallest number that p percent of the numbers do not pass",
            example="9",
        ),
        Action(
            name="render",
            family="text",
            params=(
                _ROWS,
                Param("template", "template", 'such as "{line}: {text}"'),
                Param("sep", "text", "between rows", default="\n", named_only=True),
            ),
            run=text.render,
            result="text",
            help="rows as text, one template a row",
            example='"12: 08:14 ERROR disk\\n98: 17:02 ERROR mail"',
        ),
        Action(
            name="replace",
            family="text",
            params=(
                Param("text", "any", "the text"),
                Param("what", "pattern", "what to replace, or a list of [what, with]"),
                Param("to", "any", "the replacement; $1 is the first group", default=""),
            ),
            run=scalars.replace,
            result="text",
            help="replaces every match",
            in_rows=True,
            cost="search_work",
            example='"user <id> left"',
        ),
        Action(
            name="mask",
            family="text",
            params=(Param("text", "any", "the text"),),
            run=patterns.mask,
            result="text",
            help="numbers, ids, addresses, paths, dates, values as <*>: count_by(hits, mask(.text))",
            in_rows=True,
            cost="search_work",
            example='"user <*> left after <*> ms"',
        ),
        _scalar("lower", scalars.lower, (Param("text", "any", "text"),), "text", "in small letters", example='"error"'),
        _scalar(
            "upper", scalars.upper, (Param("text", "any", "text"),), "text", "in capital letters", example='"ERROR"'
        ),
        _scalar(
            "strip",
            scalars.strip,
            (Param("text", "any", "text"),),
            "text",
            "without white space at the ends",
            example='"ERROR disk"',
        ),
        _scalar(
            "pick",
            scalars.pick,
            (Param("cond", "any", "a condition"), Param("a", "any", "if it holds"), Param("b", "any", "if not")),
            "a or b",
            "one of two",
            example='"yes"',
        ),
        _scalar(
            "case",
            scalars.case,
            (Param("parts", "any", "condition, value, ..., else", many=True),),
            "a value",
            "the value after the first condition that holds",
            example='"high"',
        ),
        _scalar(
            "div",
            scalars.div,
            (Param("a", "any", "a number"), Param("b", "any", "a number")),
            "a number",
            "division; null by zero",
            example="2.5",
        ),
        _scalar("int", scalars.to_int, (_VALUE,), "a whole number", "null if it is none", "12"),
        _scalar("float", scalars.to_float, (_VALUE,), "a number", "null if it is none", example="12.5"),
        _scalar("str", scalars.to_str, (_VALUE,), "text", "any value as text", example='"12"'),
        _scalar(
            "date",
            scalars.date,
            (_VALUE,),
            "YYYY-MM-DD",
            "a date that sorts; null if it is none",
            example='"2024-03-01"',
        ),
        Action(
            name="now",
            family="scalars",
            params=(),
            ask=outside.ask_now,
            held=True,
            result="YYYY-MM-DDTHH:MM:SS.mmmZ",
            help="the time, in UTC",
            example='"2024-03-01T08:14:00.000Z"',
        ),
        Action(
            name="tool_call",
            family="tools",
            params=(
                Param("name", "any", "the tool"),
                Param("args", "any", "{argument: value}", default=None),
            ),
            ask=outside.ask_tool,
            held=True,
            barrier=True,
            result="what the tool gives",
            help="calls a tool of the host's; its own name does the same: name(argument=value)",
            cost="tool_calls",
            example='{"temperature": 12}',
        ),
        Action(
            name="write_var",
            family="state",
            held=True,
            params=(Param("name", "name", "the variable"), Param("value", "any", "its value")),
            run=end.write_var,
            result="the value",
            help="the same as name = value",
            example="12",
        ),
        Action(
            name="note",
            family="state",
            held=True,
            params=(Param("text", "any", "your plan"),),
            run=end.note,
            result="nothing",
            help="a plan in your words, kept",
            example="noted",
        ),
        Action(
            name="forget",
            family="state",
            params=(Param("name", "name", "the variable"),),
            run=end.forget,
            result="nothing",
            help="drops a variable",
            barrier=True,
            example="hits: forgotten",
        ),
        Action(
            name="final",
            family="end",
            held=True,
            params=(
                Param("value", "any", "the answer"),
                Param("evidence", "any", "spans, rows or quotes it rests on", default=None, named_only=True),
            ),
            run=end.final,
            result="the end",
            help="ends the run with the answer",
            barrier=True,
            example="final: answered, 3 pieces of evidence (given)",
        ),
    ]
)
"""Every action that the kernel brings."""
