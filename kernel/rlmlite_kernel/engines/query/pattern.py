"""What a regex is made of, read before RE2 sees it. Not a check: RE2 itself refuses what it cannot run.

It finds whether the pattern names a newline or turns `s` on, how much counted repetition unfolds it, and
which parts must be spelled otherwise (`(?<name>` for older RE2; `\\A` and `\\z` when each line is a text of
its own).
"""

import msgspec


class PatternError(Exception):
    """The pattern asks for what is not there; the message says what to do."""


class Outline(msgspec.Struct, frozen=True):
    """`parts` joined are the pattern; `unfolded` counts the atoms that counted repetition adds to those
    written.
    """

    parts: tuple[str, ...]
    names_newline: bool
    dot_all: bool
    unfolded: int

    def spelled(self, lines: bool) -> str:
        """The pattern for RE2. With `lines`, `\\A` and `\\z` are the ends of a line."""
        return (
            "".join({"\\A": "^", "\\z": "$"}.get(part, part) for part in self.parts) if lines else "".join(self.parts)
        )


def outline(pattern: str) -> Outline:
    """Reads a pattern. Raises PatternError for look-around, back-references, `\\C` and turning `m` off."""
    reader = _Reader(pattern)
    while reader.place < len(pattern):
        reader.step()
    return Outline(tuple(reader.parts), reader.names_newline, reader.dot_all, reader.unfolded())


class _Reader:
    """One pass over the pattern, token by token."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.place = pattern, 0
        self.parts: list[str] = []
        self.names: set[str] = set()
        self.names_newline = self.dot_all = False
        self._sizes = [0]  # atoms of each open group, unfolded
        self._last = [0]  # atoms of the last item in it
        self._written = 0

    def step(self) -> None:
        """Takes one token."""
        char = self.pattern[self.place]
        match char:
            case "\\":
                self._escape()
            case "[":
                self._class()
            case "(":
                self._open()
            case ")":
                self._close()
            case "{":
                self._repeat()
            case _:
                self._take(1)
                self.names_newline |= char == "\n"
                if char not in "|*+?":
                    self._atom()

    def unfolded(self) -> int:
        """Atoms that counted repetition adds."""
        return max(0, sum(self._sizes) - self._written)

    def _take(self, length: int, spelled: str | None = None) -> str:
        part = self.pattern[self.place : self.place + length]
        self.parts.append(part if spelled is None else spelled)
        self.place += length
        return part

    def _atom(self, size: int = 1) -> None:
        self._sizes[-1] += size
        self._last[-1] = size
        self._written += 1

    def _escape(self) -> None:
        if self.pattern.startswith("\\Q", self.place):
            stop = self.pattern.find("\\E", self.place)
            quoted = self._take((len(self.pattern) if stop < 0 else stop + 2) - self.place)
            if stop < 0:
                self.parts.append("\\E")  # so that what is put after the pattern is not quoted
            self.names_newline |= "\n" in quoted
            self._atom()
            return
        length, code = _escaped(self.pattern, self.place)
        escape = self.pattern[self.place : self.place + length]
        if escape == "\\C":
            raise PatternError(r"\C is refused: it would cut a code point; write `.`")
        if code is None and (escape[1:].isdigit() or escape == "\\k"):
            raise PatternError("RE2 has no back-references: match both places and compare groups in `where`")
        self._take(length)
        self.names_newline |= code == 10
        self._atom()

    def _class(self) -> None:
        stop, newline = _class_end(self.pattern, self.place)
        self._take(stop - self.place)
        self.names_newline |= newline
        self._atom()

    def _open(self) -> None:
        self._sizes.append(0)
        self._last.append(0)
        rest = self.pattern[self.place : self.place + 4]
        if not rest.startswith("(?"):
            self._take(1)
        elif rest.startswith(("(?=", "(?!", "(?<=", "(?<!")):
            raise PatternError("RE2 has no look-around: match the whole and put the part you want in a group")
        elif rest.startswith(("(?P=", "(?P>")):
            raise PatternError("RE2 has no back-references: match both places and compare groups in `where`")
        elif rest.startswith(("(?<", "(?P<")):
            self._name()
        else:
            self._flags()

    def _name(self) -> None:
        stop = self.pattern.find(">", self.place)
        head = self.pattern.index("<", self.place) + 1
        name = self.pattern[head:stop] if stop >= 0 else ""
        if name in self.names:
            raise PatternError(f"two groups have the name `{name}`")
        self.names.add(name)
        self._take(stop + 1 - self.place if stop >= 0 else 1, f"(?P<{name}>")

    def _flags(self) -> None:
        stop = self.place + 2
        while stop < len(self.pattern) and self.pattern[stop] in "imsU-":
            stop += 1
        on, _, off = self.pattern[self.place + 2 : stop].partition("-")
        if "m" in off:
            raise PatternError("`m` is always on: `^` and `$` are the ends of a line; write `\\A` or `\\z`")
        self.dot_all |= "s" in on
        if self.pattern[stop : stop + 1] == ")":  # flags for the rest of the group: nothing was opened
            self._sizes.pop()
            self._last.pop()
        self._take(min(stop + 1, len(self.pattern)) - self.place)

    def _close(self) -> None:
        self._take(1)
        if len(self._sizes) > 1:
            size = self._sizes.pop()
            self._last.pop()
            self._sizes[-1] += size
            self._last[-1] = size

    def _repeat(self) -> None:
        stop = self.pattern.find("}", self.place)
        low, _, high = self.pattern[self.place + 1 : max(stop, 0)].partition(",")
        if stop < 0 or not (low.isascii() and low.isdigit() and (high == "" or (high.isascii() and high.isdigit()))):
            self._take(1)
            self._atom()
            return
        self._take(stop + 1 - self.place)
        times = max(1, min(int((high or low)[:5]), 1_000))  # RE2 refuses more than 1,000
        self._sizes[-1] += self._last[-1] * (times - 1)
        self._last[-1] *= times


def _escaped(pattern: str, place: int) -> tuple[int, int | None]:
    """Length of the escape that starts here, and the character that it names, if it names one by a number or
    is `\\n`.
    """
    char = pattern[place + 1 : place + 2]
    if char == "n" or char == "\n":
        return 2, 10
    if char == "x":
        return _hex(pattern, place)
    if char in ("p", "P") and pattern[place + 2 : place + 3] == "{":
        stop = pattern.find("}", place)
        return (stop + 1 - place if stop >= 0 else 3), None
    if char and char in "01234567":
        digits = char
        while len(digits) < 3 and pattern[place + 1 + len(digits) : place + 2 + len(digits)] in tuple("01234567"):
            digits += pattern[place + 1 + len(digits)]
        named = len(digits) > 1 or char == "0"
        return 1 + len(digits), int(digits, 8) if named else None
    return 2, None


def _hex(pattern: str, place: int) -> tuple[int, int | None]:
    braced = pattern[place + 2 : place + 3] == "{"
    stop = pattern.find("}", place) if braced else place + 4
    if stop < 0:
        return 2, None
    digits = pattern[place + 3 : stop] if braced else pattern[place + 2 : stop]
    try:
        return stop + braced - place, int(digits, 16)
    except ValueError:
        return 2, None  # RE2 will say so


def _class_end(pattern: str, place: int) -> tuple[int, bool]:
    """Where the class that opens here ends, and whether it takes a newline by name."""
    at = place + 1
    negated = pattern.startswith("^", at)
    at += negated
    newline, first = False, at
    while at < len(pattern):
        char = pattern[at]
        if char == "]" and at > first:
            return at + 1, newline and not negated
        if char == "\\":
            length, code = _escaped(pattern, at)
            newline |= code == 10
            at += length
        elif pattern.startswith("[:", at) and ":]" in pattern[at:]:
            at = pattern.index(":]", at) + 2
        else:
            newline |= char == "\n"
            at += 1
    return len(pattern), newline and not negated
