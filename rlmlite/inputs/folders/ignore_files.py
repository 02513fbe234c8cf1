"""What `.gitignore` and `.ignore` leave out of a folder, by git's rules.

The last rule that matches a path decides, and `!` takes it back in. Rules are read from the outside inwards, so that
an inner file overrides an outer one; within a folder `.ignore` overrides `.gitignore`:

    repo/.gitignore          *.log                    ->  repo/app/x.log          ignored
    repo/app/.gitignore      !keep.log                ->  repo/app/keep.log       not ignored

If the folder lies within a git repository, the ignore files above it count too, up to the repository's root. Rules are
matched in linear time, so that a rule from a stranger cannot take exponential time; what they take in all has a bound
as well. A file or a line that is not followed is in `notes`: the others hold. Not here: how a file of rules is read
(`rules`).
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from rlmlite.errors import InputError
from rlmlite.inputs.folders.rules import EXCLUDE_FILE, Entry, RuleFile, read_rules
from rlmlite_kernel.values.inputs import FileNote

SECONDS = 60.0
"""Of matching paths of one folder with rules. Ten thousand files and rules take about one."""

_RulesInFolder: TypeAlias = tuple[tuple[int, RuleFile], ...]
"""Rules with the length of the prefix to cut off a path, so that it starts at the folder of the rules."""


class IgnoreFiles:
    """The `IgnoreRules` of the ignore files in and above a folder. Files below it are read when a path needs them.

    `notes` are on the files of rules and lines in them that are not followed, by path from the folder.
    """

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        # Through links: the repository is where the folder really is.
        real_root = self._root.resolve()
        self.notes: list[FileNote] = []
        self._above: list[tuple[str, RuleFile]] = []
        # Also if the root or a folder around it is ignored: naming a folder does not switch off the rules above it.
        self._ignores_all = False
        folders_above = _folders_above(real_root)
        for above, inside in zip(folders_above, [*folders_above[1:], real_root], strict=False):
            # The outermost is the repository; what it excludes for itself is overridden by every file in it.
            names = (f".git/{EXCLUDE_FILE}",) if above == folders_above[0] else ()
            prefix = _path_between(above, real_root)
            upwards = os.path.relpath(above, real_root)
            self._above += [(prefix, rules) for rules in self._read(above, f"{upwards}/", names)]
            self._ignores_all = self._ignores_all or self._ignores_above(inside, real_root)
        self._left = SECONDS
        # One entry per folder, filled by `_rules_for`: thousands of files ask for the same rules.
        self._below: dict[str, _RulesInFolder] = {}

    def ignores(self, path: str, is_folder: bool) -> bool:
        """See `IgnoreRules.ignores`. The folder that holds the path must not be ignored itself.

        Raises `InputError` if all rules together take too long.
        """
        begun = time.monotonic()
        verdict = self._ignores_all or self._judge(path, is_folder)
        self._left -= time.monotonic() - begun
        if self._left < 0:
            raise InputError(
                f"the ignore files in {self._root} take more than {SECONDS:g} seconds to follow; "
                "to read all files: --read ignore=false"
            )
        return verdict

    def _judge(self, path: str, is_folder: bool) -> bool:
        parent = path.rpartition("/")[0]
        spelled = _latin(path)
        name = spelled.rpartition("/")[2]
        # From the outside inwards, so that an inner rule has the last word. A rule sees the path from its own folder:
        # those above the root see a longer one, those below a shorter.
        verdict = False
        for prefix, rules in self._above:
            verdict = rules.judge(Entry(prefix + spelled, name, is_folder), verdict)
        for cut, rules in self._rules_for(parent):
            verdict = rules.judge(Entry(spelled[cut:], name, is_folder), verdict)
        return verdict

    def _rules_for(self, folder: str) -> _RulesInFolder:
        """All rules below the root that hold in a folder, those of its parents first."""
        # The folders whose rules are not known yet, from the inside outwards. Not recursive: they may be thousands.
        unknown: list[str] = []
        inner: str | None = folder
        while inner is not None and inner not in self._below:
            unknown.append(inner)
            inner = inner.rpartition("/")[0] if inner else None
        rules = () if inner is None else self._below[inner]
        for each in reversed(unknown):
            # Rules see a path from their own folder: of `a/b/x.log` those in `a/b` see `x.log`.
            below = f"{each}/" if each else ""
            names = () if each else self._own_exclude()
            own = tuple((len(_latin(below)), file) for file in self._read(self._root / each, below, names))
            # Without rules of its own a folder shares the tuple of its parent.
            rules = (*rules, *own) if own else rules
            self._below[each] = rules
        return rules

    def _ignores_above(self, folder: Path, root: Path) -> bool:
        """Whether the rules read so far leave out a folder between the repository and the root."""
        below = _path_between(folder, root)
        verdict = False
        for prefix, rules in self._above:
            path = prefix.removesuffix(below).rstrip("/")
            verdict = rules.judge(Entry(path, path.rpartition("/")[2], is_folder=True), verdict)
        return verdict

    def _own_exclude(self) -> tuple[str, ...]:
        """What the root excludes for itself, if it is a repository."""
        return (f".git/{EXCLUDE_FILE}",) if (self._root / ".git").is_dir() else ()

    def _read(self, folder: Path, below: str, first: tuple[str, ...]) -> Iterator[RuleFile]:
        """The files of rules in a folder, `first` those of these names. What is not followed is noted."""
        for name, rules in (*read_rules(folder, first), *read_rules(folder)):
            if isinstance(rules, str):
                self.notes.append(FileNote(below + name, "the rules of an ignore file are not followed", rules))
                continue
            for line, fault in rules.faults:
                where = f"line {line}: {fault}"
                self.notes.append(FileNote(below + name, "a rule of an ignore file matches nothing", where))
            yield rules


def _latin(path: str) -> str:
    """The bytes of a path as the characters of Latin-1, which is how rules compare them."""
    return os.fsencode(path).decode("latin-1")


def _path_between(above: Path, root: Path) -> str:
    """The path from a folder above the root to the root, as a prefix for paths from the root."""
    inside = root.relative_to(above).as_posix()
    return "" if inside == "." else _latin(f"{inside}/")


def _folders_above(root: Path) -> list[Path]:
    """The folders above one up to the root of its repository, outermost first; none if it is in no repository."""
    # `.git` is a folder, or a file in a work tree or a submodule.
    if (root / ".git").exists():
        return []
    inwards: list[Path] = []
    for above in root.parents:
        inwards.insert(0, above)
        if (above / ".git").exists():
            return inwards
    # Without a repository there is no telling how far up to look, and git would not look at all.
    return []
