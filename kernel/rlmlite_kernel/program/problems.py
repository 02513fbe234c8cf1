"""What is wrong with a program, said so that its writer can fix it.

One `Problem` is one mistake at one place. The grammar finds some, the checker the rest; `explain` prints both alike:

    line 1 col 5: no action `serach`; did you mean `search`?
        x = serach(log, "ERROR")
            ^
"""

import difflib
import re
from collections.abc import Iterable

import msgspec

_ENDING = re.compile(r"(?<=\w{3})(s|d|ed|er|ers|ing)\Z")
"""Matches an ending that makes another word of a word."""

_EXCERPT = 100
"""Characters of a source line that a message quotes around the place."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A mistake: a stable `code`, where it is (`offset` in characters of the text, or unknown), and what to do.

    `message` says what was expected and what was found; `hint` says what to write instead.
    """

    code: str
    message: str
    offset: int | None = None
    hint: str = ""


class Unparsed(msgspec.Struct, frozen=True):
    """A reply without a program: its text and why it was refused. It costs a turn; the run goes on."""

    text: str
    problems: tuple[Problem, ...]


def did_you_mean(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """`did you mean `search`?`, or nothing when no known word is near. `likeness` goes from 0 to 1."""
    # Sorted, so that of two words equally near the same one is named everywhere: the message goes into the record.
    near = difflib.get_close_matches(word, sorted(known), n=3, cutoff=likeness)
    slips = [other for other in near if not _are_forms(word, other)]
    return f"did you mean `{slips[0]}`?" if slips else ""


def _are_forms(word: str, other: str) -> bool:
    """Whether two words are forms of one, as `label` and `labeled`: then neither is a slip of the other."""
    stems = [_ENDING.sub("", form) for form in (word, other)]
    is_plural = f"{word}s" == other or f"{other}s" == word
    return word != other and stems[0] == stems[1] and not is_plural


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column (in characters) of an offset."""
    # `rfind` gives -1 on the first line, which then begins at 0.
    line_start = text.rfind("\n", 0, offset) + 1
    line = text.count("\n", 0, offset) + 1
    return line, offset - line_start + 1


def explain(problems: Iterable[Problem], text: str) -> str:
    """The message for a person or a controller: line, column, the line itself with a caret, and the hint."""
    return "\n".join(_explain_one(problem, text) for problem in problems)


def _explain_one(problem: Problem, text: str) -> str:
    hint = f"; {problem.hint}" if problem.hint else ""
    if problem.offset is None or not text:
        return problem.message + hint
    line, column = line_and_column(text, problem.offset)
    source_line = text.split("\n")[line - 1]
    excerpt, caret = _excerpt(source_line, column)
    return f"line {line} col {column}: {problem.message}{hint}\n    {excerpt}\n    {caret}"


def _excerpt(line: str, column: int) -> tuple[str, str]:
    """A line and the caret under a column of it. A long line is cut around the place, so that the caret still fits."""
    first = 0
    if len(line) > _EXCERPT:
        first = max(0, column - 1 - _EXCERPT // 2)
    # A tab has a width of its own wherever it is shown; a space stands in for it, so that the caret is under the place.
    shown = line[first : first + _EXCERPT].replace("\t", " ")
    return shown, " " * (column - 1 - first) + "^"
