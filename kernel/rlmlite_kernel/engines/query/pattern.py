"""Patterns: what a regex is made of, read before RE2 sees it.

RE2 has no interface that tells what is in a pattern, but three things must be known: whether it names a newline or
turns `s` on (then it is searched by blocks), how many atoms its counted repetition adds (then a byte costs more work),
and which parts RE2 needs spelled otherwise. So one pass splits it into tokens. It is not a check: what RE2 cannot run,
RE2 itself refuses.

    outline(r"(?<n>\\d{500})x\\z")
    parts           `(?P<n>`, `\\d`, `{500}`, `)`, `x`, `\\z`: older RE2 does not know `(?<n>`
    names_newline   False
    added_atoms     499: `\\d` is written once and unfolds to 500
    spell(lines=True) ends with "$": each line is a text of its own, so its end is the end of the text
"""

import msgspec

# RE2 refuses to repeat more often, so no pattern unfolds further.
_MOST_REPETITIONS = 1_000

_NO_BACK_REFERENCES = "RE2 has no back-references: match both places and compare groups in `where`"
_M_IS_ALWAYS_ON = "`m` is always on: `^` and `$` are the ends of a line; for those of the text write `\\A` and `\\z`"
_NO_LOOK_AROUND = "RE2 has no look-around: match the whole and put the part you want in a group"


class PatternError(Exception):
    """The pattern uses what RE2 does not have; the message says what to do instead."""


class Outline(msgspec.Struct, frozen=True):
    """`parts` joined are the pattern; `added_atoms` counts what counted repetition adds to the atoms written.

    `group_names` has the name of each group, or None. `names_return`: the pattern asks for a `\\r` itself.
    """

    parts: tuple[str, ...]
    group_names: tuple[str | None, ...]
    names_newline: bool
    names_return: bool
    dot_all: bool
    added_atoms: int

    def spell(self, lines: bool, line_ends: bool = False) -> str:
        """The pattern for RE2. With `lines`, `\\A` and `\\z` are the ends of a line.

        With `line_ends`, in a text of many lines, `$` stands before a `\\r\\n` too, and `\\n` is any line end. RE2 does
        not look ahead, so `$` takes the `\\r` with it: whoever searches takes it off again.
        """
        spelling = {"\\A": "^", "\\z": "$"} if lines else _OF_LINE_ENDS if line_ends else {}
        return "".join(spelling.get(part, part) for part in self.parts)

    def without_names(self) -> "Outline":
        """The same pattern with numbered groups only, which may stand beside others of the same names."""
        parts = tuple("(" if part.startswith("(?P<") else part for part in self.parts)
        return msgspec.structs.replace(self, parts=parts)


_OF_LINE_ENDS = {"$": r"(?:\r?$)", r"\n": r"(?:\r?\n)", "\n": r"(?:\r?\n)"}


def outline(pattern: str) -> Outline:
    """Reads a pattern. Raises `PatternError` for look-around, back-references, `\\C` and turning `m` off."""
    reader = _PatternReader(pattern)
    while reader.place < len(pattern):
        reader.read_token()
    return Outline(
        tuple(reader.parts),
        tuple(reader.group_names),
        reader.names_newline,
        reader.names_return,
        reader.dot_all,
        reader.added_atoms(),
    )


class _PatternReader:
    """One pass over the pattern, token by token.

    Sizes are counted on a stack, one entry per open group: `a(bc){3}` is 1 atom, then 2 in the group, which becomes one
    item of 2 when it closes, and 6 after `{3}`.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern, self.place = pattern, 0
        self.parts: list[str] = []
        self.group_names: list[str | None] = []
        self.names_newline = self.names_return = self.dot_all = False
        # Atoms of each open group, unfolded.
        self._sizes = [0]
        # Atoms of the last item in each: what a `{n}` would repeat.
        self._last_item = [0]
        self._written = 0

    def read_token(self) -> None:
        """Reads one token."""
        char = self.pattern[self.place]
        match char:
            case "\\":
                self._read_escape()
            case "[":
                self._read_class()
            case "(":
                self._open_group()
            case ")":
                self._close_group()
            case "{":
                self._read_repetition()
            case _:
                self._emit(1)
                self._note(ord(char))
                if char not in "|*+?":
                    self._add_atom()

    def _note(self, code: int | None) -> None:
        """Note a character that the pattern asks for."""
        self.names_newline |= code == 10
        self.names_return |= code == 13

    def added_atoms(self) -> int:
        """Atoms that counted repetition adds to those written."""
        return max(0, sum(self._sizes) - self._written)

    def _emit(self, length: int, spelling: str | None = None) -> str:
        """Move past so many characters; they become a part as they are, or as `spelling`."""
        part = self.pattern[self.place : self.place + length]
        self.parts.append(part if spelling is None else spelling)
        self.place += length
        return part

    def _add_atom(self) -> None:
        self._sizes[-1] += 1
        self._last_item[-1] = 1
        self._written += 1

    def _read_escape(self) -> None:
        if self.pattern.startswith("\\Q", self.place):
            self._read_quoted()
            return
        length, code = _measure_escape(self.pattern, self.place)
        escape = self.pattern[self.place : self.place + length]
        if escape == "\\C":
            raise PatternError(r"\C is refused: it would cut a code point; write `.`")
        # `\1` or `\k<name>`. An octal escape such as `\101` has a code, and so is none.
        is_back_reference = code is None and (escape[1:].isdigit() or escape == "\\k")
        if is_back_reference:
            raise PatternError(_NO_BACK_REFERENCES)
        self._emit(length)
        self._note(code)
        self._add_atom()

    def _read_quoted(self) -> None:
        """`\\Q...\\E`, or `\\Q` and the rest of the pattern."""
        end = self.pattern.find("\\E", self.place)
        stop = len(self.pattern) if end < 0 else end + 2
        quoted = self._emit(stop - self.place)
        if end < 0:
            # Without it, what is put after the pattern would be quoted too.
            self.parts.append("\\E")
        self.names_newline |= "\n" in quoted
        self.names_return |= "\r" in quoted
        self._add_atom()

    def _read_class(self) -> None:
        stop, members = _class_end(self.pattern, self.place)
        self._emit(stop - self.place)
        self.names_newline |= 10 in members
        self.names_return |= 13 in members
        self._add_atom()

    def _open_group(self) -> None:
        self._sizes.append(0)
        self._last_item.append(0)
        # The longest opening that must be told apart is `(?<=`. Look-behind comes before names, as both begin `(?<`.
        rest = self.pattern[self.place : self.place + 4]
        if not rest.startswith("(?"):
            self.group_names.append(None)
            self._emit(1)
        elif rest.startswith(("(?=", "(?!", "(?<=", "(?<!")):
            raise PatternError(_NO_LOOK_AROUND)
        elif rest.startswith(("(?P=", "(?P>")):
            raise PatternError(_NO_BACK_REFERENCES)
        elif rest.startswith(("(?<", "(?P<")):
            self._open_named_group()
        else:
            self._read_flags()

    def _open_named_group(self) -> None:
        stop = self.pattern.find(">", self.place)
        is_closed = stop >= 0
        name_start = self.pattern.index("<", self.place) + 1
        name = self.pattern[name_start:stop] if is_closed else ""
        if name in self.group_names:
            raise PatternError(f"two groups have the name `{name}`")
        self.group_names.append(name)
        length = stop + 1 - self.place if is_closed else 1
        # One spelling for both: older RE2 does not know `(?<n>`.
        self._emit(length, f"(?P<{name}>")

    def _read_flags(self) -> None:
        """`(?i)`, `(?i:` and the like."""
        stop = self.place + 2
        while stop < len(self.pattern) and self.pattern[stop] in "imsU-":
            stop += 1
        on, _, off = self.pattern[self.place + 2 : stop].partition("-")
        if "m" in off:
            raise PatternError(_M_IS_ALWAYS_ON)
        # Anywhere in the pattern: one part that crosses lines is enough for the whole to be read by blocks.
        self.dot_all |= "s" in on
        if self.pattern[stop : stop + 1] == ")":
            # These are flags for the rest of this group: no group was opened.
            self._sizes.pop()
            self._last_item.pop()
        # With the colon or bracket after the flags, if the pattern does not end before it.
        end = min(stop + 1, len(self.pattern))
        self._emit(end - self.place)

    def _close_group(self) -> None:
        self._emit(1)
        if len(self._sizes) > 1:
            # A bracket too many is for RE2 to refuse.
            size = self._sizes.pop()
            self._last_item.pop()
            self._sizes[-1] += size
            self._last_item[-1] = size

    def _read_repetition(self) -> None:
        """`{3}`, `{3,}` or `{3,5}`; any other brace is a character."""
        stop = self.pattern.find("}", self.place)
        inner = self.pattern[self.place + 1 : stop] if stop >= 0 else ""
        low, _, high = inner.partition(",")
        is_repetition = _is_number(low) and (high == "" or _is_number(high))
        if not is_repetition:
            self._emit(1)
            self._add_atom()
            return
        self._emit(stop + 1 - self.place)
        # Five digits are more than RE2 repeats, and Python refuses to convert thousands of them.
        most = int((high or low)[:5])
        times = max(1, min(most, _MOST_REPETITIONS))
        # The item itself is counted already; and a second `{n}` would repeat all of it.
        self._sizes[-1] += self._last_item[-1] * (times - 1)
        self._last_item[-1] *= times


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _measure_escape(pattern: str, place: int) -> tuple[int, int | None]:
    """The length of the escape that starts here, and the code point that it names by number, `\\n` or `\\r`, if any."""
    char = pattern[place + 1 : place + 2]
    if char == "n" or char == "\n":
        return 2, 10
    if char == "r" or char == "\r":
        return 2, 13
    if char == "x":
        return _measure_hex(pattern, place)
    if char in ("p", "P") and pattern[place + 2 : place + 3] == "{":
        # A Unicode class, `\p{Greek}`: its name is no part of the pattern.
        stop = pattern.find("}", place)
        length = stop + 1 - place if stop >= 0 else 3
        return length, None
    # An empty string is in every string.
    if char and char in "01234567":
        return _measure_octal(pattern, place)
    return 2, None


def _measure_octal(pattern: str, place: int) -> tuple[int, int | None]:
    """Up to three octal digits. A single one that is not 0 names no character: it is a back-reference."""
    stop = place + 2
    while stop - place < 4 and pattern[stop : stop + 1] in tuple("01234567"):
        stop += 1
    digits = pattern[place + 1 : stop]
    names_a_character = len(digits) > 1 or digits == "0"
    return stop - place, int(digits, 8) if names_a_character else None


def _measure_hex(pattern: str, place: int) -> tuple[int, int | None]:
    """`\\x0A` or `\\x{10FFFF}`."""
    is_braced = pattern[place + 2 : place + 3] == "{"
    if is_braced:
        start, stop = place + 3, pattern.find("}", place)
    else:
        start, stop = place + 2, place + 4
    if stop < 0:
        return 2, None
    # The closing brace is part of the escape.
    end = stop + is_braced
    try:
        return end - place, int(pattern[start:stop], 16)
    except ValueError:
        # No number: RE2 refuses it.
        return 2, None


def _class_end(pattern: str, place: int) -> tuple[int, frozenset[int]]:
    """Where the class that opens here ends, and which line ends, as code points, it names among its members."""
    at = place + 1
    negated = pattern.startswith("^", at)
    at += negated
    named: set[int] = set()
    first = at
    while at < len(pattern):
        char = pattern[at]
        if char == "]" and at > first:
            # As the first member it is a character.
            at += 1
            break
        if char == "\\":
            length, code = _measure_escape(pattern, at)
            if code is not None:
                named.add(code)
            at += length
        elif pattern.startswith("[:", at) and ":]" in pattern[at:]:
            # A named class such as `[:alpha:]`, whose bracket does not close this one.
            at = pattern.index(":]", at) + 2
        else:
            named.add(ord(char))
            at += 1
    # `[^\n]` names a newline only to leave it out.
    return min(at, len(pattern)), frozenset() if negated else frozenset(named)
