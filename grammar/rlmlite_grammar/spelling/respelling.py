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

from rlmlite_grammar.diagnosis.scan import Lexeme, lexeme_at
from rlmlite_grammar.spelling.comprehensions import find_comprehension
from rlmlite_grammar.spelling.spellings import ANY, ANY_INSIDE, INSIDE, SPELLINGS
from rlmlite_grammar.syntax.reader import read
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Problem

READ_AS: Final = "read_as"
"""The code of a note about what was read as something else."""

_LONGEST: Final = 100_000
"""Characters of a text in which spellings are looked for. Longer ones are no replies that somebody wrote by habit."""


_BARE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]|\[)")
"""Matches the beginning of a line that may be a value alone: a name and what looks into it."""


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
        self._edits: list[Edit] = []

    def edits(self) -> list[Edit]:
        """All edits, in order; those of a bare value end where it ends."""
        while self._place < len(self._text):
            edit = self._edit_here()
            if edit is None:
                self._pass_lexeme()
                continue
            self._edits.append(edit)
            # What an edit puts there, most often a value, decides how a `/` after it is read.
            self._before = Lexeme("word", edit.text.rstrip()[-1:] or ";", edit.start)
            self._place = edit.stop
        return sorted(self._edits)

    def _edit_here(self) -> Edit | None:
        is_first = self._is_statement_start()
        if is_first:
            self._show_bare_value()
        return self._comprehension() or self._spelling(is_first)

    def _pass_lexeme(self) -> None:
        lexeme = lexeme_at(self._text, self._place, self._ends_value())
        size = len(lexeme.text)
        if lexeme.kind == "bracket":
            self._depth = max(0, self._depth + (1 if lexeme.text in "([{" else -1))
        if lexeme.kind == "skip":
            # A line at a time, so that the beginning of each is seen.
            newline = lexeme.text.find("\n")
            size = size if newline < 0 else newline + 1
        else:
            self._before = lexeme
        self._place += size

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
                return Edit(match.start(), match.end(), match.expand(spelling.text), spelling.note(match))
        return None

    def _ends_value(self) -> bool:
        """Whether a value has just ended."""
        return self._before is not None and self._before.ends_value

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
