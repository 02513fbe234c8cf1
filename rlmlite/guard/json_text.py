"""JSON that somebody else wrote, outside of a program: answers, scripts, variables.

Python's own parser takes any depth up to that of its stack, which depends on who calls it, and takes the last of two
equal keys. So all JSON goes through the reader that programs have: 128 deep, no key twice, no NaN.

    parse_json(b"[1, 2]")          [1, 2]
    parse_json("[" * 100_000)      TooDeepError: JSON nested deeper than 128
"""

from typing import Any

from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import json_depth, read_json
from rlmlite_kernel.records.canonical import VALUE_DEPTH


class TooDeepError(ValueError):
    """JSON that is nested too deep, whether or not it is whole: no text that follows could make it valid."""


def parse_json(content: str | bytes) -> Any:
    """The value. Raises `ValueError`, for bytes that are not UTF-8 too."""
    text = content if isinstance(content, str) else content.decode("utf-8-sig")
    try:
        return read_json(text)
    except Fault as fault:
        error = TooDeepError if json_depth(text) > VALUE_DEPTH else ValueError
        raise error(fault.message) from None
