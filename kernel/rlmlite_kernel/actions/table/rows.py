"""Actions from rows to rows, or to one value."""

from rlmlite_kernel.actions.rows import combine, groups, rows
from rlmlite_kernel.actions.table.shared import ROWS, on_rows
from rlmlite_kernel.program.action_table import Param
from rlmlite_kernel.program.costs import Extent, PricedCall, fewer_rows, part_of_it, same_rows, same_size

_LEFT = Param("a", "rows", "rows or a list")
_RIGHT = Param("b", "rows", "rows or a list")
_BY = Param("by", "key", "a field, or a list of fields; `-` before a field reverses its order", default=None)
# `count(search(x, q))` is what controllers write; done as one, it needs no memory for the hits.
_COUNTED = {"search": "count_matches"}
_DESC = "true: largest first; false: smallest first"


def _top(call: PricedCall) -> Extent:
    """At most `k` rows."""
    rows, text = call.subject.rows, call.subject.text_bytes
    k = call.whole_number("k")
    how_many = rows.at_most() if k is None else rows.up_to(k)
    # Which rows these are is not known, so neither is how much of the text they have.
    return Extent(how_many, text.at_most())


ACTIONS = (
    on_rows(
        "where",
        rows.where,
        (ROWS, Param("cond", "expr", "a condition, such as .n > 3")),
        "the rows that match",
        "keeps the rows for which the condition holds: where(hits, .line > 3)",
        example='{"line": 12, "text": "08:14 ERROR disk"}',
        size=part_of_it,
    ),
    on_rows(
        "map",
        rows.map_,
        (ROWS, Param("expr", "expr", "an expression, or {name: expression}")),
        "a list, or rows",
        "one result per row: map(hits, .text), map(hits, {at: .line})",
        example='{"who": "ann", "n": 3}',
        size=same_rows,
    ),
    on_rows(
        "extend",
        rows.extend,
        (ROWS, Param("fields", "expr", "{name: expression}")),
        "the rows with more fields",
        "adds fields to each row: extend(hits, {hour: .text[0:2]})",
        example='{"line": 12, "text": "08:14 ERROR disk", "hour": "08"}',
        size=same_rows,
    ),
    on_rows(
        "flatten",
        rows.flatten,
        (ROWS,),
        "a list",
        "puts the items of all lists into one list; null items are dropped",
        example='"disk"',
    ),
    on_rows(
        "sort",
        rows.sort,
        (ROWS, _BY, Param("desc", "bool", _DESC, default=False, named_only=True)),
        "the rows in order",
        "smallest first, with desc=true largest first",
        example='{"key": "INFO", "n": 1920}',
        size=same_size,
    ),
    on_rows(
        "top",
        rows.top,
        (
            ROWS,
            Param("k", "int", "how many", default=1, least=0),
            _BY,
            Param("desc", "bool", _DESC, default=True, named_only=True),
        ),
        "k rows",
        "the k rows with the largest value of by=; without it of .n, or of the values themselves",
        example='{"key": "WARN", "n": 80}',
        size=_top,
    ),
    on_rows(
        "count",
        rows.count,
        (Param("value", "any", "rows, a list or text"),),
        "a number",
        "the number of rows, of items of a list, or of bytes of a text",
        example="1432",
        fused=_COUNTED,
    ),
    on_rows(
        "count_by",
        groups.count_by,
        (ROWS, Param("key", "key", "a field or expression; without it the whole row", default=None)),
        "rows {key, n}",
        "how often each value occurs, most frequent first",
        '{"key": "WARN", "n": 80}',
        _COUNTED,
        size=fewer_rows,
    ),
    on_rows(
        "group",
        groups.group,
        (
            ROWS,
            Param("key", "key", "a field or expression"),
            Param(
                "folds",
                "folds",
                "{name: count() | sum(.x) | avg min max median first last collect concat percentile(.x, 95)}",
            ),
        ),
        "rows {key, ...}",
        "one row for each value of the key: group(rows, user, {n: count(), last: max(.date)})",
        '{"key": "ann", "last": "2024-03-01"}',
        size=fewer_rows,
    ),
    on_rows(
        "distinct",
        rows.distinct,
        (ROWS, _BY),
        "rows",
        "drops duplicates: keeps the first of equal rows, or of rows with equal by=",
        example='{"user": "ann", "text": "the first line of ann"}',
        size=part_of_it,
    ),
    on_rows(
        "first",
        rows.first,
        (ROWS,),
        "a row",
        "the first row, or null",
        example='{"line": 12, "text": "08:14 ERROR disk"}',
    ),
    on_rows(
        "last",
        rows.last,
        (ROWS,),
        "a row",
        "the last row, or null",
        example='{"line": 98, "text": "17:02 ERROR mail"}',
    ),
    on_rows(
        "sample",
        rows.sample,
        (
            ROWS,
            Param("k", "int", "how many", least=0),
            Param("seed", "int", "another seed draws other rows", default=0, named_only=True),
        ),
        "k rows",
        "`k` random rows, in their order; the same seed draws the same rows",
        example='{"line": 12, "text": "08:14 ERROR disk"}',
    ),
    on_rows(
        "union",
        combine.union,
        (_LEFT, _RIGHT),
        "rows",
        "the rows of a, then those of b; a field that one side does not have is null",
        example='{"line": 12, "text": "08:14 ERROR disk"}',
    ),
    on_rows(
        "minus",
        combine.minus,
        (
            _LEFT,
            _RIGHT,
            Param("on", "key", "a field or a list of fields to compare; without it whole rows", default=None),
        ),
        "rows of a",
        "the rows of a that are not in b",
        example='{"user": "ann", "text": "in a, and not in b"}',
    ),
    on_rows(
        "join",
        combine.join,
        (
            _LEFT,
            _RIGHT,
            Param("on", "key", "a field that both have, or a list of fields"),
            Param(
                "limit",
                "int",
                "keep only the first pairs, at most this many",
                default=combine.MOST_PAIRS,
                least=1,
                named_only=True,
            ),
        ),
        "rows {fields of a, other fields of b}",
        "every pair of rows with equal keys; null matches nothing; a field of b with the name of one of a gets _2",
        '{"user": "ann", "bytes": 512, "team": "core"}',
    ),
    on_rows(
        "zip",
        combine.zip_,
        (_LEFT, _RIGHT),
        "rows {fields of a, fields of b}",
        "pairs the first rows, the second rows, and so on; the items of a list become the field a or b",
        '{"a": 1, "b": "x"}',
    ),
    on_rows(
        "range",
        rows.range_,
        (
            Param("start", "int", "the first number; if it is the only argument, the stop"),
            Param("stop", "int", "the numbers end before this one", default=None),
            Param("step", "int", "the distance between two numbers", default=1),
        ),
        "a list of numbers",
        "whole numbers: range(3) is 0, 1, 2",
        example="[1, 2, 3]",
    ),
    on_rows(
        "to_object",
        rows.to_object,
        (
            ROWS,
            Param("key", "key", "the field that becomes the key"),
            Param("value", "key", "the field that becomes the value"),
        ),
        "a record",
        "one entry per row, key: value; of equal keys the last row counts",
        '{"WARN": 80, "INFO": 1920}',
    ),
)
