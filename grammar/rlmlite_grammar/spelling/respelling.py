"""Texts that do not parse, spelled as the grammar reads them: signs, quotes and words of other languages.

    return final(f(x) && y)          final(f(x) and y)               two edits, each with a note
    [r.n for r in rows if r.ok]      map(where(rows, r => r.ok), r => r.n)

An edit stands where no program of the language can have what stands there, so a statement that can be read stays as it
is; nothing inside a text or a comment is touched. Offsets in the new text are told as those of the old one
(`Respelled.place`), so messages and notes point at what was written.
"""

import re
from typing import Final, NamedTuple

import msgspec

from rlmlite_grammar.diagnosis.scan import Lexeme, lexeme_at, lexemes
from rlmlite_grammar.spelling.comprehensions import find_comprehension
from rlmlite_grammar.spelling.holes import escape_holes
from rlmlite_grammar.spelling.infixes import find_infix
from rlmlite_grammar.spelling.spellings import ANY, ANY_INSIDE, INSIDE, SPELLINGS
from rlmlite_grammar.spelling.ternaries import find_ternary
from rlmlite_grammar.syntax.reader import read
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Problem

READ_AS: Final = "read_as"
"""The code of a note about what was read as something else."""

_LONGEST: Final = 100_000
"""Characters of a text in which spellings are looked for. Longer ones are no replies that somebody wrote by habit."""


_BARE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]|\[)")
"""Matches the beginning of a line that may be a value alone: a name and what looks into it."""


_F_STRING: Final = re.compile("f(?:'(?!'')|\"(?!\"\"))")
"""Matches the beginning of a text of Python with expressions on one line."""

_BEFORE_VALUES: Final = frozenset(("=", ",", ":", ";", "=>"))
"""Signs after which a whole value begins."""


class Edit(NamedTuple):
    """`text` in place of what stands from `start` to `stop`, and the note."""

    start: int
    stop: int
    text: str
    note: str


class Respelled(msgspec.Struct, frozen=True):
    """A text with edits in it, in the order of their places."""

    text: str
    edits: tuple[Edit, ...]

    def place(self, offset: int) -> int:
        """Where in the old text stands what is at `offset` of the new one; what an edit made is at its place."""
        shift = 0
        for edit in self.edits:
            start = edit.start + shift
            if offset < start:
                break
            if offset < start + len(edit.text):
                return edit.start
            shift += len(edit.text) - (edit.stop - edit.start)
        return offset - shift

    def notes(self) -> list[Problem]:
        """One note for each edit that says something."""
        return [Problem(READ_AS, edit.note, edit.start) for edit in self.edits if edit.note]


def respell(text: str) -> Respelled | None:
    """The text as the grammar reads it, or nothing if there is nothing to spell otherwise."""
    if len(text) > _LONGEST:
        return None
    edits = _Scan(text).edits()
    if not edits:
        return None
    pieces: list[str] = []
    last = 0
    for edit in edits:
        pieces += (text[last : edit.start], edit.text)
        last = edit.stop
    spelled = "".join((*pieces, text[last:]))
    # Imports alone are no program: the message is about them.
    return Respelled(spelled, tuple(edits)) if spelled.strip() else None


class _Scan:
    """One pass over a text, lexeme by lexeme. `depth` is the number of open brackets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = self._depth = 0
        self._before: Lexeme | None = None
        # Where the value begins that ends here, and those around it that are open.
        self._operand = 0
        self._operands: list[int] = []
        # The same of a whole value, with its operators: after `=`, a comma, a colon or a bracket.
        self._value = 0
        self._values: list[int] = []
        # Up to here no text with expressions is looked for.
        self._hopeless = 0
        self._edits: list[Edit] = []

    def edits(self) -> list[Edit]:
        """All edits, in order; those of a bare value end where it ends."""
        while self._place < len(self._text):
            edit = self._edit_here()
            if edit is None:
                self._pass_lexeme()
                continue
            self._edits.append(edit)
            # What an edit puts there decides how a `/` or a `.` after it is read.
            self._before = [Lexeme("sign", ";", edit.start), *lexemes(edit.text)][-1]
            if edit.text and self._before.text in _BEFORE_VALUES:
                self._value = edit.stop
            self._place = edit.stop
        return sorted(self._edits)

    def _edit_here(self) -> Edit | None:
        is_first = self._is_statement_start()
        if is_first:
            self._show_bare_value()
        return self._f_string() or self._comprehension() or self._infix() or self._ternary() or self._spelling(is_first)

    def _pass_lexeme(self) -> None:
        lexeme = lexeme_at(self._text, self._place, self._ends_value())
        size = len(lexeme.text)
        if lexeme.kind == "bracket":
            self._depth = max(0, self._depth + (1 if lexeme.text in "([{" else -1))
        if lexeme.kind != "skip":
            self._note_operand(lexeme)
        if lexeme.kind == "skip":
            # A line at a time, so that the beginning of each is seen.
            newline = lexeme.text.find("\n")
            size = size if newline < 0 else newline + 1
        else:
            self._before = lexeme
        self._place += size

    def _note_operand(self, lexeme: Lexeme) -> None:
        """Keep in mind where the value begins that this lexeme belongs to: all of `f(x)[0].name` is one."""
        follows_dot = self._before is not None and self._before.text == "."
        if lexeme.kind == "bracket" and lexeme.text in "([{":
            self._operands.append(self._operand if self._ends_value() else lexeme.start)
            self._values.append(self._value)
            self._value = lexeme.start + 1
        elif lexeme.kind == "bracket":
            self._operand = self._operands.pop() if self._operands else lexeme.start
            self._value = self._values.pop() if self._values else lexeme.start
        elif lexeme.text in _BEFORE_VALUES:
            self._value = lexeme.start + len(lexeme.text)
        elif not follows_dot and not (lexeme.text == "." and self._ends_value()):
            self._operand = lexeme.start

    def _is_statement_start(self) -> bool:
        if self._depth:
            return False
        return self._place == 0 or self._text[self._place - 1] == "\n" or self._follows_semicolon()

    def _follows_semicolon(self) -> bool:
        place = self._place - 1
        while place >= 0 and self._text[place] in " \t":
            place -= 1
        return place >= 0 and self._text[place] == ";"

    def _spelling(self, is_first: bool) -> Edit | None:
        pattern, spellings = (ANY, SPELLINGS) if is_first else (ANY_INSIDE, INSIDE)
        if not pattern.match(self._text, self._place):
            return None
        for spelling in spellings:
            match = spelling.pattern.match(self._text, self._place)
            if match and spelling.after_value in (None, self._ends_value()):
                if spelling.inside:
                    stop = match.end(spelling.inside)
                    self._edits.append(Edit(stop, match.end(), "", ""))
                    start = match.start(spelling.inside)
                    return Edit(match.start(), start, match.expand(spelling.text), spelling.note(match))
                text = match.expand(spelling.text)
                if spelling.before_value:
                    # In brackets: of `x += a or b` the sum is not with `a` alone.
                    text = f"{text} ("
                    self._value = match.end()
                    stop = _end_of_line(self._text, match.end())
                    self._edits.append(Edit(stop, stop, ")", ""))
                return Edit(match.start(), match.end(), text, spelling.note(match))
        return None

    def _ends_value(self) -> bool:
        """Whether a value has just ended."""
        return self._before is not None and self._before.ends_value

    def _infix(self) -> Edit | None:
        """`x starts with y`: the words give way to a comma, and the call is put around both values."""
        if not self._ends_value() or self._text[self._place] not in "sSbBeElLdDnN":
            return None
        infix = find_infix(self._text, self._operand, self._place)
        if infix is None:
            return None
        self._edits.append(Edit(infix.start, infix.start, infix.before, infix.note))
        if infix.after:
            self._edits.append(Edit(infix.end, infix.end, infix.after, ""))
        # Blanks before a comma give way too.
        start = self._value_stop() if infix.between.startswith(",") else self._place
        return Edit(start, infix.stop, infix.between, "")

    def _value_stop(self) -> int:
        """Where the value before this place ends, without the blanks after it."""
        first = max((edit.stop for edit in self._edits if edit.stop <= self._place), default=0)
        return first + len(self._text[first : self._place].rstrip(" \t"))

    def _ternary(self) -> Edit | None:
        """`a if c else b`: the condition goes to the front, and a comma stands where it was."""
        if not self._ends_value() or not self._text.startswith("if", self._place):
            return None
        ternary = find_ternary(self._text, self._place, is_inside=self._depth > 0)
        value = self._text[self._value : self._place]
        if ternary is None or not value.strip() or "\n" in value.strip():
            return None
        start = self._value + len(value) - len(value.lstrip())
        condition = _respell_value(ternary.condition)
        note = f"`a if c else b` was read as `pick({_clip(condition)}, a, b)`: both values are computed"
        self._edits.append(Edit(start, start, f"pick({condition}, ", note))
        self._edits.append(Edit(ternary.end, ternary.end, ")", ""))
        # What comes after is the other value, which may be such a value again.
        self._value = ternary.other
        return Edit(self._value_stop(), ternary.other, ",", "")

    def _f_string(self) -> Edit | None:
        """`f"{x["a"]}"`: the grammar would end the text at the quote in its expression."""
        if self._place < self._hopeless or not _F_STRING.match(self._text, self._place):
            return None
        escaped = escape_holes(self._text, self._place)
        if escaped is None:
            # Every quote of the line may begin another one without an end.
            self._hopeless = _end_of_first_line(self._text, self._place)
            return None
        text, stop = escaped
        written = self._text[self._place : stop]
        if text == written:
            return None
        note = f"quotes in the expressions of a text were read as theirs: `{_clip(written)}`"
        return Edit(self._place, stop, text, note)

    def _comprehension(self) -> Edit | None:
        if self._text[self._place] not in "([{":
            return None
        comprehension = find_comprehension(self._text, self._place, is_call=self._ends_value())
        if comprehension is None:
            return None
        # What stands inside is spelled otherwise too.
        inside = respell(comprehension.text)
        text = inside.text if inside else comprehension.text
        return Edit(self._place, comprehension.stop, text, comprehension.note)

    def _show_bare_value(self) -> None:
        """`hits[0].text` on a line of its own is shown, as in a notebook."""
        stop = _end_of_line(self._text, self._place)
        line = self._text[self._place : stop]
        if not _BARE.match(line) or not isinstance(read(f"show({line}\n)"), Parsed):
            return
        note = f"`{_clip(line.strip())}` was read as `show({_clip(line.strip())})`"
        self._edits.append(Edit(self._place, self._place, "show(", note))
        code_stop = self._place + len(line.rstrip())
        self._edits.append(Edit(code_stop, code_stop, ")", ""))


def _respell_value(text: str) -> str:
    """A value spelled as the grammar reads it: not as a statement, which would be shown."""
    before = "x = "
    inside = respell(before + text)
    return inside.text.removeprefix(before) if inside else text


def _end_of_first_line(text: str, start: int) -> int:
    stop = text.find("\n", start)
    return len(text) if stop < 0 else stop


def _end_of_line(text: str, start: int) -> int:
    """Where the line ends on which a value stands, outside of its brackets and before a comment."""
    depth, place = 0, start
    while place < len(text):
        lexeme = lexeme_at(text, place)
        if lexeme.kind == "skip" and not depth and ("\n" in lexeme.text or lexeme.text.startswith("#")):
            return place
        if lexeme.text == ";" and not depth:
            return place
        if lexeme.kind == "bracket":
            depth = max(0, depth + (1 if lexeme.text in "([{" else -1))
        place += len(lexeme.text)
    return len(text)


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:37]}..."
