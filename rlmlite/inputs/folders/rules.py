"""One file of rules, `.gitignore` or `.ignore`, which may come from a stranger.

It is a plain file of a bounded size, or there are no rules: a link could lead to anything, and reading a pipe would
never end. Its rules are compiled a few at a time, since the automaton of RE2 for many at once needs more than it may.

    *.log           batch 1      x.log: ignored
    ...                          no rule of batch 2 matches: as before
    !keep.log       batch 2      keep.log: taken back in
"""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pathspec

from rlmlite.errors import InputError
from rlmlite.guard.terminal import one_line
from rlmlite_traces.files.guarded import open_plain

log = logging.getLogger("rlmlite")

IGNORE_FILE_NAMES = (".gitignore", ".ignore")
"""Files with rules; a later one overrides an earlier one."""

MOST_BYTES = 1024 * 1024
"""Of one file of rules. People write some kilobytes."""

LONGEST_RULE = 4 * 1024
"""Bytes; no path of the system is longer."""

_BATCH = 100
"""Rules in one automaton."""


class RuleFile:
    """The rules of one file, in batches. `path` is for messages."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        rules = [line for line in lines if self._is_short(path, line)]
        starts = range(0, len(rules), _BATCH)
        self._batches = [spec for start in starts for spec in _compile(rules[start : start + _BATCH])]

    def judge(self, path: str, verdict: bool) -> bool:
        """The verdict on a path after these rules: unchanged if none of them matches it."""
        for rules in self._batches:
            decision = rules.check_file(path).include
            if decision is not None:
                verdict = decision
        return verdict

    @staticmethod
    def _is_short(path: Path, line: str) -> bool:
        if len(line) <= LONGEST_RULE:
            return True
        log.warning(f"a rule in {one_line(str(path))} is longer than {LONGEST_RULE:,} characters, and is not followed")
        return False


def read_rules(folder: Path) -> Iterator[RuleFile]:
    """The files of rules in a folder, in the order in which they count.

    Raises `InputError` for one that is too large.
    """
    for name in IGNORE_FILE_NAMES:
        path = folder / name
        # Missing, no plain file, or not readable for us: git takes no rules from it either.
        try:
            content = _read_rules(path)
        except OSError:
            continue
        yield RuleFile(path, content.decode("utf-8", "replace").splitlines())


def _read_rules(path: Path) -> bytes:
    """The content of a plain file. Raises `InputError`, and `OSError` for anything else, as for a link: git's way."""
    descriptor, _ = open_plain(path, follow_link=False)
    with open(descriptor, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"{path} is larger than {MOST_BYTES:,} bytes; to read all files: --read ignore=false")
    return content


def _compile(lines: list[str]) -> list[pathspec.GitIgnoreSpec]:
    """The rules. A line that is not a valid rule, such as a lone `!`, is skipped, as git does."""
    together = _compile_together(lines)
    if together is not None:
        return [together]
    # All are refused for one bad line; only then each line is tried by itself.
    alone = [_compile_together([line]) for line in lines]
    return [spec for spec in alone if spec is not None]


def _compile_together(lines: list[str]) -> pathspec.GitIgnoreSpec | None:
    """All of the rules in one automaton, or None if that cannot be made of them."""
    try:
        with warnings.catch_warnings():
            # Of an odd class such as `[[a]`, which pathspec also gives to Python's `re`.
            warnings.simplefilter("ignore", FutureWarning)
            return pathspec.GitIgnoreSpec.from_lines(lines, backend="re2")
    except Exception as error:
        # `ValueError` of pathspec, and RE2's own, whose class cannot be named: only the kernel imports RE2.
        log.debug(f"rules of an ignore file are not followed: {error}")
        return None
