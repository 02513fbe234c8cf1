"""The groups of a form in many lines at once, by RE2 over Arrow buffers: the fast way of `groups`.

A call of RE2 from Python costs half a microsecond and a Python object for each line. Arrow runs the same RE2 over a
million lines in one call, with as many threads as call it, and gives each group as two numbers:

    lines      "a 12", "b", "c 7"         one buffer, offsets [0, 5, 7, 10]: nothing is copied
    pattern    (\\w) (?P<g1>\\d+)
    result     null? [no, yes, no]        g1 [[2, 2], -, [2, 1]]: where in the line it starts, and its length

pyarrow is an optional library. What is found does not depend on whether it is there.
"""

import importlib
from typing import Any

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, octets
from rlmlite_kernel.engines.bytes.line_ends import NEWLINE, RETURN
from rlmlite_kernel.engines.lines.blocks import LineBounds
from rlmlite_kernel.engines.lines.forms import SpelledForm
from rlmlite_kernel.engines.search.windows import WINDOW

_MOST_BYTES = 1 << 31
"""Bytes that Arrow takes at a time."""


class _Library:
    """pyarrow and what calls its functions, once they were asked for; None where they are not installed."""

    modules: "tuple[Any, Any] | None" = None
    is_known = False


def arrow() -> tuple[Any, Any] | None:
    """`pyarrow` and `pyarrow._compute`, or None if they are missing or too old.

    Not `pyarrow.compute`: it makes a Python function of each of Arrow's 300 before any can be called, which takes as
    long as parsing ten megabytes.
    """
    if not _Library.is_known:
        try:
            modules = importlib.import_module("pyarrow"), importlib.import_module("pyarrow._compute")
        except ImportError:
            modules = None
        has_spans = modules is not None and hasattr(modules[1], "ExtractRegexSpanOptions")
        _Library.modules = modules if has_spans else None
        _Library.is_known = True
    return _Library.modules


def can_run(bounds: LineBounds, whole_lines: bool) -> bool:
    """Whether these lines may be handed over. Arrow counts in 32 bits, and cuts no line, as searches once did."""
    fits = bounds.end - int(bounds.starts[0]) < _MOST_BYTES
    return arrow() is not None and fits and (whole_lines or bounds.longest() < WINDOW)


def run_form(
    content: Buffer, bounds: LineBounds, lines: IntArray | None, form: SpelledForm, groups: tuple[int, ...]
) -> tuple[BoolArray, dict[int, tuple[IntArray, IntArray]]]:
    """Which of the lines match, and the starts and stops of each group in each, -1 where it took no part.

    `bounds` are lines that follow each other; `lines` are the numbers of those to look at, or None for all.
    """
    modules = arrow()
    assert modules is not None  # the caller has asked `can_run`
    pyarrow, compute = modules
    # With their line ends, if nothing in these is for the pattern to match.
    texts = _line_array(pyarrow, content, bounds, form.spares_newlines and not bounds.leave_out_returns())
    starts = bounds.starts
    if lines is not None:
        # Not `texts.take`, which imports `pyarrow.compute`.
        texts = compute.call_function("take", [texts, _numbers(pyarrow, lines)], compute.TakeOptions())
        starts = starts[lines]
    if not groups:
        return _matches(compute, texts, form.pattern), {}
    options = compute.ExtractRegexSpanOptions(form.pattern)
    result = compute.call_function("extract_regex_span", [texts], options)
    matches = _valid(result)
    return matches, {number: _absolute(result.field(f"g{number}"), starts, matches) for number in groups}


def run_over(joined: bytes, lengths: IntArray, pattern: str) -> BoolArray | None:
    """Which of the texts that lie end to end a pattern occurs in; None where Arrow is missing."""
    modules = arrow()
    if modules is None:
        return None
    pyarrow, compute = modules
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    texts = pyarrow.StringArray.from_buffers(len(lengths), pyarrow.py_buffer(offsets), pyarrow.py_buffer(joined))
    return _matches(compute, texts, pattern)


def _matches(compute: Any, texts: Any, pattern: str) -> BoolArray:
    return _flags(compute.call_function("match_substring_regex", [texts], compute.MatchSubstringOptions(pattern)))


def _line_array(pyarrow: Any, content: Buffer, bounds: LineBounds, with_newlines: bool) -> Any:
    """The lines as an array of strings: a view of the content with their newlines, or a copy without them."""
    first, last = int(bounds.starts[0]), int(bounds.stops[-1])
    block = octets(content)[first:last]
    offsets = np.zeros(len(bounds.starts) + 1, np.int32)
    if with_newlines:
        offsets[:-1] = bounds.starts - first
        offsets[-1] = last - first
    else:
        is_line_end = block == NEWLINE
        if int(is_line_end.sum()) + int((bounds.stops - bounds.starts).sum()) < len(block):
            # Some of the lines leave out a `\r` as well.
            is_line_end[:-1] |= (block[:-1] == RETURN) & is_line_end[1:]
        block = block[~is_line_end]
        np.cumsum(bounds.stops - bounds.starts, out=offsets[1:])
    return pyarrow.StringArray.from_buffers(len(bounds.starts), pyarrow.py_buffer(offsets), pyarrow.py_buffer(block))


def _absolute(field: Any, starts: IntArray, matches: BoolArray) -> tuple[IntArray, IntArray]:
    """A group's places in the lines as places in the content."""
    pairs = field.values
    places = np.frombuffer(pairs.buffers()[1], np.int32)[pairs.offset : pairs.offset + 2 * len(field)].reshape(-1, 2)
    has_group = matches if not field.null_count else matches & _valid(field)
    group_starts = np.where(has_group, starts + places[:, 0], -1)
    return group_starts, np.where(has_group, group_starts + places[:, 1], -1)


def _numbers(pyarrow: Any, numbers: IntArray) -> Any:
    # Not `pyarrow.array`, which looks for pandas.
    buffer = pyarrow.py_buffer(np.ascontiguousarray(numbers, np.int64))
    return pyarrow.Array.from_buffers(pyarrow.int64(), len(numbers), [None, buffer])


def _valid(array: Any) -> BoolArray:
    """Which values of an array are not null."""
    if not array.null_count:
        return np.ones(len(array), np.bool_)
    return _bits(array.buffers()[0], array.offset, len(array))


def _flags(array: Any) -> BoolArray:
    """An array of flags without nulls."""
    return _bits(array.buffers()[1], array.offset, len(array))


def _bits(buffer: Any, first: int, count: int) -> BoolArray:
    # Not `to_numpy`, which imports pandas if it is installed.
    octets_of_bits = np.frombuffer(buffer, np.uint8)
    flags: BoolArray = np.unpackbits(octets_of_bits, bitorder="little", count=first + count)[first:].view(np.bool_)
    return flags
