"""One file of rules, `.gitignore` or `.ignore`, which may come from a stranger.

It is a plain file of a bounded size, or there are no rules: a link could lead to anything, and reading a pipe would
never end. Lines are taken apart as git does: a mark at the beginning, `#`, `!`, spaces at the end, escapes. A rule is
about the entry itself, a file or a folder. What lies in a folder that is left out is never asked about.

    *.log        the name of the entry ends so       looked up by its end
    build        it has this name                    looked up by name
    /a/*.txt     its path matches                    an expression of RE2, in linear time
    !keep.log    it is taken back in: of all rules that match, the last one decides
    [a           matches nothing: said, with its line
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from rlmlite.inputs.folders.wildcards import BadPatternError, expression, plain_length
from rlmlite_kernel.engines.query.regex import UNANCHORED, CompiledRegex, PatternRefusedError
from rlmlite_traces.files.guarded import open_plain

IGNORE_FILE_NAMES = (".gitignore", ".ignore")
"""Files with rules; a later one overrides an earlier one."""

EXCLUDE_FILE = "info/exclude"
"""Rules of a repository that it does not share, in its folder `.git`. Every other file overrides them."""

MOST_BYTES = 1024 * 1024
"""Of one file of rules. People write some kilobytes."""

LONGEST_RULE = 4 * 1024
"""Bytes; no path of the system is longer."""

_BATCH = 50
"""Expressions that are tried together first: most paths match none of them."""


class Entry(msgspec.Struct, frozen=True):
    """What rules are asked about: the path from the folder of the rules, its last part, and whether it is a folder.

    Both are the bytes of the file system, spelled in Latin-1.
    """

    path: str
    name: str
    is_folder: bool


class _Rule(msgspec.Struct, frozen=True):
    """A line: whether it leaves out what it matches or takes it back in, and whether it is about folders only."""

    number: int
    leaves_out: bool
    folders_only: bool


class _Expression(msgspec.Struct, frozen=True):
    """A rule with wildcards: its expression, and whether it is for the path or for the name alone."""

    rule: _Rule
    text: str
    of_path: bool
    regex: CompiledRegex

    def matches(self, entry: Entry) -> bool:
        if self.rule.folders_only and not entry.is_folder:
            return False
        return _matches(self.regex, entry.path if self.of_path else entry.name)


class RuleFile:
    """The rules of one file. `faults` are the lines that are not followed, by number, with what is wrong with them."""

    def __init__(self, content: bytes) -> None:
        self.faults: list[tuple[int, str]] = []
        # By what they compare: a name, the end of a name, a path; and those that take an expression.
        self._names: dict[str, list[_Rule]] = {}
        self._ends: dict[str, list[_Rule]] = {}
        self._paths: dict[str, list[_Rule]] = {}
        self._expressions: list[_Expression] = []
        for number, line in _lines(content):
            self._add(number, line)
        self._end_sizes = sorted({len(end) for end in self._ends})
        starts = range(0, len(self._expressions), _BATCH)
        self._batches = [_Batch(self._expressions[start : start + _BATCH]) for start in starts]

    def judge(self, entry: Entry, verdict: bool) -> bool:
        """The verdict on an entry after these rules: unchanged if none of them matches it."""
        last: _Rule | None = None
        for rules in self._looked_up(entry):
            for rule in rules:
                is_later = last is None or rule.number > last.number
                if is_later and (entry.is_folder or not rule.folders_only):
                    last = rule
        for batch in self._batches:
            rule_in_batch = batch.last_match(entry, 0 if last is None else last.number)
            last = rule_in_batch or last
        return verdict if last is None else last.leaves_out

    def _looked_up(self, entry: Entry) -> Iterator[list[_Rule]]:
        """The rules without wildcards, or with one star at the beginning, that match."""
        yield self._names.get(entry.name, [])
        yield self._paths.get(entry.path, [])
        for size in self._end_sizes:
            if size <= len(entry.name):
                yield self._ends.get(entry.name[len(entry.name) - size :], [])

    def _add(self, number: int, line: str) -> None:
        pattern = line.removeprefix("!")
        is_negated = pattern != line
        is_of_folders = pattern.endswith("/")
        pattern = pattern[: len(pattern) - is_of_folders]
        rule = _Rule(number, not is_negated, is_of_folders)
        of_path = "/" in pattern
        pattern = pattern[pattern.startswith("/") :] if of_path else pattern
        if plain_length(pattern) == len(pattern):
            (self._paths if of_path else self._names).setdefault(pattern, []).append(rule)
        elif not of_path and pattern[0] == "*" and plain_length(pattern[1:]) == len(pattern) - 1:
            self._ends.setdefault(pattern[1:], []).append(rule)
        else:
            self._add_expression(rule, pattern, of_path)

    def _add_expression(self, rule: _Rule, pattern: str, of_path: bool) -> None:
        if len(pattern) > LONGEST_RULE:
            self.faults.append((rule.number, f"it is longer than {LONGEST_RULE:,} bytes"))
            return
        try:
            text = expression(pattern)
            self._expressions.append(_Expression(rule, text, of_path, _compile(text)))
        except (BadPatternError, PatternRefusedError) as error:
            self.faults.append((rule.number, str(error)))


class _Batch:
    """Some rules with wildcards, and one expression for all that are of paths, and one for all that are of names."""

    def __init__(self, expressions: list[_Expression]) -> None:
        self._latest_first = expressions[::-1]
        self._of_names = _compile_any([each.text for each in expressions if not each.of_path])
        self._of_paths = _compile_any([each.text for each in expressions if each.of_path])

    def last_match(self, entry: Entry, after: int) -> _Rule | None:
        """The last rule that matches, if it comes after the line of this number."""
        if not _matches(self._of_names, entry.name) and not _matches(self._of_paths, entry.path):
            return None
        later = (each for each in self._latest_first if each.rule.number > after)
        return next((each.rule for each in later if each.matches(entry)), None)


def read_rules(folder: Path, names: tuple[str, ...] = IGNORE_FILE_NAMES) -> Iterator[tuple[str, RuleFile | str]]:
    """The files of rules in a folder, by name, in the order in which they count; or why one is not followed."""
    for name in names:
        # Missing, no plain file, or not readable for us: git takes no rules from it either.
        try:
            content = _read_rules(folder / name)
        except FileNotFoundError:
            continue
        except OSError as error:
            yield name, f"it cannot be read: {error.strerror or error}"
            continue
        if len(content) > MOST_BYTES:
            yield name, f"it is larger than {MOST_BYTES:,} bytes"
            continue
        yield name, RuleFile(content)


def _read_rules(path: Path) -> bytes:
    """The content of a plain file, or a byte more than is allowed. Raises `OSError`, also for a link."""
    descriptor, _ = open_plain(path, follow_link=False)
    with open(descriptor, "rb") as file:
        return file.read(MOST_BYTES + 1)


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    """The lines that are rules, each with its number."""
    text = content.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            continue
        # For git a line ends where C ends a text.
        rule = _without_spaces(line.removesuffix("\r").partition("\0")[0])
        if rule.removeprefix("!").rstrip("/"):
            yield number, rule


def _without_spaces(line: str) -> str:
    """A line without the spaces at its end. One after a backslash stays."""
    bare = line.rstrip(" ")
    if bare == line:
        return line
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if backslashes % 2 else bare


def _matches(regex: CompiledRegex | None, text: str) -> bool:
    if regex is None:
        return False
    content = text.encode()
    [(start, _)] = regex.match(UNANCHORED, content, 0, len(content))
    return start >= 0


def _compile(text: str) -> CompiledRegex:
    return CompiledRegex(rf"\A(?:{text})\z", lines=False, captures=False)


def _compile_any(texts: list[str]) -> CompiledRegex | None:
    """One expression that matches what any of these does; one that matches everything if that would be too large."""
    if not texts:
        return None
    try:
        return _compile("|".join(texts))
    except PatternRefusedError:
        return _compile("(?s:.*)")
